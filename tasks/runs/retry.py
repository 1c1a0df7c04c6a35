"""Items that ended because an endpoint failed, opened again: their rows go, and the next run asks for them once more.

What rests on these rows goes with them, so that a run in which the endpoint recovers decides as one in which it never
failed: whether a problem passes, and which pairs are kept from its place on. Deciding again costs no call. What was
paid stays in the ledger, and a question that is asked again gets a number of its own. Nothing is withdrawn that a model
answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from graph.records import Combination, content_id
from tasks.context.slots import slots_of
from tasks.endpoint import faults
from tasks.judging.paraphrases import UNJUDGED
from tasks.store.database import Store, open_store
from tasks.store.ids import id_sql
from tasks.store.latest import current_recipe, latest_identity, recipe_of
from tasks.store.writer import Statement

GAVE_UP = f"SELECT id FROM calls WHERE starts_with(fault, '{faults.GAVE_UP}')"
OF_AN_UNFINISHED_RUN = """
    AND run_id IN (SELECT id FROM runs WHERE state != 'completed' AND number = (SELECT max(number) FROM runs))"""
SOLVERS = ("solver", "strong_solver")
OF_SEEDS = "AND stage = 'extract' AND run_id = (SELECT id FROM runs ORDER BY number DESC, id LIMIT 1)"

JUDGED = ("reviews", "grades")
"""Tables of opinions on problems, whose rows say why there is none."""
ASKED_ONCE = ("trials", "readings", "attempts", "seed_solutions")
"""Tables of further answers, whose rows have the ids that their calls ask for."""
AHEAD, BLOCK = 50_000, 1_000
"""Combinations that a run may have asked for beyond its frontier, and how many are looked at together."""


def gave_up_last(store: Store) -> list[UUID]:
    """What the last run gave up: all of it where the run did not end well, else the seeds that it could not read."""
    return store.column(GAVE_UP + OF_AN_UNFINISHED_RUN) + store.column(GAVE_UP + OF_SEEDS)


def open_again(workspace: Path) -> int:
    """Open every item that any run of a workspace gave up; how many there were."""
    store = open_store(workspace)
    try:
        return asyncio.run(withdraw(store, store.column(GAVE_UP)))
    finally:
        store.close()


async def withdraw(store: Store, calls: Collection[UUID]) -> int:
    """Open the items again that ended with one of these calls; how many rows that said so are gone."""
    if not calls:
        return 0
    await store.write(statements=[("SELECT 1", [])])  # what is on its way to the store is there now
    listed = list(calls)
    ended = [*_rejects(store, listed), *_unread_seeds(store, listed)]
    problems = store.column(_PROBLEMS, [listed] * 4) + _solved(store, listed)
    asked = "SELECT subject_id FROM calls WHERE id IN (SELECT unnest(?::UUID[]))"
    statements: list[Statement] = [("DELETE FROM rejects WHERE id IN (SELECT unnest(?::UUID[]))", [ended])]
    statements += [(f"DELETE FROM {table} WHERE call_id IN (SELECT unnest(?::UUID[]))", [listed]) for table in JUDGED]
    statements += [(f"DELETE FROM marks WHERE attempt_id IN ({asked})", [listed])]
    statements += [(f"DELETE FROM {table} WHERE id IN ({asked})", [listed]) for table in ASKED_ONCE]
    statements += [(sql, [problems]) for sql in _DECISIONS] + _go_back(store, problems)
    await store.write(statements=statements)
    return len(ended)


_DECISIONS = (
    "DELETE FROM passes WHERE problem_id IN (SELECT unnest(?::UUID[]))",
    "DELETE FROM elections WHERE problem_id IN (SELECT unnest(?::UUID[]))",
    "DELETE FROM rejects WHERE stage IN ('review', 'grade', 'screen') AND subject_id IN (SELECT unnest(?::UUID[]))",
)
"""What was decided about problems, and is decided again from the answers that are there."""

_PROBLEMS = f"""
    SELECT subject_id FROM calls WHERE stage = 'compose' AND id IN (SELECT unnest(?::UUID[]))
    {" ".join(f"UNION SELECT problem_id FROM {table} WHERE call_id IN (SELECT unnest(?::UUID[]))" for table in JUDGED)}
    UNION SELECT subject_id FROM rejects WHERE stage = 'screen' AND starts_with(reason, '{UNJUDGED}')
        AND EXISTS (SELECT 1 FROM calls WHERE stage = 'screen' AND id IN (SELECT unnest(?::UUID[])))"""
"""Problems that some calls were about. A text that nobody could say of whether it is an item was not cleared; which
texts a verifier's call was about no row says, and looking again costs only what there is no answer to."""


