"""Runs that are killed, and what the same command then makes of them: the same bytes, and nothing paid twice."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.commands.settings_file import read_settings
from flows.commands.workspace import print_status
from flows.orchestration.local_server import empty_database
from flows.synthesize import synthesize
from graph.errors import StoreError
from tasks.store.database import TABLES
from tasks.store.writer import INTERVAL
from tests.conftest import Sandboxes
from tests.support.rehearsal import (
    CONCURRENCY,
    NOISE,
    Rehearsal,
    content,
    folder_bytes,
    gsdp,
    number,
    opened,
    query,
    rehearsal,
    started,
    wait_until,
    write_toml,
)

PAIRS = 30
LATENCY = 0.03
SWITCHES = (*NOISE, f"--latency={LATENCY}")
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


def prepare(folder: Path, server: Rehearsal, pairs: int = PAIRS) -> Path:
    """A settings file whose workspace is `work` beside it."""
    return write_toml(folder / "settings.toml", content(folder / "work", server.url, pairs))


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


def unsettled(server_rate: float, kills: int) -> int:
    """Most requests that `kills` kills may lose: sent, or answered and not committed.

    At each kill at most CONCURRENCY requests are on the wire. Answers wait for at most two commit batches, the one
    that is being written and the one that gathers meanwhile; a batch holds what arrives in INTERVAL seconds and as
    long as a commit takes, for which another INTERVAL is allowed. `server_rate` is the most that can arrive in a
    second: CONCURRENCY requests every LATENCY seconds.
    """
    return kills * (CONCURRENCY + round(2 * server_rate * 2 * INTERVAL))


def lost(server: Rehearsal, workspace: Path) -> int:
    """Requests that were served and are not in the ledger."""
    return server.served() - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")


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
