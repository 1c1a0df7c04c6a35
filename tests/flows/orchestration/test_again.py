"""Runs that begin again by themselves: how often, and how long they wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Running, Scheduled

from deployments.watched import FILE
from flows.orchestration import again
from flows.orchestration.again import AFTER_CRASH, AFTER_OUTAGE, CRASHES, in_a_row, outlasting_outages, wait_for
from graph.errors import EndpointDown, GsdpError

RETRY = "AwaitingRetry"


def states(*begun: str) -> list[State[Any]]:
    """The states of a run that has crashed behind each of its beginnings."""
    found: list[State[Any]] = [Scheduled()]
    for message in begun:
        found += [Running(), Crashed(), Scheduled(name=RETRY, message=message)]
    return found


@pytest.mark.parametrize(
    ("begun", "count"),
    [
        ([], 0),
        ([AFTER_CRASH], 1),
        ([AFTER_CRASH] * 4, 4),
        ([AFTER_CRASH, "Retry from the UI"], 0),
        ([AFTER_CRASH, "Retry from the UI", AFTER_CRASH, AFTER_CRASH], 2),
        ([AFTER_OUTAGE + " Endpoint x ...", AFTER_CRASH], 1),
    ],
)
def test_what_a_person_has_begun_counts_anew(begun: list[str], count: int) -> None:
    assert in_a_row([*states(*begun), Running()], AFTER_CRASH) == count


def test_waiting_for_another_run_is_no_beginning() -> None:
    waited: State[Any] = Scheduled(name="AwaitingConcurrencySlot", message="Waiting for 'x' to end.")
    assert in_a_row([*states(AFTER_CRASH), Running(), waited, Running(), Completed()], AFTER_CRASH) == 1


def test_an_outage_of_a_night_is_waited_for() -> None:
    waits = [wait_for(times) for times in range(again.OUTAGES)]
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 30)]
    assert sum(waits, timedelta()) > timedelta(hours=8)


def test_the_automation_begins_crashed_runs_in_the_words_that_are_counted() -> None:
    (found,) = [each for each in yaml.safe_load(FILE.read_text()) if "begin again" in each["name"]]
    assert found["actions"] == [
        {"type": "change-flow-run-state", "state": "SCHEDULED", "name": RETRY, "message": AFTER_CRASH}
    ]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A run with a past, and what was scheduled for it."""
    found: dict[str, Any] = {"states": [], "scheduled": []}

    async def past() -> list[State[Any]]:
        states: list[State[Any]] = found["states"]
        return states

    async def later(wait: timedelta, name: str, why: str) -> None:
        found["scheduled"].append((wait, name, why))

    class Silent:
        def warning(self, *words: object) -> None:
            pass

    monkeypatch.setattr(again, "states_of_run", past)
    monkeypatch.setattr(again, "begin_again", later)
    monkeypatch.setattr(again, "get_run_logger", Silent)
    return found


async def test_a_run_that_crashes_again_and_again_waits_for_a_person(begun: dict[str, Any]) -> None:
    begun["states"] = states(*[AFTER_CRASH] * CRASHES)
    await again.refuse_endless_crashes()
    begun["states"] = states(*[AFTER_CRASH] * (CRASHES + 1))
    with pytest.raises(GsdpError, match="has crashed 4 times in a row"):
        await again.refuse_endless_crashes()


@pytest.mark.parametrize(("answered", "before", "waits"), [(True, 0, 5), (True, 2, 20), (True, 18, 0), (False, 0, 0)])
async def test_a_run_outlasts_an_outage_of_an_endpoint_that_has_answered(
    begun: dict[str, Any], answered: bool, before: int, waits: int
) -> None:
    error = EndpointDown("Endpoint big gives no answer (500).")
    error.transient = answered
    begun["states"] = states(*[f"{AFTER_OUTAGE} Endpoint big ..."] * before)

    async def run() -> None:
        async with outlasting_outages():
            raise error

    if waits:
        await run()
        assert begun["scheduled"] == [(timedelta(minutes=waits), RETRY, f"{AFTER_OUTAGE} {error}")]
    else:
        with pytest.raises(EndpointDown):
            await run()
        assert begun["scheduled"] == []
