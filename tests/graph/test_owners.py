"""Explicit combinations come seed by seed, so that no seed owns a relation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.knowledge import KnowledgeGraph, SeedPoints
from graph.order import Members
from graph.owners import BySeed, Owners
from graph.records import Relation, content_id
from graph.relations import LISTED, Cutoffs, stream
from graph.sampling import Sampler, SamplingPlan

Seeds = list[set[int]]


def built(seeds: Seeds) -> KnowledgeGraph:
    """The graph of seeds of numbered points, and which seed has which."""
    nodes = 1 + max(point for seed in seeds for point in seed)
    ids = sorted(content_id("point", number) for number in range(nodes))
    weights = Counter(pair for seed in seeds for pair in combinations(sorted(seed), 2))
    graph = KnowledgeGraph.build(ids, [(ids[a], ids[b], weight) for (a, b), weight in weights.items()])
    entries = [(number, point) for number, seed in enumerate(seeds) for point in seed]
    return replace(graph, seeds=SeedPoints.of(*np.array(entries).T))


def oracle(seeds: Seeds, points: list[int]) -> int:
    def smallest(pair: tuple[int, ...]) -> int:
        return min((seed for seed in range(len(seeds)) if set(pair) <= seeds[seed]), key=lambda n: (len(seeds[n]), n))

    owed = Counter(smallest(pair) for pair in combinations(points, 2))
    return min(owed, key=lambda seed: (-owed[seed], len(seeds[seed]), seed))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 9), min_size=2, max_size=7), min_size=1, max_size=8))
def test_a_combination_is_owed_to_the_seed_that_most_of_its_pairs_are_owed_to(seeds: Seeds) -> None:
    graph = built(seeds)
    assert graph.seeds is not None
    found = stream(replace(graph, seeds=None), "community", 0, Cutoffs())
    points = found.read(0, found.reach(10_000)).points
    if len(points):
        wanted = [oracle(seeds, [node for node in row if node >= 0]) for row in points.tolist()]
        assert Owners(graph.seeds)(points).tolist() == wanted


WIDE: Seeds = [set(range(21)), *({21 + 2 * n, 22 + 2 * n, 23 + 2 * n} for n in range(60))]
"""One seed of 21 points, and 60 small ones in a row."""


@pytest.mark.parametrize("policy", ["uniform", "weighted"])
@pytest.mark.parametrize("relation", ["one_hop", "community"])
@pytest.mark.parametrize("listed", [LISTED, 0])
def test_every_seed_has_a_turn_before_any_has_a_second(relation: Relation, policy: str, listed: int) -> None:
    graph = built(WIDE)
    plan = SamplingPlan.model_validate({"policy": policy})
    found = stream(graph, relation, 0, Cutoffs(listed=listed), plan.policy)
    points = found.read(0, found.reach(61)).points
    assert graph.seeds is not None
    assert len(set(Owners(graph.seeds)(points).tolist())) == 61


def test_drawn_evenly_the_one_seed_has_nearly_everything() -> None:
    found = stream(replace(built(WIDE), seeds=None), "community", 0, Cutoffs())
    points = found.read(0, found.reach(61)).points
    assert (points.max(axis=1) < 21).sum() > 55


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sets(st.integers(0, 9), min_size=2, max_size=6), min_size=2, max_size=8))
def test_the_order_changes_and_nothing_else(seeds: Seeds) -> None:
    graph = built(seeds)
    drawn = {each.id for each in Sampler(graph, SamplingPlan()).draw(0, 5000, UUID(int=1))}
    assert drawn == {each.id for each in Sampler(replace(graph, seeds=None), SamplingPlan()).draw(0, 5000, UUID(int=1))}


def test_turns_go_on_from_block_to_block() -> None:
    graph = built([{0, 1, 2}, {3, 4, 5}])
    assert graph.seeds is not None
    arrange = BySeed(graph.seeds)
    first = Members(np.array([[0, 1], [1, 2], [3, 4]], dtype=np.int32), np.ones(3, dtype=np.int64))
    second = Members(np.array([[0, 2], [4, 5], [3, 5]], dtype=np.int32), np.ones(3, dtype=np.int64))
    assert [rows.tolist() for rows in arrange(first)] == [[0, 2, 1]]
    assert [rows.tolist() for rows in arrange(second)] == [[1, 0, 2]]


def test_another_division_into_seeds_is_another_graph() -> None:
    triangle, edges = built([{0, 1, 2}]), built([{0, 1}, {1, 2}, {0, 2}])
    assert replace(triangle, seeds=None).fingerprint == replace(edges, seeds=None).fingerprint
    assert triangle.fingerprint != edges.fingerprint


def test_an_older_store_goes_on_where_seeds_have_no_turns() -> None:
    assert "by_seed" not in SamplingPlan(by_seed=False).identity
    assert SamplingPlan().identity["by_seed"] is True
