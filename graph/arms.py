"""Arms of a comparison: what each came to at the same number of pairs, and at the same cost.

An arm is its finished combinations in sampling order. Cut where its pairs reach a volume that every arm has, or where
its cost reaches what the cheapest arm spent, arms differ in nothing but what they were made to differ in. Intervals
come of a bootstrap over combinations, since the problems of one are alike; a mean of pairs or tokens is a ratio of two
sums of the same resample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from graph.arithmetic import Numbers
from graph.scores import TAIL, resampled


@dataclass(frozen=True, eq=False)
class Arm:
    """One row a combination, in sampling order."""

    name: str
    tokens: Numbers
    usd: Numbers | None
    """None where a call has no price."""
    composed: Numbers
    """Problems written."""
    pairs: Numbers
    fresh: Numbers
    """Pairs whose points no seed has together."""

    @property
    def cost(self) -> Numbers:
        """In USD where it is known, else in tokens."""
        return self.tokens if self.usd is None else self.usd

    def first(self, count: int) -> Arm:
        """Its first combinations."""
        usd = None if self.usd is None else self.usd[:count]
        parts = (self.composed, self.pairs, self.fresh)
        return Arm(self.name, self.tokens[:count], usd, *(part[:count] for part in parts))


class Ratio(NamedTuple):
    """A ratio of two sums, and the interval that holds the true one 95 times of 100; infinite where nothing came."""

    value: float
    low: float
    high: float


class ArmFigures(NamedTuple):
    """What an arm came to."""

    name: str
    combinations: int
    pairs: int
    tokens: int
    usd: float | None
    a_combination: Ratio
    """Pairs of a combination."""
    passed: Ratio
    """Pairs of a problem that was written."""
    price: Ratio
    """Cost of a pair, in USD where every call of every arm has a price, else in tokens."""
    novelty: Ratio
    """Share of the pairs whose points no seed has together."""


class ArmComparison(NamedTuple):
    """The arms at equal volume and at equal cost."""

    volume: int
    """Pairs of each arm at equal volume; a combination may bring one more."""
    cost: float
    """Most that each arm spent at equal cost."""
    unit: str
    at_volume: list[ArmFigures]
    at_cost: list[ArmFigures]


def compare(arms: list[Arm]) -> ArmComparison:
    """Cut the arms to the same volume, and to the same cost."""
    if any(arm.usd is None for arm in arms):
        arms = [Arm(arm.name, arm.tokens, None, arm.composed, arm.pairs, arm.fresh) for arm in arms]
    volume = min(int(arm.pairs.sum()) for arm in arms)
    cost = min(float(arm.cost.sum()) for arm in arms)
    return ArmComparison(
        volume,
        cost,
        "tokens" if arms[0].usd is None else "USD",
        [figures(arm.first(until(arm.pairs, volume))) for arm in arms],
        [figures(arm.first(within(arm.cost, cost))) for arm in arms],
    )


def until(values: Numbers, least: float) -> int:
    """How many of the first rows add up to `least`; all, where they never do."""
    return min(int(np.searchsorted(values.cumsum(), least, side="left")) + 1, len(values)) if least > 0 else 0


def within(values: Numbers, most: float) -> int:
    """How many of the first rows add up to at most `most`, up to a rounding error of the sum."""
    return int(np.searchsorted(values.cumsum(), most * (1 + 1e-9), side="right"))


def figures(arm: Arm) -> ArmFigures:
    """What the combinations of an arm came to."""
    ones = np.ones(len(arm.pairs))
    return ArmFigures(
        arm.name,
        len(arm.pairs),
        int(arm.pairs.sum()),
        int(arm.tokens.sum()),
        None if arm.usd is None else float(arm.usd.sum()),
        ratio(arm.pairs, ones),
        ratio(arm.pairs, arm.composed),
        ratio(arm.cost, arm.pairs),
        ratio(arm.fresh, arm.pairs),
    )


def ratio(above: Numbers, below: Numbers) -> Ratio:
    """A ratio of sums with its interval, by a bootstrap over the rows of both."""
    if not below.sum():
        return Ratio(float("inf") if above.sum() else 0.0, 0.0, float("inf"))
    tops, bottoms = resampled(np.stack([above, below]), "ratio")
    values = np.divide(tops, bottoms, out=np.full(len(tops), np.inf), where=bottoms > 0)
    low, high = np.quantile(values, (TAIL, 1 - TAIL), method="nearest")
    return Ratio(float(above.sum() / below.sum()), float(low), float(high))
