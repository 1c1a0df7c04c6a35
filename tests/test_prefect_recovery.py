"""Cancel, retry, crash, and servers that go away, with real processes: each run goes on from its store."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from flows.snapshot import read_snapshot
from tests.rehearsal import CONCURRENCY, NOISE, ROOT, Rehearsal, content, number, query, rehearsal, wait_until

PAIRS = 40
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

Start = Callable[..., subprocess.Popen[bytes]]

pytestmark = pytest.mark.slow


def ask(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What Prefect's server answers."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url + path, data, {"Content-Type": "application/json"}), timeout=30) as answer:
        return json.load(answer)


def begin(url: str, settings: dict[str, Any]) -> str:
    """Start a run as the form does; its id."""
    deployment = ask(url, "/deployments/name/synthesize/gsdp")["id"]
    return str(ask(url, f"/deployments/{deployment}/create_flow_run", {"parameters": {"settings": settings}})["id"])


def become(url: str, run: str, kind: str, name: str) -> None:
    """What the buttons Cancel and Retry do."""
    ask(url, f"/flow_runs/{run}/set_state", {"state": {"type": kind, "name": name}, "force": kind == "SCHEDULED"})


def state(url: str, run: str) -> str:
    return str(ask(url, f"/flow_runs/{run}")["state"]["type"])


def ends(url: str, run: str, seconds: float = 180.0) -> str:
    wait_until(lambda: state(url, run) in FINAL, seconds=seconds)
    return state(url, run)


def retry(url: str, run: str) -> str:
    """Press Retry, and wait for the end."""
    become(url, run, "SCHEDULED", "AwaitingRetry")
    return ends(url, run)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes that end with the test."""
    with ExitStack() as stack:

        def started(*command: object, **options: Any) -> subprocess.Popen[bytes]:
            former = signal.signal(signal.SIGINT, signal.default_int_handler)
            options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)], cwd=ROOT, **options
            )
            signal.signal(signal.SIGINT, former)
            stack.callback(process.wait, 60)
            stack.callback(process.kill)
            return process

        yield started


@pytest.fixture
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE, "--latency=0.2") as found:
        yield found


@pytest.fixture
def served(prefect_server: str, start: Start) -> str:
    """The address of a Prefect server, whose deployments this test's process serves."""
    start("deployments.serve")
    wait_until(lambda: serving(prefect_server), seconds=120)
    return prefect_server


def serving(url: str) -> bool:
    try:
        found = ask(url, "/deployments/name/synthesize/gsdp")
    except (HTTPError, OSError):
        return False
    return str(found["status"]) == "READY"


def assert_paid_once(workspace: Path, pairs: int) -> None:
    assert number(workspace, "SELECT count(*) FROM pairs") == pairs
    again = "SELECT subject_id, role, sample FROM calls WHERE fault IS NULL GROUP BY ALL HAVING count(*) > 1"
    assert query(workspace, again) == []


def assert_whole(workspace: Path, server: Rehearsal, stops: int) -> None:
    """The dataset is complete, nothing was paid for twice, and each stop lost no more than was on its way."""
    assert_paid_once(workspace, PAIRS)
    lost = server.served() - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")
    assert 0 <= lost <= stops * 2 * CONCURRENCY


def test_a_cancelled_run_ends_in_order_and_a_retry_finishes_it(served: str, server: Rehearsal, tmp_path: Path) -> None:
    run = begin(served, content(tmp_path / "work", server.url, PAIRS))
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    become(served, run, "CANCELLING", "Cancelling")
    asked = time.monotonic()
    assert ends(served, run) == "CANCELLED"
    # Prefect looks for what is to be cancelled every few seconds, and the last answers are waited for.
    assert time.monotonic() - asked < 30
    assert query(tmp_path / "work", "SELECT state FROM runs") == [("interrupted",)]
    assert retry(served, run) == "COMPLETED"
    assert_whole(tmp_path / "work", server, 1)


