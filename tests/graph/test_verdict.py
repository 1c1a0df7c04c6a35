"""What is said of graphs that cannot give what is asked: the sentences, on four thin graphs, and the arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.records import Relation
from graph.sampling import SamplingPlan, Turns, crowded_from
from graph.verdict import GraphCounts, expected, verdict

ASKED = SamplingPlan().shares
FULL: dict[str, Any] = {
    "seeds": 7_473,
    "points": 5_000,
    "edges": 20_000,
    "components": 3,
    "largest": 4_990,
    "shares": ASKED,
    "available": {"one_hop": 20_000, "two_hop": 300_000, "three_hop": 90_000, "community": 8_000},
    "wanted": 2_223,
    "often": (("Linear equation", 800), ("Right triangle", 120)),
    "widest": ("seeds.jsonl:4", 9),
    "hubs": (("Linear equation", 310), ("Right triangle", 95)),
    "embedder": True,
    "curator": True,
}


def told(**changes: Any) -> tuple[str, ...]:
    return verdict(GraphCounts(**(FULL | changes))).lines


def test_a_graph_that_gives_what_is_asked_needs_no_advice() -> None:
    assert told() == (
        "The graph has 5,000 points and 20,000 edges from 7,473 seeds, in 3 components, the largest with 100% of the "
        "points.",
        "55% of the combinations were asked to be implicit (two_hop and three_hop), and the graph has enough of them.",
        "three_hop starts from the points with most neighbours: Linear equation (310), Right triangle (95).",
    )


UNMERGED: dict[str, Any] = {
    "seeds": 253,
    "points": 1_251,
    "edges": 2_529,
    "components": 240,
    "largest": 40,
    "available": {"one_hop": 2_529, "two_hop": 229, "three_hop": 16, "community": 4_000},
    "often": (("Logic in problem solving", 12),),
    "widest": ("seeds.jsonl:9", 6),
    "hubs": (("Logic in problem solving", 40),),
    "embedder": False,
}
"""Names that were not merged: islands of one seed each."""


def test_names_left_unmerged() -> None:
    assert told(**UNMERGED) == (
        "The graph has 1,251 points and 2,529 edges from 253 seeds, in 240 components, the largest with 3% of the "
        "points.",
        "55% of the combinations were asked to be implicit (two_hop and three_hop), and of 2,223 at most 11% can be: "
        "the graph has no more.",
        "Nothing is left of three_hop at about 80, two_hop at about 539 of 2,223 combinations.",
        "three_hop starts from the points with most neighbours: Logic in problem solving (40).",
        "Name an embedder under [roles]: names that mean the same are not joined by their letters.",
    )


def test_what_was_drawn_is_told_as_it_was() -> None:
    drawn = {"one_hop": 1_100, "community": 878, "two_hop": 229, "three_hop": 16}
    lines = told(**UNMERGED, drawn=drawn, ends={"three_hop": 79, "two_hop": 537})
    assert lines[1:3] == (
        "55% of the combinations were asked to be implicit (two_hop and three_hop), and 11% of the 2,223 drawn are: "
        "the graph has no more.",
        "Nothing is left of three_hop at 79, two_hop at 537 of 2,223 combinations.",
    )


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"embedder": True, "curator": False}, "Name a curator under [roles]: it decides"),
        ({"embedder": True}, "Bring more seeds: too few of them share a point."),
        ({"min_weight": 2}, "Lower sample.min_weight, which is 2: weaker implicit combinations are left out."),
    ],
)
def test_what_to_do_is_what_is_missing(changes: dict[str, Any], advice: str) -> None:
    assert told(**(UNMERGED | changes))[-1].startswith(advice)


def test_a_name_that_stands_in_most_seeds() -> None:
    lines = told(seeds=253, often=(("Knowledge points", 250), ("Algebra", 80), ("Circle", 12)))
    assert lines[2] == (
        "In more than 20% of the seeds: Knowledge points (99%), Algebra (32%). Nearly everything is close to such a "
        "point, so no path leads through one."
    )
    assert lines[-1] == (
        "If Knowledge points is no fact that a solver must know, drop it by a line `Knowledge points,` in "
        "connect.alias_file; if it is one, sample.crowded_share = 1 lets paths lead through it."
    )


@pytest.mark.parametrize(
    ("share", "line"),
    [
        (0.1, "In more than 10% of the seeds: A (99%), B (32%), C (12%)."),
        (0.5, "such a point, so no path leads through one in more than 50%."),
        (1.0, "In more than 20% of the seeds: A (99%), B (32%)."),
        (1.0, "such a point, and paths lead through it, as sample.crowded_share = 1 says."),
    ],
)
def test_what_the_user_says_of_crowded_points(share: float, line: str) -> None:
    assert line in told(seeds=253, often=(("A", 250), ("B", 80), ("C", 30), ("D", 12)), crowded_share=share)[2]


@pytest.mark.parametrize(("seeds", "least"), [(0, 20), (5, 20), (60, 20), (99, 20), (100, 21), (253, 51)])
def test_among_few_seeds_no_point_is_crowded(seeds: int, least: int) -> None:
    """A fifth of 60 seeds is 12: a fact such as Newton's second law may well be in so many."""
    assert crowded_from(0.2, seeds) == least


