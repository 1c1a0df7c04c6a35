"""Runs of deployments that meet in one workspace: they queue, and the store's lock stands behind the queue."""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from prefect import flow, runtime
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, Pause, TerminationSignal
from prefect.states import Cancelling, Running

from flows.commands.settings_file import make_settings
from flows.orchestration import turns
from flows.orchestration.log_filter import speak_in_sentences
from flows.orchestration.turns import in_turn, limit_name, runs_at_work
from flows.reporting.report import in_background
from flows.stages import ingest, publish
from graph.errors import GsdpError, SeedError, StoreError
from tasks.settings.run import RunSettings
from tests.support.rehearsal import SEEDS, content, query


@pytest.fixture
def deployed(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows of this process are runs of a deployment, and look at the store more often than they would."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "00000000-0000-0000-0000-000000000001")
    monkeypatch.setattr(turns, "PATIENCE", 0.3)


def settings(folder: Path) -> RunSettings:
    return make_settings(content(folder / "work", "http://127.0.0.1:9/v1", 5))


def runs(folder: Path) -> list[tuple[datetime, datetime, str]]:
    return [(row[0], row[1], row[2]) for row in query(folder / "work", "SELECT started_at, ended_at, state FROM runs")]


async def test_runs_of_one_workspace_take_turns(
    deployed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 20.0)
    await asyncio.gather(*(ingest(settings(tmp_path)) for _ in range(3)))
    found = sorted(runs(tmp_path))
    assert [state for _, _, state in found] == ["completed"] * 3
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    async with get_client() as client:
        with pytest.raises(ObjectNotFound):
            await client.read_global_concurrency_limit_by_name(limit_name(tmp_path / "work"))


async def test_a_slot_that_nobody_gave_back_holds_up_no_run(
    deployed: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with get_client() as client:
        name = limit_name(tmp_path / "work")
        await client.upsert_global_concurrency_limit_by_name(name, limit=1)
        await client.increment_concurrency_slots([name], 1, "concurrency")
    await ingest(settings(tmp_path))
    assert "nobody is at work there: going on" in caplog.text


async def test_a_run_that_waits_says_for_whom(
    deployed: None, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [f"{tmp_path / 'work'}/gsdp.duckdb is in use by process 1 (python)."]
    monkeypatch.setattr(turns, "_holder", lambda workspace: held.pop() if held else None)
    async with get_client() as client:
        name = limit_name(tmp_path / "work")
        await client.upsert_global_concurrency_limit_by_name(name, limit=1)
        await client.increment_concurrency_slots([name], 1, "concurrency")
    await ingest(settings(tmp_path))
    assert "Waiting for another run of this workspace to end." in caplog.text
    assert "in use by process 1" in caplog.text


async def test_a_run_that_has_waited_for_long_gives_its_place_back_and_comes_again(
    deployed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PLACE_KEPT", 0.0)
    async with get_client() as client:
        name = limit_name(tmp_path / "work")
        await client.upsert_global_concurrency_limit_by_name(name, limit=1)
        await client.increment_concurrency_slots([name], 1, "concurrency")
        with pytest.raises(Pause):
            await ingest(settings(tmp_path))
        found = await client.read_flow_runs()
    (waiting,) = [run for run in found if str(tmp_path) in str(run.parameters)]
    assert waiting.state
    assert (waiting.state.type.value, waiting.state.name) == ("SCHEDULED", "AwaitingConcurrencySlot")
    assert waiting.state.message
    assert waiting.state.message.startswith("Waiting for another run of this workspace to end.")


async def test_a_run_that_is_cancelled_while_its_worker_is_gone_ends_by_itself(
    deployed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PAUSE_AFTER", 0.05)
    monkeypatch.setattr(turns, "UNHEARD", 2)
    chosen = settings(tmp_path)

    @flow(name="works")
    async def works() -> None:
        async with in_turn(chosen), get_client() as client:
            await client.set_flow_run_state(UUID(runtime.flow_run.id), Cancelling(), force=True)
            await asyncio.sleep(30)

    with pytest.raises(Pause):
        await works()
    assert [state for _, _, state in runs(tmp_path)] == ["interrupted"]
    async with get_client() as client:
        (found,) = [run for run in await client.read_flow_runs() if run.name and run.state_name == "Cancelled"]
    assert found.state
    assert found.state.message == "Ended by itself: its worker is gone."


async def test_a_signal_that_meets_a_query_ends_the_run_as_any_other(prefect_server: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path)

    @flow(name="queries")
    async def queries() -> None:
        async with in_turn(chosen):
            raise StoreError("Query interrupted") from duckdb.InterruptException("Query interrupted")

    # Prefect hands the signal on when its flow has ended.
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with pytest.raises(TerminationSignal):
            await queries()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [state for _, _, state in runs(tmp_path)] == ["interrupted"]


async def test_those_at_work_in_a_workspace_are_known_by_name(prefect_server: str, tmp_path: Path) -> None:
    async with get_client() as client:
        parameters = {"settings": {"workspace": str(tmp_path / "x" / ".." / "work")}}
        run = await client.create_flow_run(ingest, name="the first one", parameters=parameters, state=Running())
        assert await runs_at_work(tmp_path / "work") == ["'the first one'"]
        assert await runs_at_work(tmp_path / "other") == []
        await client.delete_flow_run(run.id)


@pytest.mark.parametrize(("error", "ends"), [(TerminationSignal(signal.SIGTERM), True), (OSError(), False)])
async def test_a_signal_that_meets_what_stands_beside_a_run_ends_the_run(error: BaseException, ends: bool) -> None:
    async def reporter() -> None:
        raise error

    async def run() -> bool:
        begun = in_background(reporter())
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            return True
        finally:
            await asyncio.gather(begun, return_exceptions=True)
        return False

    assert await asyncio.create_task(run()) is ends


def test_workspaces_that_are_called_alike_have_limits_of_their_own(tmp_path: Path) -> None:
    assert limit_name(tmp_path / "a/work") != limit_name(tmp_path / "b/work")
    assert limit_name(tmp_path / "work") == limit_name(tmp_path / "x/../work")
    assert limit_name(tmp_path / "work").startswith("gsdp-work-")


# Folders of seeds


async def test_a_folder_of_seeds_grows(prefect_server: str, tmp_path: Path) -> None:
    folder = tmp_path / "seeds"
    folder.mkdir()
    chosen = make_settings(content(tmp_path / "work", "http://127.0.0.1:9/v1", 5, seeds=[{"path": str(folder)}]))
    with pytest.raises(SeedError, match="holds no seed file yet"):
        await ingest(chosen)
    rows = SEEDS.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "monday.jsonl").write_text("".join(rows[:10]), encoding="utf-8")
    (folder / "notes.txt").write_text("not seeds")
    assert (await ingest(chosen))["new"] == 10
    (folder / "tuesday.jsonl").write_text("".join(rows[10:25]), encoding="utf-8")
    assert (await ingest(chosen))["new"] == 15


# What is wrong, in the logs


async def test_an_error_that_is_made_for_people_is_logged_as_one_sentence(
    prefect_server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(GsdpError) as raised:
        await publish(
            make_settings(content(tmp_path / "work", "http://127.0.0.1:9/v1", 5, prompts=str(tmp_path / "no")))
        )
    assert str(raised.value) in caplog.messages
    assert "Traceback" not in caplog.text


def test_other_errors_keep_their_traceback(caplog: pytest.LogCaptureFixture) -> None:
    speak_in_sentences()
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("prefect.engine").exception("Encountered exception")
    assert "Traceback" in caplog.text
