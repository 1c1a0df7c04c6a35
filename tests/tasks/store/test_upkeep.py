"""A store that is written anew loses no fact, whenever that is broken off; a copy is whole while a run writes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.commands.upkeep import print_backup, print_compact
from graph.errors import StoreError, UsageError
from graph.ledger import Call
from graph.records import content_id
from tasks.store import backup, database
from tasks.store.backup import FLAG, back_up, is_being_copied
from tasks.store.compact import compact
from tasks.store.database import FILE_NAME, open_store
from tasks.store.files import log_of, replacing
from tests.support.rehearsal import (
    ROOT,
    Rehearsal,
    content,
    gsdp,
    number,
    opened,
    query,
    rehearsal,
    started,
    wait_until,
    write_toml,
)
from tests.tasks.store.test_store import SAMPLES

FACTS = "SELECT * REPLACE (NULL AS text, NULL AS reasoning) FROM calls ORDER BY id"
LAYOUT = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, comment
    FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"""
MEANING = (
    "SELECT table_name, comment FROM duckdb_tables() UNION ALL SELECT view_name, sql FROM duckdb_views() ORDER BY ALL"
)


@pytest.fixture
async def workspace(tmp_path: Path) -> Path:
    """A workspace with rows in every table, and some more calls."""
    store = open_store(tmp_path)
    await store.write(*SAMPLES)
    call = next(row for row in SAMPLES if isinstance(row, Call))
    updates = (
        {"id": content_id("call", place), "text": f"answer {place}", "fault": "empty" if place < 9 else None}
        for place in range(50)
    )
    await store.write(*(call.model_copy(update=update) for update in updates))
    store.close()
    return tmp_path


