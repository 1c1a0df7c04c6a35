"""Every relation's stream against a plain networkx oracle, listed and sifted; and the seeded orders themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cliques import choose_two, pair_of
from graph.knowledge import KnowledgeGraph, to_networkx
from graph.order import Candidates, Members, Permutation, SiftedStream, Stream
from graph.records import Relation, content_id
from graph.relations import PATHS, RELATIONS, Cutoffs, combinations_of, hubs, ordered, sizes, stream
from graph.walks import Walks

Edges = list[tuple[int, int, int]]
Found = dict[tuple[int, ...], int]


COUNTED = [relation for relation in RELATIONS if relation != "walk"]
"""Relations whose combinations can be listed; walks have an oracle of their own."""


def built(nodes: int, edges: Edges) -> KnowledgeGraph:
    """A graph whose node i is the i-th id."""
    ids = sorted(content_id("point", number) for number in range(nodes))
    return KnowledgeGraph.build(ids, [(ids[a], ids[b], weight) for a, b, weight in edges])


def plain(graph: KnowledgeGraph) -> nx.Graph:
    """The same graph for the oracle, with node numbers as nodes."""
    result = nx.Graph()
    result.add_nodes_from(range(graph.nodes))
    result.add_weighted_edges_from(zip(*(column.tolist() for column in graph.edge_list()), strict=True))
    return result


def oracle(relation: Relation, graph: KnowledgeGraph, cutoffs: Cutoffs) -> Found:
    g = plain(graph)
    distance = dict(nx.all_pairs_shortest_path_length(g))
    apart = {(u, v): distance[u].get(v, 99) for u, v in combinations(g, 2)}

    def weakest(nodes: tuple[int, ...] | list[int]) -> int:
        return int(min(g[u][v]["weight"] for u, v in pairwise(nodes)))

    if relation == "random":
        return dict.fromkeys(apart, 0)
    if relation == "distant":
        return dict.fromkeys((pair for pair, steps in apart.items() if steps > 3), 0)
    if relation == "one_hop":
        return {pair: weakest(pair) for pair, steps in apart.items() if steps == 1}
    if relation == "community":
        cliques = [tuple(sorted(each)) for each in nx.enumerate_all_cliques(g) if len(each) in (3, 4)]
        return {clique: min(weakest(pair) for pair in combinations(clique, 2)) for clique in cliques}
    if relation == "two_hop":
        found = {
            (u, v): sum(weakest([u, c, v]) for c in nx.common_neighbors(g, u, v))
            for (u, v), steps in apart.items()
            if steps == 2
        }
    elif relation == "three_hop":
        count = max(cutoffs.hub_least, round(cutoffs.hub_share * len(g)))
        best = set(sorted(g, key=lambda node: (-g.degree(node), node))[:count])
        found = {
            (u, v): max(weakest(path) for path in nx.all_simple_paths(g, u, v, cutoff=3))
            for (u, v), steps in apart.items()
            if steps == 3 and best & {u, v}
        }
    else:
        raise AssertionError(f"there is no oracle for {relation}")
    return {pair: weight for pair, weight in found.items() if weight >= cutoffs.min_weight}


def contents(found: Stream, most: int = 100_000) -> list[tuple[tuple[int, ...], int]]:
    """Everything in a stream, in its order; also that it ends."""
    count = found.reach(most)
    assert count < most
    assert found.total == count
    members = found.read(0, count)
    rows = zip(members.points.tolist(), members.weights.tolist(), strict=True)
    return [(tuple(node for node in nodes if node >= 0), weight) for nodes, weight in rows]


@st.composite
def graphs(draw: st.DrawFn) -> KnowledgeGraph:
    nodes = draw(st.integers(0, 13))
    pairs = list(combinations(range(nodes), 2))
    chosen = draw(st.dictionaries(st.sampled_from(pairs), st.integers(1, 4), max_size=40)) if pairs else {}
    return built(nodes, [(a, b, weight) for (a, b), weight in chosen.items()])


cutoffs_drawn = st.builds(
    Cutoffs,
    min_weight=st.sampled_from([0, 1, 1.5, 2, 3]),
    hub_share=st.sampled_from([0.0, 0.2, 1.0]),
    hub_least=st.integers(0, 4),
    listed=st.sampled_from([0, 20, 1_000_000]),
)


@settings(max_examples=150, deadline=None)
@given(graphs(), cutoffs_drawn, st.integers(-3, 3))
@pytest.mark.parametrize("relation", COUNTED)
def test_a_stream_is_the_oracles_set_without_repeats(
    relation: Relation, graph: KnowledgeGraph, cutoffs: Cutoffs, seed: int
) -> None:
    found = contents(stream(graph, relation, seed, cutoffs))
    assert len(dict(found)) == len(found)
    assert dict(found) == oracle(relation, graph, cutoffs)
    assert all(list(nodes) == sorted(set(nodes)) for nodes, _ in found)


def random_graph(nodes: int, density: float, seed: int) -> KnowledgeGraph:
    rng = np.random.default_rng(seed)
    edges = [(a, b, int(rng.integers(1, 6))) for a, b in combinations(range(nodes), 2) if rng.random() < density]
    return built(nodes, edges)


SPARSE, DENSE = random_graph(60, 0.04, 1), random_graph(40, 0.4, 2)


@pytest.mark.parametrize("graph", [SPARSE, DENSE], ids=["sparse", "dense"])
@pytest.mark.parametrize("relation", COUNTED)
def test_small_chunks_and_batches_change_nothing(
    relation: Relation, graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutoffs = Cutoffs(min_weight=2, hub_least=5)
    whole = {limit: contents(stream(graph, relation, 1, Cutoffs(2, hub_least=5, listed=limit))) for limit in (0, 10**6)}
    monkeypatch.setattr("graph.relations.CHUNK", 7)
    monkeypatch.setattr("graph.cliques.CHUNK", 7)
    monkeypatch.setattr("graph.reach.CHUNK", 7)
    for limit, expected in whole.items():
        assert dict(expected) == oracle(relation, graph, cutoffs)
        again = stream(graph, relation, 1, Cutoffs(2, hub_least=5, listed=limit))
        if isinstance(again, SiftedStream):
            object.__setattr__(again._candidates, "batch", 11)
        listed = isinstance(RELATIONS[relation](graph, Cutoffs(2, hub_least=5, listed=limit)), Members)
        assert isinstance(again, SiftedStream) or listed or not expected
        assert contents(again) == expected


def test_two_hop_sifts_the_smaller_space() -> None:
    for graph, smaller in ((SPARSE, int(choose_two(SPARSE.degree).sum())), (DENSE, 40 * 39 // 2)):
        found = RELATIONS["two_hop"](graph, Cutoffs(listed=0))
        assert isinstance(found, Candidates)
        assert found.size == smaller


@pytest.mark.parametrize("listed", [0, 10**6], ids=["sifted", "listed"])
@pytest.mark.parametrize("relation", ["two_hop", "three_hop", "community", "random", "distant"])
def test_every_combination_is_equally_likely_to_be_early(relation: Relation, listed: int) -> None:
    """Chi-square, within 5 sigma, of which combinations come among the first tenth over many (fixed) seeds."""
    graph = random_graph(16, {"community": 0.4, "distant": 0.1}.get(relation, 0.22), 5)
    cutoffs = Cutoffs(hub_least=6, listed=listed)
    every = contents(stream(graph, relation, 0, cutoffs))
    assert len(every) > 5
    early, seeds = max(1, len(every) // 10), 1500
    found = RELATIONS[relation](graph, cutoffs)
    counts = Counter(nodes for seed in range(seeds) for nodes in start_of(ordered(found, graph, relation, seed), early))
    expected = seeds * early / len(every)
    freedom = len(every) - 1
    chi_square = sum((counts[nodes] - expected) ** 2 / expected for nodes, _ in every)
    assert abs(chi_square - freedom) < 5 * (2 * freedom) ** 0.5


def start_of(found: Stream, count: int) -> list[tuple[int, ...]]:
    found.reach(count)
    return [tuple(node for node in nodes if node >= 0) for nodes in found.read(0, count).points.tolist()]


def test_a_listed_order_survives_a_growing_graph() -> None:
    """The old combinations keep their order among each other when points and edges come in."""
    edges = [(a, b, 1) for a, b in combinations(range(8), 2) if (a * b) % 3 == 1]
    ids = [content_id("point", number) for number in range(12)]
    small = KnowledgeGraph.build(ids[:8], [(ids[a], ids[b], w) for a, b, w in edges])
    grown = KnowledgeGraph.build(ids, [(ids[a], ids[b], w) for a, b, w in [*edges, (8, 9, 1), (9, 10, 2)]])

    def order(graph: KnowledgeGraph) -> list[frozenset[object]]:
        return [frozenset(graph.ids[n] for n in nodes) for nodes, _ in contents(stream(graph, "one_hop", 3, Cutoffs()))]

    kept = set(order(small))
    assert [pair for pair in order(grown) if pair in kept] == order(small)


def test_hubs_are_the_highest_degrees_ties_by_id() -> None:
    star = built(6, [(3, other, 1) for other in (0, 1, 2, 4)] + [(1, 2, 1)])
    assert hubs(star, Cutoffs(hub_least=4, hub_share=0)).tolist() == [3, 1, 2, 0]
    assert len(hubs(built(500, []), Cutoffs(hub_least=0, hub_share=0.01))) == 5
    assert len(hubs(star, Cutoffs())) == 6


@pytest.mark.parametrize("size", [1, 2, 3, 17, 256, 257, 5000])
def test_a_permutation_meets_everything_once(size: int) -> None:
    orders = [Permutation(size, secret)(np.arange(size)).tolist() for secret in (1, 2)]
    assert all(sorted(order) == list(range(size)) for order in orders)
    assert size < 17 or orders[0] != orders[1]


def test_a_permutation_is_the_same_everywhere() -> None:
    """Pinned: a change here changes every sample that is sifted."""
    assert Permutation(1000, 42)(np.arange(5)).tolist() == [504, 348, 32, 160, 962]
    assert Permutation(10**12, 42)(np.arange(3)).tolist() == [489445063004, 511114423773, 701952402057]


def test_pairs_are_numbered_without_gaps_even_where_floats_round() -> None:
    low, high = pair_of(np.arange(45))
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [(a, b) for b in range(10) for a in range(b)]
    edge = choose_two(np.array([3_000_000_000], dtype=np.int64))
    low, high = pair_of(np.concatenate([edge - 1, edge, edge + 1]))
    assert high.tolist() == [2_999_999_999, 3_000_000_000, 3_000_000_000]
    assert low.tolist() == [2_999_999_998, 0, 1]


def test_edges_may_come_in_any_order_and_either_way() -> None:
    ids = sorted(content_id("point", number) for number in range(3))
    graph = KnowledgeGraph.build(reversed(ids), [(ids[2], ids[0], 2), (ids[0], ids[2], 1), (ids[1], ids[2], 5)])
    assert graph.ids == tuple(ids)
    assert graph.indptr.tolist() == [0, 1, 2, 4]
    assert graph.indices.tolist() == [2, 2, 0, 1]
    assert graph.weights.tolist() == [3, 5, 3, 5]
    assert graph.degree.tolist() == [1, 1, 2]
    assert graph.has_edge(np.array([0, 0, 2]), np.array([1, 2, 0])).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("edge", "message"), [((0, 0, 1), "two different"), ((0, 1, 0), "at least 1"), ((0, 2, 1), "not among the points")]
)
def test_edges_that_make_no_sense_are_refused(edge: tuple[int, int, int], message: str) -> None:
    ids = [content_id("point", number) for number in range(3)]
    with pytest.raises(ValueError, match=message):
        KnowledgeGraph.build(ids[:2], [(ids[edge[0]], ids[edge[1]], edge[2])])


def test_networkx_export_has_plain_attributes_and_can_be_written() -> None:
    graph = built(3, [(0, 1, 4)])
    exported = to_networkx(graph, {graph.ids[0]: "Ceva's theorem"})
    first, second, third = (str(each) for each in graph.ids)
    assert exported.nodes[first] == {"id": first, "name": "Ceva's theorem", "label": "Ceva's theorem"}
    assert exported.nodes[third] == {"id": third, "name": third, "label": third}
    assert exported.edges[first, second] == {"weight": 4}
    assert all(type(weight) is int for _, _, weight in exported.edges(data="weight"))
    assert "Ceva" in "".join(nx.generate_graphml(exported))
    assert "Ceva" in "".join(nx.generate_gexf(exported))
    assert nx.node_link_data(exported, edges="edges")["edges"][0]["weight"] == 4


def test_a_listed_relation_is_members() -> None:
    assert all(isinstance(RELATIONS[relation](DENSE, Cutoffs()), Members) for relation in COUNTED)


@pytest.mark.parametrize("listed", [0, 5_000_000])
@pytest.mark.parametrize("relation", PATHS[:3])
def test_no_path_leads_through_or_to_a_crowded_point(relation: Relation, listed: int) -> None:
    """As if its edges were not there; between the others nothing changes, and explicit combinations stay."""
    hub = int(np.argmax(DENSE.degree))
    crowded = replace(DENSE, crowded=np.array([hub]))
    a, b, weight = DENSE.edge_list()
    kept = (a != hub) & (b != hub)
    without = KnowledgeGraph.numbered(DENSE.ids, a[kept], b[kept], weight[kept])
    cutoffs = Cutoffs(listed=listed)
    found = listed_rows(combinations_of(relation, crowded, cutoffs))
    assert found == {pair for pair in listed_rows(RELATIONS[relation](without, cutoffs)) if hub not in pair}
    assert sizes(crowded, ["one_hop", "community"], cutoffs) == sizes(DENSE, ["one_hop", "community"], cutoffs)


def listed_rows(found: Members | Candidates | Walks) -> set[tuple[int, ...]]:
    assert not isinstance(found, Walks)
    rows = found if isinstance(found, Members) else found.sift(np.arange(found.size))
    return {tuple(row) for row in rows.points.tolist()}


def test_a_crowded_point_makes_another_graph_and_the_graph_for_paths_is_made_once() -> None:
    crowded = replace(DENSE, crowded=np.array([3]))
    assert crowded.fingerprint != DENSE.fingerprint
    assert DENSE.for_paths is DENSE
    assert crowded.for_paths is crowded.for_paths
    assert crowded.for_paths.degree[3] == 0
    assert crowded.for_paths.nodes == DENSE.nodes
