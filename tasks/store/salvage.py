"""What can still be read of a damaged store, as a new one: table by table, and within a table all but the bad places.

The damaged store is only read. Rows that name what could not be read are left out, so that the new store fits together
and a run on it asks again for what is missing; but those that name seeds stay, since a run reads seeds again. Answers
stay also where their row of the ledger is gone: they were paid for.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import duckdb

from graph.errors import StoreError
from tasks.store.database import FILE_NAME, TABLES, literal, open_store
from tasks.store.files import log_of
from tasks.store.folders import remove_abandoned, temporary_folder
from tasks.store.references import REFERENCES

PREFIX = ".salvaged-"
"""How the folder of a damaged store's copy is called."""
STEP = 2048
"""Rows read at a time; DuckDB's vectors are of this size."""
COLUMNS = """
    SELECT string_agg(column_name, ', ') FROM duckdb_columns() AS n SEMI JOIN duckdb_columns() AS o
    ON n.table_name = o.table_name AND n.column_name = o.column_name AND o.database_name = 'old'
    WHERE n.database_name = 'new' AND n.table_name = ?"""
"""The columns of a table that both stores have: the damaged one may be of an older schema."""


def salvage(store: Path, workspace: Path) -> dict[str, tuple[int, int]]:
    """Take what is whole into a new store in `workspace`; rows taken, and rows that there were, by table.

    Raises StoreError when there is a store already, or when nothing can be read.
    """
    if (workspace / FILE_NAME).exists():
        raise StoreError(f"There is a store in {workspace} already: name a new folder.")
    open_store(workspace).close()
    remove_abandoned(workspace, f"{PREFIX}*")
    with temporary_folder(workspace, PREFIX) as folder:
        copy = folder / store.name
        shutil.copyfile(store, copy)
        if log_of(store).exists():
            shutil.copyfile(log_of(store), log_of(copy))
        taken = {table: _copy(copy, workspace / FILE_NAME, table) for table in TABLES.values()}
    if not any(there for _, there in taken.values()):
        (workspace / FILE_NAME).unlink()
        raise StoreError(f"Nothing of {store} can be read: restore a copy.")
    _leave_out_what_dangles(workspace / FILE_NAME)
    return taken


def _both(copy: Path, fresh: Path) -> duckdb.DuckDBPyConnection:
    """Both stores; the damaged one without its log, where that cannot be read."""
    both = duckdb.connect()
    both.execute(f"ATTACH {literal(str(fresh))} AS new")
    try:
        both.execute(f"ATTACH {literal(str(copy))} AS old (READ_ONLY)")
    except duckdb.Error:
        if not log_of(copy).exists():
            both.close()
            raise
        log_of(copy).unlink()
        both.execute(f"ATTACH {literal(str(copy))} AS old (READ_ONLY)")
    return both


def _copy(copy: Path, fresh: Path, table: str) -> tuple[int, int]:
    """Copy a table in steps. DuckDB may give a file up after an error, so each attempt opens it again."""
    try:
        with closing(_both(copy, fresh)) as both:
            there = int((both.execute(f"SELECT coalesce(max(rowid) + 1, 0) FROM old.{table}").fetchone() or [0])[0])
            columns = (both.execute(COLUMNS, [table]).fetchone() or [""])[0]
    except duckdb.Error:
        return 0, 0
    taken = 0
    open_now: duckdb.DuckDBPyConnection | None = None
    for start in range(0, there, STEP):
        both = open_now = open_now or _both(copy, fresh)
        wanted = f"SELECT {columns} FROM old.{table} WHERE rowid >= {start} AND rowid < {start + STEP}"
        try:
            done = both.execute(f"INSERT INTO new.{table} ({columns}) {wanted}").fetchone()
            taken += int(done[0]) if done else 0
        except duckdb.Error:
            both.close()
            open_now = None
    if open_now:
        open_now.close()
    return taken, there


def _leave_out_what_dangles(fresh: Path) -> None:
    with duckdb.connect(str(fresh)) as store:
        dropped = 1
        while dropped:
            dropped = 0
            for table, column, target in REFERENCES:
                if target == "seeds":
                    continue
                where = f"{column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {target})"
                found = store.execute(f"DELETE FROM {table} WHERE {where}").fetchone()
                dropped += int(found[0]) if found else 0
