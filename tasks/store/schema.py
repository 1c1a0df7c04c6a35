"""The schema of a store: brought up to date, and held to what it may define.

That is the tables, views and indexes of our migrations, and a person's own tables next to them.

A store may come from a stranger, and what stands in it as a view, a macro or a default is code that a query would run:
it could read files or never end. So a store is opened only when all such is what our migrations made. Plain tables
that are not ours are let be: no query of ours looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import duckdb

from graph.errors import StoreError
from tasks.store.integrity import SHUT

DEFINED = """WITH own AS (SELECT unnest(?))
    SELECT 'column', concat(table_name, '.', column_name), concat_ws(' ', data_type, is_nullable, column_default)
        FROM duckdb_columns() WHERE schema_name = 'main' AND table_name IN (FROM own)
    UNION ALL SELECT 'constraint', table_name, constraint_text FROM duckdb_constraints()
        WHERE schema_name = 'main' AND table_name IN (FROM own)
    UNION ALL SELECT 'computed column', table_name, sql FROM duckdb_tables() WHERE sql ILIKE '% GENERATED %'
    UNION ALL SELECT 'view', view_name, sql FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT 'index', index_name, sql FROM duckdb_indexes()
    UNION ALL SELECT 'sequence', sequence_name, sql FROM duckdb_sequences()"""
"""Everything in a database that has a definition. Columns stand one by one: their order tells of a store's history."""
NEVER_OURS = """
    SELECT 'macro', function_name, macro_definition FROM duckdb_functions() WHERE NOT internal
    UNION ALL SELECT 'type', type_name, type_category FROM duckdb_types() WHERE NOT internal"""
"""Definitions that our migrations make none of."""


INCOMPLETE = (
    "{path} is not what its schema number says ({what}): restore a copy, or save what is whole with `gsdp verify-store "
    "WORKSPACE --salvage FOLDER`."
)

FIRST_TABLE = "CREATE TABLE migrations (number INTEGER NOT NULL);"
UNLOCKED = {**SHUT, "lock_configuration": False}


def migrate(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
    """Bring a database to the newest schema. Raises StoreError where it is not one of ours, newer, or read-only."""
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    version = 0
    if tables >= {"migrations", "runs"}:
        row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
        version = row[0] if row else 0
    elif tables:
        raise StoreError(f"{path} is a DuckDB file, but not one of gsdp: choose another workspace.")
    known = migrations()
    is_newest = version == known[-1][0] or not tables
    if odd := foreign(connection, newest_schema() if is_newest else every_schema()):
        raise StoreError(
            f"{path} holds {odd} that gsdp did not make, so it is not opened: it may come from somebody else. Use "
            "another workspace, or ask the person who gave it to you for the dataset instead."
        )
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


def migrations() -> list[tuple[int, str]]:
    """Number and SQL of every migration, in order."""
    files = resources.files("tasks.store.migrations").iterdir()
    numbered = sorted((file.name, file.read_text()) for file in files if file.name.endswith(".sql"))
    return [(int(name.split("_")[0]), sql) for name, sql in numbered]


def foreign(connection: duckdb.DuckDBPyConnection, known: OurSchema) -> str:
    """What a database defines that we do not, such as "the view 'x'"; "" when there is nothing."""
    found = connection.execute(f"{DEFINED} UNION ALL {NEVER_OURS}", [known.tables]).fetchall()
    odd = sorted(set(found) - known.defined, key=str)
    return f"the {odd[0][0]} {odd[0][1]!r}" if odd else ""


def lacking(connection: duckdb.DuckDBPyConnection) -> str:
    """What a database of the newest schema lacks, such as "the column 'calls.id'"; "" when there is nothing."""
    newest = newest_schema()
    there = {(kind, name) for kind, name, _ in connection.execute(DEFINED, [newest.tables]).fetchall()}
    missing = sorted({(kind, name) for kind, name, _ in newest.defined if kind in ("column", "view")} - there)
    return f"the {missing[0][0]} {missing[0][1]!r}" if missing else ""


class OurSchema(NamedTuple):
    """What our migrations make."""

    tables: list[str]
    """Their names."""
    defined: frozenset[tuple[str, str, str | None]]
    """Kind, name and definition, as `DEFINED` selects them."""


@lru_cache
def newest_schema() -> OurSchema:
    """After the last migration."""
    with duckdb.connect(config=UNLOCKED) as connection:
        connection.execute("\n".join([FIRST_TABLE, *(sql for _, sql in migrations())]))
        return _schema(connection)


@lru_cache
def every_schema() -> OurSchema:
    """After any of the migrations."""
    tables: list[str] = []
    defined: set[tuple[str, str, str | None]] = set()
    with duckdb.connect(config=UNLOCKED) as connection:
        connection.execute(FIRST_TABLE)
        for _, sql in migrations():
            connection.execute(sql)
            here = _schema(connection, tables)
            tables += [name for name in here.tables if name not in tables]
            defined |= here.defined
    return OurSchema(tables, frozenset(defined))


def _schema(connection: duckdb.DuckDBPyConnection, earlier: Sequence[str] = ()) -> OurSchema:
    listed = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
    tables = [name for (name,) in listed]
    return OurSchema(tables, frozenset(connection.execute(DEFINED, [[*earlier, *tables]]).fetchall()))
