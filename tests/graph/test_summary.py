"""The numbers that describe a graph, against networkx."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from graph.knowledge import KnowledgeGraph, to_networkx
from graph.records import content_id
from graph.sampling import Sampler, SamplingPlan
from graph.summary import describe

PLAN = SamplingPlan(hub_least=3)


def example() -> KnowledgeGraph:
    rng = np.random.default_rng(8)
    ids = [content_id("point", number) for number in range(70)]
    edges = [(a, b, int(rng.integers(1, 5))) for a, b in combinations(ids[:60], 2) if rng.random() < 0.06]
    chain = [(ids[n], ids[n + 1], 1) for n in range(61, 68)]
    return KnowledgeGraph.build(ids, edges + chain)


GRAPH = example()


def test_counts_agree_with_networkx() -> None:
    found = describe(GRAPH, PLAN)
    plain = to_networkx(GRAPH)
    parts = sorted(nx.connected_components(plain), key=len, reverse=True)
    lengths = Counter(
        length
        for source, row in nx.all_pairs_shortest_path_length(plain)
        for target, length in row.items()
        if source < target
    )
    cliques = Counter(len(clique) for clique in nx.enumerate_all_cliques(plain))
    assert (found.nodes, found.edges) == (70, plain.number_of_edges())
    assert found.total_weight == sum(weight for _, _, weight in plain.edges(data="weight"))
    assert (found.components, found.largest_component) == (len(parts), len(parts[0]))
    assert found.isolated == nx.number_of_isolates(plain)
    assert (found.diameter, found.diameter_is_exact) == (nx.diameter(plain.subgraph(parts[0])), True)
    assert (found.pairs_at_one, found.pairs_at_two, found.pairs_at_three) == (lengths[1], lengths[2], lengths[3])
    assert found.within_three == pytest.approx((lengths[1] + lengths[2] + lengths[3]) / (70 * 69 / 2))
    assert (found.cliques_of_three, found.cliques_of_four) == (cliques[3], cliques[4])
    assert [hub.degree for hub in found.hubs] == sorted(dict(plain.degree).values(), reverse=True)[:3]
    assert found.degrees["0.0"] == 0
    assert found.degrees["1.0"] == found.hubs[0].degree


def test_available_is_what_the_sampler_draws() -> None:
    everything = PLAN.model_copy(update={"quotas": dict.fromkeys(describe(GRAPH, PLAN).available, 1.0)})
    assert describe(GRAPH, PLAN).available == Sampler(GRAPH, everything).available()


def test_a_longer_side_component_does_not_count_as_the_diameter() -> None:
    ids = [content_id("point", number) for number in range(12)]
    clique = [(a, b, 1) for a, b in combinations(ids[:7], 2)]
    chain = [(ids[n], ids[n + 1], 1) for n in range(7, 11)]
    found = describe(KnowledgeGraph.build(ids, clique + chain), PLAN)
    assert (found.largest_component, found.diameter, found.pairs_at_three) == (7, 1, 2)


def test_a_large_graph_says_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = describe(GRAPH, PLAN)
    monkeypatch.setattr("graph.summary.EXACT_NODES", 10)
    found = describe(GRAPH, PLAN)
    assert not found.diameter_is_exact
    assert exact.diameter - 1 <= found.diameter <= exact.diameter
    assert (exact.distances_are_exact, found.distances_are_exact) == (True, False)
    # So few pairs are all in the sample.
    assert (found.pairs_at_one, found.pairs_at_two, found.pairs_at_three, found.within_three) == (
        exact.pairs_at_one,
        exact.pairs_at_two,
        exact.pairs_at_three,
        exact.within_three,
    )
    monkeypatch.setattr("graph.summary.SAMPLED", 1200)
    assert abs(describe(GRAPH, PLAN).within_three - exact.within_three) < 0.04


@pytest.mark.parametrize("nodes", [0, 1, 5])
def test_a_graph_without_edges_has_numbers_too(nodes: int) -> None:
    found = describe(KnowledgeGraph.build([content_id("point", n) for n in range(nodes)], []), PLAN)
    assert (found.nodes, found.edges, found.isolated, found.diameter) == (nodes, 0, nodes, 0)
    assert (found.pairs_at_two, found.cliques_of_three, found.cliques_of_four) == (0, 0, 0)
