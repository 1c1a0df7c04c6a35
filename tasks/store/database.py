"""The workspace's DuckDB file.

One process owns the file; inside it one thread writes (`writer.py`) and any thread may read. Rows are records, and the
table of a record has its fields as columns. DuckDB's own errors become one sentence each.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import duckdb
from numpy.typing import NDArray

from graph import evaluations, ledger, records
from graph.errors import StoreError, StoreInUse
from graph.records import Record
from tasks.store.backup import LONGEST_COPY, is_being_copied
from tasks.store.integrity import HEADERS
from tasks.store.schema import foreign, lacking, migrations
from tasks.store.writer import Statement, Writer

FILE_NAME = "gsdp.duckdb"
MEMORY_LIMIT = "256MB"
"""Ceiling of DuckDB's buffers; larger work spills to the workspace. Keeps memory flat in the number of pairs."""

MORE_MEMORY = "1GB"
ROW_GROUP = 10_240
"""Rows that a Parquet file holds together: as many as are in memory while it is written."""

CHECKPOINT_AT = "64MB"
"""Size of the log that is taken into the file. That rewrites columns while calls wait, so it comes less often than by
DuckDB's default of 16 MB."""
NEVER = "1TB"
LONGEST_QUERY = 1800.0
"""Seconds: many times what any query of ours takes."""
HELD = re.compile(r"lock is held in (.+?) \(PID (\d+)\)")
INCOMPLETE = (
    "{path} is not what its schema number says ({what}): restore a copy, or save what is whole with `gsdp verify-store "
    "WORKSPACE --salvage FOLDER`."
)
DAMAGED = "{path} is damaged (cut short or not a DuckDB file): restore a copy, or choose another workspace."

R = TypeVar("R", bound=Record)

TABLES: dict[type[Record], str] = {
    ledger.Run: "runs",
    ledger.StageRecipe: "recipes",
    ledger.Lease: "leases",
    ledger.InFlight: "in_flight",
    ledger.EndpointLoad: "loads",
    ledger.Quote: "quotes",
    ledger.Quoted: "quoted",
    records.Seed: "seeds",
    records.Selected: "selection",
    records.SeedSource: "sources",
    records.Basis: "basis",
    records.SeedSolution: "seed_solutions",
    records.Mention: "mentions",
    records.Embedding: "embeddings",
    records.CuratorVerdict: "verdicts",
    records.Alias: "aliases",
    records.Proposal: "proposals",
    records.KnowledgePoint: "knowledge_points",
    records.Edge: "edges",
    records.Combination: "combinations",
    records.Community: "communities",
    records.GraphFinding: "findings",
    records.Problem: "problems",
    records.Reading: "readings",
    evaluations.Trial: "trials",
    evaluations.GateAudit: "gate_audits",
    evaluations.VerifierAudit: "verifier_audits",
    evaluations.BenchmarkItem: "benchmark_items",
    evaluations.Examinee: "examinees",
    evaluations.Attempt: "attempts",
    evaluations.Mark: "marks",
    records.Review: "reviews",
    records.Solution: "solutions",
    records.Grade: "grades",
    records.Election: "elections",
    records.Pass: "passes",
    records.Reject: "rejects",
    records.Repeat: "repeats",
    records.Overlap: "evidence",
    records.Frontier: "frontier",
    records.Wanted: "quotas",
    ledger.Call: "calls",
    ledger.Batch: "batches",
    ledger.BatchedCall: "batched",
}


