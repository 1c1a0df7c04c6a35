"""Damage to a store is found wherever it is, is never copied over what was whole, and what is left can be saved."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from flows.commands.upkeep import print_backup, print_integrity
from graph.errors import StoreError
from tasks.store.database import FILE_NAME, open_store
from tasks.store.files import log_of
from tasks.store.integrity import bad_files, read_all
from tasks.store.references import misfits
from tests.conftest import Demo
from tests.support.rehearsal import ROOT

WRITES = """
import os, signal, sys
import duckdb
store = duckdb.connect(sys.argv[1])
store.execute("SET wal_autocheckpoint = '1TB'")
for part in range(40):
    store.execute("INSERT INTO seeds SELECT uuid(), 'problem ' || range, 'solution', NULL, [], '{}', 'file', range "
                  "FROM range(?)", [part])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def store(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's store, and a log beside it with what a killed process had committed."""
    path = tmp_path_factory.mktemp("killed") / FILE_NAME
    shutil.copy(demo.workspace / FILE_NAME, path)
    ended = subprocess.run([sys.executable, "-c", WRITES, str(path)], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert log_of(path).stat().st_size > 1000
    return path


def copied(store: Path, folder: Path) -> Path:
    for path in (store, log_of(store)):
        shutil.copy(path, folder)
    return folder / store.name


def damage(path: Path, place: int) -> None:
    """Change one bit."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 4]))


def test_a_whole_store_is_called_whole(store: Path) -> None:
    assert bad_files(store) == []
    assert read_all(store)["seeds"] == 99 + sum(range(40))
    with closing(open_store(store.parent, read_only=True)) as opened:
        assert misfits(opened) == []


@pytest.mark.parametrize("part", ["store", "log"])
def test_damage_is_found_wherever_it_is(store: Path, tmp_path: Path, part: str) -> None:
    whole = read_all(store)
    places = random.Random(2412)
    for _ in range(25):
        path = copied(store, tmp_path)
        damaged = path if part == "store" else log_of(path)
        damage(damaged, place := places.randrange(damaged.stat().st_size))
        if part == "log" and place < 64 and not bad_files(path):
            # A few bits of the log's head mean nothing to DuckDB.
            assert read_all(path) == whole
            continue
        assert any(damaged.name in line for line in bad_files(path)), f"byte {place} of {damaged.name}"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_log_that_was_cut_is_found(store: Path, tmp_path: Path, share: float) -> None:
    path = copied(store, tmp_path)
    os.truncate(log_of(path), int(log_of(path).stat().st_size * share))
    assert any(log_of(path).name in line for line in bad_files(path))


def test_a_damaged_store_is_never_copied_over_a_whole_one(store: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    path, target = copied(store, tmp_path / "work"), tmp_path / "copy.duckdb"
    print_backup(path.parent, target)
    before = target.read_bytes()
    for block in range(5):
        copied(store, tmp_path / "work")
        damage(path, 12_288 + 262_144 * (3 * block + 1) + 5000)
        with pytest.raises(StoreError, match=r"damaged, so it is not copied \(gsdp.duckdb: 1 of .* as it was"):
            print_backup(path.parent, target)
        assert target.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"work", "copy.duckdb"}


def link(path: Path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (os.mkfifo, "no regular file"),
        (link, "no regular file"),
        (Path.mkdir, "no regular file"),
        (lambda path: path.write_text("a diary"), "no copy of a store"),
    ],
)
def test_only_an_older_copy_is_replaced(store: Path, tmp_path: Path, make: Callable[[Path], object], word: str) -> None:
    make(tmp_path / "there")
    before = (tmp_path / "there").lstat()
    with pytest.raises(StoreError, match=word):
        print_backup(store.parent, tmp_path / "there")
    assert (tmp_path / "there").lstat().st_ino == before.st_ino
    with pytest.raises(StoreError, match="no regular file"):
        print_backup(store.parent, Path("/dev/null"))
    with pytest.raises(StoreError, match="of the workspace itself"):
        print_backup(store.parent, log_of(store))


def test_what_is_whole_can_be_saved(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "work").mkdir()
    path = copied(store, tmp_path / "work")
    damage(path, 12_288 + 262_144 * 5 + 5000)
    damage(log_of(path), log_of(path).stat().st_size // 2)
    with pytest.raises(StoreError, match="--salvage"):
        print_integrity(path.parent, None)
    print_integrity(path.parent, tmp_path / "saved")
    assert "rows saved" in capsys.readouterr().out
    assert bad_files(tmp_path / "saved" / FILE_NAME) == []
    left, whole = read_all(tmp_path / "saved" / FILE_NAME), read_all(store)
    assert sum(left.values()) > 0.5 * (sum(whole.values()) - whole["seeds"])
    assert all(left[table] <= whole[table] for table in whole)
    with pytest.raises(StoreError, match="already"):
        print_integrity(path.parent, tmp_path / "saved")


MISFITS = {
    "DELETE FROM problems WHERE id = (SELECT min(problem_id) FROM solutions)": "rows of solutions name problems",
    "DELETE FROM calls WHERE stage = 'solve'": "rows of solutions stand on calls that the ledger does not hold",
    "UPDATE elections SET id = uuid()": "the ids of .* rows of elections are not the hashes",
    "UPDATE passes SET stage = 'grade' WHERE stage = 'review'": "the ids of .* rows of passes are not the hashes",
    "UPDATE combinations SET points = [points[1], points[1]] WHERE position = 0": "1 rows of combinations hold a point",
}


@pytest.mark.parametrize("sql", MISFITS)
def test_rows_that_do_not_fit_together_are_told(
    store: Path, tmp_path: Path, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied(store, tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    with pytest.raises(StoreError, match="not whole"):
        print_integrity(path.parent, None)
    assert re.search(MISFITS[sql], capsys.readouterr().out)


DEFINED = {
    "CREATE OR REPLACE VIEW current_seeds AS SELECT content AS problem FROM read_text('/etc/hostname')": "view",
    "CREATE VIEW other AS WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) FROM r": "view",
    "CREATE MACRO upper(x) AS (SELECT content FROM read_text('/etc/hostname'))": "macro",
    "ALTER TABLE runs ADD COLUMN more VARCHAR DEFAULT current_date()": "column",
    "CREATE INDEX odd ON seeds (problem)": "index",
}


@pytest.mark.parametrize("sql", DEFINED)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_that_defines_more_than_data_is_not_opened(
    store: Path, tmp_path: Path, sql: str, read_only: bool
) -> None:
    path = copied(store, tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    with pytest.raises(StoreError, match=f"holds the {DEFINED[sql]} .* that gsdp did not make"):
        open_store(tmp_path, read_only)


LACKING = {
    "DROP VIEW pairs; DROP TABLE selection": "it lacks the (column 'selection|view)",
    "ALTER TABLE grades DROP COLUMN vote": "it lacks the column 'grades.vote'",
    "DROP VIEW pairs": "it lacks the view 'pairs'",
    "UPDATE migrations SET number = 3": "already exists|older schema",
    "ALTER TABLE calls ALTER cost TYPE VARCHAR": "the column 'calls.cost' that gsdp did not make",
    "DROP TABLE migrations": "not one of gsdp",
}


@pytest.mark.parametrize("sql", LACKING)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_that_lacks_something_is_one_sentence(store: Path, tmp_path: Path, sql: str, read_only: bool) -> None:
    path = copied(store, tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    with pytest.raises(StoreError, match=LACKING[sql]):
        open_store(tmp_path, read_only)
