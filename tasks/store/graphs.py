"""The knowledge graph as it stands in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from graph.errors import SettingsError
from graph.knowledge import KnowledgeGraph, SeedPoints
from graph.sampling import SamplingPlan, crowded_from
from tasks.store.database import Store


def sampled_graph(store: Store, plan: SamplingPlan, recipe: UUID, mentioned: UUID) -> KnowledgeGraph:
    """The graph as a plan samples it, by the recipes of connect and of extract."""
    if plan.difficulty:
        graph = harder_weights(store, recipe, mentioned, plan.difficulty, plan.hardest)
    else:
        graph = load_graph(store, recipe)
    if plan.crowded_share < 1:
        least = crowded_from(plan.crowded_share, seeds_with_a_point(store, recipe, mentioned))
        graph = replace(graph, crowded=store.arrays(_CROWDED, [recipe, least])[0])
    return with_seeds(graph, store, recipe, mentioned) if plan.by_seed else graph


def seeds_with_a_point(store: Store, recipe: UUID, mentioned: UUID) -> int:
    """How many seeds have a point, by the recipes of connect and of extract."""
    return int(store.value(f"WITH {OCCURS} SELECT count(DISTINCT seed_id) FROM occurs", [recipe, mentioned]))


def load_graph(store: Store, recipe: UUID) -> KnowledgeGraph:
    """The knowledge graph of a recipe of connect."""
    return KnowledgeGraph.numbered(_point_ids(store, recipe), *store.arrays(_NUMBERED_EDGES, [recipe]))


def _point_ids(store: Store, recipe: UUID) -> list[UUID]:
    return store.column("SELECT id FROM knowledge_points WHERE recipe = ? ORDER BY id", [recipe])


def with_seeds(graph: KnowledgeGraph, store: Store, recipe: UUID, mentioned: UUID) -> KnowledgeGraph:
    """The graph with the points that each seed has, by the recipes of connect and of extract."""
    if not graph.edges:
        return graph
    seeds, nodes = store.arrays(_NUMBERED_SEEDS, [recipe, mentioned])
    return replace(graph, seeds=SeedPoints.of(seeds, nodes)) if len(seeds) else graph


def harder_weights(store: Store, connected: UUID, mentioned: UUID, column: str, hardest: int) -> KnowledgeGraph:
    """The graph with edges in which a seed counts from once to `hardest` times, by a column that says how hard it is.

    A seed without a word on it counts once. Raises SettingsError where no seed has one.
    """
    a, b, weight, told = store.arrays(_HARDER, [connected, mentioned, f'$."{column}"', hardest])
    if not told.any():
        raise SettingsError(
            f"sample.difficulty names the column {column!r}, which says nothing in any seed: correct it"
        )
    return KnowledgeGraph.numbered(_point_ids(store, connected), a, b, weight)


def point_names(store: Store, recipe: UUID) -> dict[UUID, str]:
    """The name of each knowledge point."""
    return dict(store.rows("SELECT id, name FROM knowledge_points WHERE recipe = ?", [recipe]))


def point_communities(store: Store, recipe: UUID) -> dict[UUID, int]:
    """The community of each knowledge point, as far as they were found."""
    return dict(store.rows("SELECT point_id, community FROM communities WHERE recipe = ?", [recipe]))


def drawn_by_relation(store: Store, recipe: UUID) -> dict[str, int]:
    """How many combinations of a recipe of sample there are, by relation."""
    return dict(store.rows("SELECT relation, count(*) FROM combinations WHERE recipe = ? GROUP BY 1", [recipe]))


def proposals(store: Store, recipe: UUID) -> list[tuple[str, str, float, str, str]]:
    """(name, other, score, verdict, decided by) of the pairs of names that may be one, the doubtful ones first."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in store.rows(_PROPOSALS, [recipe])]


def write_graph(store: Store, recipe: UUID, edges: Path, points: Path) -> None:
    """The graph of a recipe of connect as two Parquet files."""
    store.write_parquet(_EDGES, [recipe], edges)
    store.write_parquet(_POINTS, [recipe], points)


_PROPOSALS = """
    SELECT name, other, round(score, 4), verdict, decided_by FROM proposals WHERE recipe = ?
    ORDER BY list_position(['nobody', 'curator', 'score', 'form', 'contrast', 'file'], decided_by),
             score DESC, name, other"""

_EDGES = """
    SELECT e.a::VARCHAR AS a, e.b::VARCHAR AS b, e.weight, one.name AS name_a, other.name AS name_b
    FROM edges e JOIN knowledge_points one ON one.id = e.a AND one.recipe = e.recipe
    JOIN knowledge_points other ON other.id = e.b AND other.recipe = e.recipe
    WHERE e.recipe = ? ORDER BY e.a, e.b"""

_POINTS = """
    SELECT k.id::VARCHAR AS id, k.name, k.mentions, k.seeds, c.community
    FROM knowledge_points k LEFT JOIN communities c ON c.point_id = k.id AND c.recipe = k.recipe
    WHERE k.recipe = ? ORDER BY k.id"""

OCCURS = """
    occurs AS (
        SELECT DISTINCT m.seed_id, a.point_id
        FROM current_mentions m JOIN aliases a ON a.name = m.name AND a.recipe = $1 WHERE m.recipe = $2)"""
"""Which seed has which point, by the recipes of connect ($1) and of extract ($2)."""

_NUMBERED = """
    numbered AS (
        SELECT id, seeds, row_number() OVER (ORDER BY id) - 1 AS number FROM knowledge_points WHERE recipe = $1)"""

_CROWDED = f"WITH {_NUMBERED} SELECT number FROM numbered WHERE seeds >= $2 ORDER BY number"

_NUMBERED_EDGES = f"""
    WITH {_NUMBERED}
    SELECT one.number, other.number, e.weight::BIGINT
    FROM edges e JOIN numbered one ON one.id = e.a JOIN numbered other ON other.id = e.b WHERE e.recipe = $1"""

_NUMBERED_SEEDS = f"""
    WITH {_NUMBERED}, {OCCURS}
    SELECT dense_rank() OVER (ORDER BY o.seed_id) - 1, n.number FROM occurs o JOIN numbered n ON n.id = o.point_id"""

_HARDER = rf"""
    WITH {_NUMBERED}, {OCCURS},
        places AS (SELECT o.seed_id, n.number FROM occurs o JOIN numbered n ON n.id = o.point_id),
        words AS (SELECT id, lower(trim(json_extract_string(metadata, $3))) AS word FROM current_seeds),
        levels AS (SELECT id, CASE word WHEN 'easy' THEN 0 WHEN 'medium' THEN 1 WHEN 'hard' THEN 2
            ELSE try_cast(regexp_extract(word, '[0-9]+(\.[0-9]+)?') AS DOUBLE) END AS level FROM words),
        ends AS (SELECT min(level) AS low, max(level) AS high FROM levels),
        times AS (SELECT id, level IS NOT NULL AS told,
            1 + coalesce(round(($4 - 1) * (level - low) / nullif(high - low, 0)), 0)::BIGINT AS times FROM levels, ends)
    SELECT x.number, y.number, sum(t.times)::BIGINT, max(t.told::INTEGER)
    FROM places x JOIN places y ON x.seed_id = y.seed_id AND x.number < y.number JOIN times t ON t.id = x.seed_id
    GROUP BY x.number, y.number"""
