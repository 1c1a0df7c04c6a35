"""How the points of a combination are joined in the graph, and which seeds say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from uuid import UUID

from graph.paths import shortest_path
from tasks.store.database import Store
from tasks.store.graphs import load_graph, point_names


def paths_between(store: Store, recipe: UUID, points: Sequence[UUID]) -> Iterator[str]:
    """Lines on the shortest path between each two points in the graph of a recipe of connect.

    The graph may have grown since they were combined, and a point may have left it.
    """
    graph, names = load_graph(store, recipe), point_names(store, recipe)
    number = {point: node for node, point in enumerate(graph.ids)}
    for start, end in combinations([number[point] for point in points if point in number], 2):
        path = [graph.ids[node] for node in shortest_path(graph, start, end)]
        if not path:
            yield f"  path       none joins {names[graph.ids[start]]} and {names[graph.ids[end]]}"
        for one, other in pairwise(path):
            seeds = store.rows(SEEDS_OF_EDGE, [one, other])
            shown = ", ".join(f"{source}:{line}" for source, line in seeds[:3])
            yield f"  edge       {names[one]} - {names[other]}, in {len(seeds)} seeds: {shown}"


SEEDS_OF_EDGE = """
    SELECT s.source, s.line FROM seeds s
    WHERE s.id IN (SELECT seed_id FROM occurrences WHERE point_id = $1)
        AND s.id IN (SELECT seed_id FROM occurrences WHERE point_id = $2)
    ORDER BY ALL"""
