"""Do the rows of a store fit together? References between tables, ids against what they are hashes of, answers against
the ledger.

Knows only what every honest store keeps to, also one that was united with others: those have problems of combinations
that were drawn elsewhere, and calls of runs that are not theirs.
"""

from __future__ import annotations

from tasks.store.database import Store
from tasks.store.ids import id_sql

REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("selection", "seed_id", "seeds"),
    ("mentions", "seed_id", "seeds"),
    ("seed_solutions", "seed_id", "seeds"),
    ("aliases", "point_id", "knowledge_points"),
    ("edges", "a", "knowledge_points"),
    ("edges", "b", "knowledge_points"),
    ("reviews", "problem_id", "problems"),
    ("solutions", "problem_id", "problems"),
    ("grades", "problem_id", "problems"),
    ("grades", "solution_id", "solutions"),
    ("elections", "problem_id", "problems"),
    ("passes", "problem_id", "problems"),
    ("passes", "solution_id", "solutions"),
    ("repeats", "problem_id", "problems"),
    ("repeats", "kept_id", "problems"),
)
"""Table, column, and the table whose ids it holds."""

PAID_FOR = ("problems", "reviews", "solutions", "grades", "trials", "seed_solutions")
"""Tables whose rows name the call that they were made of."""

HASHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("mentions", "mention", ("seed_id", "recipe", "position")),
    ("elections", "election", ("problem_id", "recipe")),
    ("passes", "pass", ("stage", "problem_id", "recipe")),
    ("rejects", "reject", ("stage", "subject_id", "recipe")),
)
"""Tables whose ids are hashes of their own columns, the kind that they begin with, and these."""


def misfits(store: Store) -> list[str]:
    """What does not fit together, in words; nothing when all does."""
    return [*_dangling(store), *_unpaid(store), *_misnamed(store), *_doubled(store)]


def was_killed(store: Store) -> bool:
    """Whether some run of the store never came to an end."""
    return bool(store.rows("SELECT 1 FROM runs WHERE state = 'running' LIMIT 1"))


def _dangling(store: Store) -> list[str]:
    found = []
    for table, column, target in REFERENCES:
        sql = f"""SELECT count(*) FROM {table}
            WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {target})"""
        if count := store.value(sql):
            found.append(f"{count:,} rows of {table} name {target} that are not there")
    return found


def _unpaid(store: Store) -> list[str]:
    sql = "SELECT count(*) FROM {} WHERE call_id NOT IN (SELECT id FROM calls)"
    return [
        f"{count:,} rows of {table} stand on calls that the ledger does not hold"
        for table in PAID_FOR
        if (count := store.value(sql.format(table)))
    ]


def _misnamed(store: Store) -> list[str]:
    found = []
    for table, kind, columns in HASHES:
        where = "stage <> 'ingest'" if table == "rejects" else "true"
        sql = f"SELECT count(*) FROM {table} WHERE {where} AND id <> {id_sql(kind, *columns)}"
        if count := store.value(sql):
            found.append(f"the ids of {count:,} rows of {table} are not the hashes of what they stand for")
    return found


def _doubled(store: Store) -> list[str]:
    count = store.value("SELECT count(*) FROM combinations WHERE len(list_distinct(points)) < len(points)")
    return [f"{count:,} rows of combinations hold a point twice"] if count else []
