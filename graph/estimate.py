"""What a run will cost, from what a small part of it did: expectations, and intervals that hold 19 times of 20.

Everything is counted in rows of numbers (calls, tokens, USD, ...), one row an item, and scales by one of three laws:

- seeds: so many more of them, each like those that were read;
- combinations: drawn until they have made so many pairs, each like those that were finished;
- names: there are more of them with every seed, fewer new ones each time, and questions about pairs of them grow
  faster than they do.

Intervals come from bootstraps (Efron, 1979): the items are drawn again with replacement, a thousand times over, in a
way that is the same everywhere. To each draw the chance of the run itself is added, by a second one: so an interval
says where the run will be, and not where its mean is, which matters for runs that are hardly larger than the probe.

It knows nothing of what a probe cannot show: that graphs run dry, that large datasets repeat themselves, that servers
are slower under load.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.arithmetic import Numbers
from graph.order import mix, salt
from graph.shares import Z

DRAWS = 1000
ENDS = (0.025, 0.975)
BETWEEN = 1.5
"""Exponent by which questions about pairs grow with names: between 1, when a name has as many others like it however
many there are, and 2, when every two names are as likely alike as any."""


class Range(NamedTuple):
    """What is expected, and the interval that holds what comes 19 times of 20; infinite where there is no end."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Forecast:
    """Sums that are expected, one a column, and what they may come to instead, one row a draw."""

    value: Numbers
    draws: Numbers

    def at(self, columns: Sequence[int]) -> Forecast:
        """Some of its columns."""
        return Forecast(self.value[columns], self.draws[:, columns])

    def sum(self) -> Range:
        """All columns together."""
        return _range(float(self.value.sum()), self.draws.sum(axis=1))

    def most(self) -> Forecast:
        """The largest column: of hours that pass side by side."""
        return Forecast(self.value.max(keepdims=True), self.draws.max(axis=1, keepdims=True))


def sum_of(forecasts: Iterable[Forecast]) -> Forecast:
    """All of some, together."""
    first, *rest = forecasts
    for each in rest:
        first = Forecast(first.value + each.value, first.draws + each.draws)
    return first


class Names(NamedTuple):
    """The different names that some seeds mention."""

    seeds: int
    found: int
    once: int
    """Names that stand in one seed only."""
    twice: int


def of_seeds(costs: Numbers, more: int) -> Forecast:
    """What `more` seeds cost, from what each of some did.

    To these is added one that costs twice the mean: what they have not shown, such as a question asked twice, may
    still come.
    """
    mean, size = costs.mean(axis=0), len(costs)
    again = _resampled(size + 1, "seeds") @ np.vstack([costs, 2 * mean]) / (size + 1)
    chance = sqrt(more / size) * (_resampled(size, "more seeds") @ (costs - mean))
    return Forecast(more * mean, np.maximum(0.0, more * again + chance))


def of_combinations(costs: Numbers, pairs: NDArray[np.int64], wanted: int, beyond: int) -> Forecast:
    """What it costs to draw combinations until they have made `wanted` pairs, from what each of some cost and made.

    At the end some are under way that were not needed, `beyond` at most. Where none has made a pair nobody knows what
    pairs cost, and everything is infinite.
    """
    size, made = len(pairs), int(pairs.sum())
    if not wanted:
        return Forecast(np.zeros(costs.shape[1]), np.zeros((DRAWS, costs.shape[1])))
    if not made:
        return Forecast(np.full(costs.shape[1], np.inf), np.full((DRAWS, costs.shape[1]), np.inf))
    a_pair = costs.sum(axis=0) / made
    times, chances = _resampled(size, "combinations"), _resampled(size, "more combinations")
    again, kept = times @ costs, times @ pairs
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(kept[:, None] > 0, wanted * again / kept[:, None], np.inf)
    chance = sqrt(wanted / made) * (chances @ (costs - np.outer(pairs, a_pair)))
    in_vain = beyond * costs.mean(axis=0)
    draws = np.maximum(0.0, drawn + chance) + np.outer(_uniform("in vain"), in_vain)
    return Forecast(wanted * a_pair + in_vain / 2, draws)


def names_of(names: Names, more: int) -> Range:
    """How many different names there are with `more` seeds.

    Expected is growth by a power of the seeds (Heaps' law), as steep as where it stands. At most every further seed
    brings as many new ones as the next one does (Good and Turing); at least as many as would come if there were no
    more names than those seen once and twice give away (Chao, 1987).
    """
    seeds, found, once, twice = names
    if not (more and found):
        return Range(found, found, found)
    many, few = once + Z * sqrt(once), max(0.0, once - Z * sqrt(once))
    pairs = twice + 2 + Z * sqrt(twice + 1)
    hidden = few * few / (2 * pairs)
    seen = 1 - (1 - few / (seeds * hidden + few)) ** more if few else 0.0
    expected = found * ((seeds + more) / seeds) ** (once / found)
    low, high = found + hidden * seen, found + more * many / seeds
    return Range(expected, min(low, expected), max(high, expected))


def of_names(single: Numbers, paired: Numbers, probed: int, known: int, names: Range) -> Forecast:
    """What questions about names will cost, from what they cost with the `probed` names; those `known` are paid for.

    The first column counts calls. `single` are questions about names one by one, `paired` those about pairs and groups,
    many in a call; these calls are never more than one for each name, since only a few others are near it. Where the
    probe asked none, at most they are like those about single names.
    """

    seen = paired if paired[0] else single

    def more(count: float, power: float) -> float:
        return max(0.0, (count / probed) ** power - (known / probed) ** power) if probed else 0.0

    def close(count: float, power: float) -> float:
        return min(more(count, power), (count - known) / seen[0]) if seen[0] else 0.0

    low = single * more(names.low, 1) + paired * close(names.low, 1)
    expected = single * more(names.expected, 1) + paired * close(names.expected, BETWEEN)
    high = np.maximum(expected, single * more(names.high, 1) + seen * close(names.high, 2))
    places = _uniform("names")
    ends = [ENDS[0], 0.5, ENDS[1]]
    columns = [np.interp(places, ends, column) for column in zip(low, expected, high, strict=True)]
    return Forecast(expected, np.column_stack(columns))


def _range(expected: float, draws: Numbers) -> Range:
    low, high = np.quantile(draws, ENDS, method="nearest")
    return Range(expected, min(float(low), expected), max(float(high), expected))


def _resampled(size: int, purpose: str) -> Numbers:
    """How often each of some items comes in each draw of as many."""
    places = (_scrambled(DRAWS * size, purpose) % np.uint64(size)).astype(np.int64)
    draws = np.repeat(np.arange(DRAWS), size)
    return np.bincount(draws * size + places, minlength=DRAWS * size).reshape(DRAWS, size).astype(np.float64)


def _uniform(purpose: str) -> Numbers:
    """A number between 0 and 1 for each draw."""
    return (_scrambled(DRAWS, purpose) >> np.uint64(11)) / 2.0**53


def _scrambled(count: int, purpose: str) -> NDArray[np.uint64]:
    return mix(np.arange(count, dtype=np.uint64) + np.uint64(salt(0, purpose)))