class Store:
    """The open store of a workspace. Use `open_store`; close it when done."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
        self.path = path
        self._connection = connection
        self._local = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._inserts = {} if read_only else _inserts(connection)
        self._writer = None if read_only else Writer(self._commit)
        self._copied, self._copied_since = False, time.monotonic()

    async def write(self, *rows: Record, statements: Sequence[Statement] = ()) -> None:
        """Commit `statements`, then `rows`, in one transaction, and return when it is durable."""
        if self._writer is None:
            raise StoreError(f"{self.path} is open for reading only.")
        if rows or statements:
            await self._writer.write(rows, statements)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Safe from any thread; a large query belongs in `fetch`."""
        try:
            with self._bounded(self._cursor()) as cursor:
                return cursor.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error

    def stream(self, sql: str, parameters: Sequence[Any] = (), size: int = 1000) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, `size` in memory at a time."""
        try:
            with self._connection.cursor() as cursor:
                with self._bounded(cursor):
                    cursor.execute(sql, list(parameters))
                    batch = cursor.fetchmany(size)
                while batch:
                    yield from batch
                    with self._bounded(cursor):
                        batch = cursor.fetchmany(size)
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error

    def arrays(self, sql: str, parameters: Sequence[Any] = ()) -> list[NDArray[Any]]:
        """The columns of a query: for numbers and vectors that are too many to go through Python row by row."""
        try:
            with self._bounded(self._cursor()) as cursor:
                return list(cursor.execute(sql, list(parameters)).fetchnumpy().values())
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """`rows` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.rows, sql, parameters)

    def select(self, kind: type[R], where: str = "true", parameters: Sequence[Any] = ()) -> list[R]:
        """Records of one table; `where` may go on with ORDER BY and LIMIT."""
        names = list(kind.model_fields)
        found = self.rows(f"SELECT {', '.join(names)} FROM {TABLES[kind]} WHERE {where}", parameters)
        return [kind.model_validate(dict(zip(names, row, strict=True))) for row in found]

    async def existing(self, kind: type[Record], ids: Collection[UUID], column: str = "id") -> set[UUID]:
        """Those of `ids` that stand in a column of the table of `kind`."""
        if not ids:
            return set()
        sql = f"SELECT DISTINCT {column} FROM {TABLES[kind]} WHERE {column} IN (SELECT unnest(?::UUID[]))"
        return {row[0] for row in await self.fetch(sql, [list(ids)])}

    async def of(self, kind: type[R], ids: Collection[UUID], column: str = "id", also: str = "") -> list[R]:
        """Records whose `column` is one of `ids`; `also` is a further condition."""
        if not ids:
            return []
        # Where rows are is looked up first: else the texts of the whole table would be unpacked for a few of them.
        places = f"SELECT rowid FROM {TABLES[kind]} WHERE {column} IN (SELECT unnest(?::UUID[]))"
        where = f"rowid IN ({places}) {also}"
        return await asyncio.to_thread(self.select, kind, where, [list(ids)])

    def write_parquet(self, sql: str, parameters: Sequence[Any], path: Path) -> None:
        """The rows of a query as a Parquet file, in the query's order."""
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
        self.rows(f"COPY ({sql}) TO {literal(str(path))} ({form})", parameters)

    @contextmanager
    def beside(self, path: Path, name: str) -> Iterator[None]:
        """Let queries and statements read another store's file, as the schema `name`."""
        self.rows(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
        try:
            yield
        finally:
            self.rows(f"DETACH {name}")

    @contextmanager
    def more_memory(self) -> Iterator[None]:
        """Let questions about all calls at once take more memory than a run has for its buffers."""
        self.rows(f"SET memory_limit = '{MORE_MEMORY}'")
        try:
            yield
        finally:
            self.rows(f"SET memory_limit = '{MEMORY_LIMIT}'")

    def close(self) -> None:
        """Commit what waits and release the file. The store is of no use afterwards."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for cursor in self._cursors:
            cursor.close()
        self._cursors.clear()
        self._local = threading.local()
        self._connection.close()
        # DuckDB complains at exit about connections that something (a traceback, Prefect) still holds on to.
        del self._connection

    def interrupt(self) -> None:
        """End the queries and statements that are at work, which then raise StoreError."""
        for cursor in (self._connection, *self._cursors):
            cursor.interrupt()

    @contextmanager
    def _bounded(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        """End a query that does not: what is open for reading only may be a store that somebody else made."""
        if self._writer is not None:
            yield cursor
            return
        timer = threading.Timer(LONGEST_QUERY, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        finally:
            timer.cancel()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if not hasattr(self._local, "cursor"):
            self._local.cursor = self._connection.cursor()
            self._cursors.append(self._local.cursor)
        cursor: duckdb.DuckDBPyConnection = self._local.cursor
        return cursor

    def _commit(self, rows: dict[type[Record], list[Record]], statements: list[Statement]) -> None:
        cursor = self._cursor()
        try:
            self._let_copy(cursor)
            cursor.execute("BEGIN")
            for sql, parameters in statements:
                cursor.execute(sql, list(parameters))
            for kind, batch in rows.items():
                names = kind.model_fields
                cursor.execute(self._inserts[kind], [[getattr(row, name) for row in batch] for name in names])
            cursor.execute("COMMIT")
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error

    def _let_copy(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Put checkpoints off as long as somebody copies the file, but not for ever."""
        copied, now = is_being_copied(self.path), time.monotonic()
        if not copied:
            self._copied_since = now
        copied = copied and now - self._copied_since < LONGEST_COPY
        if copied != self._copied:
            cursor.execute(f"SET wal_autocheckpoint = '{NEVER if copied else CHECKPOINT_AT}'")
            self._copied = copied


def was_interrupted(error: StoreError) -> bool:
    """Whether a signal has ended a query: DuckDB swallows what its handler has raised."""
    return isinstance(error.__cause__, duckdb.InterruptException)


def open_store(workspace: Path, read_only: bool = False) -> Store:
    """Open the store of a workspace and bring it to the newest schema; a new workspace is made unless `read_only`.

    Raises StoreError with what to do: locked by another process, newer, damaged, read-only, no space.
    """
    path = workspace / FILE_NAME
    if read_only and not path.exists():
        raise StoreError(f"There is no store in {workspace}: run `gsdp run` with this workspace first.")
    try:
        if not read_only:
            workspace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{workspace} cannot be made ({error.strerror}): choose another workspace.") from error
    clean = path.exists() and not path.with_name(f"{FILE_NAME}.wal").exists()
    try:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(workspace / ".spill"),
            # DuckDB 2.0 builds joins from it that fail on large tables ("dict-surviving join").
            "disabled_optimizers": "projection_pullup",
            # DuckDB would download an extension to open a file of another kind.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        connection = duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        raise cannot_open(error, path) from error
    try:
        if not read_only:
            connection.execute(f"SET wal_autocheckpoint = '{CHECKPOINT_AT}'")
        if clean:
            _check_length(connection, path)
        _migrate(connection, path, read_only)
        return Store(connection, path, read_only)
    except duckdb.Error as error:
        connection.close()
        raise cannot_open(error, path) from error
    except StoreError:
        connection.close()
        raise


def _check_length(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file that was closed whole and has been cut since: DuckDB notices only when it reads what is missing."""
    used = connection.execute("SELECT used_blocks * block_size FROM pragma_database_size()").fetchone()
    if used and path.stat().st_size < HEADERS + used[0]:
        raise StoreError(DAMAGED.format(path=path))


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    version = 0
    if tables >= {"migrations", TABLES[ledger.Run]}:
        row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
        version = row[0] if row else 0
    elif tables:
        raise StoreError(f"{path} is a DuckDB file, but not one of gsdp: choose another workspace.")
    if odd := foreign(connection):
        raise StoreError(
            f"{path} holds {odd} that gsdp did not make, so it is not opened: it may come from somebody else. Use "
            "another workspace, or ask whoever gave it to you for the dataset instead."
        )
    known = migrations()
    if version > known[-1][0]:
        raise StoreError(
            f"{path} was written by a newer gsdp (schema {version}, this one knows {known[-1][0]}): "
            "upgrade gsdp, or use another workspace."
        )
    pending = [(number, sql) for number, sql in known if number > version]
    if pending and read_only:
        raise StoreError(f"{path} has an older schema: run `gsdp run` with this workspace once to bring it up to date.")
    for number, sql in pending:
        try:
            connection.execute("BEGIN")
            connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL)")
            connection.execute(sql)
            connection.execute("INSERT INTO migrations VALUES (?)", [number])
            connection.execute("COMMIT")
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise StoreError(INCOMPLETE.format(path=path, what=str(error).splitlines()[0])) from error
    if missing := lacking(connection):
        raise StoreError(INCOMPLETE.format(path=path, what=f"it lacks {missing}"))


def _inserts(connection: duckdb.DuckDBPyConnection) -> dict[type[Record], str]:
    """Inserts of whole columns. Lists of a declared type: DuckDB cannot tell the type of a list of nulls."""
    found = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns()").fetchall()
    types = {(table, column): type_ for table, column, type_ in found}
    inserts = {}
    for kind, table in TABLES.items():
        columns = list(kind.model_fields)
        values = ", ".join(f"unnest(?::{types[table, column]}[])" for column in columns)
        inserts[kind] = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values}"
    return inserts


def literal(text: str | None) -> str:
    """A text, or none, as SQL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def cannot_open(error: Exception, path: Path) -> StoreError:
    """What is raised when DuckDB does not open a file."""
    if held := HELD.search(str(error)):
        return StoreInUse(path, int(held[2]), Path(held[1]).name)
    return StoreError(sentence(error, path))


def sentence(error: Exception, path: Path) -> str:
    """What a DuckDB error means for a person, and what to do."""
    text = str(error)
    if "No space left" in text or "File too large" in text:
        return f"No space is left for {path}: free some and run the same command again; what was committed is safe."
    if "INTERRUPT" in text:
        return f"{path}: a query took longer than {LONGEST_QUERY / 60:.0f} minutes or was interrupted, and was ended."
    if "Read-only file system" in text or "Permission denied" in text or not _writable(path):
        return f"{path} cannot be written: make the folder writable, or choose another workspace."
    if any(
        sign in text
        for sign in (
            "not a valid DuckDB",
            "Extension",
            "Could not read enough bytes",
            "Corrupt",
            "checksum",
            "truncated",
        )
    ):
        return DAMAGED.format(path=path)
    return f"{path}: {text.splitlines()[0]}"


def _writable(path: Path) -> bool:
    nearest = path if path.exists() else next(parent for parent in path.parents if parent.exists())
    return os.access(nearest, os.W_OK)
