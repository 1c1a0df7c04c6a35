"""How well the combinations and pairs cover the graph: by knowledge point, and by community of points.

The table is of all that is in the store; what the dataset's card says is of its own pairs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from tasks.store.database import Store
from tasks.store.latest import recipe_of


class Cover(NamedTuple):
    """What became of a point, or of a community as a whole (`point_id` is None), under the latest settings.

    A combination or seed counts once, however many of its points are in a community.
    """

    community: int | None
    point_id: UUID | None
    name: str
    """Of the point; of a community the names of its most frequent points."""
    seeds: int
    mentions: int
    combinations: int
    problems: int
    pairs: int
    pass_rate: float | None
    """Pairs among the problems that a gate has decided on; None before the first."""
    mean_difficulty: float | None
    """Of the rated problems: 1 easy, 2 medium, 3 hard."""
    duplicates: int


def coverage(store: Store) -> list[Cover]:
    """Communities first, largest first; then the points of each, most mentioned first."""
    return [Cover(*row) for row in store.rows(COVERAGE)]


def communities(covers: Sequence[Cover]) -> list[Cover]:
    """The rows of whole communities."""
    return [cover for cover in covers if cover.point_id is None]


def write_coverage(store: Store, file: Path) -> None:
    """All rows as Parquet."""
    store.write_parquet(COVERAGE, [], file)


def of_dataset(store: Store, pairs: int) -> list[tuple[str, int, int, int]]:
    """(title, points, points in a pair, pairs) of each community, of the first `pairs` pairs in sampling order."""
    return [(row[0], row[1], row[2], row[3]) for row in store.rows(OF_DATASET, [pairs])]


MEMBERS = f"""
    members AS (
        SELECT k.id AS point_id, k.name, k.mentions, c.community
        FROM knowledge_points k LEFT JOIN communities c ON c.point_id = k.id AND c.recipe = k.recipe
        WHERE k.recipe = {recipe_of("connect")}),
    titles AS (
        SELECT community, string_agg(name, ', ' ORDER BY place) AS title
        FROM (SELECT *, row_number() OVER (PARTITION BY community ORDER BY mentions DESC, name) AS place FROM members)
        WHERE place <= 3 GROUP BY 1)"""

# A combination is counted by its problems first: distinct problems by point and by community would take a gigabyte.
COVERAGE = f"""
    WITH {MEMBERS},
    drawn AS (
        SELECT id, unnest(list_distinct(points)) AS point_id FROM combinations WHERE recipe = {recipe_of("sample")}),
    written AS (
        SELECT p.id, p.combination_id, list_position(['easy', 'medium', 'hard'], r.difficulty) AS level,
            s.problem_id IS NOT NULL AS kept, x.problem_id IS NOT NULL AS ended, coalesce(x.twin, false) AS twin
        FROM current_problems p
        LEFT JOIN passes r ON r.problem_id = p.id AND r.stage = 'review' AND r.recipe = {recipe_of("review")}
        LEFT JOIN passes s ON s.problem_id = p.id AND s.stage = 'screen' AND s.recipe = {recipe_of("screen")}
        LEFT JOIN (
            SELECT subject_id AS problem_id, bool_or(reason LIKE '%duplicate%' OR reason = 'template flood') AS twin
            FROM current_rejects
            WHERE stage IN ('review', 'grade', 'screen') AND reason <> 'quota full'
            GROUP BY 1) x ON x.problem_id = p.id),
    by_seed AS (
        SELECT community, point_id, count(DISTINCT seed_id) AS seeds, count(seed_id) AS mentions,
            any_value(name) AS name
        FROM members LEFT JOIN occurrences USING (point_id)
        GROUP BY GROUPING SETS ((community, point_id), (community))),
    made AS (
        SELECT combination_id, count(*) AS problems, count(*) FILTER (kept) AS pairs,
            count(*) FILTER (kept OR ended) AS decided, sum(level) AS levels, count(level) AS rated,
            count(*) FILTER (twin) AS duplicates
        FROM written GROUP BY 1),
    placed AS (SELECT community, point_id, id FROM members JOIN drawn USING (point_id)),
    in_place AS (
        SELECT * FROM placed UNION ALL SELECT community, NULL, id FROM (SELECT DISTINCT community, id FROM placed)),
    by_problem AS (
        SELECT community, point_id, count(*) AS combinations, sum(problems) AS problems, sum(pairs) AS pairs,
            sum(decided) AS decided, sum(levels) AS levels, sum(rated) AS rated, sum(duplicates) AS duplicates
        FROM in_place LEFT JOIN made ON made.combination_id = in_place.id GROUP BY 1, 2)
    SELECT s.community, s.point_id, if(s.point_id IS NULL, t.title, s.name) AS name, s.seeds, s.mentions,
        coalesce(p.combinations, 0)::BIGINT AS combinations, coalesce(p.problems, 0)::BIGINT AS problems,
        coalesce(p.pairs, 0)::BIGINT AS pairs, p.pairs / nullif(p.decided, 0) AS pass_rate,
        p.levels / nullif(p.rated, 0) AS mean_difficulty, coalesce(p.duplicates, 0)::BIGINT AS duplicates
    FROM by_seed s LEFT JOIN by_problem p
        ON p.community IS NOT DISTINCT FROM s.community AND p.point_id IS NOT DISTINCT FROM s.point_id
    JOIN titles t ON t.community IS NOT DISTINCT FROM s.community
    ORDER BY s.point_id IS NOT NULL, s.community NULLS LAST, s.mentions DESC, s.point_id"""

OF_DATASET = f"""
    WITH {MEMBERS},
    dataset AS (SELECT id, combination_id FROM pairs ORDER BY position, sample LIMIT ?),
    used AS (
        SELECT d.id AS pair_id, unnest(c.points) AS point_id FROM dataset d
        JOIN combinations c ON c.id = d.combination_id AND c.recipe = {recipe_of("sample")})
    SELECT any_value(title), count(DISTINCT m.point_id), count(DISTINCT u.point_id), count(DISTINCT u.pair_id)
    FROM members m LEFT JOIN used u ON u.point_id = m.point_id
    JOIN titles t ON t.community IS NOT DISTINCT FROM m.community
    GROUP BY m.community ORDER BY m.community NULLS LAST"""
