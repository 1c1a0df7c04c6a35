"""Combinations shared by several workers come to the dataset of one, whatever becomes of the workers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools import validate

from flows import shards, stages
from flows.commands.merge import merge
from flows.reporting.snapshot import snapshot
from flows.synthesize import synthesize
from graph.errors import GsdpError, SettingsError, UsageError
from graph.records import Combination
from tasks.context.slots import slots
from tasks.endpoint.money.budget import BudgetAccount
from tasks.runs.shards import Round, deal, rounds, shard_settings, sweep, untouched
from tasks.settings.amounts import Budget
from tasks.settings.endpoints import Endpoint, Prices
from tasks.settings.run import RunSettings
from tasks.store.database import open_store
from tests.conftest import Sandboxes
from tests.support.contexts import NOWHERE, open_context, settings_for
from tests.support.rehearsal import (
    CONCURRENCY,
    NOISE,
    Rehearsal,
    content,
    folder_bytes,
    number,
    query,
    rehearsal,
    settings,
    started,
    wait_until,
    write_toml,
)
from tests.support.work_pool import children, work_pool
from tests.tasks.stages.test_screening import combination

PAIRS = 36
PAID_TWICE = "SELECT count(*) - count(DISTINCT (stage, role, subject_id, sample)) FROM calls"


@pytest.fixture(scope="module")
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE) as started:
        yield started


class Workers:
    """Stands in for a work pool: runs each shard as a flow of this process, or fails as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *failures: int) -> None:
        self.failures = list(failures)
        """The shards whose next run ends half-way, each as often as it is named."""
        self.ran: list[int] = []
        monkeypatch.setattr(shards, "find_runner", self._found)

    async def _found(self) -> shards.RunShard:
        return self._run

    async def _run(self, settings: RunSettings, dealt: Round, number: int) -> str:
        self.ran.append(number)
        stop = dealt.stop
        if number in self.failures:
            self.failures.remove(number)
            stop = (dealt.start + dealt.stop) // 2
        # A worker is a process of its own and knows nothing of the run that has called it.
        await asyncio.create_task(shards.shard(settings, dealt.start, stop), context=Context())
        return "" if stop == dealt.stop else "Crashed"


def of(workspace: Path, server: Rehearsal, **changes: Any) -> RunSettings:
    return settings(workspace, server.url, PAIRS, **changes)


