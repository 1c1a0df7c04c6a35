"""The store opens in any honest state of its file, commits units whole, and says in one sentence what is wrong."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from flows.commands.demo import demo_settings
from graph import evaluations, ledger, records
from graph.errors import StoreError
from graph.records import Record, Reject, content_id
from tasks.store.database import FILE_NAME, TABLES, Store, open_store
from tasks.store.schema import migrations

ROOT = Path(__file__).parents[3]
ID, OTHER = content_id("test", 1), content_id("test", 2)
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901)
TEXT = 'NUL \0, 求方程, \u202b, \U0001f468, "quotes", \\frac{1}{2}\r\n'

SAMPLES: tuple[Record, ...] = (
    ledger.Run(
        id=ID,
        started_at=NOW,
        ended_at=None,
        state="running",
        code_version="1",
        settings="{}",
        identity="{}",
        message=None,
    ),
    ledger.StageRecipe(run_id=ID, stage="review", recipe=OTHER),
    ledger.Lease(run_id=ID, unit="tokens", amount=0.5),
    ledger.InFlight(run_id=ID, endpoint="local", calls=64),
    ledger.EndpointLoad(run_id=ID, endpoint="local", noted_at=NOW, calls=60, bears=64),
    records.SeedSource(source="a.jsonl", digest="0" * 64),
    ledger.Quote(id=ID, quoted_at=NOW, target_pairs=2**40, wanted=7, seeds=3, combinations=2, pairs=1),
    ledger.Quoted(quote_id=ID, stage="solve", measure="usd", expected=1.5, low=0.0, high=float("inf")),
    records.Seed(
        id=ID, problem=TEXT, solution="s", answer=None, points=(), metadata="{}", source="a.jsonl", line=2**40
    ),
    records.Seed(id=OTHER, problem="p", solution="", answer="", points=(TEXT, ""), metadata="{}", source="", line=1),
    ledger.Batch(id=ID, run_id=OTHER, server="http://a", file="file-1", remote=None, sent_at=NOW),
    ledger.BatchedCall(call_id=ID, batch=OTHER, worst=0.5),
    records.Selected(seed_id=ID, contaminated=True),
    records.Basis(stage="connect", digest=OTHER),
    records.SeedSource(source="a.jsonl", digest="ab" * 32),
    records.SeedSolution(id=ID, seed_id=OTHER, text=TEXT, answer=None, call_id=ID),
    records.Mention(id=ID, recipe=OTHER, seed_id=ID, position=0, name=TEXT),
    records.Embedding(id=ID, model="m", name="n", vector=(0.5, -1.0, 0.0)),
    records.CuratorVerdict(id=ID, recipe=OTHER, task="same", subject="a\nb", verdict="different"),
    records.Alias(id=ID, recipe=OTHER, name="n", point_id=ID, how="file"),
    records.Proposal(recipe=OTHER, name="a", other="b", score=0.8, verdict="same", decided_by="curator"),
    records.Proposal(recipe=OTHER, name="a", other="b", score=None, verdict="undecided", decided_by="nobody"),
    records.KnowledgePoint(id=ID, recipe=OTHER, name="n", mentions=3, seeds=2),
    records.Edge(recipe=OTHER, a=ID, b=OTHER, weight=2),
    records.Combination(id=ID, recipe=OTHER, position=7, relation="community", points=(ID, OTHER), weight=0.5, asks=1),
    records.GraphFinding(recipe=OTHER, graph=ID, place=0, text="The graph has 3 points."),
    records.Community(recipe=OTHER, graph=ID, point_id=ID, community=0),
    records.Wanted(recipe=OTHER, wanted=ID),
    records.Problem(id=ID, recipe=OTHER, combination_id=ID, sample=0, text=TEXT, call_id=ID),
    records.Reading(id=ID, recipe=OTHER, problem_id=ID, names=("a", TEXT), fault=None),
    evaluations.Trial(id=ID, judge="j", task="review", subject_id=OTHER, value=0.5, unjudged=None, call_id=ID),
    evaluations.Trial(id=OTHER, judge="j", task="grade", subject_id=OTHER, value=None, unjudged="why", call_id=ID),
    evaluations.GateAudit(
        id=ID,
        audited_at=datetime(2026, 1, 1),
        gate="votes",
        rejected=3,
        rejected_good=1,
        rejected_bad=1,
        accepted=9,
        accepted_good=4,
        accepted_bad=0,
    ),
    evaluations.VerifierAudit(
        id=ID, audited_at=datetime(2026, 1, 1), pairs=9, same=4, different=3, unknown=2, unread=1, parted=1
    ),
    evaluations.BenchmarkItem(
        id=ID, benchmark="b.jsonl", line=1, problem="p", choices=(), answer="$1$", level=None, subject="algebra"
    ),
    evaluations.BenchmarkItem(
        id=OTHER, benchmark="b.jsonl", line=2, problem="q", choices=("x", "y"), answer="B", level="2", subject=None
    ),
    evaluations.Examinee(run_id=ID, position=0, name="small", model="m", prompt="evaluate", recipe=OTHER),
    evaluations.Attempt(id=ID, recipe=OTHER, item_id=ID, sample=0, answer="1", fault=None, call_id=ID),
    evaluations.Attempt(id=OTHER, recipe=OTHER, item_id=ID, sample=1, answer=None, fault="truncated", call_id=ID),
    evaluations.Mark(id=ID, attempt_id=ID, outcome="same", reference=True),
    evaluations.Mark(id=OTHER, attempt_id=OTHER, outcome="none", reference=None),
    records.Review(
        id=ID, problem_id=ID, judge="j", logic=0.1, presentation=1.0, difficulty=None, unjudged=None, call_id=ID
    ),
    records.Review(
        id=OTHER,
        problem_id=ID,
        judge="rater",
        logic=None,
        presentation=None,
        difficulty="hard",
        unjudged="x",
        call_id=ID,
    ),
    records.Solution(id=ID, problem_id=ID, sample=3, text=TEXT, answer=None, call_id=ID),
    records.Grade(id=ID, problem_id=ID, solution_id=ID, judge="j", vote=None, unjudged="why", call_id=ID),
    records.Grade(id=OTHER, problem_id=ID, solution_id=ID, judge="j", vote=1, unjudged=None, call_id=ID),
    records.Election(
        id=ID,
        recipe=OTHER,
        problem_id=ID,
        kind="votes",
        asked=3,
        spared=1,
        classes=(2, 1),
        share=0.5,
        difficulty="hard",
    ),
    records.Pass(id=ID, recipe=OTHER, stage="grade", problem_id=ID, score=0.75, difficulty="easy", solution_id=OTHER),
    records.Pass(id=OTHER, recipe=OTHER, stage="review", problem_id=ID, score=None, difficulty=None, solution_id=None),
    records.Reject(id=ID, recipe=OTHER, stage="compose", subject_id=ID, reason="too long", detail=TEXT),
    records.Repeat(recipe=OTHER, problem_id=ID, kept_id=OTHER, kind="near", similarity=0.75),
    records.Overlap(
        recipe=OTHER, subject_id=ID, part="seed problem", item="a:1", rule="13-gram", coverage=0.5, overlap=TEXT
    ),
    records.Frontier(recipe=OTHER, position=5),
    ledger.Call(
        id=ID,
        run_id=OTHER,
        stage="solve",
        role="solver",
        subject_id=ID,
        sample=1,
        endpoint="e",
        model="m",
        prompt=OTHER,
        fault=None,
        finish_reason="stop",
        attempts=2,
        input_tokens=2**33,
        cached_tokens=0,
        output_tokens=5,
        reasoning_tokens=4,
        seconds=0.25,
        text=TEXT,
        reasoning=None,
        ended_at=NOW,
    ),
)


def reject(number: int, detail: str = "") -> Reject:
    stage = content_id("reject", number)
    return Reject(id=stage, recipe=ID, stage="compose", subject_id=stage, reason=f"reason {number}", detail=detail)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_every_record_has_a_table_and_a_sample_here() -> None:
    named = [*vars(records).values(), *vars(ledger).values(), *vars(evaluations).values()]
    kinds = {kind for kind in named if isinstance(kind, type) and issubclass(kind, Record)} - {Record}
    assert set(TABLES) == kinds == {type(row) for row in SAMPLES}


def test_tables_hold_the_fields_of_their_records_and_explain_themselves(store: Store) -> None:
    columns: dict[str, list[str]] = {}
    for table, column in store.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"):
        columns.setdefault(table, []).append(column)
    for kind, table in TABLES.items():
        assert columns[table] == list(kind.model_fields), table
    silent = "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL"
    assert store.rows(silent) == [("migrations",)]
    assert store.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL") == []
    explained = {row[0] for row in store.rows("SELECT table_name FROM duckdb_columns() WHERE comment IS NOT NULL")}
    assert explained >= {
        "runs",
        "seeds",
        "verdicts",
        "aliases",
        "combinations",
        "reviews",
        "passes",
        "rejects",
        "calls",
    }


async def test_rows_of_every_kind_come_back_as_they_went(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await store.write(*SAMPLES)
    store.close()
    again = open_store(tmp_path, read_only=True)
    for kind in TABLES:
        sent = [row for row in SAMPLES if type(row) is kind]
        assert again.select(kind, "true ORDER BY ALL" if len(sent) < 2 else "true ORDER BY rowid") == sent
    again.close()


def make_older(folder: Path, version: int) -> None:
    """A store as an earlier version made it."""
    with duckdb.connect(str(folder / FILE_NAME)) as old:
        old.execute("CREATE TABLE migrations (number INTEGER NOT NULL)")
        for number, sql in migrations()[:version]:
            old.execute(sql)
            old.execute("INSERT INTO migrations VALUES (?)", [number])


@pytest.mark.parametrize("version", [0, *(number for number, _ in migrations())])
async def test_a_store_of_any_older_version_is_brought_up_to_date(version: int, tmp_path: Path) -> None:
    if version:
        make_older(tmp_path, version)
    store = open_store(tmp_path)
    await store.write(*SAMPLES)
    numbers = [number for number, _ in migrations()]
    assert [row[0] for row in store.rows("SELECT number FROM migrations ORDER BY number")] == numbers
    store.close()


@pytest.mark.parametrize("last", [5, 6], ids=["older then", "made then"])
async def test_a_store_of_the_time_when_the_sixth_migration_was_another_one(last: int, tmp_path: Path) -> None:
    make_older(tmp_path, last)
    with duckdb.connect(str(tmp_path / FILE_NAME)) as other:
        other.execute("DELETE FROM migrations WHERE number = 6")
        other.execute(
            "CREATE TABLE trials (id UUID NOT NULL, judge VARCHAR NOT NULL, task VARCHAR NOT NULL, "
            "subject_id UUID NOT NULL, value DOUBLE, unjudged VARCHAR, call_id UUID NOT NULL)"
        )
        other.execute("INSERT INTO migrations VALUES (6)")
    store, fresh = open_store(tmp_path), open_store(tmp_path / "fresh")
    await store.write(*SAMPLES)
    columns = "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY ALL"
    assert store.rows(columns) == fresh.rows(columns)
    assert all(store.select(kind, "true") for kind in {type(row) for row in SAMPLES})
    store.close()
    fresh.close()


def test_the_demo_goes_on_in_a_store_of_an_older_version(tmp_path: Path) -> None:
    make_older(tmp_path, 5)
    assert demo_settings(tmp_path, 5).workspace == tmp_path


RELEASED = {
    "0001_initial.sql": "37a48bd997ef3435",
    "0002_money.sql": "b5a12b82aa779b71",
    "0003_classes.sql": "a65c71299bc23859",
    "0004_coverage.sql": "ad2adb1d825d1d09",
    "0005_gates.sql": "9266ebb2da269036",
    "0006_evidence.sql": "4fcf500233286a70",
    "0007_audits.sql": "895f87ed1f62d1ac",
}
"""Migrations that stores were made with, and how their digests begin. A change of one never reaches those stores."""


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_migration_stays_as_it_is(name: str) -> None:
    text = (resources.files("tasks.store.migrations") / name).read_bytes()
    assert hashlib.sha256(text).hexdigest().startswith(RELEASED[name]), "put the change into a migration of its own"


def test_migrations_come_in_order_and_no_number_twice() -> None:
    numbers = [number for number, _ in migrations()]
    assert numbers == sorted(set(numbers))


async def test_units_are_grouped_into_few_transactions(store: Store) -> None:
    sizes: list[int] = []
    commit = store._commit

    def counted(rows: dict[type[Record], list[Record]], statements: list[object]) -> None:
        sizes.append(sum(len(batch) for batch in rows.values()))
        commit(rows, statements)  # type: ignore[arg-type]

    store._writer._commit = counted  # type: ignore[union-attr]

    async def late(number: int) -> None:
        await asyncio.sleep(number / 1000)
        await store.write(reject(number))

    began = time.monotonic()
    await asyncio.gather(*(late(number) for number in range(300)))
    assert sum(sizes) == 300
    assert len(sizes) <= (time.monotonic() - began) / 0.05 + 1, "one transaction in 50 ms, at most"
    assert store.rows("SELECT count(DISTINCT id) FROM rejects") == [(300,)]


async def test_a_row_is_durable_when_its_writer_goes_on(tmp_path: Path) -> None:
    script = f"""
