"""The estimate of a run's cost by a probe: it scales, its intervals hold, and it promises nothing that it cannot."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flows.reporting.quote_table import short
from graph.arithmetic import Numbers
from graph.estimate import Forecast, Names, Range, names_of, of_combinations, of_names, of_seeds, sum_of

ROWS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10**6), st.integers(0, 2)), min_size=1, max_size=40)


def ranges(found: Forecast) -> list[Range]:
    return [found.at([column]).sum() for column in range(len(found.value))]


def world(rng: np.random.Generator, size: int) -> tuple[Numbers, NDArray[np.int64]]:
    """Combinations: one each, a review of it, and where that passes, what solutions cost; some make a pair."""
    passed, solved = rng.random(size) < 0.7, rng.random(size) < 0.6
    solutions = np.where(passed, rng.gamma(2, 900, size), 0)
    return np.column_stack([np.ones(size), rng.gamma(4, 300, size), solutions]), (passed & solved).astype(np.int64)


@pytest.mark.parametrize("wanted", [30, 1000])
def test_nineteen_of_twenty_runs_end_within_the_interval(wanted: int) -> None:
    rng = np.random.default_rng(5)
    within, trials = np.zeros(3), 200
    for _ in range(trials):
        found = ranges(of_combinations(*world(rng, 80), wanted, 0))
        costs, pairs = world(rng, 6 * wanted)
        paid = costs[: np.searchsorted(pairs.cumsum(), wanted) + 1].sum(axis=0)
        within += [row.low <= cost <= row.high for row, cost in zip(found, paid, strict=True)]
    assert (within >= 0.9 * trials).all()
    assert (within < trials).any(), "an interval that always holds is too wide"


@given(ROWS, st.integers(1, 10**6))
@settings(max_examples=25, deadline=None)
def test_costs_grow_with_the_pairs_that_are_wanted(rows: list[tuple[int, int, int]], wanted: int) -> None:
    costs, pairs = np.array([row[:2] for row in rows], dtype=float), np.array([row[2] for row in rows])
    once, twice = (ranges(of_combinations(costs, pairs, count, 0)) for count in (wanted, 2 * wanted))
    if not pairs.sum():
        assert once == twice == [Range(inf, inf, inf)] * 2
        return
    for one, two, column in zip(once, twice, costs.T, strict=True):
        assert one.expected == pytest.approx(wanted * column.sum() / pairs.sum())
        assert two.expected == pytest.approx(2 * one.expected)
        assert 0 <= one.low <= one.expected <= one.high


def test_a_probe_of_few_pairs_has_no_upper_end() -> None:
    costs, pairs = np.ones((60, 1)), np.array([1] + [0] * 59)
    [found] = ranges(of_combinations(costs, pairs, 100, 0))
    assert (found.expected, found.high) == (6000, inf)
    assert 0 < found.low < 6000


def test_what_is_under_way_at_the_end_is_paid_too() -> None:
    costs, pairs = np.full((50, 1), 3.0), np.ones(50, dtype=np.int64)
    [found] = ranges(of_combinations(costs, pairs, 200, 32))
    assert found.expected == 3 * (200 + 16)
    assert 600 <= found.low <= 606
    assert 690 <= found.high <= 696


def test_nothing_wanted_costs_nothing() -> None:
    costs, pairs = world(np.random.default_rng(1), 20)
    nothing = Range(0, 0, 0)
    assert ranges(of_combinations(costs, pairs, 0, 32)) == ranges(of_seeds(costs, 0)) == [nothing] * 3
    assert ranges(of_combinations(costs, 0 * pairs, 0, 32)) == [nothing] * 3
    assert ranges(of_names(costs[0], costs[1], 50, 80, names_of(Names(20, 80, 10, 5), 0))) == [nothing] * 3


@given(st.integers(1, 30), st.integers(1, 10**5), st.integers(1, 1000))
@settings(max_examples=25, deadline=None)
def test_seeds_that_cost_alike_may_still_cost_more(size: int, more: int, each: int) -> None:
    [found] = ranges(of_seeds(np.full((size, 1), float(each)), more))
    assert found.expected == found.low == more * each
    assert found.expected < found.high <= more * each * (1 + 5 / size)


@given(st.integers(2, 50), st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.integers(1, 10**5))
@settings(max_examples=100, deadline=None)
def test_names_grow_with_seeds_and_never_faster(seeds: int, once: int, twice: int, often: int, more: int) -> None:
    there = Names(seeds, once + twice + often, once, twice)
    found, further = names_of(there, more), names_of(there, 2 * more)
    assert there.found <= found.low <= found.expected <= found.high
    assert all(a <= b for a, b in zip(found, further, strict=True))
    assert further.expected - there.found <= 2 * (found.expected - there.found) * (1 + 1e-9)


@pytest.mark.parametrize("vocabulary", [300, 30_000])
def test_names_of_a_world_lie_within_their_interval(vocabulary: int) -> None:
    rng = np.random.default_rng(2)
    weights = 1 / np.arange(1, vocabulary + 1) ** 0.8
    for _ in range(6):
        drawn = [set(rng.choice(vocabulary, 4, p=weights / weights.sum()).tolist()) for _ in range(300)]
        times = np.array([sum(name in found for found in drawn[:20]) for name in set().union(*drawn[:20])])
        there = Names(20, len(times), int((times == 1).sum()), int((times == 2).sum()))
        found = names_of(there, 280)
        assert found.low <= len(set().union(*drawn)) <= found.high


def test_questions_about_pairs_of_names_grow_faster_than_names() -> None:
    calls = np.array([4.0, 400.0])
    names = Range(400, 200, 800)
    single = ranges(of_names(calls, np.zeros(2), 100, 100, names))
    paired = ranges(of_names(np.zeros(2), calls, 100, 100, names))
    assert [row.expected for row in single] == [12, 1200]
    assert [row.expected for row in paired] == [28, 2800]
    assert [row.low for row in paired] == pytest.approx([4, 400], rel=0.2), "no faster than names, at least"
    assert paired[0].high <= 4 * (800 / 100) ** 2
    most = ranges(of_names(np.zeros(2), calls, 100, 100, Range(4e5, 2e5, 8e5)))
    assert most[0].high <= 8e5, "no more than one call for each name"


def test_a_sum_is_surer_than_its_parts() -> None:
    costs, pairs = world(np.random.default_rng(4), 60)
    parts = [of_combinations(costs, pairs, 500, 0), of_seeds(costs, 700)]
    alone, together = [ranges(part) for part in parts], ranges(sum_of(parts))
    for one, two, both in zip(*alone, together, strict=True):
        assert both.expected == pytest.approx(one.expected + two.expected)
        assert max(one.high - one.low, two.high - two.low) <= (both.high - both.low) * 1.05
        assert both.high - both.low <= one.high - one.low + two.high - two.low
    assert ranges(parts[0]) == ranges(of_combinations(costs, pairs, 500, 0)), "the same probe gives the same quote"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999.6, "1,000"),
        (9999, "9,999"),
        (9999.6, "10.0k"),
        (12_345, "12.3k"),
        (99_950, "100k"),
        (999_600, "1.00M"),
        (9_996_000, "10.0M"),
        (123_456_789, "123M"),
        (4.2e9, "4.20G"),
        (inf, "no end"),
    ],
)
def test_numbers_are_told_in_three_digits_or_four(number: float, text: str) -> None:
    assert short(number) == text
