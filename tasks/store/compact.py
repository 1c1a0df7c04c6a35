"""Rewrite a store without the space that deleted rows have left behind and, where wanted, without raw answers.

The new file is written next to the old one, compared with it table by table, and then takes its name in one step: a
crash at any moment leaves the old store or the new one, whole. Needs as much free space as the new file takes.
Raw answers are the text and the reasoning of `calls`. What they made stands in tables of its own (names, problems,
scores, solutions, votes), and nothing but a person or a new parser ever reads them again: no run, resumed or not,
rests on them. Every row of the ledger stays, with its tokens, its money and its reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb

from graph.errors import StoreError
from tasks.store.database import buffers, literal, open_store
from tasks.store.errors import sentence
from tasks.store.files import log_of, replacing

KeptAnswers = Literal["all", "refused", "none"]
KEPT: dict[KeptAnswers, str] = {"all": "true", "refused": "fault IS NOT NULL", "none": "false"}
"""Which rows of the ledger keep their raw answer."""
RAW = ("text", "reasoning")


def compact(workspace: Path, raw: KeptAnswers = "all") -> tuple[int, int]:
    """Rewrite the store of a workspace, with the raw answers of `raw`; bytes before and after.

    Raises StoreError, also while a run holds the workspace.
    """
    store = open_store(workspace)  # the newest schema, and nobody else at work
    store.close()
    path = store.path
    before = path.stat().st_size
    try:
        # The old file stays locked against writers until the new one has its name.
        with duckdb.connect(config=buffers(workspace)) as both, replacing(path) as fresh:
            both.execute(f"ATTACH {literal(str(path))} AS old (READ_ONLY)")
            if log_of(path).exists():
                raise StoreError(f"{path} has been opened meanwhile: run the same command again.")
            fresh.unlink()
            _rewrite(both, fresh, raw)
            after = fresh.stat().st_size
    except duckdb.Error as error:
        raise StoreError(sentence(error, path)) from error
    return before, after


def _rewrite(both: duckdb.DuckDBPyConnection, fresh: Path, raw: KeptAnswers) -> None:
    both.execute(f"ATTACH {literal(str(fresh))} AS fresh")
    both.execute("COPY FROM DATABASE old TO fresh (SCHEMA)")
    listed = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'old' ORDER BY ALL"
    without = f"* REPLACE ({', '.join(f'CASE WHEN {KEPT[raw]} THEN {name} END AS {name}' for name in RAW)})"
    for schema, name in both.execute(listed).fetchall():
        table = f'"{schema}"."{name}"'
        wanted = f"SELECT {without if name == 'calls' and raw != 'all' else '*'} FROM old.{table}"
        both.execute(f"INSERT INTO fresh.{table} {wanted}")
        if _print(both, wanted) != _print(both, f"FROM fresh.{table}"):
            raise StoreError(f"The copy of {name} is not what was copied; the store is as it was. Is the disk sound?")
    both.execute("DETACH fresh")  # which writes it out, and empties its log


def _print(both: duckdb.DuckDBPyConnection, query: str) -> object:
    """A fingerprint of rows, whatever their order."""
    return both.execute(f"SELECT count(*), sum(hash(rows)::HUGEINT) FROM ({query}) AS rows").fetchone()
