"""What seeds can give, before they are read: counted where their points are known, guessed where they are not."""

from __future__ import annotations

import pytest

from graph.prospect import graph_of, likely_graph, pairs_of
from graph.relations import sizes
from graph.sampling import SamplingPlan

PLAN = SamplingPlan()


def test_the_graph_of_seeds_with_known_points_is_counted() -> None:
    graph = graph_of([{"a", "b", "c"}, {"c", "d"}, {"e"}])
    found = sizes(graph, PLAN.shares, PLAN.cutoffs)
    assert found == {"one_hop": 4, "two_hop": 2, "three_hop": 0, "community": 1}
    assert pairs_of(found, PLAN, 0.5) == 4
    assert pairs_of(found, PLAN.model_copy(update={"samples_per_combination": 3}), 0.5) == 10


def test_what_cannot_be_listed_has_no_number() -> None:
    assert pairs_of({"one_hop": 4, "two_hop": None}, PLAN, 0.5) is None


@pytest.mark.parametrize(("seeds", "least", "most"), [(5, 10, 100), (99, 300, 3_000), (1000, 20_000, 100_000)])
def test_a_likely_graph_tells_dozens_from_thousands(seeds: int, least: int, most: int) -> None:
    pairs = [pairs_of(sizes(likely_graph(seeds), PLAN.shares, PLAN.cutoffs), PLAN, 0.45) for _ in range(2)]
    assert pairs[0] == pairs[1], "the same every time"
    assert least < (pairs[0] or 0) < most