def everything(workspace: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, and what the tables are."""
    tables = [name for (name,) in query(workspace, "SELECT table_name FROM duckdb_tables() ORDER BY 1")]
    assert len(tables) > 20
    rows = {
        name: query(workspace, f"SELECT {name}::VARCHAR FROM {name} ORDER BY 1")
        for name in tables
        if name.isidentifier()
    }
    return rows | {"layout": query(workspace, LAYOUT), "meaning": query(workspace, MEANING)}


# Compact


def test_freed_space_is_returned_and_every_row_comment_and_view_stays(workspace: Path) -> None:
    with duckdb.connect(str(workspace / FILE_NAME)) as connection:
        connection.execute('CREATE SCHEMA mine; CREATE TABLE mine."my notes" AS SELECT 42 AS answer')
        connection.execute("CREATE TABLE filler AS SELECT uuid() FROM range(300000)")
        connection.execute("CREATE TABLE behind AS SELECT uuid() FROM range(1000)")
        connection.execute("CHECKPOINT")
        connection.execute("DROP TABLE filler")
    before = everything(workspace)
    size = (workspace / FILE_NAME).stat().st_size
    found = compact(workspace)
    assert found == (size, (workspace / FILE_NAME).stat().st_size)
    assert found[1] < found[0] - 4_000_000
    assert everything(workspace) == before
    assert query(workspace, 'FROM mine."my notes"') == [(42,)]
    assert {path.name for path in workspace.iterdir()} <= {FILE_NAME, ".spill"}


@pytest.mark.parametrize(("raw", "kept"), [("refused", "fault IS NOT NULL"), ("none", "false")])
def test_raw_answers_can_be_left_out_and_the_ledger_stays(workspace: Path, raw: str, kept: str) -> None:
    facts, wanted = query(workspace, FACTS), query(workspace, f"SELECT id, text FROM calls WHERE {kept} ORDER BY 1")
    print_compact(workspace, raw)
    assert query(workspace, FACTS) == facts
    assert query(workspace, "SELECT id, text FROM calls WHERE text IS NOT NULL ORDER BY 1") == wanted


def test_what_is_kept_is_one_of_three_words(workspace: Path) -> None:
    with pytest.raises(UsageError, match="none of all, refused, none"):
        print_compact(workspace, "some")


KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.store import compact, files
moment, left = sys.argv[2], int(sys.argv[3])
owner = {"replace": os, "flush": files}.get(moment, compact)
real = getattr(owner, moment)
def dying(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
setattr(owner, moment, dying)
compact.compact(Path(sys.argv[1]), "none")
"""


@pytest.mark.parametrize(
    ("moment", "times", "written"),
    [("_rewrite", 0, False), ("_print", 1, False), ("_print", 30, False), ("replace", 0, False), ("flush", 1, True)],
)
def test_kill_at_any_moment_leaves_the_old_store_or_the_new_one(
    workspace: Path, moment: str, times: int, written: bool
) -> None:
    facts = query(workspace, FACTS)
    texts = number(workspace, "SELECT count(text) FROM calls")
    command = [sys.executable, "-c", KILLED, str(workspace), moment, str(times)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert query(workspace, FACTS) == facts
    assert number(workspace, "SELECT count(text) FROM calls") == (0 if written else texts)
    compact(workspace, "none")
    assert query(workspace, FACTS) == facts
    assert {path.name for path in workspace.iterdir()} <= {FILE_NAME, ".spill"}


def test_a_store_that_is_in_use_is_not_written_anew(workspace: Path) -> None:
    code = (
        f"from tasks.store.database import *; s = open_store(Path({str(workspace)!r})); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreError, match=f"in use by process {holder.pid}"):
            compact(workspace)
        holder.communicate(b"\n")


@pytest.mark.parametrize(
    "do", [lambda folder: print_compact(folder, "all"), lambda folder: print_backup(folder, folder / "b")]
)
def test_where_there_is_no_store_nothing_is_made(do: object, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no store"):
        do(tmp_path)  # type: ignore[operator]
    assert list(tmp_path.iterdir()) == []


# Backup


@pytest.mark.parametrize("name", [".", FILE_NAME])
def test_no_copy_replaces_a_folder_or_the_store_itself(workspace: Path, name: str) -> None:
    with pytest.raises(StoreError, match="name another one"):
        back_up(workspace / FILE_NAME, workspace / name)


def test_a_copy_takes_the_place_of_an_older_one(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy" / FILE_NAME
    target.parent.mkdir()
    shutil.copy(workspace / FILE_NAME, target)
    (target.parent / f".{FILE_NAME}.left.gsdp-part").write_text("of a call that was killed")
    assert back_up(workspace / FILE_NAME, target) == number(workspace, "SELECT count(*) FROM calls")
    assert everything(target.parent) == everything(workspace)
    assert [path.name for path in target.parent.iterdir()] == [FILE_NAME]


def test_a_copy_that_another_call_is_at_work_on_is_no_leftover(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy" / FILE_NAME
    target.parent.mkdir()
    with replacing(target) as other:
        log_of(other).write_bytes(b"with its log")
        back_up(workspace / FILE_NAME, target)
        assert log_of(other).read_bytes() == b"with its log"
        shutil.copy(workspace / FILE_NAME, other)
    assert everything(target.parent) == everything(workspace)
    assert [path.name for path in target.parent.iterdir()] == [FILE_NAME]


def test_what_is_no_store_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"DUCK" * 10_000)
    with pytest.raises(StoreError, match="cannot be read"):
        back_up(tmp_path / FILE_NAME, tmp_path / "copy")
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, FLAG}


def test_a_copy_that_a_checkpoint_went_through_is_made_again(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[Path] = []
    real = backup._copy_bytes

    def disturbed(source: Path, target: Path, length: int | None = None) -> None:
        real(source, target, length)
        times.append(source)
        if len(times) <= 2:
            with duckdb.connect(str(source)) as connection:
                connection.execute(f"CREATE TABLE more{len(times)} AS SELECT 1")

    monkeypatch.setattr(backup, "_copy_bytes", disturbed)
    back_up(workspace / FILE_NAME, tmp_path / "copy")
    assert len(times) == 3
    with duckdb.connect(str(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT count(*) FROM more1, more2").fetchone() == (1,)


async def test_a_store_puts_its_checkpoints_off_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHECKPOINT_AT", "1KB")
    store = open_store(tmp_path)
    log = tmp_path / f"{FILE_NAME}.wal"
    rows = [row for row in SAMPLES if type(row).__name__ == "Seed"]
    try:
        for _ in range(10):
            await store.write(*rows)
        assert not log.exists() or log.stat().st_size < 3000
        with backup._being_copied(store.path):
            assert is_being_copied(store.path)
            for _ in range(10):
                await store.write(*rows)
            assert log.stat().st_size > 6000
        assert not is_being_copied(store.path)
        await store.write(*rows)
        assert not log.exists() or log.stat().st_size < 3000
    finally:
        store.close()


@pytest.mark.slow
def test_a_copy_taken_in_the_middle_of_a_run_holds_all_that_was_committed_and_the_run_goes_on(
    prefect_server: str, tmp_path: Path
) -> None:
    with rehearsal("--latency=0.02") as server:
        workspace = tmp_path / "work"
        settings = write_toml(tmp_path / "settings.toml", content(workspace, server.url, 40))
        with started("run", settings) as process:
            copies = []
            for requests in (150, 450):
                wait_until(lambda: server.served() >= requests, process)  # noqa: B023
                copies.append(_backed_up(workspace, tmp_path / f"copy{requests}", server))
                assert process.poll() is None
            assert process.wait(120) == 0, process.communicate()
        assert number(workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served()
    for folder, began, ended in copies:
        with opened(folder) as store:
            store.rows(f"ATTACH '{workspace / FILE_NAME}' AS last (READ_ONLY)")
            for table in ("calls", "problems", "solutions", "reviews", "mentions"):
                assert store.rows(f"SELECT count(*) FROM (FROM {table} EXCEPT ALL FROM last.{table})") == [(0,)], table
            (held,) = store.rows("SELECT count(*), max(ended_at) FROM calls")
            committed = store.rows("SELECT count(*) FROM last.calls WHERE ended_at < ?", [began])[0][0]
            assert 0 < committed <= held[0]
            assert held[1] <= ended
            assert store.rows("SELECT state FROM runs") == [("running",)]


def _backed_up(workspace: Path, folder: Path, server: Rehearsal) -> tuple[Path, object, object]:
    """A folder with a copy of the store; a moment before which all was committed, and one after which nothing is."""
    from datetime import UTC, datetime, timedelta

    began = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=0.5)
    folder.mkdir()
    ended = gsdp("backup", workspace, folder / FILE_NAME)
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"[\d,]+ calls, [\d,]+ bytes$", ended.stdout)
    return folder, began, datetime.now(UTC).replace(tzinfo=None)
