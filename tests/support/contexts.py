"""A run context for tests of single stages: a real store and real settings, without Prefect and without a network."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from unittest.mock import patch

from flows.commands.settings_file import make_settings
from tasks.context.run_context import RunContext
from tasks.runs.opening import open_run
from tasks.settings.run import RunSettings
from tasks.store import writer
from tasks.store.database import FILE_NAME, open_store

P = ParamSpec("P")
T = TypeVar("T")

NOWHERE = {"local": {"base_url": "http://127.0.0.1:9/v1", "model": "some-model"}}
"""An endpoint that nobody may call: whoever does gets a refused connection."""


def settings_for(folder: Path, **changes: Any) -> RunSettings:
    """Settings of a run in `folder`, valid as they are; `changes` replace whole keys."""
    content: dict[str, Any] = {
        "workspace": folder / "work",
        "seeds": [{"path": folder / "seeds.jsonl"}],
        "endpoints": NOWHERE,
    }
    return make_settings(content | changes)


@cache
def _empty_store() -> Path:
    """A store without a row, made once: most of what opening a new one takes is making its tables."""
    folder = Path(tempfile.mkdtemp(prefix="gsdp-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_store(folder).close()
    return folder / FILE_NAME


@asynccontextmanager
async def open_context(
    settings: RunSettings, clients: Mapping[str, object] | None = None, accept_changes: bool = False
) -> AsyncIterator[RunContext]:
    """The run context of `settings`, as a flow opens it; `clients` take the places of the real ones."""
    if not settings.workspace.exists():
        settings.workspace.mkdir(parents=True)
        shutil.copy(_empty_store(), settings.workspace)
    # In a run a row waits a moment for others that are committed with it; most tests write one after the other.
    with patch.object(writer, "INTERVAL", 0.005):
        async with open_run(settings, accept_changes) as work:
            if clients is not None:
                work.clients = cast("Any", clients)
            yield work


def plain(task: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The coroutine function below a Prefect task."""
    return cast("Callable[P, Awaitable[T]]", cast("Any", task).fn)
