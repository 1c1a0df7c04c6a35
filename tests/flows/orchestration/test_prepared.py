"""What `python -m deployments.prepare` leaves on a server: the nightly example at work, and automations that tell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from deployments.worker import PATIENCE, alive
from flows.reporting.snapshot import read_snapshot
from tests.support.live_prefect import Prefect, Start, free_port, home_with, processes, start_server
from tests.support.rehearsal import ROOT, SEEDS, content, query, rehearsal, wait_until

pytestmark = pytest.mark.slow

SETTLED, MISSED = 5, 130
"""Seconds after which all events have reached the automations, and after which heartbeats would be missed."""

SAVE_BLOCKS = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock as Webhook
from tasks.settings.blocks import ModelEndpoint
ModelEndpoint(base_url="sandbox").save("main")
Webhook(name="gsdp", url=sys.argv[1], json_data={"subject": "{{subject}}", "body": "{{body}}"}).save("gsdp")
"""


Message = dict[str, str]


@dataclass(frozen=True)
class Prepared:
    """A server that was prepared, and what its automations have told a webhook."""

    prefect: Prefect
    client: dict[str, str]
    """The environment of those who use it."""
    data: Path
    """The folder of the nightly example, without seeds."""
    messages: list[Message]

    @property
    def nightly(self) -> dict[str, Any]:
        """The parameter of the nightly example."""
        found: dict[str, Any] = self.prefect.ask("/deployments/name/synthesize/nightly")["parameters"]["settings"]
        return found

    def assert_told(self, *words: str) -> None:
        """Somebody is told a sentence with these words before long."""
        for _ in range(60):
            if any(all(word in f"{one['subject']}: {one['body']}" for word in words) for one in self.messages):
                return
            time.sleep(1)
        raise AssertionError(self.messages)

    def worker(self, start: Start, *options: str) -> subprocess.Popen[bytes]:
        """A worker for the pool."""
        quick = self.client | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
        return start("deployments.worker", *options, env=quick)

    def begun_again(self, run: str) -> bool:
        """Whether a run has crashed and waits to begin again, without a person."""
        past = self.prefect.ask(f"/flow_run_states/?flow_run_id={run}")
        return "CRASHED" in [each["type"] for each in past] and self.prefect.state(run) == "SCHEDULED"

    def states(self, tag: str) -> list[str]:
        """How the flow runs of a tag stand."""
        found = self.prefect.ask("/flow_runs/filter", {"flow_runs": {"tags": {"all_": [tag]}}})
        return [each["state"]["type"] for each in found]


@contextmanager
def webhook() -> Iterator[tuple[str, list[Message]]]:
    """The address of a webhook, and what it is told."""
    messages: list[Message] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  the name that http.server gives
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", messages
        server.shutdown()


