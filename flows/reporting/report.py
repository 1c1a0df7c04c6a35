"""Telling people how a run goes: lines and bars in the terminal, a snapshot in the workspace, artifacts in Prefect.

One coroutine reports to each, so that nothing arrives out of order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from math import inf
from typing import Any, Protocol

from prefect.logging import get_run_logger

from flows.reporting.artifacts import Board
from flows.reporting.heartbeat import Heartbeat
from flows.reporting.snapshot import snapshot, write_snapshot
from tasks.context.run_context import RunContext
from tasks.runs.record import Loads, note_in_flight, note_loads

STOPPED = (
    "Stopped in order: what was answered is kept. To go on from there: Resume after a pause; after Cancel, Copy to new "
    "run, or Retry where the menu has it; in a terminal, the same command again."
)
TICK = 0.5
SNAPSHOT_EVERY = 3.0
BOARD_EVERY = 5.0
"""Seconds between two looks at the counts, between two snapshots, and between two updates of the page in Prefect."""


class View(Protocol):
    """Something that shows a run to a person."""

    def tick(self, snapshot: dict[str, Any]) -> None:
        """Called a few times a second while the run goes on."""

    def stage(self, name: str, text: str, seconds: float) -> None:
        """Called once when a stage has ended."""

    def note(self, name: str, text: str) -> None:
        """Called when there is something to say about what a stage has made."""


class Silence:
    """Shows nothing: what flows use unless a command sets another view."""

    def tick(self, snapshot: dict[str, Any]) -> None:
        pass

    def stage(self, name: str, text: str, seconds: float) -> None:
        pass

    def note(self, name: str, text: str) -> None:
        pass


view: ContextVar[View] = ContextVar("gsdp_view", default=Silence())  # noqa: B039  it has no state


@asynccontextmanager
async def reporting(work: RunContext, name: str | None = None) -> AsyncIterator[None]:
    """Report on the run for as long as the `async with` block lasts, in figures of a name, which is the workspace's."""
    began = time.monotonic()
    board = Board(work, name or work.settings.workspace.name)
    # Made before the first stage begins: SQLite turns one of two writers away, and Prefect then waits two seconds.
    await board.show(snapshot(work, "running", began))
    reporters = [in_background(report(work, began)) for report in (_look, _tell, partial(_keep, board))]
    state = "failed"
    try:
        yield
        state = "completed"
    except BaseException as error:
        state = "failed" if isinstance(error, Exception) else "interrupted"
        raise
    finally:
        for reporter in reporters:
            reporter.cancel()
        await asyncio.gather(*reporters, return_exceptions=True)
        if state == "interrupted":
            get_run_logger().info("%s", STOPPED)
        last = snapshot(work, state, began)
        write_snapshot(work.settings.workspace, last)
        await board.show(last, last=True)


def in_background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task next to this one. A signal is raised in whatever has the processor: if it is that, both end."""
    this = asyncio.current_task()

    def pass_on(ended: asyncio.Task[None]) -> None:
        error = None if ended.cancelled() else ended.exception()
        if this and error and not isinstance(error, Exception):
            this.cancel()

    begun = asyncio.create_task(work)
    begun.add_done_callback(pass_on)
    return begun


async def _look(work: RunContext, began: float) -> None:
    """Keep the terminal and the snapshot up to date."""
    written = -inf
    loads: Loads = {}
    while True:
        content = snapshot(work, "running", began)
        view.get().tick(content)
        if time.monotonic() - written >= SNAPSHOT_EVERY:
            written = time.monotonic()
            write_snapshot(work.settings.workspace, content)
            await note_in_flight(work.store, work.run_id, {name: one.in_flight for name, one in work.clients.items()})
            loads = await note_loads(work, loads)
        await asyncio.sleep(TICK)


async def _tell(work: RunContext, began: float) -> None:
    """Say in the log how the run goes, and when an endpoint does not answer."""
    heartbeat = Heartbeat()
    while True:
        await asyncio.sleep(BOARD_EVERY)
        for level, line in heartbeat.lines(snapshot(work, "running", began)):
            get_run_logger().log(level, "%s", line)


async def _keep(board: Board, work: RunContext, began: float) -> None:
    """Keep the run's page in Prefect up to date, whatever its server takes for that."""
    while True:
        await asyncio.sleep(BOARD_EVERY)
        await board.show(snapshot(work, "running", began))