def test_a_killed_run_is_seen_as_crashed_and_a_retry_finishes_it(
    served: str, server: Rehearsal, tmp_path: Path
) -> None:
    run = begin(served, content(tmp_path / "work", server.url, PAIRS))
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    os.kill((read_snapshot(tmp_path / "work") or {})["pid"], signal.SIGKILL)
    assert ends(served, run) == "CRASHED"
    assert retry(served, run) == "COMPLETED"
    assert_whole(tmp_path / "work", server, 1)


def test_a_failed_run_is_finished_by_a_retry_and_another_target_by_another_run(served: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = content(tmp_path / "work", f"http://127.0.0.1:{port}/v1", PAIRS)
    settings["endpoints"]["rehearsal"]["outage_patience"] = 0.5
    run = begin(served, settings)
    assert ends(served, run) == "FAILED"
    with rehearsal(*NOISE, "--port", str(port)) as server:
        assert retry(served, run) == "COMPLETED"
        assert_paid_once(tmp_path / "work", PAIRS)
        more = settings | {"target_pairs": PAIRS + 5}
        assert ends(served, begin(served, more)) == "COMPLETED"
        assert_paid_once(tmp_path / "work", PAIRS + 5)
        before = server.served()
        assert ends(served, begin(served, more)) == "COMPLETED"
        assert server.served() == before, "all that is wanted is there"


def test_a_run_waits_for_one_that_only_seems_to_have_crashed(served: str, server: Rehearsal, tmp_path: Path) -> None:
    settings = content(tmp_path / "work", server.url, PAIRS)
    first = begin(served, settings)
    wait_until(lambda: server.served("composer") >= 5, seconds=120)
    become(served, first, "CRASHED", "Crashed")
    assert ends(served, begin(served, settings)) == "COMPLETED"
    found = query(tmp_path / "work", "SELECT started_at, ended_at, state FROM runs ORDER BY 1")
    assert [row[2] for row in found] == ["completed", "completed"]
    assert found[0][1] <= found[1][0]
    assert_whole(tmp_path / "work", server, 0)


# The server


def prefect(start: Start, home: Path, port: int) -> subprocess.Popen[bytes]:
    """A Prefect server on a port, with its database in a folder."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    env |= {"PREFECT_HOME": str(home), "PREFECT_SERVER_API_PORT": str(port)}
    process = start("prefect", "server", "start", "--port", port, env=env)
    wait_until(lambda: healthy(port), process=None, seconds=120)
    return process


def healthy(port: int) -> bool:
    try:
        return bool(ask(f"http://127.0.0.1:{port}/api", "/health"))
    except OSError:
        return False


@pytest.mark.parametrize("lost", [False, True], ids=["restarted", "database lost"])
def test_a_run_goes_on_while_its_server_is_away(
    start: Start, server: Rehearsal, prefect_database: Path, tmp_path: Path, lost: bool
) -> None:
    home = tmp_path / "prefect"
    home.mkdir()
    shutil.copy(prefect_database, home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = prefect(start, home, port)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(content(tmp_path / "work", server.url, PAIRS)))
    program = "import asyncio, json, sys; from flows.configure import make_settings as m; "
    program += "from flows.synthesize import synthesize as s; asyncio.run(s(m(json.load(open(sys.argv[1])))))"
    env = os.environ | {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_HOME": str(home)}
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(file)], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with run:
        wait_until(lambda: server.served("composer") >= 5 or run.poll() is not None, seconds=120)
        first.kill()
        first.wait()
        if lost:
            for path in home.glob("prefect.db*"):
                path.unlink()
            shutil.copy(prefect_database, home)
        prefect(start, home, port)
        output = run.communicate(timeout=300)[0].decode()
    if lost:
        assert run.returncode != 0
        ended = subprocess.run([sys.executable, "-c", program, str(file)], cwd=ROOT, env=env, capture_output=True)
        assert ended.returncode == 0, ended.stderr
    else:
        assert run.returncode == 0, output
    assert_whole(tmp_path / "work", server, 1)
