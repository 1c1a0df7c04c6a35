"""Runs that begin again by themselves: a few times after crashes, and for a night while an endpoint is away.

A run that begins again goes on from its store and pays for nothing twice. Its own states say how often it has begun;
the count starts again when a person begins it. Crashed runs are begun again by the automation of
`deployments/automations.yaml`, and only counted here; runs that meet an outage schedule themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.logging import get_run_logger
from prefect.states import Scheduled

from graph.errors import EndpointDown, GsdpError

AFTER_CRASH = "Begun again by itself after a crash."
"""What the automation says when it begins a run again."""
AFTER_OUTAGE = "Waiting for an endpoint that does not answer."
CRASHES = 3
"""How often a run begins again after crashes, until a person looks at it."""
FIRST_WAIT, LONGEST_WAIT = 5, 30
"""Minutes until a run looks again whether an endpoint is back: 5, 10, 20, 30, 30 ..."""
OUTAGES = 18
"""How often it looks: for about eight hours."""


def in_a_row(states: Sequence[State[Any]], message: str) -> int:
    """How many times in a row, up to the latest, a run was begun for this reason; states in the order of time."""
    begun = [state for state in states if state.is_scheduled() and state.name != "AwaitingConcurrencySlot"]
    count = 0
    for state in reversed(begun):
        if not (state.message or "").startswith(message):
            break
        count += 1
    return count


def wait_for(times: int) -> timedelta:
    """How long a run waits for an endpoint, when it has waited so often already."""
    return timedelta(minutes=min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(times, 10)))


async def states_of_run() -> list[State[Any]]:
    """All states that the run of this process has had, in the order of time."""
    async with get_client() as client:
        found = await client.read_flow_run_states(UUID(runtime.flow_run.id))
    return sorted(found, key=lambda state: state.timestamp)


async def refuse_endless_crashes() -> None:
    """Raises GsdpError where the run has crashed so often that a person should look."""
    if in_a_row(await states_of_run(), AFTER_CRASH) > CRASHES:
        raise GsdpError(
            f"This run has crashed {CRASHES + 1} times in a row: look at its log, and at the memory of the worker's "
            "machine. What was paid for is kept; Retry goes on from there."
        )


@asynccontextmanager
async def outlasting_outages() -> AsyncIterator[None]:
    """Begin the run again later when an endpoint that has answered before does not answer any more.

    Raises Pause then, and the error itself when the endpoint was away for too long.
    """
    try:
        yield
    except EndpointDown as error:
        times = in_a_row(await states_of_run(), AFTER_OUTAGE)
        if not error.transient or times >= OUTAGES:
            raise
        wait = wait_for(times)
        minutes = wait.total_seconds() / 60
        get_run_logger().warning("%s This run looks again in %.0f minutes, and goes on then.", error, minutes)
        await begin_again(wait, "AwaitingRetry", f"{AFTER_OUTAGE} {error}")


async def begin_again(wait: timedelta, name: str, why: str) -> None:
    """Schedule this run for later and end its process in order, by raising Pause as a suspended run does."""
    state: State[Any] = Scheduled(name=name, scheduled_time=datetime.now(UTC) + wait, message=why)
    async with get_client() as client:
        await client.set_flow_run_state(UUID(runtime.flow_run.id), state, force=True)
    raise Pause(state=state)
