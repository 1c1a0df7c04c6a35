"""Taking turns: of the runs that Prefect's deployments start, one at a time works in a workspace, and the rest wait.

The queue is a global concurrency limit named after the workspace, because a deployment's own limit does not bind the
other deployments. It only keeps order; a second writer is kept out by the store's lock. So a waiting run looks at the
store now and then, and goes on when nobody holds it, since a server that restarts may forget to free a slot. A run that
has waited for a while gives its place at the worker back and is scheduled again. The last run of a workspace deletes
the limit. Runs that a person starts by a command do not queue: they say at once who is at work.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.concurrency.asyncio import (
    AcquireConcurrencySlotTimeoutError,
    ConcurrencySlotAcquisitionError,
    concurrency,
)
from prefect.exceptions import ObjectAlreadyExists, Pause, PrefectException, TerminationSignal
from prefect.logging import get_run_logger
from prefect.states import Cancelled

from flows.orchestration.again import begin_again, outlasting_outages, refuse_endless_crashes
from flows.orchestration.signals import ended_by_signal
from flows.orchestration.ui_words import in_ui_words, put_into_ui_words
from flows.reporting.report import in_background, reporting
from graph.errors import EndpointDown, GsdpError, StoreError, StoreInUse
from tasks.context.run_context import RunContext, current
from tasks.runs.opening import open_run
from tasks.runs.plan import answered
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, open_store
from tasks.store.errors import was_interrupted

PATIENCE = 5.0
"""Seconds between two looks at the store of a workspace that a run waits for, and until one that is cancelled ends."""
LOOKS = 6
"""Looks in a row that must find nobody: a run takes its turn a moment before it opens the store."""
LEASE = 60.0
"""Seconds after which the slot of a run that was killed is free again."""
PLACE_KEPT = 60.0
"""Seconds that a run waits at a worker; then it gives its place back."""
COME_AGAIN = 60.0
"""Seconds until it looks again."""
PAUSE_AFTER = 3.0
"""Seconds between two looks at whether the run is paused."""
UNHEARD = 12
"""Looks that must find a run still to be cancelled: a worker that is there needs at most 30 seconds."""


@asynccontextmanager
async def in_turn(settings: RunSettings, accept_changes: bool = False) -> AsyncIterator[RunContext]:
    """`open_run`, once it is this run's turn; who opens it is also who reports on the run."""
    async with AsyncExitStack() as stack:
        outermost = current() is None
        by_hand = outermost and runtime.deployment.id is None
        await stack.enter_async_context(ended_by_signal(begin=by_hand))
        deployed = outermost and not by_hand
        if deployed:
            stack.enter_context(_in_ui_words())
            await refuse_endless_crashes()
            await stack.enter_async_context(outlasting_outages())
            await stack.enter_async_context(_until_paused())
            await _queue(stack, settings.workspace)
        work = await stack.enter_async_context(open_run(settings, accept_changes))
        if outermost:
            await stack.enter_async_context(reporting(work))
        try:
            yield work
        except EndpointDown as error:
            error.transient = error.transient or (deployed and answered(work.store))
            raise
        except StoreError as error:
            if was_interrupted(error):
                raise TerminationSignal(signal=signal.SIGTERM) from error
            raise


@contextmanager
def _in_ui_words() -> Iterator[None]:
    """Let errors for people say what to do in the UI."""
    try:
        yield
    except GsdpError as error:
        put_into_ui_words(error)
        raise


