"""What the report tells of: every problem of the finished part of a run, what became of it, and what it cost.

Made once, as a table of the connection that is gone when the report is: a store that is open for reading takes it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.reports.funnel import FINISHED
from tasks.store.database import Store
from tasks.store.latest import recipe_of


@contextmanager
def told_problems(store: Store, target: int) -> Iterator[None]:
    """The table `told` for as long as the `with` block lasts, in this thread."""
    with store.more_memory():
        try:
            store.rows(_TOLD, [target])
            yield
        finally:
            store.rows("DROP TABLE IF EXISTS told")


PAIR = "pair"
"""The outcome of a problem that every gate let through; another outcome is the stage that kept it out."""

TIERS = ("all agree", "75 % and more", "over half", "half", "less than half", "a tie")
"""How far the solutions agree, the surest first. A tie is one for the first place, however many solutions it takes."""

_TIER = """CASE WHEN e.kind <> 'votes' THEN e.kind WHEN e.share IS NULL THEN NULL
            WHEN len(e.classes) > 1 AND e.classes[1] = e.classes[2] THEN 'a tie' WHEN e.share >= 1 THEN 'all agree'
            WHEN e.share >= 0.75 THEN '75 % and more' WHEN e.share > 0.5 THEN 'over half'
            WHEN e.share = 0.5 THEN 'half' ELSE 'less than half' END"""

_TOLD = f"""
    CREATE OR REPLACE TEMP TABLE told AS
    WITH {FINISHED},
    asked AS (
        SELECT c.subject_id AS problem_id, c.* FROM calls c WHERE stage = 'compose'
        UNION ALL SELECT r.problem_id, c.* FROM calls c JOIN reviews r ON r.id = c.subject_id WHERE c.stage = 'review'
        UNION ALL SELECT s.problem_id, c.* FROM calls c JOIN solutions s ON s.id = c.subject_id WHERE c.stage = 'solve'
        UNION ALL SELECT g.problem_id, c.* FROM calls c JOIN grades g ON g.id = c.subject_id WHERE c.stage = 'grade'),
    paid AS (
        SELECT problem_id, sum(input_tokens + output_tokens)::BIGINT AS tokens, sum(cost) AS usd,
            max(ended_at) AS ended_at, max_by(run_id, ended_at) AS run_id
        FROM asked GROUP BY problem_id),
    kept_out AS (
        SELECT subject_id, min_by(struct_pack(stage, reason, detail), stage) AS why FROM rejects
        WHERE stage IN ('review', 'grade', 'screen') AND recipe IN (SELECT recipe FROM current_recipes)
        GROUP BY subject_id)
    SELECT m.id, m.sample, m.level, c.id AS combination_id, c.position, c.relation, c.points, c.names, c.weight,
        if(s.problem_id IS NOT NULL, '{PAIR}', coalesce(x.why.stage, 'undecided')) AS outcome,
        if(s.problem_id IS NOT NULL, NULL, x.why.reason) AS reason,
        if(s.problem_id IS NOT NULL, NULL, x.why.detail) AS detail,
        r.score AS review_score, r.difficulty AS rated, e.difficulty AS measured, e.share AS agreement, e.kind,
        e.asked, e.spared, e.classes, {_TIER} AS tier, coalesce(s.solution_id, g.solution_id) AS solution_id,
        coalesce(p.tokens, 0) AS tokens, p.usd, p.ended_at, p.run_id
    FROM written w
    JOIN problems m ON m.id = w.id
    JOIN combinations c ON c.id = m.combination_id AND c.recipe = {recipe_of("sample")}
    LEFT JOIN passes r ON r.problem_id = m.id AND r.stage = 'review' AND r.recipe = {recipe_of("review")}
    LEFT JOIN passes g ON g.problem_id = m.id AND g.stage = 'grade' AND g.recipe = {recipe_of("grade")}
    LEFT JOIN passes s ON s.problem_id = m.id AND s.stage = 'screen' AND s.recipe = {recipe_of("screen")}
    LEFT JOIN elections e ON e.problem_id = m.id AND e.recipe = {recipe_of("grade")}
    LEFT JOIN kept_out x ON x.subject_id = m.id
    LEFT JOIN paid p ON p.problem_id = m.id"""
