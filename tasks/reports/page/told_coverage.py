"""What became of points and fields, counted over the problems that the report tells of.

So the problems, pairs and rejects of a point, a field and a list of items add up. `coverage` counts all of the store,
with what was asked for ahead.
"""

from __future__ import annotations

from tasks.reports.coverage import MEMBERS, Cover, coverage
from tasks.store.database import Store


def told_coverage(store: Store) -> list[Cover]:
    """Fields first, then points, as `coverage` has them. The table `told` must be there."""
    told = {(community, point): numbers for community, point, *numbers in store.rows(_TOLD)}
    found = []
    for cover in coverage(store):
        problems, pairs = told.get((cover.community, cover.point_id), (0, 0))
        found.append(cover._replace(problems=problems, pairs=pairs, pass_rate=pairs / problems if problems else None))
    return found


_TOLD = f"""
    WITH {MEMBERS},
    used AS (SELECT id, outcome, unnest(points) AS point_id FROM told)
    SELECT m.community, u.point_id, count(DISTINCT u.id), count(DISTINCT u.id) FILTER (u.outcome = 'pair')
    FROM used u JOIN members m USING (point_id) GROUP BY GROUPING SETS ((m.community, u.point_id), (m.community))"""
