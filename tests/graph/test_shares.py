"""Intervals of shares, and the weights of voters, against values that others computed."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.shares import ShareEstimate, Stratum, share_within, vote_weight, wilson

COUNTS = st.integers(0, 300)

INTERVALS = [
    (0, 10, 0.0, 0.2775, "none of ten"),
    (10, 10, 0.7225, 1.0, "all of ten"),
    (5, 10, 0.2366, 0.7634, "half"),
    (1, 100, 0.0018, 0.0545, "one of a hundred"),
    (0, 0, 0.0, 1.0, "nothing is known"),
]


@pytest.mark.parametrize(("hits", "count", "low", "high", "why"), INTERVALS, ids=[row[4] for row in INTERVALS])
def test_intervals_are_wilsons(hits: int, count: int, low: float, high: float, why: str) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-4)


WITHIN = [
    (Stratum(100, 10, 100), Stratum(100, 30, 100), 0.25, "10 and 30 of them"),
    (Stratum(100, 5, 10), Stratum(900, 0, 50), 1.0, "all seen lie within"),
    (Stratum(100, 0, 10), Stratum(900, 25, 50), 0.0, "none seen lies within"),
    (Stratum(0, 0, 0), Stratum(900, 25, 50), 0.0, "there is nothing within"),
    (Stratum(100, 0, 10), Stratum(900, 0, 50), None, "there are none of the kind"),
    (Stratum(100, 0, 0), Stratum(900, 9, 50), None, "nothing within was read"),
]


@pytest.mark.parametrize(("part", "rest", "share", "why"), WITHIN, ids=[row[3] for row in WITHIN])
def test_where_the_items_of_a_kind_lie(part: Stratum, rest: Stratum, share: float | None, why: str) -> None:
    found = share_within(part, rest)
    assert (found and found.share) == share
    if found:
        assert found.low <= found.share <= found.high


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_both_parts_together_hold_all(hits: int, others: int, more: int, rest: int) -> None:
    part, remainder = Stratum(1000, hits, hits + others + 1), Stratum(5000, more, more + rest + 1)
    found, opposite = share_within(part, remainder), share_within(remainder, part)
    if found is None or opposite is None:
        assert hits + more == 0
        return
    assert found.share + opposite.share == pytest.approx(1)
    assert (found.low, found.high) == pytest.approx((1 - opposite.high, 1 - opposite.low))
    assert isinstance(found, ShareEstimate)


def test_an_interval_narrows_as_more_is_read() -> None:
    widths = []
    for read in (10, 100, 1000):
        found = share_within(Stratum(9000, read // 10, read), Stratum(9000, read // 2, read))
        assert found
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)


@given(COUNTS, COUNTS)
def test_who_always_says_the_same_weighs_nothing(good: int, bad: int) -> None:
    assert vote_weight(good, 0, 0, bad + 1) <= 1e-9 or not good
    assert vote_weight(good + 1, 0, 0, bad + 1) == pytest.approx(0)
    assert vote_weight(0, good + 1, bad + 1, 0) == pytest.approx(0)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_who_says_the_opposite_weighs_the_opposite(a: int, b: int, c: int, d: int) -> None:
    assert vote_weight(a, b, c, d) == pytest.approx(-vote_weight(b, a, d, c))


def test_a_voter_weighs_the_log_odds_of_being_right() -> None:
    assert vote_weight(9000, 1000, 9000, 1000) == pytest.approx(log(9), rel=1e-3)
    assert vote_weight(9000, 1000, 90, 10) == pytest.approx(log(9), rel=1e-2), "however rare the bad ones are"
    assert vote_weight(50, 0, 50, 0) < log(102), "a faultless voter gets no infinite say"
