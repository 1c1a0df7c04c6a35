"""What finished combinations came to, by relation and communities: pairs, and what all calls for them cost.

It knows the ledger. Of a problem or solution that nobody could read there is no row but its call, so ids are worked out
here as the stages do. Money counts where every call has a price, else tokens.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from graph.records import Pass
from graph.steering import OTHERS, Cell, CellOutcome, cell_number
from tasks.context.run_context import RunContext
from tasks.context.slots import all_slots
from tasks.judging.votes import solution_ids

STEP = 20_000
"""Combinations looked at in one go."""


class Sum(NamedTuple):
    """Totals of a cell. Integers, so that the order of adding up cannot matter."""

    combinations: int = 0
    pairs: int = 0
    tokens: int = 0
    billionths: int = 0
    """Of a USD."""
    unpriced: int = 0
    """Calls without a price."""


class OutcomeTally:
    """Adds up outcomes from the first combination on. What is added must be screened: then it never changes."""

    def __init__(self, work: RunContext) -> None:
        self._work = work
        self._counted = 0
        self._sums: dict[Cell, Sum] = {}

    def until(self, position: int) -> dict[Cell, CellOutcome]:
        """What the combinations before `position` came to, if that is not before what was asked for earlier."""
        for start in range(self._counted, position, STEP):
            self._add(start, min(start + STEP, position))
        self._counted = position
        priced = not any(found.unpriced for found in self._sums.values())
        return {
            cell: CellOutcome(found.combinations, found.pairs, found.billionths if priced else found.tokens)
            for cell, found in self._sums.items()
        }

    def _add(self, start: int, stop: int) -> None:
        work, recipes = self._work, self._work.recipes
        owned = owners(work, start, stop)
        places = [recipes["sample"], start, stop]
        rows = work.store.rows(OUTCOMES, [[*owned], [*owned.values()], recipes["screen"], *places, recipes["connect"]])
        for relation, low, high, *more in rows:
            cell = (relation, cell_number(low, high))
            self._sums[cell] = Sum(*(a + b for a, b in zip(self._sums.get(cell, Sum()), more, strict=True)))


def owners(work: RunContext, start: int, stop: int) -> dict[UUID, int]:
    """Position by the id of each problem and solution that was or could be asked for on some combinations."""
    found = {slot.problem_id: slot.combination.position for slot in all_slots(work, start, stop)}
    passes = [work.pass_id("review", problem_id) for problem_id in found]
    reviewed = work.store.select(Pass, "id IN (SELECT unnest(?::UUID[]))", [passes])
    solutions = {
        solution_id: found[passed.problem_id]
        for passed in reviewed
        for solution_id, _, _ in solution_ids(work, passed.problem_id, passed)
    }
    return found | solutions


OWNERS = """
    asked AS (SELECT unnest(?::UUID[]) AS id, unnest(?::BIGINT[]) AS position),
    owners AS (
        FROM asked
        UNION SELECT r.id, a.position FROM reviews r JOIN asked a ON a.id = r.problem_id
        UNION SELECT g.id, a.position FROM grades g JOIN asked a ON a.id = g.problem_id)"""
"""Position by the id of whatever was asked about, from the ids and the positions of `owners`."""

KEPT = """
    kept AS (
        SELECT position, count(*) AS pairs FROM passes p JOIN asked a ON a.id = p.problem_id
        WHERE p.stage = 'screen' AND p.recipe = ? GROUP BY position)"""
"""Pairs by position, by a recipe of screen."""

OUTCOMES = f"""
    WITH {OWNERS},
    paid AS (
        SELECT position, sum(input_tokens + output_tokens + coalesce(presumed_tokens, 0)) AS tokens,
            sum(coalesce((1e9 * cost)::BIGINT, 0)) AS billionths, count(*) FILTER (cost IS NULL) AS unpriced
        FROM calls c JOIN owners o ON o.id = c.subject_id GROUP BY position),
    {KEPT},
    drawn AS (
        SELECT position, relation, unnest(points) AS point_id FROM combinations
        WHERE recipe = ? AND position >= ? AND position < ?),
    cells AS (
        SELECT position, relation, min(least(k.community, {OTHERS})) AS low, max(least(k.community, {OTHERS})) AS high
        FROM drawn LEFT JOIN communities k ON k.point_id = drawn.point_id AND k.recipe = ?
        GROUP BY position, relation HAVING bool_and(k.community IS NOT NULL))
    SELECT relation, low, high, count(*), sum(coalesce(pairs, 0))::BIGINT, sum(tokens)::BIGINT,
        sum(billionths)::BIGINT, sum(unpriced)::BIGINT
    FROM cells JOIN paid USING (position) LEFT JOIN kept USING (position) GROUP BY ALL ORDER BY ALL"""
"""Of a combination whose points have left the graph nothing is learnt."""
