"""What is in a workspace can be read at any time, also while another process writes to its store."""

from __future__ import annotations

import asyncio
import errno
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.commands.graphs import print_graph
from flows.commands.pairs import print_pairs
from flows.commands.workspace import explain_problem, print_counts, publish_to
from graph.errors import StoreError, UsageError
from tasks.reports import dataset
from tasks.reports.card import funnel
from tasks.reports.funnel import finished_counts
from tasks.store import looking
from tasks.store.folders import temporary_folder
from tasks.store.looking import PREFIX, is_at_work, reading
from tests.support.rehearsal import ROOT, SEEDS, query
from tests.support.rehearsed import InProcess, rehearsed_settings, run_all

HOLD = """
import asyncio, sys
from pathlib import Path
from tasks.store.database import open_store
store = open_store(Path(sys.argv[1]))
last = "SELECT id FROM pairs ORDER BY position DESC, sample DESC LIMIT 1"
change = (f"UPDATE problems SET text = 'Written while at work' WHERE id = ({last})", ())
asyncio.run(store.write(statements=[change]))
print("ready", flush=True)
sys.stdin.read()
store.close()
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with pairs and rejects."""
    folder = tmp_path_factory.mktemp("looked-at")
    settings = rehearsed_settings(folder, target_pairs=1000, seeds=[{"path": SEEDS}])
    asyncio.run(run_all(settings, InProcess(), 40))
    return settings.workspace


@pytest.fixture
def held(workspace: Path) -> Iterator[Path]:
    """The same while another process holds the store, and has written what only the log has."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, workspace], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "ready\n"
        yield workspace
        holder.stdin.close()


def test_all_that_reads_reads_while_a_run_is_at_work(
    held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (held / f"{PREFIX}x").mkdir()  # of a process that was killed
    with temporary_folder(held, PREFIX) as other:  # of one that looks now, in another container perhaps
        print_pairs(held, 1, rejected=False, where=None, watch=False)
        assert list(held.glob(f"{PREFIX}*")) == [other]
    told = capsys.readouterr().out
    assert "problem    Written while at work\nsolution   " in told
    pair = told.split()[-1]
    explain_problem(held, pair)
    print_graph(held)
    publish_to(held, tmp_path / "out")
    told = capsys.readouterr().out
    assert "This is a pair of the dataset." in told
    assert "points" in told
    assert f"pairs written to {tmp_path / 'out'}" in told
    assert "By the settings of the last run" in told
    assert list(held.glob(f"{PREFIX}*")) == [], "nothing is left of the copies"
    assert is_at_work(held)


def test_the_last_ones_and_those_that_meet_a_condition_are_shown(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [str(row[0]) for row in query(workspace, "SELECT id FROM pairs ORDER BY position, sample")]
    print_pairs(workspace, 3, rejected=False, where=None, watch=False)
    told = capsys.readouterr().out
    assert [line.split()[1] for line in told.splitlines() if line.startswith("id ")] == ids[-3:]
    print_pairs(workspace, 100, rejected=False, where="relation = 'two_hop' -- alone", watch=True)
    told = capsys.readouterr().out
    (number,) = query(workspace, "SELECT count(*) FROM pairs WHERE relation = 'two_hop'")[0]
    assert told.count("two_hop") == number > 0
    assert "one_hop" not in told
    print_pairs(workspace, 5, rejected=True, where="gate = 'grade'", watch=False)
    assert "rejected   grade: no agreement" in capsys.readouterr().out
    print_pairs(workspace, 5, rejected=True, where="gate = 'none'", watch=False)
    assert capsys.readouterr().out == f"{workspace}: no reject yet that meets it\n"


def test_a_condition_that_cannot_be_read_names_the_columns(workspace: Path) -> None:
    with pytest.raises(UsageError, match=r"no condition .*dificulty.* the columns are id, relation, points") as raised:
        print_pairs(workspace, 5, rejected=False, where="dificulty = 'hard'", watch=False)
    assert "duckdb" not in str(raised.value)


def test_where_there_is_no_room_for_a_copy_it_is_one_sentence(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(looking, "copy_as_it_is", full)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)"), reading(held):
        pass
    assert list(held.glob(f"{PREFIX}*")) == []


def test_a_dataset_without_a_report_says_so(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("Out of memory")

    monkeypatch.setattr(dataset, "write_report", fail)
    publish_to(workspace, tmp_path / "out")
    assert "The dataset is whole, but its report could not be made: `gsdp report` says why." in capsys.readouterr().out


NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]
"""What makes the processes of others unseen, as in another container; not everybody may call it."""


def test_another_container_reads_it_too(held: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("needs leave to make a namespace of processes")
    command = [*NAMESPACE, sys.executable, "-m", "flows.cli", "pairs", str(held), "--last", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "problem    Written while at work\n" in ended.stdout, ended.stderr


def test_counts_that_the_run_and_the_card_do_not_have_stand_next_to_theirs(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with reading(workspace) as store:
        print_counts(store, 1000)
        whole = capsys.readouterr().out
        print_counts(store, 5)
        told = capsys.readouterr().out
        stages = {stage: out for stage, _, out in funnel(store, finished_counts(store, 5), 5)}
        (pairs, problems) = store.rows("SELECT (SELECT count(*) FROM pairs), (SELECT count(*) FROM problems)")[0]
    assert "in all" not in whole, "nothing lies behind the last pair"
    assert "before the dataset's last pair, as the run, its card and report count" in told
    assert re.search(rf"^problems +{problems} +{stages['compose']}$", told, re.MULTILINE)
    assert re.search(rf"^reviewed +\d+ +{stages['review']}$", told, re.MULTILINE)
    assert re.search(rf"^pairs +{pairs} +5 of 5 wanted$", told, re.MULTILINE)
    assert re.search(r"^  grade +no agreement +\d+ +\d+$", told, re.MULTILINE)


def test_a_run_that_was_killed_is_not_at_work(workspace: Path, tmp_path: Path) -> None:
    assert not is_at_work(workspace)
    assert not is_at_work(tmp_path)


def test_a_folder_without_a_store_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no store in"), reading(tmp_path):
        pass
