"""Runs that are told to stop end in order, leave nothing behind, and let others look while they work."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.commands.settings_file import read_settings
from flows.commands.workspace import print_status
from flows.orchestration.local_server import empty_database
from flows.synthesize import synthesize
from graph.errors import StoreError
from tests.conftest import Sandboxes
from tests.support.interrupted import LATENCY, PAIRS, SWITCHES, lost, prepare, unsettled
from tests.support.rehearsal import (
    CONCURRENCY,
    Rehearsal,
    content,
    number,
    query,
    rehearsal,
    started,
    wait_until,
    write_toml,
)


@pytest.fixture
def server() -> Iterator[Rehearsal]:
    with rehearsal(*SWITCHES) as found:
        yield found


@pytest.mark.parametrize("sign", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_says_so_and_keeps_what_was_answered(
    prefect_server: str, server: Rehearsal, tmp_path: Path, sign: signal.Signals
) -> None:
    settings = prepare(tmp_path, server)
    with started("run", settings) as process:
        wait_until(lambda: server.served("extractor") >= 20, process)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert errors == "starting\ngsdp: interrupted; run the same command again to go on.\n"
    workspace = tmp_path / "work"
    assert query(workspace, "SELECT state FROM runs") == [("interrupted",)]
    assert lost(server, workspace) <= unsettled(CONCURRENCY / LATENCY, 1)
    assert number(workspace, "SELECT count(*) FROM calls") > 0


@pytest.fixture(scope="module")
def no_server(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no Prefect server is named, so that a run starts one of its own."""
    home = tmp_path_factory.mktemp("prefect")
    shutil.copy(prefect_database, home / empty_database().name)
    named = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return named | {"PREFECT_HOME": str(home)}


@pytest.mark.parametrize("presses", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_in_a_terminal_reaches_the_whole_group_and_ends_the_run_in_order(
    no_server: dict[str, str], server: Rehearsal, tmp_path: Path, presses: int
) -> None:
    settings = prepare(tmp_path, server)
    with started("run", settings, env=no_server) as process:
        wait_until(lambda: server.served("extractor") >= 20, process)
        for _ in range(presses):
            os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert errors.endswith("gsdp: interrupted; run the same command again to go on.\n")
    assert len(errors.splitlines()) == 2
    assert number(tmp_path / "work", "SELECT count(*) FROM calls") > 0
    if presses == 1:
        assert query(tmp_path / "work", "SELECT state, message FROM runs") == [("interrupted", None)]
    wait_until(lambda: not processes("flows.orchestration.local_server", no_server["PREFECT_HOME"]))


@pytest.mark.slow
def test_a_killed_run_leaves_no_prefect_server_behind(
    no_server: dict[str, str], server: Rehearsal, tmp_path: Path
) -> None:
    with started("run", prepare(tmp_path, server), env=no_server) as process:
        wait_until(lambda: server.served("extractor") >= 20, process)
        assert processes("flows.orchestration.local_server", no_server["PREFECT_HOME"])
        process.kill()
    wait_until(lambda: not processes("flows.orchestration.local_server", no_server["PREFECT_HOME"]))


def processes(word: str, home: str = "") -> set[int]:
    """Processes whose command line holds a word, and whose environment holds `home`."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if word.encode() in command and home.encode() in environment:
                found.add(int(entry.name))
    return found


def test_a_killed_run_leaves_no_sandbox_behind(prefect_server: str, tmp_path: Path) -> None:
    values = content(tmp_path / "work", "sandbox", PAIRS, sandbox=["--latency=0.05", "--drip-seconds=2.7182818"])
    settings = write_toml(tmp_path / "settings.toml", values)
    with started("run", settings) as process:
        wait_until(lambda: processes("--drip-seconds=2.7182818"), process)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not processes("--drip-seconds=2.7182818"), seconds=10)
    assert processes("--drip-seconds=2.7182818") == set()


def test_while_a_run_is_at_work_others_look_at_its_snapshot_and_are_kept_out_of_its_store(
    prefect_server: str, sandboxes: Sandboxes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = sandboxes("--latency=1")
    settings, workspace = prepare(tmp_path, slow), tmp_path / "work"
    with started("run", settings) as process:
        wait_until(lambda: slow.served("extractor") >= 1, process)
        print_status(workspace)
        during = capsys.readouterr().out
        with pytest.raises(StoreError) as refused:
            asyncio.run(synthesize(read_settings(settings)))
        assert process.poll() is None
        process.kill()
    assert "from the snapshot of " in during
    assert f"(a run is at work, process {process.pid})" in during
    assert str(refused.value).startswith(f"{workspace / 'gsdp.duckdb'} is in use by process {process.pid} (")
    assert len(str(refused.value).splitlines()) == 1
    print_status(workspace)
    after = capsys.readouterr().out
    assert "from the store (no run is at work)" in after
    assert "UTC, killed\n" in after
