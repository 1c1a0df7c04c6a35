"""Processes in which math-verify is asked: limited in memory and time, killed one by one, replaced when they die."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import context, popen_forkserver
from multiprocessing.process import BaseProcess
from threading import Lock
from types import ModuleType
from typing import Any

from pebble import ProcessPool

from tasks.answers import algebra

TASKS_PER_WORKER = 2_000
"""Comparisons after which a worker is replaced, since sympy's caches only grow."""


def start(workers: int) -> ProcessPool:
    """A pool whose processes come from a fork server: safe with threads, and quick to replace once it is up."""
    try:
        multiprocessing.set_forkserver_preload(algebra.ALGEBRA_MODULES)
        chosen: context.BaseContext = _Context()
    except ValueError:
        chosen = multiprocessing.get_context("spawn")
    return ProcessPool(
        max_workers=workers, max_tasks=TASKS_PER_WORKER, initializer=algebra.start_worker, context=chosen
    )


def stop(pool: Any) -> None:
    """Kill what runs and wait for the pool's threads. `Any`, since pebble leaves these two methods untyped."""
    pool.stop()
    pool.join()


def is_broken(pool: ProcessPool) -> bool:
    """Whether the pool takes no more work."""
    return not pool.active


# A process of multiprocessing runs its parent's script once more, up to `if __name__ == "__main__"`. Who calls
# the checker from a plain script need not write that line, and a worker need not load what the script loads: workers
# need nothing of it.

_hiding = Lock()


@contextmanager
def _without_main() -> Iterator[None]:
    with _hiding:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class _Popen(popen_forkserver.Popen):
    def _launch(self, process_obj: BaseProcess) -> None:
        with _without_main():
            super()._launch(process_obj)  # type: ignore[misc]


class _Process(context.ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> _Popen:  # noqa: N802 - the name that multiprocessing calls
        return _Popen(process_obj)


class _Context(context.ForkServerContext):
    Process = _Process
