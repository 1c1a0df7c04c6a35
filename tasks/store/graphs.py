"""The knowledge graph as it stands in the store."""

from __future__ import annotations

from uuid import UUID

from graph.knowledge import KnowledgeGraph
from tasks.store.database import Store


def load_graph(store: Store, recipe: UUID) -> KnowledgeGraph:
    """The knowledge graph of a recipe of connect."""
    ids = [row[0] for row in store.rows("SELECT id FROM knowledge_points WHERE recipe = ? ORDER BY id", [recipe])]
    numbered = "SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM knowledge_points WHERE recipe = ?"
    a, b, weight = store.arrays(
        f"""WITH numbered AS ({numbered})
            SELECT one.number, other.number, e.weight::BIGINT
            FROM edges e JOIN numbered one ON one.id = e.a JOIN numbered other ON other.id = e.b WHERE e.recipe = ?""",
        [recipe, recipe],
    )
    return KnowledgeGraph.numbered(ids, a, b, weight)


def point_names(store: Store, recipe: UUID) -> dict[UUID, str]:
    """The name of each knowledge point."""
    return dict(store.rows("SELECT id, name FROM knowledge_points WHERE recipe = ?", [recipe]))


def point_communities(store: Store, recipe: UUID) -> dict[UUID, int]:
    """The community of each knowledge point, as far as they were found."""
    return dict(store.rows("SELECT point_id, community FROM communities WHERE recipe = ?", [recipe]))
