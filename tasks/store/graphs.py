"""The knowledge graph as it stands in the store."""

from __future__ import annotations

from dataclasses import replace
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
