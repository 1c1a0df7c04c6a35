"""The finished part of a run in figures: what lies before the frontier, up to the dataset's last pair.

What lies beyond depends on what was on its way when the target was met; this does not. So the card and the terminal
say the same of one dataset, however often the run was broken off.
"""

from __future__ import annotations

from collections.abc import Mapping

from graph.records import content_id
from tasks.settings.roles import STRONG
from tasks.store.database import Store
from tasks.store.ids import id_sql
from tasks.store.latest import latest_identity, recipe_of

GATES = ("ingest", "extract", "connect", "compose", "review", "solve", "grade", "screen")


def finished_counts(store: Store, target: int) -> dict[str, int]:
    """Problems asked for, written, reviewed, solved (solutions wanted, and there) and graded, in the finished part."""
    names = ("asked", "problems", "reviewed", "wanted", "solutions", "graded")
    samples = int(latest_identity(store)["solve"]["samples"])
    sql = _FUNNEL.format(solutions=present_solutions(store), samples=samples)
    with store.more_memory():
        return dict(zip(names, map(int, store.rows(sql, [target])[0]), strict=True))


def present_solutions(store: Store) -> str:
    """A query of the id and problem_id of the solutions that the latest run's settings ask for.

    A solution has no recipe of its own; but its id is a hash of its problem, its solver and its number, so hashing
    these again tells whose it is: `tasks.judging.votes.solution_ids` in SQL.
    """
    solve = latest_identity(store)["solve"]
    solver, strong = (
        content_id("player", solve["prompt.solve"], role, solve[role]) for role in ("solver", "strong_solver")
    )
    player = f"if(r.difficulty = '{STRONG}', '{strong}', '{solver}')"
    return f"""
        SELECT s.id, s.problem_id FROM solutions s
        JOIN passes r ON r.problem_id = s.problem_id AND r.stage = 'review' AND r.recipe = {recipe_of("review")}
            AND s.id = {id_sql("solution", "s.problem_id", player, "s.sample")}
        LEFT JOIN elections e ON e.problem_id = s.problem_id AND e.recipe = {recipe_of("grade")}
        WHERE s.sample < coalesce(e.asked, {int(solve["samples"])})"""


def spared(store: Store, target: int) -> tuple[int, int]:
    """Solutions that were not asked for since none could have changed a vote, and about how many tokens they spared.

    Of the finished part of the run. The tokens are what the solutions that were asked for cost each, on average.
    """
    sql = _SPARED.format(solutions=present_solutions(store))
    with store.more_memory():
        solutions, each = store.rows(sql, [target])[0]
    return int(solutions), round(int(solutions) * float(each))


def rejected(store: Store, target: int, finished: Mapping[str, int] | None = None) -> list[tuple[str, str, int]]:
    """(stage, reason, items) of what the gates kept out, in the finished part of the run; its counts, where known.

    What was asked for and not written has no row that would say where it belongs: it is what is missing.
    """
    finished = finished or finished_counts(store, target)
    missing = [
        ("compose", "no usable problem", finished["asked"] - finished["problems"]),
        ("solve", "no usable answer", finished["wanted"] - finished["solutions"]),
    ]
    with store.more_memory():
        found = [(stage, reason, int(items)) for stage, reason, items in store.rows(_REJECTED, [target])]
    rows = found + [row for row in missing if row[2] > 0]
    return sorted(rows, key=lambda row: GATES.index(row[0]))


DECIDED = f"""(
    SELECT problem_id FROM passes WHERE stage = 'review' AND recipe = {recipe_of("review")}
    UNION ALL SELECT subject_id FROM rejects
    WHERE stage IN ('review', 'screen') AND recipe IN (SELECT recipe FROM current_recipes))"""
"""Problems that have been reviewed, or passed over. A quote's probe may have asked for others on the same combination,
where its small graph has other names for the points."""

# What lies before the frontier, and before the dataset's last pair where the frontier is further: after a run to a
# higher target. So the figures are those of the dataset, whatever else was made.
FINISHED = f"""
    last AS (SELECT position FROM pairs ORDER BY position, sample LIMIT 1 OFFSET ?::BIGINT - 1),
    finished AS (
        SELECT id, asks, position FROM combinations
        WHERE recipe = {recipe_of("sample")}
          AND position < (SELECT coalesce(max(position), 0) FROM frontier WHERE recipe = {recipe_of("screen")})
          AND position <= coalesce((SELECT position FROM last), position)),
    written AS (
        SELECT id FROM current_problems WHERE combination_id IN (SELECT id FROM finished) AND id IN {DECIDED})"""

# What no quota had room for. With quotas, screening ends at the target, so all of it lies in the finished part.
_PASSED_OVER = f"""
    SELECT subject_id FROM rejects
    WHERE reason = 'quota full' AND stage = 'screen' AND recipe = {recipe_of("screen")}"""

_FUNNEL = f"""
    WITH {FINISHED}
    SELECT
        (SELECT coalesce(sum(asks), 0)::BIGINT FROM finished)
            - (SELECT count(*) FROM ({_PASSED_OVER}) WHERE subject_id NOT IN (SELECT id FROM problems)),
        (SELECT count(*) FROM written),
        (SELECT count(*) FROM passes WHERE stage = 'review' AND recipe = {recipe_of("review")}
            AND problem_id IN (SELECT id FROM written)),
        (SELECT coalesce(sum(coalesce(e.asked, {{samples}})), 0)::BIGINT FROM passes p
            LEFT JOIN elections e ON e.problem_id = p.problem_id AND e.recipe = {recipe_of("grade")}
            WHERE p.stage = 'review' AND p.recipe = {recipe_of("review")} AND p.problem_id IN (SELECT id FROM written)
            AND (p.problem_id NOT IN ({_PASSED_OVER}) OR p.problem_id IN (SELECT problem_id FROM solutions))),
        (SELECT count(*) FROM ({{solutions}}) WHERE problem_id IN (SELECT id FROM written)),
        (SELECT count(*) FROM passes WHERE stage = 'grade' AND recipe = {recipe_of("grade")}
            AND problem_id IN (SELECT id FROM written))"""

_SPARED = f"""
    WITH {FINISHED}
    SELECT
        (SELECT coalesce(sum(spared), 0)::BIGINT FROM elections
            WHERE recipe = {recipe_of("grade")} AND problem_id IN (SELECT id FROM written)),
        (SELECT coalesce(avg(input_tokens + output_tokens), 0) FROM calls WHERE stage = 'solve' AND subject_id IN
            (SELECT id FROM ({{solutions}}) WHERE problem_id IN (SELECT id FROM written)))"""

OF_SEEDS = f"""(
    stage = 'ingest'
    OR stage = 'extract' AND recipe = {recipe_of("extract")}
        AND coalesce(seed_id, subject_id) NOT IN (SELECT id FROM seeds WHERE id NOT IN (SELECT id FROM current_seeds))
    OR stage = 'connect' AND recipe = {recipe_of("connect")}
        AND if(reason = 'not embedded', split_part(detail, ': ', 1), detail)
            IN (SELECT name FROM current_mentions WHERE recipe = {recipe_of("extract")}))"""
"""A condition on rejects: those of the present seeds' rows, and of the names found in them."""

_REJECTED = f"""
    WITH {FINISHED}
    SELECT stage, reason, count(*) FROM rejects
    WHERE {OF_SEEDS}
       OR (stage IN ('review', 'grade', 'screen') AND recipe IN (SELECT recipe FROM current_recipes)
           AND subject_id IN (SELECT id FROM written))
    GROUP BY stage, reason
    ORDER BY count(*) DESC, reason"""