@pytest.fixture(scope="module")
def prepared(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("prepared")
    with processes() as start, webhook() as (address, messages):
        prefect, _ = start_server(start, home_with(prefect_database, folder / "prefect"), free_port())
        # Runs log into the pipes of their workers, as they do at a person's.
        client = {name: value for name, value in os.environ.items() if name != "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"}
        client |= {"PREFECT_API_URL": prefect.url, "PREFECT_HOME": str(folder / "client"), "GSDP_DATA": str(folder)}
        in_python(client, "-c", SAVE_BLOCKS, address)
        told = client | {"GSDP_NOTIFY": "custom-webhook"}
        for _ in range(2):
            in_python(told, "-m", "deployments.prepare")
        yield Prepared(prefect, client, folder, messages)


def in_python(env: dict[str, str], *arguments: str) -> None:
    ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_nightly_example_takes_new_seeds_and_people_are_told_how_runs_end(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    seeds, nightly, prefect = prepared.data / "seeds", prepared.nightly, prepared.prefect
    assert [each["active"] for each in prefect.ask("/deployments/name/synthesize/nightly")["schedules"]] == [False]
    assert nightly["workspace"] == "runs/nightly"
    lines = SEEDS.read_text(encoding="utf-8").splitlines(keepends=True)
    seeds.mkdir()
    (seeds / "first.jsonl").write_text("".join(lines[:60]), encoding="utf-8")
    prepared.worker(start)

    def runs(**changes: Any) -> str:
        return prefect.ends(prefect.begin(nightly | changes, "synthesize/nightly"))

    assert runs(target_pairs=10) == "COMPLETED"
    workspace = prepared.data / nightly["workspace"]
    prepared.assert_told("targets", nightly["workspace"], "10 pairs")
    (seeds / "second.jsonl").write_text("".join(lines[60:]), encoding="utf-8")
    assert runs(target_pairs=20) == "COMPLETED"
    assert query(workspace, "SELECT count(*) FROM pairs") == [(20,)]
    assert query(workspace, "SELECT count(*) FROM seeds") == [(len(lines),)]
    assert runs(workspace=str(tmp_path / "other"), budget="20k tokens") == "COMPLETED"
    prepared.assert_told("budgets", str(tmp_path / "other"))
    dead = {"base_url": f"http://127.0.0.1:{free_port()}/v1", "model": "none", "outage_patience": 0.5}
    failing = {"endpoints": {"dead": dead}, "endpoint": "dead", "workspace": str(tmp_path / "failing")}
    assert runs(**failing) == "FAILED"
    prepared.assert_told("fail or crash", "Failed", "dead")
    assert "FAILED" in prepared.states("gsdp-within")
    time.sleep(SETTLED)
    assert len(prepared.messages) == 4, prepared.messages


def test_a_run_whose_machine_is_gone_is_marked_as_crashed_with_the_flows_within_it(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    prefect, worker = prepared.prefect, prepared.worker(start)
    with rehearsal("--latency=600") as server:
        run = prefect.begin(content(tmp_path / "work", server.url, 10), "synthesize/synthesize")
        wait_until(lambda: server.served("extractor"), seconds=120)
        pid = (read_snapshot(tmp_path / "work") or {})["pid"]
        assert "RUNNING" in prepared.states("gsdp-within")
        for process in (*psutil.Process(worker.pid).children(), worker):
            process.kill()
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: prepared.begun_again(run), seconds=180)
    wait_until(lambda: "RUNNING" not in prepared.states("gsdp-within"))
    prepared.assert_told("fail or crash", "Crashed", "heartbeat")
    prefect.become(run, "CANCELLED", "Cancelled")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_end_lets_its_run_end_in_order(
    prepared: Prepared, start: Start, tmp_path: Path, sign: signal.Signals
) -> None:
    prefect, worker, workspace = prepared.prefect, prepared.worker(start, "--limit", "1"), tmp_path / "work"
    with rehearsal("--latency=0.2") as server:
        run, queued = (
            prefect.begin(content(folder, server.url, 20), "synthesize/synthesize")
            for folder in (workspace, tmp_path / "next")
        )
        wait_until(lambda: server.served("composer") >= 5, seconds=120)
        worker.send_signal(sign)
        assert worker.wait(PATIENCE + 30) == 0
        assert query(workspace, "SELECT state FROM runs") == [("interrupted",)]
        wait_until(lambda: prepared.begun_again(run))
        assert prefect.state(queued) == "SCHEDULED"
        prepared.worker(start)
        assert prefect.ends(run) == "COMPLETED"
        assert prefect.ends(queued) == "COMPLETED"
    assert query(workspace, "SELECT count(*) FROM pairs") == [(20,)]


def test_a_paused_run_is_not_taken_for_one_whose_machine_is_gone(
    prepared: Prepared, start: Start, tmp_path: Path
) -> None:
    prefect, told = prepared.prefect, len(prepared.messages)
    prepared.worker(start)
    with rehearsal("--latency=600") as server:
        run = prefect.begin(content(tmp_path / "work", server.url, 10), "synthesize/synthesize")
        wait_until(lambda: server.served("extractor"), seconds=120)
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        prefect.become(run, "PAUSED", "Suspended", pause_timeout=later, pause_reschedule=True)
        wait_until(lambda: (read_snapshot(tmp_path / "work") or {})["state"] == "interrupted")
    time.sleep(MISSED)
    assert prefect.state(run) == "PAUSED"
    assert len(prepared.messages) == told, prepared.messages


@pytest.mark.parametrize("killed", ["the worker and what started it", "what started the worker"])
def test_a_run_outlives_its_worker_and_no_worker_is_left_behind(
    prepared: Prepared, start: Start, tmp_path: Path, killed: str
) -> None:
    prefect, starter = prepared.prefect, prepared.worker(start)
    with rehearsal("--latency=0.2") as server:
        run = prefect.begin(content(tmp_path / "work", server.url, 20), "synthesize/synthesize")
        wait_until(lambda: server.served("composer") >= 5, seconds=120)
        workers = psutil.Process(starter.pid).children()
        for process in [*(workers if killed.startswith("the worker") else ()), starter]:
            process.kill()
        wait_until(lambda: not any(map(alive, workers)))
        assert prefect.ends(run) == "COMPLETED"
    assert query(tmp_path / "work", "SELECT count(*) FROM pairs, runs") == [(20,)]