import asyncio, os
from pathlib import Path
from graph.records import Reject
from tasks.store.database import open_store
from tests.tasks.store.test_store import reject
async def main():
    store = open_store(Path({str(tmp_path)!r}))
    await store.write(reject(1))
    os._exit(9)
asyncio.run(main())
"""
    assert run_script(script).returncode == 9
    store = open_store(tmp_path)
    assert store.select(Reject) == [reject(1)]
    store.close()


REFUSED = [
    pytest.param("INSERT INTO nowhere VALUES (1)", "nowhere", id="a table that is not there"),
    pytest.param("INSERT INTO frontier VALUES (NULL, 1)", "NOT NULL", id="a constraint"),
    pytest.param("SELECT CAST('x' AS INTEGER)", "Could not convert", id="a value"),
]


@pytest.mark.parametrize(("sql", "word"), REFUSED)
async def test_what_duckdb_refuses_fails_its_callers_and_leaves_nothing_half_written(
    sql: str, word: str, tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    await store.write(reject(0))
    unit = store.write(reject(1), reject(2), statements=[("DELETE FROM rejects", []), (sql, [])])
    async with asyncio.timeout(10):
        found = await asyncio.gather(unit, store.write(reject(3)), return_exceptions=True)
        later = await asyncio.gather(store.write(reject(4)), return_exceptions=True)
    for error in found + later:
        assert isinstance(error, StoreError)
        assert word in str(error)
        assert "\n" not in str(error)
    store.close()
    again = open_store(tmp_path)
    assert again.select(Reject) == [reject(0)]
    again.close()


async def test_text_that_no_database_takes_fails_like_any_refused_write(store: Store) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(StoreError, match="surrogate"):
            await store.write(reject(1, "half a \ud83d character"))


async def test_a_unit_is_whole_and_its_statements_come_first(store: Store) -> None:
    await store.write(reject(1))
    await store.write(reject(2), statements=[("DELETE FROM rejects", [])])
    assert store.select(Reject) == [reject(2)]


async def test_a_failed_read_says_what_is_wrong_and_the_store_goes_on(store: Store) -> None:
    with pytest.raises(StoreError, match="nowhere does not exist"):
        await store.fetch("SELECT * FROM nowhere")
    with pytest.raises(StoreError, match="nowhere does not exist"):
        list(store.stream("SELECT * FROM nowhere"))
    await store.write(reject(1))
    assert await store.existing(Reject, [reject(1).id, ID]) == {reject(1).id}


async def test_rows_that_are_written_are_seen_by_every_reader_at_once(store: Store) -> None:
    await asyncio.gather(*(store.fetch("SELECT count(*) FROM rejects") for _ in range(8)))
    await store.write(*(reject(number) for number in range(3)))
    counts = await asyncio.gather(*(store.fetch("SELECT count(*) FROM rejects") for _ in range(8)))
    assert counts == [[(3,)]] * 8
    assert [row[0] for row in store.stream("SELECT reason FROM rejects ORDER BY 1", size=2)] == [
        "reason 0",
        "reason 1",
        "reason 2",
    ]
    assert store.column("SELECT reason FROM rejects ORDER BY 1") == ["reason 0", "reason 1", "reason 2"]
    assert store.value("SELECT count(*) FROM rejects") == 3
    assert await store.of(Reject, []) == []
    assert await store.of(Reject, {reject(1).id}) == [reject(1)]


async def test_a_store_open_for_reading_refuses_to_write(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    store = open_store(tmp_path, read_only=True)
    with pytest.raises(StoreError, match="open for reading only"):
        await store.write(reject(1))
    store.close()


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """A Python program in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


