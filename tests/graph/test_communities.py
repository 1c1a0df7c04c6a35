"""Communities and shortest paths, against networkx."""

from __future__ import annotations

from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.communities import communities, modularity
from graph.knowledge import KnowledgeGraph
from graph.paths import shortest_path
from tests.graph.test_relations import built, graphs, plain, random_graph


def planted(groups: int, size: int, inside: float, outside: float, seed: int) -> KnowledgeGraph:
    """Random edges, more of them within groups of consecutive nodes than between them."""
    rng = np.random.default_rng(seed)
    pairs = combinations(range(groups * size), 2)
    chance = {True: inside, False: outside}
    edges = [(a, b, int(rng.integers(1, 4))) for a, b in pairs if rng.random() < chance[a // size == b // size]]
    return built(groups * size, edges)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_communities_are_numbered_by_size_and_lie_within_components(graph: KnowledgeGraph) -> None:
    found = communities(graph)
    sizes = np.bincount(found).tolist()
    assert len(found) == graph.nodes
    assert sizes == sorted(sizes, reverse=True)
    assert 0 not in sizes
    parts = list(nx.connected_components(plain(graph)))
    for number in range(len(sizes)):
        assert any(set(np.flatnonzero(found == number).tolist()) <= part for part in parts)


def test_planted_groups_are_found() -> None:
    found = communities(planted(5, 24, 0.5, 0.02, 1))
    assert [sorted(set(found[start : start + 24].tolist())) for start in range(0, 120, 24)] == [
        [int(found[start])] for start in range(0, 120, 24)
    ]
    assert len(set(found.tolist())) == 5


@pytest.mark.parametrize(
    "graph",
    [planted(8, 40, 0.2, 0.01, 2), planted(20, 15, 0.4, 0.02, 3), random_graph(150, 0.04, 4), built(5, [])],
    ids=["planted", "small groups", "random", "no edges"],
)
def test_modularity_is_networkxs_and_nearly_as_high_as_its_louvain(graph: KnowledgeGraph) -> None:
    found = communities(graph)
    if not graph.edges:
        assert (found.tolist(), modularity(graph, found)) == ([0, 1, 2, 3, 4], 0.0)
        return
    model = plain(graph)
    groups = [set(np.flatnonzero(found == number).tolist()) for number in range(found.max() + 1)]
    assert modularity(graph, found) == pytest.approx(nx.community.modularity(model, groups))
    best = nx.community.modularity(model, nx.community.louvain_communities(model, seed=1))
    assert modularity(graph, found) > 0.93 * best


@settings(max_examples=150, deadline=None)
@given(graphs(), st.data())
def test_a_path_is_shortest_and_of_these_the_strongest(graph: KnowledgeGraph, data: st.DataObject) -> None:
    if not graph.nodes:
        return
    start, end = (data.draw(st.integers(0, graph.nodes - 1)) for _ in range(2))
    model, found = plain(graph), shortest_path(graph, start, end)
    if not nx.has_path(model, start, end):
        assert found == []
        return

    def weakest(path: list[int]) -> float:
        return min((model[a][b]["weight"] for a, b in pairwise(path)), default=float("inf"))

    every = list(nx.all_shortest_paths(model, start, end))
    assert found in every
    assert weakest(found) == max(map(weakest, every))