def _rejects(store: Store, calls: list[UUID]) -> list[UUID]:
    """Rejects of what these calls asked for."""
    return store.column(
        """WITH asked AS (SELECT stage, subject_id FROM calls WHERE id IN (SELECT unnest(?::UUID[])))
        SELECT rejects.id FROM rejects SEMI JOIN asked USING (stage, subject_id)""",
        [calls],
    )


def _unread_seeds(store: Store, calls: list[UUID]) -> list[UUID]:
    """Rejects of seeds, which are asked for under an id of their own; so are their solutions."""
    extracted = "SELECT subject_id FROM calls WHERE stage = 'extract' AND id IN (SELECT unnest(?::UUID[]))"
    asked = set(store.column(extracted, [calls]))
    if not asked:
        return []
    solved = "SELECT seed_id FROM seed_solutions WHERE id IN (SELECT unnest(?::UUID[]))"
    unsolved = set(store.column(solved, [[*asked]]))
    rows = store.rows("SELECT id, subject_id, recipe FROM rejects WHERE stage = 'extract'")
    return [row[0] for row in rows if row[1] in unsolved or content_id("extract", str(row[1]), str(row[2])) in asked]


def _solved(store: Store, calls: list[UUID]) -> list[UUID]:
    """Problems whose votes were counted without the solutions that these calls asked for."""
    sql = "SELECT DISTINCT subject_id FROM calls WHERE stage = 'solve' AND id IN (SELECT unnest(?::UUID[]))"
    asked = store.column(sql, [calls])
    if not asked:
        return []
    solve = latest_identity(store)["solve"]
    solvers = [str(content_id("player", solve["prompt.solve"], role, solve[role])) for role in SOLVERS]
    solution = id_sql("solution", "e.problem_id", "solver", "number")
    return store.column(
        f"""SELECT DISTINCT e.problem_id FROM elections e, unnest(?::VARCHAR[]) AS s(solver), range(?) AS n(number)
        WHERE e.recipe = {recipe_of("grade")} AND {solution} IN (SELECT unnest(?::UUID[]))""",
        [solvers, int(solve["samples"]), asked],
    )


def _go_back(store: Store, problems: list[UUID]) -> list[Statement]:
    """Screen again from the first of these problems on, because the earliest of two that are alike is kept."""
    frontier = store.value(f"SELECT max(position) FROM frontier WHERE recipe = {recipe_of('screen')}")
    if not frontier or not problems:
        return []
    recipe, first = current_recipe(store, "screen"), _first(store, problems, int(frontier))
    if first >= frontier:
        return []
    if store.rows("SELECT 1 FROM quotas WHERE recipe = ? LIMIT 1", [recipe]):
        first = 0  # for what there was room is not known of a single place
    later = f"""IN (SELECT m.id FROM problems m JOIN combinations c ON c.id = m.combination_id
                    AND c.recipe = {recipe_of("sample")} WHERE c.position >= {first})"""
    of_all = {"passes": "problem_id", "rejects": "subject_id", "repeats": "problem_id", "evidence": "subject_id"}
    deleted = [
        (f"DELETE FROM {table} WHERE recipe = ?" + (f" AND {column} {later}" if first else ""), [recipe])
        for table, column in of_all.items()
    ]
    return [*deleted, ("UPDATE frontier SET position = ? WHERE recipe = ?", [first, recipe])]


def _first(store: Store, problems: list[UUID], frontier: int) -> int:
    """The first place of a combination that one of these problems was, or was to be, written for."""
    there = store.rows(
        f"""SELECT m.id, c.position FROM problems m JOIN combinations c ON c.id = m.combination_id
            AND c.recipe = {recipe_of("sample")} WHERE m.id IN (SELECT unnest(?::UUID[]))""",
        [problems],
    )
    unwritten = set(problems) - {row[0] for row in there}
    positions = [int(row[1]) for row in there] + _places(store, unwritten, frontier)
    return min(positions, default=frontier)


def _places(store: Store, unwritten: set[UUID], frontier: int) -> list[int]:
    """Where problems were asked for that have no row of their own: from the last combinations back to the first."""
    if not unwritten:
        return []
    compose, sample = latest_identity(store)["compose"], current_recipe(store, "sample")
    recipe = content_id("player", compose["prompt.compose"], "composer", compose["composer"])
    where = "recipe = ? AND position >= ? AND position < ? ORDER BY position"
    found: list[int] = []
    for stop in range(frontier + AHEAD, 0, -BLOCK):
        block = store.select(Combination, where, [sample, stop - BLOCK, stop])
        asked = [slot for slot in slots_of(block, recipe) if slot.problem_id in unwritten]
        unwritten = unwritten - {slot.problem_id for slot in asked}
        found += [slot.combination.position for slot in asked]
        if not unwritten:
            break
    return found
