"""The policies of sampling: nothing lost, nothing twice, the promised order; and caps on points, levels to ask for."""

from __future__ import annotations

import math
from collections import Counter
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.arithmetic import exponential, logarithm
from graph.knowledge import KnowledgeGraph
from graph.order import Members
from graph.policies import ArrangedStream, Policy, balanced
from graph.records import Difficulty, Relation, content_id
from graph.relations import RELATIONS, Cutoffs, ordered, stream
from graph.sampling import Sampler, SamplingPlan
from tests.graph.test_relations import COUNTED, contents, graphs, random_graph, start_of

RECIPE = UUID(int=7)
PINNED = ["0x1.2c55f6e6c79dap+1", "0x1.07a4586f8c775p+1", "0x1.943cfd17d7b8fp+0"]
POLICIES: tuple[Policy, ...] = ("weighted", "balanced")
GRAPH = random_graph(40, 0.12, 4)


@settings(max_examples=25, deadline=None)
@given(graphs(), st.sampled_from([0, 1_000_000]), st.integers(1, 40))
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("relation", COUNTED)
def test_a_policy_orders_the_same_combinations(
    relation: Relation, policy: Policy, graph: KnowledgeGraph, listed: int, start: int
) -> None:
    cutoffs = Cutoffs(hub_least=3, listed=listed)
    whole = contents(stream(graph, relation, 1, cutoffs, policy))
    assert len(dict(whole)) == len(whole)
    assert dict(whole) == dict(contents(stream(graph, relation, 1, cutoffs)))
    short = stream(graph, relation, 1, cutoffs, policy)
    assert start_of(short, start) == [nodes for nodes, _ in whole[:start]]


@pytest.mark.parametrize("relation", ["one_hop", "two_hop", "three_hop", "community"])
def test_weighted_draws_in_proportion_to_weight(relation: Relation) -> None:
    """Chi-square, within 5 sigma, of the first combination over many (fixed) seeds."""
    graph, seeds = random_graph(18, 0.22, 6), 3000
    cutoffs = Cutoffs(hub_least=5)
    weights = dict(contents(stream(graph, relation, 0, cutoffs)))
    assert len(set(weights.values())) > 1
    firsts: Counter[tuple[int, ...]] = Counter()
    found = RELATIONS[relation](graph, cutoffs)
    for seed in range(seeds):
        firsts.update(start_of(ordered(found, graph, relation, seed, "weighted"), 1))
    expected = {nodes: seeds * weight / sum(weights.values()) for nodes, weight in weights.items()}
    chi_square = sum((firsts[nodes] - wanted) ** 2 / wanted for nodes, wanted in expected.items())
    freedom = len(expected) - 1
    assert abs(chi_square - freedom) < 5 * (2 * freedom) ** 0.5


@pytest.mark.parametrize("relation", [relation for relation in COUNTED if relation != "distant"])
def test_balanced_gives_the_turn_to_a_point_that_was_used_least(relation: Relation) -> None:
    left = [nodes for nodes, _ in contents(stream(GRAPH, relation, 2, Cutoffs(hub_least=4), "balanced"))]
    uses: Counter[int] = Counter()
    while left:
        least = min(uses[node] for nodes in left for node in nodes)
        nodes = left.pop(0)
        assert min(uses[node] for node in nodes) == least
        uses.update(nodes)


def test_balanced_uses_hubs_less_than_uniform() -> None:
    def most_used(policy: Policy) -> int:
        drawn = stream(GRAPH, "two_hop", 0, Cutoffs(), policy)
        points = drawn.read(0, drawn.reach(60)).points
        return int(np.bincount(points[points >= 0]).max())

    assert most_used("balanced") <= 4 < most_used("uniform")


def test_a_relation_too_large_to_list_is_arranged_by_blocks() -> None:
    uniform = stream(GRAPH, "two_hop", 0, Cutoffs(listed=0))
    total = uniform.reach(10_000)
    arranged = ArrangedStream(stream(GRAPH, "two_hop", 0, Cutoffs(listed=0)), balanced(GRAPH.nodes), 50)
    assert arranged.reach(10_000) == total > 150
    assert arranged.reach(total + 1) == total
    for start in range(0, total - 50, 50):
        assert rows(arranged.read(start, start + 50)) == rows(uniform.read(start, start + 50))


def rows(members: Members) -> set[tuple[int, ...]]:
    return set(map(tuple, members.points.tolist()))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.sampled_from(["uniform", "weighted", "balanced"]), st.integers(0, 60))
def test_no_point_is_in_more_combinations_than_the_cap(cap: int, policy: Policy, cut: int) -> None:
    plan = SamplingPlan(per_point=cap, policy=policy)
    drawn = Sampler(GRAPH, plan).draw(0, 10_000, RECIPE)
    uses = Counter(point for each in drawn for point in each.points)
    assert max(uses.values()) == cap
    everything = Sampler(GRAPH, SamplingPlan()).draw(0, 100_000, RECIPE)
    open_ones = {each.id for each in everything if all(uses[point] < cap for point in each.points)}
    assert open_ones <= {each.id for each in drawn}
    parts = Sampler(GRAPH, plan)
    assert parts.draw(0, cut, RECIPE) + parts.draw(cut, 10_000, RECIPE) == drawn


def test_levels_are_asked_for_by_their_shares_and_stay_with_their_combination() -> None:
    levels: dict[Difficulty, float] = {"easy": 1, "medium": 0, "hard": 3}
    drawn = Sampler(GRAPH, SamplingPlan(levels=levels)).draw(0, 10_000, RECIPE)
    counts = Counter(each.level for each in drawn)
    assert set(counts) == {"easy", "hard"}
    assert abs(counts["hard"] / len(drawn) - 0.75) < 0.05
    other = Sampler(GRAPH, SamplingPlan(levels=levels, quotas={"two_hop": 1})).draw(0, 10_000, RECIPE)
    assert {each.id: each.level for each in drawn}.items() >= {each.id: each.level for each in other}.items()
    assert {each.level for each in Sampler(GRAPH, SamplingPlan()).draw(0, 50, RECIPE)} == {None}


def test_the_logarithm_is_ours_and_right() -> None:
    values = np.concatenate([np.random.default_rng(0).random(1000), [1e-300, 2.0**-53, 0.5, 1.0, 3.0, 1e300]])
    assert logarithm(values) == pytest.approx([math.log(value) for value in values], rel=1e-14, abs=1e-15)


def test_exponential_variates_are_pinned() -> None:
    """To the last bit: weighted draws rest on them."""
    hashes = np.array([content_id("hash", number).int >> 64 for number in range(3)], dtype=np.uint64)
    assert [value.hex() for value in exponential(hashes).tolist()] == PINNED