@pytest.mark.parametrize(
    ("by_seed", "end"),
    [(True, "seeds have turns, so they come late."), (False, "sample.by_seed = true gives seeds turns.")],
)
def test_a_seed_that_owns_a_relation(by_seed: bool, end: str) -> None:
    owned = {"one_hop": 1_833, "two_hop": 35_401, "three_hop": 33_901, "community": 10_000}
    assert told(available=owned, widest=("train.jsonl:17", 21), by_seed=by_seed)[2] == (
        f"One seed, train.jsonl:17, has 21 points and with them 210 of 1,833 one_hop combinations and 7,315 of 10,000 "
        f"community combinations; {end}"
    )


def test_a_graph_that_is_too_small_for_the_target() -> None:
    lines = told(available={"one_hop": 400, "two_hop": 600, "three_hop": 350, "community": 250})
    said = "All relations together have 1,600 combinations; the target is expected to need 2,223, so about 72% of "
    assert f"{said}the pairs can come." in lines
    assert lines[-1] == "Bring more seeds, ask for fewer pairs, or raise sample.samples_per_combination."


NONE: dict[Relation, int | None] = dict.fromkeys(ASKED, 0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"points": 0, "edges": 0}, "there is no knowledge point. Look with `gsdp doctor` at the extractor's model."),
        ({"points": 0, "edges": 0, "dropped": 12}, "the curator dropped all 12 names. Name another model as curator,"),
        ({"edges": 0}, "no seed has two points. Raise extract.limit, name a stronger extractor, or bring seeds"),
        ({"shares": {"two_hop": 1}, "min_weight": 3}, "lower sample.min_weight, which is 3."),
        ({"shares": {"two_hop": 1}}, "add one_hop to sample.quotas, or bring seeds that share points."),
    ],
)
def test_nothing_to_draw_is_said_as_such(changes: dict[str, Any], sentence: str) -> None:
    found = verdict(GraphCounts(**(FULL | {"available": NONE} | changes)))
    assert not found.drawable
    assert found.advice.startswith("Nothing can be drawn")
    assert sentence in found.advice


@given(
    st.dictionaries(st.sampled_from(sorted(ASKED)), st.integers(0, 400), min_size=1),
    st.integers(1, 900),
)
def test_what_is_expected_is_what_the_turns_give(available: dict[Relation, int], wanted: int) -> None:
    shares = {relation: ASKED[relation] for relation in available}
    turns = Turns(shares, lambda relation, count: min(count, available[relation]))
    given_turns = [relation for relation, _ in turns.between(0, wanted)]
    drawn, ends = expected(shares, available, wanted)
    for relation in shares:
        assert abs(drawn[relation] - given_turns.count(relation)) <= 3
        if relation in ends and relation in turns.ends:
            assert abs(ends[relation] - turns.ends[relation]) <= 16
