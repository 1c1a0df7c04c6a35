"""The sequence of combinations: reproducible, sliced in any way, in the plan's proportions, to the last combination."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graph.knowledge import KnowledgeGraph
from graph.records import Combination, Relation, content_id
from graph.sampling import Sampler, SamplingPlan, Turns

RECIPE = UUID(int=7)
Edge = tuple[UUID, UUID, int]
PINNED = [
    ("two_hop", "1f7462b2", 1.0),
    ("one_hop", "9842ca61", 1.0),
    ("three_hop", "1315231c", 2.0),
    ("community", "276d75d4", 2.0),
    ("two_hop", "cb246422", 4.0),
    ("one_hop", "2e610b13", 2.0),
    ("two_hop", "0e6bc47d", 1.0),
    ("three_hop", "5c53ddd5", 3.0),
]


def edge_list(nodes: int, density: float) -> tuple[list[UUID], list[Edge]]:
    rng = np.random.default_rng(3)
    ids = [content_id("point", number) for number in range(nodes)]
    edges = [(a, b, int(rng.integers(1, 5))) for a, b in combinations(ids, 2) if rng.random() < density]
    return ids, edges


IDS, EDGES = edge_list(120, 0.06)
GRAPH = KnowledgeGraph.build(IDS, EDGES)
PLAN = SamplingPlan()
ALL = Sampler(GRAPH, PLAN).draw(0, 100_000, RECIPE)


def test_all_combinations_are_drawn_once_and_it_stops() -> None:
    sampler = Sampler(GRAPH, PLAN)
    available = sampler.available()
    assert sampler.exhausted == frozenset()
    drawn = sampler.draw(0, 100_000, RECIPE)
    assert Counter(each.relation for each in drawn) == available
    assert sampler.exhausted == set(PLAN.quotas)
    assert len({each.id for each in drawn}) == len(drawn) == sum(count or 0 for count in available.values())
    assert [each.position for each in drawn] == list(range(len(drawn)))
    assert sampler.draw(len(drawn), len(drawn) + 10, RECIPE) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(ALL) + 50), min_size=1, max_size=8), st.booleans())
def test_any_slices_agree_with_one_draw(cuts: list[int], in_order: bool) -> None:
    sampler = Sampler(GRAPH, PLAN)
    bounds = [0, *(sorted(cuts) if in_order else cuts), len(ALL)]
    for start, stop in pairwise(bounds):
        assert sampler.draw(start, stop, RECIPE) == ALL[start:stop]


@pytest.mark.parametrize("relation", ["one_hop", "community", "walk"])
def test_no_combination_holds_a_point_twice(relation: Relation) -> None:
    """Whoever makes one: a row with a point twice cannot be written, nor read."""
    a, b = IDS[:2]
    fields = {"id": a, "recipe": RECIPE, "position": 0, "relation": relation, "weight": 1, "asks": 1}
    assert Combination.model_validate(fields | {"points": (a, b)}).points == (a, b)
    for points in ((a, a), (a, b, a)):
        with pytest.raises(ValidationError, match="holds no point twice"):
            Combination.model_validate(fields | {"points": points})


def test_the_order_of_the_edges_does_not_matter() -> None:
    shuffler = random.Random(1)
    ids, edges = IDS[:], [(b, a, weight) for a, b, weight in EDGES]
    shuffler.shuffle(ids)
    shuffler.shuffle(edges)
    assert Sampler(KnowledgeGraph.build(ids, edges), PLAN).draw(0, 500, RECIPE) == ALL[:500]


def test_seeds_draw_different_sequences() -> None:
    other = Sampler(GRAPH, SamplingPlan(seed=1)).draw(0, 100, RECIPE)
    assert [each.relation for each in other] == [each.relation for each in ALL[:100]]
    assert len({each.id for each in other} & {each.id for each in ALL[:100]}) < 50


def test_the_sequence_is_pinned() -> None:
    """A change here means that every run draws other combinations than before: it needs a line in the changelog."""
    assert [(each.relation, str(each.id)[:8], each.weight) for each in ALL[:8]] == PINNED


def test_records_carry_what_the_stages_need() -> None:
    for each in ALL:
        assert each.recipe == RECIPE
        assert list(each.points) == sorted(each.points)
        assert len(each.points) in ((3, 4) if each.relation == "community" else (2,))
        assert each.id == content_id("combination", each.relation, [str(point) for point in each.points])
        assert each.asks == 1


def test_quotas_hold_in_every_stretch() -> None:
    for start in (0, 13, 60):
        counts = Counter(each.relation for each in ALL[start : start + 100])
        for relation, quota in PLAN.quotas.items():
            assert abs(counts[relation] - 100 * quota) <= 2


def test_the_others_take_over_when_a_relation_is_exhausted() -> None:
    left = {"one_hop": 10, "two_hop": 1000, "community": 1000}
    shares: dict[Relation, int] = {"one_hop": 50, "two_hop": 30, "community": 20}
    turns = Turns(shares, lambda relation, count: min(count, left[relation]))
    drawn = [relation for relation, _ in turns.between(0, 520)]
    assert Counter(drawn[:20]) == {"one_hop": 10, "two_hop": 6, "community": 4}
    assert Counter(drawn[20:]) == {"two_hop": 300, "community": 200}
    assert turns.exhausted == {"one_hop"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 30)), min_size=1, max_size=5))
def test_turns_end_with_every_place_taken_once(cases: list[tuple[int, int]]) -> None:
    names: list[Relation] = ["one_hop", "two_hop", "three_hop", "community", "random"]
    left = {relation: count for relation, (_, count) in zip(names, cases, strict=False)}
    turns = Turns(
        {relation: share for relation, (share, _) in zip(names, cases, strict=False)},
        lambda relation, count: min(count, left[relation]),
    )
    drawn = turns.between(0, 1000)
    assert Counter(drawn) == {(relation, place): 1 for relation, count in left.items() for place in range(count)}
    assert turns.exhausted == set(left)


def test_one_hop_is_asked_for_by_weight_up_to_the_cap() -> None:
    plan = SamplingPlan(quotas={"one_hop": 1, "two_hop": 1}, samples_per_combination=2, repeat_cap=3)
    asked: dict[Relation, set[tuple[float, int]]] = {"one_hop": set(), "two_hop": set()}
    for each in Sampler(GRAPH, plan).draw(0, 400, RECIPE):
        asked[each.relation].add((each.weight, each.asks))
    assert asked["one_hop"] == {(1, 2), (2, 4), (3, 6), (4, 6)}
    assert {asks for _, asks in asked["two_hop"]} == {2}


def test_min_weight_drops_implicit_combinations_only() -> None:
    drawn = Sampler(GRAPH, SamplingPlan(min_weight=3)).draw(0, 100_000, RECIPE)
    lightest = {relation: min(c.weight for c in drawn if c.relation == relation) for relation in PLAN.quotas}
    assert lightest == {"one_hop": 1, "two_hop": 3, "three_hop": 3, "community": 1}


def test_a_relation_without_quota_is_off_and_quotas_are_normalised() -> None:
    assert SamplingPlan(quotas={"two_hop": 3, "one_hop": 1, "random": 0}).shares == {
        "one_hop": 250_000,
        "two_hop": 750_000,
    }
    assert list(Sampler(GRAPH, SamplingPlan(quotas={"random": 1})).available()) == ["random"]


@pytest.mark.parametrize("quotas", [{}, {"one_hop": 0}, {"one_hop": -1, "two_hop": 2}, {"one_hop": float("nan")}])
def test_quotas_must_be_fractions(quotas: dict[Relation, float]) -> None:
    with pytest.raises(ValidationError, match="quotas"):
        SamplingPlan(quotas=quotas)


@pytest.mark.parametrize("nodes", [0, 1, 2])
def test_a_graph_without_edges_gives_nothing(nodes: int) -> None:
    sampler = Sampler(KnowledgeGraph.build(IDS[:nodes], []), PLAN)
    assert sampler.draw(0, 10, RECIPE) == []
    assert sampler.exhausted == set(PLAN.quotas)


def test_a_large_graph_is_sifted_in_the_same_way() -> None:
    """Over 3,162 points two_hop is no longer listed; slices still agree, and nothing repeats."""
    rng = np.random.default_rng(0)
    ids = [content_id("large", number) for number in range(6000)]
    pairs = {(int(min(a, b)), int(max(a, b))) for a, b in rng.integers(0, 6000, (90_000, 2)) ** 2 // 6000 if a != b}
    graph = KnowledgeGraph.build(ids, [(ids[a], ids[b], 1 + (a + b) % 3) for a, b in sorted(pairs)])
    sampler = Sampler(graph, PLAN)
    drawn: list[Combination] = sampler.draw(0, 20_000, RECIPE)
    assert sampler.available()["two_hop"] is None
    assert len({each.id for each in drawn}) == 20_000
    assert Sampler(graph, PLAN).draw(5_000, 5_100, RECIPE) == drawn[5_000:5_100]
