"""Cancel, retry, crash, and servers that go away, with real processes: each run goes on from its store."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.reporting.snapshot import read_snapshot
from tests.support.live_prefect import Prefect, Start, free_port, home_with, start_server
from tests.support.rehearsal import (
    CONCURRENCY,
    NOISE,
    Rehearsal,
    content,
    gsdp,
    number,
    query,
    rehearsal,
    started,
    wait_until,
    write_toml,
)

PAIRS = 40
pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE, "--latency=0.2") as found:
        yield found


@pytest.fixture
def prefect(prefect_server: str, start: Start) -> Prefect:
    """A Prefect server whose deployments are served beside it."""
    start("deployments.serve")
    found = Prefect(prefect_server)
    wait_until(lambda: serving(found), seconds=120)
    return found


def serving(prefect: Prefect) -> bool:
    path = "/deployments/name/synthesize/synthesize-served"
    return prefect.answers(path) and prefect.ask(path)["status"] == "READY"


def assert_paid_once(workspace: Path, pairs: int) -> None:
    assert number(workspace, "SELECT count(*) FROM pairs") == pairs
    again = "SELECT subject_id, role, sample FROM calls WHERE fault IS NULL GROUP BY ALL HAVING count(*) > 1"
    assert query(workspace, again) == []


def assert_whole(workspace: Path, server: Rehearsal, stops: int) -> None:
    """The dataset is complete, nothing was paid for twice, and each stop lost no more than was on its way."""
    assert_paid_once(workspace, PAIRS)
    lost = server.served() - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")
    assert 0 <= lost <= stops * 2 * CONCURRENCY


def test_a_cancelled_run_ends_in_order_and_a_retry_finishes_it(
    prefect: Prefect, server: Rehearsal, tmp_path: Path
) -> None:
    run = prefect.begin(content(tmp_path / "work", server.url, PAIRS))
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    prefect.become(run, "CANCELLING", "Cancelling")
    asked = time.monotonic()
    assert prefect.ends(run) == "CANCELLED"
    # Prefect looks for what is to be cancelled every few seconds, and the last answers are waited for.
    assert time.monotonic() - asked < 30
    assert query(tmp_path / "work", "SELECT state FROM runs") == [("interrupted",)]
    assert prefect.retry(run) == "COMPLETED"
    assert_whole(tmp_path / "work", server, 1)


def test_a_killed_run_is_seen_as_crashed_and_a_retry_finishes_it(
    prefect: Prefect, server: Rehearsal, tmp_path: Path
) -> None:
    run = prefect.begin(content(tmp_path / "work", server.url, PAIRS))
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    os.kill((read_snapshot(tmp_path / "work") or {})["pid"], signal.SIGKILL)
    assert prefect.ends(run) == "CRASHED"
    assert prefect.retry(run) == "COMPLETED"
    assert_whole(tmp_path / "work", server, 1)


def test_a_failed_run_is_finished_by_a_retry_and_another_target_by_another_run(
    prefect: Prefect, tmp_path: Path
) -> None:
    port = free_port()
    settings = content(tmp_path / "work", f"http://127.0.0.1:{port}/v1", PAIRS)
    settings["endpoints"]["rehearsal"]["outage_patience"] = 0.5
    run = prefect.begin(settings)
    assert prefect.ends(run) == "FAILED"
    with rehearsal(*NOISE, "--port", str(port)) as server:
        assert prefect.retry(run) == "COMPLETED"
        assert_paid_once(tmp_path / "work", PAIRS)
        more = settings | {"target_pairs": PAIRS + 5}
        assert prefect.ends(prefect.begin(more)) == "COMPLETED"
        assert_paid_once(tmp_path / "work", PAIRS + 5)
        before = server.served()
        assert prefect.ends(prefect.begin(more)) == "COMPLETED"
        assert server.served() == before, "all that is wanted is there"


def test_a_run_waits_for_one_that_only_seems_to_have_crashed(
    prefect: Prefect, server: Rehearsal, tmp_path: Path
) -> None:
    settings = content(tmp_path / "work", server.url, PAIRS)
    first = prefect.begin(settings)
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    prefect.become(first, "CRASHED", "Crashed")
    assert prefect.ends(prefect.begin(settings)) == "COMPLETED"
    found = query(tmp_path / "work", "SELECT started_at, ended_at, state FROM runs ORDER BY 1")
    assert [row[2] for row in found] == ["completed", "completed"]
    assert found[0][1] <= found[1][0]
    assert_whole(tmp_path / "work", server, 0)


def test_a_paused_run_ends_without_its_answers_and_goes_on_when_resumed(prefect: Prefect, tmp_path: Path) -> None:
    port, workspace = free_port(), tmp_path / "work"
    with rehearsal("--latency=600", "--port", str(port)) as slow:
        run = prefect.begin(content(workspace, slow.url, PAIRS))
        wait_until(lambda: in_flight(workspace), seconds=120)
        later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        prefect.become(run, "PAUSED", "Suspended", pause_timeout=later, pause_reschedule=True)
        pid = (read_snapshot(workspace) or {})["pid"]
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
    assert prefect.state(run) == "PAUSED"
    assert query(workspace, "SELECT state FROM runs") == [("interrupted",)]
    with rehearsal(*NOISE, "--port", str(port)):
        prefect.ask(f"/flow_runs/{run}/resume", {})
        assert prefect.ends(run) == "COMPLETED"
    assert_paid_once(workspace, PAIRS)


def in_flight(workspace: Path) -> int:
    """Calls on their way."""
    return sum(each["in_flight"] for each in (read_snapshot(workspace) or {"endpoints": {}})["endpoints"].values())


# The server


@pytest.mark.parametrize("trouble", ["restarted", "locked", "lost"])
def test_a_run_outlives_trouble_of_its_server(
    start: Start, server: Rehearsal, prefect_database: Path, tmp_path: Path, trouble: str
) -> None:
    home = home_with(prefect_database, tmp_path / "prefect")
    port = free_port()
    found, process = start_server(start, home, port)
    settings = write_toml(tmp_path / "settings.toml", content(tmp_path / "work", server.url, PAIRS))
    env = os.environ | {"PREFECT_API_URL": found.url, "PREFECT_HOME": str(home)}
    with started("run", settings, env=env) as run:
        wait_until(lambda: server.served("composer") >= 5, run, seconds=120)
        if trouble == "locked":
            with closing(sqlite3.connect(home / "prefect.db", isolation_level=None, timeout=60)) as other:
                other.execute("BEGIN EXCLUSIVE")
                time.sleep(20)
        else:
            process.kill()
            process.wait()
        if trouble == "lost":
            for path in home.glob("prefect.db*"):
                path.unlink()
            home_with(prefect_database, home)
        if trouble in ("restarted", "lost"):
            start_server(start, home, port)
        _, errors = run.communicate(timeout=300)
    if trouble == "lost":
        assert run.returncode == 1
        sentence = (
            rf"gsdp: Prefect's server no longer knows this run\. What was paid for is safe in {tmp_path / 'work'}: .*\n"
        )
        assert re.fullmatch(f"starting\n{sentence}", errors), errors
        assert gsdp("run", settings, env=env).returncode == 0
    else:
        assert run.returncode == 0, errors
    assert_whole(tmp_path / "work", server, 1)
