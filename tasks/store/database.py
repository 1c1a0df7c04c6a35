"""The workspace's DuckDB file.

One process owns the file; inside it one thread writes (`writer.py`) and any thread may read. Rows are records, and the
table of a record has its fields as columns. DuckDB's own errors become one sentence each.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import duckdb
from numpy.typing import NDArray

from graph import evaluations, ledger, records
from graph.errors import StoreError
from graph.records import Record
from tasks.store.backup import LONGEST_COPY, is_being_copied
from tasks.store.errors import DAMAGED, LONGEST_QUERY, cannot_open, sentence
from tasks.store.integrity import HEADERS, Config
from tasks.store.schema import migrate
from tasks.store.writer import Statement, Writer

FILE_NAME = "gsdp.duckdb"
SPILL = ".spill"
"""The folder in the workspace for what does not fit into memory."""
MEMORY_LIMIT = "256MB"
"""Ceiling of DuckDB's buffers; larger work spills to the workspace. Keeps memory flat in the number of pairs."""

MORE_MEMORY = "1GB"
ROW_GROUP = 10_240
"""Rows that a Parquet file holds together: as many as are in memory while it is written."""

CHECKPOINT_AT = "64MB"
"""Size of the log that is taken into the file. That rewrites columns while calls wait, so it comes less often than by
DuckDB's default of 16 MB."""
NEVER = "1TB"


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
        self._memory, self._asking_for_more = threading.Lock(), 0

    async def write(self, *rows: Record, statements: Sequence[Statement] = ()) -> None:
        """Commit `statements`, then `rows`, in one transaction, and return when it is durable."""
        if self._writer is None:
            raise StoreError(f"{self.path} is open for reading only.")
        if rows or statements:
            await self._writer.write(rows, statements)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Safe from any thread; a large query belongs in `fetch`."""
        with self._bounded(self._cursor()) as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def column(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The first column of a query."""
        return [row[0] for row in self.rows(sql, parameters)]

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """What a query of a single value gives, such as a count."""
        return self.rows(sql, parameters)[0][0]

    def stream(self, sql: str, parameters: Sequence[Any] = (), size: int = 1000) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, `size` in memory at a time."""
        with self._connection.cursor() as cursor:
            with self._bounded(cursor):
                cursor.execute(sql, list(parameters))
                batch = cursor.fetchmany(size)
            while batch:
                yield from batch
                with self._bounded(cursor):
                    batch = cursor.fetchmany(size)

    def arrays(self, sql: str, parameters: Sequence[Any] = ()) -> list[NDArray[Any]]:
        """The columns of a query: for numbers and vectors that are too many to go through Python row by row."""
        with self._bounded(self._cursor()) as cursor:
            return list(cursor.execute(sql, list(parameters)).fetchnumpy().values())

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

    async def of(self, kind: type[R], ids: Collection[UUID], column: str = "id") -> list[R]:
        """Records whose `column` is one of `ids`."""
        if not ids:
            return []
        # Where rows are is looked up first: else the texts of the whole table would be unpacked for a few of them.
        places = f"SELECT rowid FROM {TABLES[kind]} WHERE {column} IN (SELECT unnest(?::UUID[]))"
        return await asyncio.to_thread(self.select, kind, f"rowid IN ({places})", [list(ids)])

    def write_parquet(self, sql: str, parameters: Sequence[Any], path: Path) -> None:
        """The rows of a query as a Parquet file, in the query's order."""
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
        self.rows(f"COPY ({sql}) TO {literal(str(path))} ({form})", parameters)

    @contextmanager
    def function(self, name: str, compute: Callable[[str], str]) -> Iterator[None]:
        """Let queries call a function of one text; of null it is null. Raises StoreError where the name is taken."""
        with self._bounded(self._cursor()) as cursor:
            cursor.create_function(name, compute, ["VARCHAR"], "VARCHAR")
        try:
            yield
        finally:
            cursor.remove_function(name)

    @contextmanager
    def attached(self, path: Path, name: str) -> Iterator[None]:
        """Let queries and statements read another store's file, as the schema `name`."""
        self.rows(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
        try:
            yield
        finally:
            self.rows(f"DETACH {name}")

    @contextmanager
    def more_memory(self) -> Iterator[None]:
        """Let questions about all calls at once take more memory than a run has for its buffers."""
        with self._memory:
            self._asking_for_more += 1
            self.rows(f"SET memory_limit = '{MORE_MEMORY}'")
        try:
            yield
        finally:
            with self._memory:
                self._asking_for_more -= 1
                if not self._asking_for_more:
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
        """Say what DuckDB's errors mean, and end a query that does not end where the store is open for reading only.

        Such a store may come from somebody else.
        """
        timer = threading.Timer(LONGEST_QUERY, cursor.interrupt) if self._writer is None else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            yield cursor
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error
        finally:
            if timer:
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
                cursor.execute(self._inserts[kind], [_column(batch, name) for name in names])
            cursor.execute("COMMIT")
        except duckdb.Error as error:
            raise StoreError(sentence(error, self.path)) from error

    def _let_copy(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Put checkpoints off as long as somebody copies the file, but not forever."""
        copied, now = is_being_copied(self.path), time.monotonic()
        if not copied:
            self._copied_since = now
        copied = copied and now - self._copied_since < LONGEST_COPY
        if copied != self._copied:
            cursor.execute(f"SET wal_autocheckpoint = '{NEVER if copied else CHECKPOINT_AT}'")
            self._copied = copied


def open_store(workspace: Path, read_only: bool = False) -> Store:
    """Open the store of a workspace and bring it to the newest schema; a new workspace is made unless `read_only`.

    Raises StoreError with what to do: locked by another process, newer, damaged, read-only, no space.
    """
    path = workspace / FILE_NAME
    if workspace.is_file():
        raise StoreError(f"{workspace} is a file: give the folder of the workspace.")
    if read_only and not path.exists():
        raise StoreError(f"There is no store in {workspace}: run `gsdp run` with this workspace first.")
    try:
        if not read_only:
            workspace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{workspace} cannot be made ({error.strerror}): choose another workspace.") from error
    clean = path.exists() and not path.with_name(f"{FILE_NAME}.wal").exists()
    try:
        settings: Config = {
            **buffers(workspace),
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
            _remove_spilled(workspace)
            connection.execute(f"SET wal_autocheckpoint = '{CHECKPOINT_AT}'")
        if clean:
            _check_length(connection, path)
        migrate(connection, path, read_only)
        return Store(connection, path, read_only)
    except duckdb.Error as error:
        connection.close()
        raise cannot_open(error, path) from error
    except StoreError:
        connection.close()
        raise


def buffers(workspace: Path) -> Config:
    """How much DuckDB may hold in memory, and where it puts the rest."""
    return {"memory_limit": MEMORY_LIMIT, "temp_directory": str(workspace / SPILL)}


def _remove_spilled(workspace: Path) -> None:
    """Remove what processes that were killed have put aside: nobody else is at work once the store is open to write."""
    for left in (workspace / SPILL).glob("duckdb_temp_*"):
        if f"_{os.getpid()}_" not in left.name:
            with suppress(OSError):
                left.unlink()


def _check_length(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file that was closed whole and has been cut since: DuckDB notices only when it reads what is missing."""
    used = connection.execute("SELECT used_blocks * block_size FROM pragma_database_size()").fetchone()
    if used and path.stat().st_size < HEADERS + used[0]:
        raise StoreError(DAMAGED.format(path=path))


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


def _column(batch: list[Record], name: str) -> list[Any]:
    """The values of one field; ids as digits, which is cheaper than the way in which DuckDB itself reads them."""
    values = [getattr(row, name) for row in batch]
    return [value and f"{value.int:032x}" for value in values] if type(values[0]) is UUID else values


def literal(text: str | None) -> str:
    """A text, or none, as SQL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
