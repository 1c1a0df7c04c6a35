"""Arms are cut to the same volume and the same cost, and their ratios have the intervals that theory gives them."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graph.arms import Arm, compare, ratio, until, within

Numbers = NDArray[np.float64]


def arm(name: str, pairs: list[int], price: float = 10.0, usd: bool = True) -> Arm:
    """An arm of combinations that cost the same each and have one problem each."""
    made = np.array(pairs, dtype=np.float64)
    tokens = np.full(len(pairs), price)
    return Arm(name, tokens, tokens / 1000 if usd else None, np.ones(len(pairs)), made, made)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50), st.integers(1, 60))
def test_the_cut_at_a_volume_is_the_first_that_reaches_it(pairs: list[int], least: int) -> None:
    count = until(np.array(pairs, dtype=np.float64), least)
    assert sum(pairs[:count]) >= least or count == len(pairs)
    assert sum(pairs[: count - 1]) < least


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50), st.integers(0, 200))
def test_the_cut_at_a_cost_is_the_last_within_it(costs: list[int], most: int) -> None:
    count = within(np.array(costs, dtype=np.float64), most)
    assert sum(costs[:count]) <= most
    assert count == len(costs) or sum(costs[: count + 1]) > most


def test_arms_are_compared_at_the_volume_of_the_smallest_and_the_cost_of_the_cheapest() -> None:
    rich, poor = arm("rich", [1, 1, 0, 1] * 10), arm("poor", [1, 0, 0, 0] * 15)
    found = compare([rich, poor])
    assert (found.volume, found.unit) == (15, "USD")
    assert found.cost == pytest.approx(0.4)
    assert [(each.pairs, each.combinations) for each in found.at_volume] == [(15, 20), (15, 57)]
    assert [(each.pairs, each.combinations) for each in found.at_cost] == [(30, 40), (10, 40)]
    assert [each.price.value for each in found.at_volume] == pytest.approx([0.2 / 15, 0.57 / 15])


def test_cost_is_in_tokens_where_one_arm_has_no_price() -> None:
    found = compare([arm("a", [1, 1]), arm("b", [1, 1], usd=False)])
    assert (found.unit, found.cost) == ("tokens", 20.0)
    assert [each.usd for each in found.at_cost] == [None, None]


def test_an_arm_without_pairs_makes_the_volume_nothing_and_pairs_infinitely_dear() -> None:
    found = compare([arm("a", [1, 1]), arm("b", [0, 0])])
    assert found.volume == 0
    assert [each.combinations for each in found.at_volume] == [0, 0]
    assert [each.price.value for each in found.at_cost] == [10 / 1000, inf]


def test_a_share_has_the_interval_of_the_binomial() -> None:
    marks = np.array([1.0, 0, 0, 1, 0] * 80)
    found = ratio(marks, np.ones(400))
    width = 2 * 1.96 * sqrt(0.4 * 0.6 / 400)
    assert found.value == pytest.approx(0.4)
    assert found.high - found.low == pytest.approx(width, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_an_interval_holds_its_ratio(rows: list[tuple[int, int]]) -> None:
    above, below = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    found = ratio(above, below)
    assert found.low <= found.value <= found.high or len(rows) < 5
    assert ratio(3 * above, below).value == pytest.approx(3 * found.value)