@pytest.fixture(scope="module")
def alone(prefect_server: str, server: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run that nobody shared."""
    workspace = tmp_path_factory.mktemp("alone") / "work"
    asyncio.run(synthesize(of(workspace, server)))
    return workspace


@pytest.mark.parametrize("failures", [(), pytest.param((2,), marks=pytest.mark.slow)], ids=["all end", "one does not"])
async def test_what_shards_make_is_what_one_run_makes(
    failures: tuple[int, ...], alone: Path, server: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(monkeypatch, *failures)
    workspace, before = tmp_path / "work", server.served()
    await synthesize(of(workspace, server, shards=2))
    assert sorted(workers.ran)[: 2 + len(failures)] == sorted([1, 2, *failures])
    assert folder_bytes(workspace / "dataset/data") == folder_bytes(alone / "dataset/data")
    assert number(workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served() - before
    assert number(workspace, PAID_TWICE) == 0
    assert list(rounds(workspace)) == []


@pytest.mark.slow
async def test_a_shard_that_never_ends_leaves_what_it_paid_for_and_the_next_run_goes_on(
    alone: Path, server: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = of(tmp_path / "work", server, shards=2)
    Workers(monkeypatch, *[1] * shards.TRIES)
    before = server.served()
    with pytest.raises(GsdpError, match=r"Of 2 shards these did not end: 1 \(Crashed\)"):
        await synthesize(wanted)
    assert number(wanted.workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served() - before
    Workers(monkeypatch)
    await synthesize(wanted)
    assert folder_bytes(wanted.workspace / "dataset/data") == folder_bytes(alone / "dataset/data")
    assert number(wanted.workspace, PAID_TWICE) == 0


@pytest.mark.slow
async def test_shards_keep_to_one_budget_together(
    alone: Path, server: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workers(monkeypatch)
    workspace, budget = tmp_path / "work", 150_000
    await synthesize(of(workspace, server, shards=2, budget=f"{budget} tokens"))
    spent = number(workspace, "SELECT sum(input_tokens + output_tokens + presumed_tokens)::BIGINT FROM calls")
    assert 0.7 * budget <= spent <= budget
    assert query(workspace, "SELECT DISTINCT state FROM runs") == [("completed",)]


async def test_the_pace_is_told_where_only_shards_compose(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path, shards=2)) as work:
        work.counts.note("screen", done=50)
        found = snapshot(work, "running", time.monotonic() - 3600)
    assert found["pairs_an_hour"] == 50


async def test_combinations_are_dealt_once_each_and_a_store_that_is_there_stays(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await work.store.write(*(combination(work, place) for place in range(11)))
        dealt = Round(2, 11, 3)
        for _ in range(2):
            await deal(work, dealt)
        shared = [
            [row[0] for row in query(folder, "SELECT position FROM combinations ORDER BY position")]
            for folder in dealt.workspaces(work.settings.workspace)
        ]
        assert shared == [[3, 6, 9], [4, 7, 10], [2, 5, 8]]
        assert list(rounds(work.settings.workspace)) == [dealt]
        assert work.store.select(Combination, "position = 3")[0].names == ("a", "b")


def test_a_shard_has_its_part_of_every_limit(tmp_path: Path) -> None:
    whole = Endpoint(
        base_url="http://127.0.0.1:9/v1", model="m", concurrency=7, rpm=60, prices=Prices(gpu_hour=2.0, gpus=4)
    )
    made = settings_for(tmp_path, endpoints={"local": whole.model_dump()}, budget="10 USD", shards=4)
    share = shard_settings(made, Round(0, 100, 4), tmp_path / "one", BudgetAccount(Budget(10.0, "USD"), spent=2.0))
    endpoint = share.endpoints["local"]
    assert (share.workspace, share.shards, share.budget) == (tmp_path / "one", 1, "2.000000000 USD")
    assert (endpoint.concurrency, endpoint.rpm, endpoint.input_tpm) == (1, 15, None)
    assert endpoint.prices is not None
    assert (endpoint.prices.gpu_hour, endpoint.prices.gpus) == (0.5, 4)


def test_a_round_that_was_half_deleted_is_no_round(tmp_path: Path) -> None:
    dealt = Round(0, 10, 2)
    for folder in dealt.workspaces(tmp_path):
        folder.mkdir(parents=True)
    dealt.folder(tmp_path).rename(tmp_path / "shards" / f"done-{dealt.name}")
    assert list(rounds(tmp_path)) == []
    sweep(tmp_path)
    assert list((tmp_path / "shards").iterdir()) == []


async def test_what_nobody_has_asked_for_begins_behind_refusals_too(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await work.store.write(*(combination(work, place) for place in range(6)))
        assert await untouched(work) == 0
        third = slots(work, 3, 4)[0].problem_id
        await work.store.write(work.reject("compose", third, "no answer"))
        assert await untouched(work) == 4


@pytest.mark.slow
async def test_a_run_without_shards_ends_the_round_of_one_with(
    alone: Path, server: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, before = tmp_path / "work", server.served()
    Workers(monkeypatch, *[1] * shards.TRIES)
    with pytest.raises(GsdpError, match="did not end"):
        await synthesize(of(workspace, server, shards=2))
    with pytest.raises(UsageError, match="A round of shards is open"):
        await stages.compose(of(workspace, server, shards=2))
    await synthesize(of(workspace, server))
    assert list(rounds(workspace)) == []
    assert folder_bytes(workspace / "dataset/data") == folder_bytes(alone / "dataset/data")
    assert number(workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served() - before
    assert number(workspace, PAID_TWICE) == 0


DEALT_AHEAD: dict[str, dict[str, Any]] = {
    "quotas": {"accept": {"per_point": 3}},
    "steering": {"sample": {"policy": "yield"}},
    "batches": {"endpoints": {"local": {**NOWHERE["local"], "batch": {"stages": ["compose"]}}}},
}


@pytest.mark.parametrize("changes", DEALT_AHEAD.values(), ids=DEALT_AHEAD)
def test_what_cannot_be_dealt_ahead_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="shards are dealt combinations ahead"):
        settings_for(tmp_path, shards=2, **changes)


def test_the_parameters_of_a_shard_are_what_its_form_takes(tmp_path: Path) -> None:
    made = of(tmp_path / "work", Rehearsal("http://127.0.0.1:9/v1", 0), shards=2)
    share = shard_settings(made, Round(0, 100, 2), tmp_path / "one", BudgetAccount(Budget(10.0, "tokens")))
    parameters = json.loads(json.dumps(shards.sent(share, Round(0, 100, 2))))
    assert validate(parameters, parameter_schema(shards.shard.fn).model_dump_for_openapi()) == []
    assert RunSettings.model_validate(parameters["settings"]) == share


async def test_without_a_deployment_one_sentence_says_what_is_needed(
    prefect_server: str, server: Rehearsal, tmp_path: Path
) -> None:
    with pytest.raises(GsdpError, match=r"`shards` needs a Prefect server with a deployment of the flow `shard`"):
        await synthesize(of(tmp_path / "work", server, shards=2))


@pytest.mark.slow
def test_a_worker_of_a_pool_that_is_killed_is_replaced_and_pays_nothing_twice(
    alone: Path, sandboxes: Sandboxes, tmp_path: Path
) -> None:
    workspace, server = tmp_path / "work", sandboxes(*NOISE, "--latency=0.2")
    file = write_toml(tmp_path / "settings.toml", content(workspace, server.url, PAIRS, shards=2))
    with work_pool(2) as workers, started("run", file) as run:
        wait_until(lambda: server.served("solver") >= 5, run, seconds=120)
        shard = next(child for worker in workers for child in children(worker.pid))
        os.kill(shard, signal.SIGKILL)
        out, err = run.communicate(timeout=300)
    assert run.returncode == 0, out + err
    assert folder_bytes(workspace / "dataset/data") == folder_bytes(alone / "dataset/data")
    unsettled = server.served() - number(workspace, "SELECT sum(attempts)::BIGINT FROM calls")
    assert 0 <= unsettled <= CONCURRENCY
    assert number(workspace, PAID_TWICE) == 0


def test_stores_are_merged_by_hand_in_any_order_and_again(
    alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "work"
    open_store(workspace).close()
    merge(workspace, [alone, alone])
    first, second, advice = capsys.readouterr().out.splitlines()
    calls = number(alone, "SELECT count(*) FROM calls")
    assert f"{calls:,} calls" in first
    assert second == f"{alone}: nothing new"
    assert advice.startswith("Run the settings of the workspace again")
    assert number(workspace, "SELECT count(*) FROM calls") == calls
    with pytest.raises(UsageError, match="There is no store in"):
        merge(tmp_path / "nowhere", [alone])