HOLDER = """
import sys
from pathlib import Path
from tasks.store.database import open_store
store = open_store(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
store.close()
"""


@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_in_use_names_the_process_that_holds_it(read_only: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=-1, stdout=-1, env=environment, cwd=ROOT, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreError) as raised:
            open_store(tmp_path, read_only)
        holder.communicate("")
    assert f"{FILE_NAME} is in use by process {holder.pid} (python" in str(raised.value)
    assert "wait until it ends, or stop it, then run the same command again" in str(raised.value)
    open_store(tmp_path, read_only).close()


def newer(path: Path) -> None:
    with duckdb.connect(str(path)) as file:
        file.execute("INSERT INTO migrations VALUES (99)")


def empty(path: Path) -> None:
    with duckdb.connect(str(path)) as file:
        file.execute("DROP VIEW pairs; DROP VIEW current_recipes")
        for (table,) in file.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            file.execute(f"DROP TABLE {table}")


def older(path: Path) -> None:
    with duckdb.connect(str(path)) as file:
        file.execute("DELETE FROM migrations")


def foreign(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as file:
        file.execute("CREATE TABLE mine (a INTEGER)")


def foreign_with_migrations(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as file:
        file.execute("CREATE TABLE migrations (id VARCHAR, applied TIMESTAMP)")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_to_its_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def scribbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\x55" * 4096
    content[8192:12288] = b"\x55" * 4096
    path.write_bytes(content)


def other(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"x" * 8000)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "read_only", "sentence"),
    [
        (newer, False, "was written by a newer gsdp (schema 99, this one knows"),
        (newer, True, "was written by a newer gsdp (schema 99, this one knows"),
        (empty, True, "has an older schema: run `gsdp run` with this workspace once"),
        (older, True, "has an older schema: run `gsdp run` with this workspace once"),
        (foreign, False, "is a DuckDB file, but not one of gsdp: choose another workspace."),
        (foreign_with_migrations, False, "is a DuckDB file, but not one of gsdp: choose another workspace."),
        (cut, False, "is damaged (cut short or not a DuckDB file): restore a copy, or choose another workspace."),
        (cut, True, "is damaged (cut short or not a DuckDB file)"),
        (cut_to_its_header, False, "is damaged (cut short or not a DuckDB file)"),
        (scribbled, False, "is damaged (cut short or not a DuckDB file)"),
        (other, False, "is damaged (cut short or not a DuckDB file)"),
        (folder, False, "Is a directory"),
        (Path.unlink, True, "There is no store in"),
    ],
)
async def test_a_store_that_cannot_be_used_is_one_sentence(
    spoil: object, read_only: bool, sentence: str, tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    await store.write(*SAMPLES, *(reject(number, "detail " * 50) for number in range(2000)))
    store.close()
    assert callable(spoil)
    spoil(tmp_path / FILE_NAME)
    with pytest.raises(StoreError) as raised:
        open_store(tmp_path, read_only)
    assert sentence in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_workspace_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"cannot be made \(Not a directory\)"):
        open_store(tmp_path / "file" / "work")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody may write to")
