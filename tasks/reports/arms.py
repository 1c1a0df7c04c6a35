"""An arm of a comparison as numbers: what each of its finished combinations cost and came to."""

from __future__ import annotations

import numpy as np

from graph.arms import Arm
from tasks.context.run_context import RunContext
from tasks.reports.outcomes import KEPT, OWNERS, owners

COMPARISON = "comparison.json"
"""What a comparison found, in words, in the workspace of its arms."""


def read_arm(work: RunContext, name: str) -> Arm:
    """The combinations that are finished and screened, in sampling order. Calls of the graph are not among them."""
    stop = int(work.store.value(FRONTIER, [work.recipes["screen"]]))
    owned = owners(work, 0, stop)
    rows = work.store.rows(NUMBERS, [[*owned], [*owned.values()], work.recipes["screen"], work.recipes["sample"], stop])
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 6).T
    tokens, usd, unpriced, composed, pairs, fresh = columns
    return Arm(name, tokens, None if unpriced.any() else usd, composed, pairs, fresh)


FRONTIER = "SELECT coalesce(max(position), 0) FROM frontier WHERE recipe = ?"
NUMBERS = f"""
    WITH {OWNERS},
    paid AS (
        SELECT position, sum(input_tokens + output_tokens + coalesce(presumed_tokens, 0)) AS tokens,
            coalesce(sum(cost), 0) AS usd, count(*) FILTER (cost IS NULL) AS unpriced
        FROM calls c JOIN owners o ON o.id = c.subject_id GROUP BY position),
    written AS (SELECT position, count(*) AS problems FROM problems p JOIN asked a ON a.id = p.id GROUP BY position),
    {KEPT},
    drawn AS (SELECT position, points FROM combinations WHERE recipe = ? AND position < ?),
    together AS (
        SELECT position
        FROM (SELECT position, len(points) AS number, unnest(points) AS point_id FROM drawn)
        JOIN occurrences USING (point_id)
        GROUP BY position, number, seed_id HAVING count(DISTINCT point_id) = number),
    SELECT d.position, coalesce(tokens, 0), coalesce(usd, 0), coalesce(unpriced, 0), coalesce(problems, 0),
        coalesce(pairs, 0), if(d.position IN (SELECT position FROM together), 0, coalesce(pairs, 0))
    FROM drawn d LEFT JOIN paid USING (position) LEFT JOIN written USING (position) LEFT JOIN kept USING (position)
    ORDER BY d.position"""
