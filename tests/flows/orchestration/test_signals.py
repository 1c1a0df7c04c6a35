"""SIGTERM ends a run whenever it comes, also in callbacks of the event loop, where exceptions are swallowed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from prefect.exceptions import TerminationSignal
from prefect.utilities.engine import capture_sigterm

from flows.orchestration.signals import ended_by_signal

ENDED, WENT_ON = 42, 1
Work = Callable[[int], Coroutine[Any, Any, None]]
LONGEST = 5.0
"""Seconds that the work would go on for by itself."""


async def busy(ready: int) -> None:
    """Work most of whose time goes by in callbacks and in the ends of objects' lives."""

    class Short:
        def __del__(self) -> None:
            sum(range(300))

    loop = asyncio.get_running_loop()

    def spin() -> None:
        for _ in range(20):
            Short()
        loop.call_soon(spin)

    loop.call_soon(spin)
    os.write(ready, b"!")
    await asyncio.sleep(LONGEST)


async def within_flows(ready: int) -> None:
    """As `synthesize` is run by Prefect, and a flow within it."""
    with capture_sigterm():
        async with ended_by_signal():
            with capture_sigterm():
                async with ended_by_signal():
                    await busy(ready)


async def between_flows(ready: int) -> None:
    """Where Prefect's handler has just been put back for a flow within."""
    with capture_sigterm():
        async with ended_by_signal():
            with capture_sigterm():
                await busy(ready)


def start(work: Work) -> int:
    """A forked child that is at work; its process id."""
    ready, there = os.pipe()
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        try:
            asyncio.run(work(there))
        except TerminationSignal:
            os._exit(ENDED)
        finally:
            os._exit(WENT_ON)
    os.read(ready, 1)
    os.close(ready)
    os.close(there)
    return child


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("work", [within_flows, between_flows])
@pytest.mark.parametrize("signals", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_a_signal_at_any_moment_ends_the_work(work: Work, signals: int) -> None:
    moments = random.Random(5)
    for _ in range(signals):
        child = start(work)
        time.sleep(moments.uniform(0, 0.05))
        os.kill(child, signal.SIGTERM)
        asked = time.monotonic()
        _, status = os.waitpid(child, 0)
        # Prefect hands the signal on when its flow has ended, and that ends the child.
        assert os.waitstatus_to_exitcode(status) in (ENDED, -signal.SIGTERM)
        assert time.monotonic() - asked < LONGEST, "it ended by itself"


async def test_without_a_signal_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyError):
        async with ended_by_signal():
            raise KeyError
    assert signal.getsignal(signal.SIGTERM) == before
