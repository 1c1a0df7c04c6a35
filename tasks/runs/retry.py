"""Items that ended because an endpoint failed, opened again: their rows go, and the next run asks for them once more.

What was paid stays in the ledger, and a question that is asked again gets a number of its own. Nothing is withdrawn
that a model answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from graph.records import content_id
from tasks.store.database import Store, open_store
from tasks.store.writer import Statement

GAVE_UP = "SELECT id FROM calls WHERE fault LIKE 'gave up after %'"
OF_AN_UNFINISHED_RUN = """
    AND run_id IN (SELECT id FROM runs WHERE state != 'completed'
                   AND started_at = (SELECT max(started_at) FROM runs))"""
OF_SEEDS = "AND stage = 'extract' AND run_id = (SELECT id FROM runs ORDER BY started_at DESC, id LIMIT 1)"

JUDGED = ("reviews", "grades")
"""Tables of opinions, whose rows say why there is none."""


def gave_up_last(store: Store) -> list[UUID]:
    """What the last run gave up: all of it where the run did not end well, else the seeds that it could not read."""
    return [row[0] for rule in (OF_AN_UNFINISHED_RUN, OF_SEEDS) for row in store.rows(GAVE_UP + rule)]


def open_again(workspace: Path) -> int:
    """Open every item that any run of a workspace gave up; how many there were."""
    store = open_store(workspace)
    try:
        return asyncio.run(withdraw(store, [row[0] for row in store.rows(GAVE_UP)]))
    finally:
        store.close()


async def withdraw(store: Store, calls: Collection[UUID]) -> int:
    """Open the items again that ended with one of these calls; how many rows that said so are gone."""
    if not calls:
        return 0
    await store.write(statements=[("SELECT 1", [])])  # what is on its way to the store is there now
    ended = [*_rejects(store, list(calls)), *_unread_seeds(store, list(calls))]
    statements: list[Statement] = [("DELETE FROM rejects WHERE list_contains(?::UUID[], id)", [ended])]
    statements += [(f"DELETE FROM {table} WHERE list_contains(?::UUID[], call_id)", [list(calls)]) for table in JUDGED]
    await store.write(statements=statements)
    return len(ended)


def _rejects(store: Store, calls: list[UUID]) -> list[UUID]:
    """Rejects of what these calls asked for, and of problems that too few judges of theirs could judge."""
    judged = " UNION ALL ".join(f"SELECT problem_id, call_id FROM {table}" for table in JUDGED)
    return [
        row[0]
        for row in store.rows(
            f"""WITH asked AS (SELECT stage, subject_id FROM calls WHERE list_contains(?::UUID[], id))
            SELECT rejects.id FROM rejects SEMI JOIN asked USING (stage, subject_id)
            UNION SELECT id FROM rejects WHERE reason = 'unjudged'
                AND subject_id IN (SELECT problem_id FROM ({judged}) WHERE list_contains(?::UUID[], call_id))""",
            [calls, calls],
        )
    ]


def _unread_seeds(store: Store, calls: list[UUID]) -> list[UUID]:
    """Rejects of seeds, which are asked for under an id of their own."""
    asked = {
        row[0]
        for row in store.rows(
            "SELECT subject_id FROM calls WHERE stage = 'extract' AND list_contains(?::UUID[], id)", [calls]
        )
    }
    rows = store.rows("SELECT id, subject_id, recipe FROM rejects WHERE stage = 'extract'") if asked else []
    return [row[0] for row in rows if content_id("extract", str(row[1]), str(row[2])) in asked]
