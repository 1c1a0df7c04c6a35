"""Scores by closed forms: what is estimated from samples is compared with what the arithmetic of chances says."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.scores import RESAMPLES, difference, ks_of, mean, pass_at, resampled, vote


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_draws_with_a_right_one(drawn: tuple[int, int, int]) -> None:
    samples, right, k = drawn
    marks = [True] * right + [False] * (samples - right)
    draws = list(combinations(marks, k))
    assert pass_at(samples, right, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@given(st.integers(1, 40), st.floats(0, 1))
def test_pass_at_k_is_unbiased(samples: int, chance: float) -> None:
    k = (samples + 1) // 2
    counts = np.arange(samples + 1)
    binomial = np.array([1.0])
    for _ in range(samples):
        binomial = np.append(binomial, 0) * (1 - chance) + np.append(0, binomial) * chance
    expected = sum(binomial[c] * pass_at(samples, int(c), k) for c in counts)
    assert expected == pytest.approx(1 - (1 - chance) ** k, abs=1e-9)


@given(st.integers(1, 64), st.data())
def test_pass_at_one_is_the_mean_and_more_tries_never_hurt(samples: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, samples))
    values = [pass_at(samples, right, k) for k in range(1, samples + 1)]
    assert values[0] == pytest.approx(right / samples)
    assert values == sorted(values)
    assert values[-1] == (1.0 if right else 0.0)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [(1, [1]), (2, [1, 2]), (5, [1, 2, 4, 5]), (8, [1, 2, 4, 8]), (64, [1, 2, 4, 8, 16, 32, 64])],
)
def test_the_ks_that_are_told(samples: int, expected: list[int]) -> None:
    assert ks_of(samples) == expected


@pytest.mark.parametrize(
    ("classes", "expected", "why"),
    [
        ([], None, "nobody"),
        ([None, None], None, "no answer"),
        (["a", "b", "b"], 1, "most"),
        (["a", "b", "b", "a"], 0, "a tie goes to who came first"),
        ([None, "b", None, None], 1, "those without an answer have no vote"),
    ],
)
def test_the_majority(classes: list[str | None], expected: int | None, why: str) -> None:
    assert vote(classes) == expected, why


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_error_of_right_and_wrong_is_the_binomial_one(drawn: tuple[int, int]) -> None:
    items, right = drawn
    score = mean([1.0] * right + [0.0] * (items - right))
    share = right / items
    assert score.value == pytest.approx(share)
    if items == 1:
        assert score.error is None
    else:
        assert score.error == pytest.approx(sqrt(share * (1 - share) / (items - 1)), abs=1e-12)


def test_no_items_are_no_error() -> None:
    assert mean([]) == (0.0, None, 0)
    assert difference([], []) == (0.0, 0.0, 0.0, 1.0, 0)


@pytest.mark.parametrize("items", [5, 60, 700])
def test_resampled_means_have_the_mean_and_the_spread_that_theory_gives_them(items: int) -> None:
    values = np.array([(place * 37 % 101) / 100 for place in range(items)])
    means = resampled(np.stack([values]), "spread")[0]
    expected = values.std() / sqrt(items)
    assert len(means) == RESAMPLES
    assert abs(means.mean() - values.mean()) < 4 * expected / sqrt(RESAMPLES)
    assert means.std() == pytest.approx(expected, rel=0.05)


def test_every_item_is_drawn_equally_often() -> None:
    shares = resampled(np.eye(7), "even").mean(axis=1)
    assert shares == pytest.approx([1 / 7] * 7, abs=0.01)
    assert sum(shares) == pytest.approx(1.0), "the same draws for every item"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_difference_turned_round_is_its_opposite(marks: list[tuple[bool, bool]]) -> None:
    one, other = ([float(mark[side]) for mark in marks] for side in (0, 1))
    there, back = difference(one, other), difference(other, one)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.chance == pytest.approx(back.chance)
    assert there.low - 1e-12 <= there.value <= there.high + 1e-12 or len(marks) < 5


def test_equal_models_do_not_differ_and_a_clear_gap_is_no_chance() -> None:
    assert difference([1.0, 0.0] * 50, [1.0, 0.0] * 50)[:4] == (0.0, 0.0, 0.0, 1.0)
    clear = difference([1.0] * 90 + [0.0] * 10, [0.0] * 90 + [0.0] * 10)
    assert clear.low > 0.8
    assert clear.chance == 0.0


def test_an_interval_holds_the_true_difference_as_often_as_it_says() -> None:
    generator = np.random.Generator(np.random.PCG64(7))
    held = 0
    for trial in range(200):
        one, other = generator.random(80) < 0.6, generator.random(80) < 0.5
        found = difference([*one.astype(float)], [*other.astype(float)], str(trial))
        held += found.low <= 0.1 <= found.high
    assert 178 <= held <= 199, "95 of 100 within three standard errors, rather fewer for a bootstrap of few items"
