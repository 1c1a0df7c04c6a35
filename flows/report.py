"""Telling people how a run goes: lines and bars in the terminal, a snapshot in the workspace, artifacts in Prefect.

One coroutine reports, so that nothing arrives out of order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol
from uuid import UUID

import httpx
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.exceptions import PrefectException

from flows.snapshot import snapshot, write_snapshot
from tasks.workbench import Workbench

TICK = 0.5
SNAPSHOT_EVERY = 3.0
"""Seconds between two looks at the counts, and between two snapshots."""


class View(Protocol):
    """Something that shows a run to a person."""

    def tick(self, snapshot: dict[str, Any]) -> None:
        """Called a few times a second while the run goes on."""

    def stage(self, name: str, text: str, seconds: float) -> None:
        """Called once when a stage has ended."""


class Silence:
    """Shows nothing: what flows use unless a command sets another view."""

    def tick(self, snapshot: dict[str, Any]) -> None:
        pass

    def stage(self, name: str, text: str, seconds: float) -> None:
        pass


view: ContextVar[View] = ContextVar("gsdp_view", default=Silence())  # noqa: B039  it has no state


@asynccontextmanager
async def reporting(work: Workbench) -> AsyncIterator[None]:
    """Report on the run for as long as the `async with` block lasts."""
    began = time.monotonic()
    # Made before the first stage begins: SQLite turns one of two writers away, and Prefect then waits two seconds.
    artifact = await _progress_artifact(work)
    reporter = asyncio.create_task(_report(work, began, artifact))
    state = "failed"
    try:
        yield
        state = "completed"
    except asyncio.CancelledError:
        state = "interrupted"
        raise
    finally:
        reporter.cancel()
        await asyncio.gather(reporter, return_exceptions=True)
        write_snapshot(work.settings.workspace, snapshot(work, state, began))


async def _report(work: Workbench, began: float, artifact: UUID | None) -> None:
    written = time.monotonic()
    write_snapshot(work.settings.workspace, snapshot(work, "running", began))
    try:
        while True:
            content = snapshot(work, "running", began)
            view.get().tick(content)
            if time.monotonic() - written >= SNAPSHOT_EVERY:
                written = time.monotonic()
                write_snapshot(work.settings.workspace, content)
                await _update(artifact, work)
            await asyncio.sleep(TICK)
    finally:
        await _update(artifact, work)


async def _progress_artifact(work: Workbench) -> UUID | None:
    wanted = f"Accepted pairs of {work.settings.target_pairs:,} wanted"
    with suppress(httpx.HTTPError, PrefectException):
        return await acreate_progress_artifact(progress=0.0, key="pairs", description=wanted)
    return None


async def _update(artifact: UUID | None, work: Workbench) -> None:
    """Move the run's progress in Prefect. A server that does not answer now is no reason to stop a run."""
    if artifact is None:
        return
    share = 100.0 * work.counts.pairs / work.settings.target_pairs
    with suppress(httpx.HTTPError, PrefectException):
        await aupdate_progress_artifact(artifact_id=artifact, progress=min(100.0, round(share, 1)))
