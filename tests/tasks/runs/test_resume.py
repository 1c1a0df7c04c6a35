"""Runs that are killed, and what the same command then makes of them: the same bytes, and nothing paid twice."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.commands.settings_file import read_settings
from flows.synthesize import synthesize
from tasks.store.database import TABLES
from tests.support.interrupted import LATENCY, SWITCHES, lost, prepare, unsettled
from tests.support.rehearsal import (
    CONCURRENCY,
    Rehearsal,
    folder_bytes,
    gsdp,
    opened,
    query,
    rehearsal,
    started,
    wait_until,
)

JUDGES = 3
DICE = random.Random(20241211)

Served = Callable[[Rehearsal], int]
KILLS: dict[str, tuple[Served, int]] = {
    "extract": (lambda server: server.served("extractor"), DICE.randint(1, 90)),
    "connect": (lambda server: server.served("curator"), DICE.randint(1, 40)),
    "compose": (lambda server: server.served("composer"), DICE.randint(2, 40)),
    "review": (lambda server: server.served("judge"), DICE.randint(20, 100)),
    "solve": (lambda server: server.served("solver"), DICE.randint(10, 80)),
    # Each judge reviews a problem at most once; what they are asked beyond that, they are asked to grade.
    "grade": (lambda server: server.served("judge") - JUDGES * server.served("composer"), DICE.randint(1, 15)),
}
"""Stage -> which requests are counted, and at how many the run is killed."""
DEFAULT = ("extract", "solve", "grade")


@dataclass(frozen=True)
class Undisturbed:
    """What a run publishes that nobody kills."""

    dataset: dict[str, bytes]
    requests: int


@pytest.fixture(scope="module")
def undisturbed(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The run that all others are compared with."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with rehearsal(*SWITCHES) as server:
        asyncio.run(synthesize(read_settings(prepare(folder, server))))
        requests = server.served()
    return Undisturbed(folder_bytes(folder / "work/dataset"), requests)


@pytest.fixture
def server() -> Iterator[Rehearsal]:
    with rehearsal(*SWITCHES) as found:
        yield found


def assert_no_row_twice(workspace: Path) -> None:
    with opened(workspace) as store:
        for kind, table in TABLES.items():
            keys = "id" if "id" in kind.model_fields else ", ".join(kind.model_fields)
            assert store.rows(f"SELECT {keys} FROM {table} GROUP BY ALL HAVING count(*) > 1") == [], table


def kill_at(settings: Path, server: Rehearsal, stage: str) -> None:
    """Run until the server has answered enough requests of the stage's role, then kill without a warning."""
    count, requests = KILLS[stage]
    with started("run", settings) as process:
        wait_until(lambda: count(server) >= requests, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL


def assert_recovers(settings: Path, server: Rehearsal, kills: int, wanted: Undisturbed) -> None:
    workspace = settings.parent / "work"
    ended = gsdp("run", settings)
    assert ended.returncode == 0, ended.stderr
    assert folder_bytes(workspace / "dataset") == wanted.dataset
    assert_no_row_twice(workspace)
    assert 0 <= lost(server, workspace) <= unsettled(CONCURRENCY / LATENCY, kills)
    # A kill before the run was entered leaves no run behind.
    states = dict(query(workspace, "SELECT state, count(*) FROM runs GROUP BY 1"))
    assert states.pop("completed") == 1
    assert states.keys() <= {"running"}
    assert states.get("running", 0) <= kills


def test_a_run_killed_in_three_stages_publishes_the_bytes_of_one_that_was_not(
    prefect_server: str, undisturbed: Undisturbed, server: Rehearsal, tmp_path: Path
) -> None:
    settings = prepare(tmp_path, server)
    for stage in DEFAULT:
        kill_at(settings, server, stage)
    assert_recovers(settings, server, len(DEFAULT), undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("stage", KILLS)
def test_a_run_killed_in_a_stage_publishes_the_bytes_of_one_that_was_not(
    prefect_server: str, undisturbed: Undisturbed, server: Rehearsal, tmp_path: Path, stage: str
) -> None:
    settings = prepare(tmp_path, server)
    kill_at(settings, server, stage)
    assert_recovers(settings, server, 1, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_run_killed_again_and_again_publishes_the_bytes_of_one_that_was_not(
    prefect_server: str, undisturbed: Undisturbed, server: Rehearsal, tmp_path: Path, seed: int
) -> None:
    settings = prepare(tmp_path, server)
    moments = sorted(random.Random(seed).sample(range(1, undisturbed.requests - 150), 4))
    kills = 0
    for moment in moments:
        with started("run", settings) as process:
            wait_until(lambda: server.served() >= moment or process.poll() is not None)  # noqa: B023
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
    assert kills >= 2
    assert_recovers(settings, server, kills, undisturbed)
