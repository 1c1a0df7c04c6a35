"""The knowledge graph as it stands in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from graph.knowledge import KnowledgeGraph, SeedPoints
from tasks.store.database import Store


def load_graph(store: Store, recipe: UUID, mentioned: UUID | None = None) -> KnowledgeGraph:
    """The knowledge graph of a recipe of connect; with the recipe of extract, also which points each seed has."""
    ids = [row[0] for row in store.rows("SELECT id FROM knowledge_points WHERE recipe = ? ORDER BY id", [recipe])]
    numbered = "SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM knowledge_points WHERE recipe = ?"
    a, b, weight = store.arrays(
        f"""WITH numbered AS ({numbered})
            SELECT one.number, other.number, e.weight::BIGINT
            FROM edges e JOIN numbered one ON one.id = e.a JOIN numbered other ON other.id = e.b WHERE e.recipe = ?""",
        [recipe, recipe],
    )
    graph = KnowledgeGraph.numbered(ids, a, b, weight)
    if mentioned is None or not graph.edges:
        return graph
    seeds, nodes = store.arrays(
        f"""WITH numbered AS ({numbered}),
                occurs AS (SELECT DISTINCT m.seed_id, a.point_id FROM current_mentions m
                    JOIN aliases a ON a.name = m.name AND a.recipe = ? WHERE m.recipe = ?)
            SELECT dense_rank() OVER (ORDER BY o.seed_id) - 1, n.number
            FROM occurs o JOIN numbered n ON n.id = o.point_id""",
        [recipe, recipe, mentioned],
    )
    return replace(graph, seeds=SeedPoints.of(seeds, nodes)) if len(seeds) else graph


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
    ORDER BY list_position(['nobody', 'curator', 'score', 'contrast', 'file'], decided_by), score DESC, name, other"""

_EDGES = """
    SELECT e.a::VARCHAR AS a, e.b::VARCHAR AS b, e.weight, one.name AS name_a, other.name AS name_b
    FROM edges e JOIN knowledge_points one ON one.id = e.a AND one.recipe = e.recipe
    JOIN knowledge_points other ON other.id = e.b AND other.recipe = e.recipe
    WHERE e.recipe = ? ORDER BY e.a, e.b"""

_POINTS = """
    SELECT k.id::VARCHAR AS id, k.name, k.mentions, k.seeds, c.community
    FROM knowledge_points k LEFT JOIN communities c ON c.point_id = k.id AND c.recipe = k.recipe
    WHERE k.recipe = ? ORDER BY k.id"""
