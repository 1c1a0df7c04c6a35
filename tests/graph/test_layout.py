"""The map of a graph: the same for the same graph, neighbours near, communities together."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from graph.communities import communities
from graph.knowledge import KnowledgeGraph
from graph.layout import layout


def ring_of_cliques(cliques: int, size: int) -> KnowledgeGraph:
    edges = [
        (clique * size + a, clique * size + b) for clique in range(cliques) for a in range(size) for b in range(a)
    ] + [(clique * size, (clique + 1) % cliques * size + 1) for clique in range(cliques)]
    ids = [UUID(int=number) for number in range(cliques * size)]
    return KnowledgeGraph.build(ids, [(ids[a], ids[b], 1) for a, b in edges])


def test_neighbours_stand_nearer_than_others() -> None:
    graph = ring_of_cliques(12, 6)
    places = layout(graph, communities(graph))
    distance = np.hypot(*(places[:, None] - places[None]).T)
    joined = graph.matrix().toarray() > 0
    assert distance[joined].mean() < distance.mean() / 4


def test_the_same_graph_has_the_same_map_within_its_frame() -> None:
    graph = ring_of_cliques(5, 4)
    first, again = (layout(graph, communities(graph)) for _ in range(2))
    assert (first == again).all()
    assert np.abs(first).max() == 1


@pytest.mark.parametrize("nodes", [0, 1, 2, 3])
def test_few_points_without_edges_have_a_place(nodes: int) -> None:
    graph = KnowledgeGraph.build([UUID(int=number) for number in range(nodes)], [])
    places = layout(graph, communities(graph))
    assert places.shape == (nodes, 2)
    assert np.isfinite(places).all()
    assert len({tuple(place) for place in places.tolist()}) == nodes