@asynccontextmanager
async def _until_paused() -> AsyncIterator[None]:
    """End what goes on in the block when the run is paused on its page. Prefect itself does that between two chunks.

    It also ends a run that is to be cancelled and whose worker is gone: nobody else would tell it.
    """
    task, run = asyncio.current_task(), runtime.flow_run.id
    seen: list[State[Any]] = []

    async def watch() -> None:
        asked = 0
        while not seen and task:
            await asyncio.sleep(PAUSE_AFTER)
            with suppress(httpx.HTTPError, PrefectException):
                async with get_client() as client:
                    state = (await client.read_flow_run(UUID(run))).state
                    asked = asked + 1 if state and state.is_cancelling() else 0
                    if asked > UNHEARD:
                        state = Cancelled(message="Ended by itself: its worker is gone.")
                        await client.set_flow_run_state(UUID(run), state, force=True)
                # A run that is not scheduled again when it is resumed must not end: nothing would go on with it.
                if state and (asked > UNHEARD or (state.is_paused() and state.state_details.pause_reschedule)):
                    seen.append(state)
                    task.cancel()

    watcher = in_background(watch())
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
    name, began = limit_name(workspace), time.monotonic()
    idle, told = 0, ""
    stack.push_async_callback(_tidy_up, name)
    while idle < LOOKS:
        # Two runs may find at once that there is no limit yet, and one that ends takes it away.
        with suppress(ObjectAlreadyExists):
            async with get_client() as client:
                await client.upsert_global_concurrency_limit_by_name(name, limit=1)
        slot = concurrency(
            name, timeout_seconds=PATIENCE, lease_duration=LEASE, strict=True, raise_on_lease_renewal_failure=False
        )
        holder = None
        try:
            await stack.enter_async_context(slot)
            # A slot may have been lost, and then two runs have one. The one at work ends first.
            while holder := _holder(workspace):
                told = await _wait_for(holder, workspace, told, began)
                await asyncio.sleep(PATIENCE)
            return
        except AcquireConcurrencySlotTimeoutError:
            holder = _holder(workspace)
            idle = 0 if holder else idle + 1
            told = await _wait_for(holder or "", workspace, told, began)
        except ConcurrencySlotAcquisitionError:
            await asyncio.sleep(0)  # the limit was just taken away
    get_run_logger().warning("The slot of %s is taken, but nobody is at work there: going on.", name)


async def _wait_for(holder: str, workspace: Path, told: str, began: float) -> str:
    """Log what the run waits for, unless it was just said; returns the sentence. Raises Pause to come again later."""
    names = await runs_at_work(workspace)
    who = ", ".join(names) or "another run"
    sentence = f"Waiting for {who} of this workspace to end. {in_ui_words(holder)}".strip()
    if sentence != told:
        get_run_logger().info("%s", sentence)
    if time.monotonic() - began > PLACE_KEPT:
        get_run_logger().info("The place at the worker is free for others; this run looks again in %.0f s.", COME_AGAIN)
        await begin_again(timedelta(seconds=COME_AGAIN), "AwaitingConcurrencySlot", sentence)
    return sentence


async def runs_at_work(workspace: Path) -> list[str]:
    """The names of other runs that Prefect believes to be at work in a workspace."""
    running = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
    with suppress(httpx.HTTPError, PrefectException):
        async with get_client() as client:
            found = await client.read_flow_runs(flow_run_filter=running)
        others = [run for run in found if str(run.id) != runtime.flow_run.id and run.parent_task_run_id is None]
        return [repr(run.name) for run in others if _works_in(run.parameters, workspace)]
    return []


def _works_in(parameters: dict[str, Any], workspace: Path) -> bool:
    """Whether a run with these parameters works in a workspace."""
    settings = parameters.get("settings")
    there = settings.get("workspace") if isinstance(settings, dict) else None
    return isinstance(there, str) and Path(there).resolve() == workspace.resolve()


async def _tidy_up(name: str) -> None:
    """Take the limit of a workspace away, unless somebody has its slot."""
    with suppress(TimeoutError, httpx.HTTPError, PrefectException):
        async with asyncio.timeout(PATIENCE), get_client() as client:
            limit = await client.read_global_concurrency_limit_by_name(name)
            if not limit.active_slots:
                await client.delete_global_concurrency_limit_by_name(name)


def _holder(workspace: Path) -> str | None:
    """Who holds the store, in the words of its lock; None when nobody does."""
    if not (workspace / FILE_NAME).exists():
        return None
    try:
        open_store(workspace, read_only=True).close()
    except StoreInUse as error:
        return str(error)
    except StoreError:
        return None  # opening it for good will say why
    return None