def test_a_folder_that_nobody_may_write_to(tmp_path: Path) -> None:
    if os.geteuid():
        tmp_path.chmod(0o555)
    place = tmp_path if os.geteuid() else Path("/proc")
    with pytest.raises(StoreError, match=r"work cannot be made \(.+\): choose another workspace"):
        open_store(place / "work")


DISK_FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from graph.errors import StoreError
from tasks.store.database import open_store
from tests.tasks.store.test_store import reject

async def main():
    store = open_store(Path(sys.argv[1]))
    await store.write(*(reject(number) for number in range(100)))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    number = 100
    try:
        while number < 10_000:
            detail = " ".join(str((number + 1) * place * place) for place in range(4000))
            await asyncio.wait_for(store.write(reject(number, detail)), 20)
            number += 1
    except StoreError as error:
        print(number, error, flush=True)
    try:
        await asyncio.wait_for(store.write(reject(number)), 20)
    except StoreError as error:
        print(error, flush=True)
    store.close()

asyncio.run(main())
"""


def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    ended = run_script(DISK_FULL.replace("sys.argv[1]", repr(str(tmp_path))))
    first, again = ended.stdout.splitlines()
    committed, sentence = first.split(" ", 1)
    assert sentence == again
    assert sentence.startswith(f"No space is left for {tmp_path / FILE_NAME}: free some")
    assert (ended.returncode, ended.stderr) == (0, "")
    store = open_store(tmp_path)
    kept = store.select(Reject, "true ORDER BY rowid")
    assert 100 < len(kept) == int(committed)
    assert {row.id for row in kept} == {reject(number).id for number in range(len(kept))}
    assert isinstance(kept[0].id, UUID)
    store.close()
