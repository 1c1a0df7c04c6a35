"""Taking turns: of the runs that Prefect's deployments start, one at a time works in a workspace, and the rest wait.

A global concurrency limit named after the workspace keeps the queue, because the limit of a deployment does not bind
the other deployments. It is there for order; what keeps a second writer out is the store's lock. So a run that waits
looks at the store now and then, and goes on when nobody holds it: a server that restarts may forget to free a slot.
Runs that a person starts by a command do not queue: they are told at once who is at work.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import httpx
from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.concurrency.asyncio import AcquireConcurrencySlotTimeoutError, concurrency
from prefect.exceptions import ObjectAlreadyExists, Pause, PrefectException
from prefect.logging import get_run_logger

from flows.orchestration.signals import ended_by_signal
from flows.reporting.report import beside, reporting
from graph.errors import StoreError
from tasks.context.run_context import RunContext, current
from tasks.runs.opening import open_run
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, open_store

PATIENCE = 5.0
"""Seconds between two looks at the store of a workspace that a run waits for, and until one that is cancelled ends."""
LOOKS = 6
"""Looks in a row that must find nobody: a run takes its turn a moment before it opens the store."""
LEASE = 60.0
"""Seconds after which the slot of a run that was killed is free again."""
PAUSE_AFTER = 3.0
"""Seconds between two looks at whether the run is paused."""


@asynccontextmanager
async def in_turn(settings: RunSettings, accept_changes: bool = False) -> AsyncIterator[RunContext]:
    """`open_run`, once it is this run's turn; who opens it is also who reports on the run."""
    async with AsyncExitStack() as stack:
        outermost = current() is None
        by_hand = outermost and runtime.deployment.id is None
        await stack.enter_async_context(ended_by_signal(begin=by_hand))
        if outermost and runtime.deployment.id is not None:
            await stack.enter_async_context(_until_paused())
            await _queue(stack, settings.workspace)
        work = await stack.enter_async_context(open_run(settings, accept_changes))
        if outermost:
            await stack.enter_async_context(reporting(work))
        yield work


@asynccontextmanager
async def _until_paused() -> AsyncIterator[None]:
    """End what goes on in the block when the run is paused on its page. Prefect itself does that between two chunks."""
    task, run = asyncio.current_task(), runtime.flow_run.id
    seen: list[State] = []

    async def watch() -> None:
        while not seen:
            await asyncio.sleep(PAUSE_AFTER)
            with suppress(httpx.HTTPError, PrefectException):
                async with get_client() as client:
                    state = (await client.read_flow_run(UUID(run))).state
                # A run that is not scheduled again when it is resumed must not end: nothing would go on with it.
                if state and state.is_paused() and state.state_details.pause_reschedule and task:
                    seen.append(state)
                    task.cancel()

    watcher = beside(watch())
    try:
        yield
    except (asyncio.CancelledError, Exception):
        # Chunks that end at the same time may have errors of their own, which then stand for the cancel.
        if not seen or not task or task.uncancel():
            raise
        raise Pause(state=seen[0]) from None
    finally:
        watcher.cancel()


def limit_name(workspace: Path) -> str:
    """The name of a workspace's limit: its folder's, and enough of its path's hash to tell it from others so called."""
    path = workspace.resolve()
    return f"gsdp-{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


async def _queue(stack: AsyncExitStack, workspace: Path) -> None:
    """Wait for the workspace's only slot, and keep it until the stack ends."""
    name = limit_name(workspace)
    async with get_client() as client:
        # Two runs may find at once that there is no limit yet.
        with suppress(ObjectAlreadyExists):
            await client.upsert_global_concurrency_limit_by_name(name, limit=1)
    idle, told = 0, ""
    while idle < LOOKS:
        slot = concurrency(
            name, timeout_seconds=PATIENCE, lease_duration=LEASE, strict=True, raise_on_lease_renewal_failure=False
        )
        try:
            await stack.enter_async_context(slot)
            return
        except AcquireConcurrencySlotTimeoutError:
            holder = _holder(workspace)
            idle = 0 if holder else idle + 1
            sentence = f"Waiting for another run of this workspace to end. {holder or ''}"
            if sentence != told:
                get_run_logger().info("%s", sentence)
            told = sentence
    get_run_logger().warning("The slot of %s is taken, but nobody is at work there: going on.", name)


def _holder(workspace: Path) -> str | None:
    """Who holds the store, in the words of its lock; None when nobody does."""
    if not (workspace / FILE_NAME).exists():
        return None
    try:
        open_store(workspace, read_only=True).close()
    except StoreError as error:
        return str(error)
    return None
