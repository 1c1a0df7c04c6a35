"""Walks against a plain oracle that follows every one with its probability; and hubs with a penalty."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.arithmetic import power
from graph.knowledge import KnowledgeGraph
from graph.records import content_id
from graph.relations import Cutoffs, hubs, stream
from graph.sampling import Sampler, SamplingPlan
from graph.summary import describe
from graph.walks import LONGEST, SHORTEST, Walks

Edges = list[tuple[int, int, int]]
HOUSE: Edges = [(0, 1, 3), (1, 2, 1), (2, 3, 2), (3, 0, 1), (0, 2, 5), (3, 4, 1)]
STAR: Edges = [(0, leaf, 1 + leaf % 2) for leaf in range(1, 8)] + [(1, 2, 4)]
TRIANGLE_AND_ISLAND: Edges = [(0, 1, 1), (1, 2, 1), (0, 2, 2), (3, 4, 9)]


def built(edges: Edges, nodes: int = 0) -> KnowledgeGraph:
    ids = sorted(content_id("point", number) for number in range(nodes or 1 + max(max(a, b) for a, b, _ in edges)))
    return KnowledgeGraph.build(ids, [(ids[a], ids[b], weight) for a, b, weight in edges])


def oracle(graph: KnowledgeGraph, penalty: float) -> dict[tuple[int, ...], float]:
    """The probability of every walk, by following all of them."""
    weight = {(a, b): w for a, b, w in zip(graph.sources, graph.indices, graph.weights, strict=True)}
    found: Counter[tuple[int, ...]] = Counter()

    def follow(path: tuple[int, ...], points: int, chance: float) -> None:
        last = path[-1]
        pulls = {b: w / graph.degree[b] ** penalty for (a, b), w in weight.items() if a == last and b not in path}
        if len(path) == points or not pulls:
            found[path] += chance  # type: ignore[assignment]
            return
        for node, pull in pulls.items():
            follow((*path, int(node)), points, chance * pull / sum(pulls.values()))

    for start in range(graph.nodes):
        for points in range(SHORTEST, LONGEST + 1):
            follow((start,), points, 1 / graph.nodes / (LONGEST - SHORTEST + 1))
    return dict(found)


@pytest.mark.parametrize("penalty", [0, 0.5, 1])
@pytest.mark.parametrize("edges", [HOUSE, STAR, TRIANGLE_AND_ISLAND], ids=["house", "star", "island"])
def test_walks_come_as_often_as_the_oracle_says(edges: Edges, penalty: float) -> None:
    """Chi-square, within 5 sigma, of many (fixed) walks, step by step in their order."""
    graph, tries = built(edges), 40_000
    nodes, _ = Walks(graph, penalty).walk(np.arange(tries), 77)
    counts = Counter(tuple(node for node in row if node >= 0) for row in nodes.tolist())
    expected = {path: tries * chance for path, chance in oracle(graph, penalty).items()}
    assert set(counts) <= set(expected)
    often = [path for path, number in expected.items() if number >= 5]
    chi_square = sum((counts[path] - expected[path]) ** 2 / expected[path] for path in often)
    assert abs(chi_square - len(often)) < 5 * (2 * len(often)) ** 0.5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 4)), max_size=16), st.integers(0, 3))
def test_a_stream_of_walks_is_valid_distinct_and_ends(drawn: Edges, seed: int) -> None:
    graph = built([(a, b, weight) for a, b, weight in drawn if a != b], nodes=10)
    found = stream(graph, "walk", seed, Cutoffs())
    reached = found.reach(300)
    rows = [tuple(node for node in row if node >= 0) for row in found.read(0, reached).points.tolist()]
    assert len(set(rows)) == len(rows) == reached
    assert all(list(row) == sorted(set(row)) and SHORTEST <= len(row) <= LONGEST for row in rows)
    possible = {tuple(sorted(path)) for path in oracle(graph, 0) if len(path) >= SHORTEST} if len(drawn) < 9 else None
    if possible is not None and reached < 300:
        assert set(rows) == possible
        assert found.total == reached


def test_a_walk_goes_along_edges_and_weighs_as_its_weakest() -> None:
    graph = built(HOUSE)
    nodes, weights = Walks(graph).walk(np.arange(500), 3)
    for row, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        path = [node for node in row if node >= 0]
        edges = [int(graph.weight_between(np.array([a]), np.array([b]))[0]) for a, b in pairwise(path)]
        assert min(edges) == weight > 0
        assert len(set(path)) == len(path)


def test_walks_are_drawn_like_any_relation_and_the_same_in_any_steps() -> None:
    plan = SamplingPlan(quotas={"walk": 1, "one_hop": 1})
    drawn = Sampler(built(HOUSE), plan).draw(0, 100, UUID(int=1))
    again = Sampler(built(HOUSE), plan)
    assert [*again.draw(0, 3, UUID(int=1)), *again.draw(3, 100, UUID(int=1))] == drawn
    assert {each.relation for each in drawn} == {"walk", "one_hop"}
    assert max(len(each.points) for each in drawn) == 5


def test_a_graph_without_three_points_in_a_row_has_no_walk() -> None:
    for graph in (built([(0, 1, 3)]), built([], nodes=3), KnowledgeGraph.build([], [])):
        found = stream(graph, "walk", 0, Cutoffs())
        assert (found.reach(5), found.total) == (0, 0)
        assert describe(graph, SamplingPlan()).walk_points == 0


def test_walks_are_described_beside_the_other_relations() -> None:
    found = describe(built(TRIANGLE_AND_ISLAND), SamplingPlan())
    assert found.walk_points == 3
    assert 0 < found.walks_different < 0.01
    assert "walk" in found.available


def test_a_penalty_takes_a_point_that_is_joined_to_everything_once_for_no_hub() -> None:
    vague = [(0, node, 1) for node in range(1, 40)]
    known = [(1, node, 6) for node in range(2, 12)]
    graph = built(vague + known)
    assert hubs(graph, Cutoffs(hub_share=0, hub_least=1)).tolist() == [0]
    assert hubs(graph, Cutoffs(hub_share=0, hub_least=1, degree_penalty=0.8)).tolist() == [1]


@given(st.floats(1, 1e9), st.floats(0, 3))
def test_powers_are_powers(value: float, exponent: float) -> None:
    assert power(np.array([value]), exponent)[0] == pytest.approx(value**exponent, rel=1e-12)
