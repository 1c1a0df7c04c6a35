"""What marked answers are worth: scores of a model over the items of a benchmark, and differences of two models.

An item's samples are not independent of each other, so every error is taken over items: the score of an item is a mean
over its samples, and the standard error is that of these scores. Two models are compared on the items that both
answered, item by item, because some items are harder than others for everybody.

Random numbers are those of `graph/order.py`: the same figures come on every machine.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import comb, sqrt
from typing import NamedTuple

import numpy as np

from graph.arithmetic import Numbers
from graph.order import mix, salt

RESAMPLES = 4000
"""Of a bootstrap: the ends of its interval then stand within a tenth of a standard error."""
AT_ONCE = 1 << 21
"""Numbers drawn at once, which bounds the memory."""
TAIL = 0.025
"""Share of the resamples on either side of the interval."""


class Score(NamedTuple):
    """A mean over items, with its standard error; None of a single item."""

    value: float
    error: float | None
    items: int


class Difference(NamedTuple):
    """How much better one model is than another on the same items."""

    value: float
    low: float
    high: float
    """Of the interval that holds the true difference 95 times of 100."""
    chance: float
    """How often resamples show no difference or the opposite one, on two sides: small where it is no chance."""
    items: int


def pass_at(samples: int, right: int, k: int) -> float:
    """The probability that at least one of `k` of the samples is right, drawn without putting back.

    Its mean is the true pass@k, which 1 - (1 - right / samples) ** k exceeds not (Chen et al., 2021).
    """
    return 1.0 - comb(samples - right, k) / comb(samples, k)


def ks_of(samples: int) -> list[int]:
    """The powers of two up to the number of samples, and that number itself: the k of pass@k that are told."""
    return sorted({1 << power for power in range(samples.bit_length())} | {samples})


def vote(classes: Sequence[Hashable | None]) -> int | None:
    """The place of the answer that most samples give; of equally many the one that came first; None without any."""
    given = [answer for answer in classes if answer is not None]
    if not given:
        return None
    return classes.index(max(given, key=lambda answer: (given.count(answer), -given.index(answer))))


def mean(values: Sequence[float]) -> Score:
    """The mean of the items' scores."""
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return Score(0.0, None, 0)
    error = float(numbers.std(ddof=1)) / sqrt(len(numbers)) if len(numbers) > 1 else None
    return Score(float(numbers.mean()), error, len(numbers))


def difference(one: Sequence[float], other: Sequence[float], purpose: str = "") -> Difference:
    """How much higher the scores of `one` are than those of `other`, item by item, by a paired bootstrap."""
    gaps = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    if not len(gaps):
        return Difference(0.0, 0.0, 0.0, 1.0, 0)
    means = resampled(np.stack([gaps]), purpose)[0]
    low, high = (float(end) for end in np.quantile(means, (TAIL, 1 - TAIL)))
    sides = ((means <= 0).mean(), (means >= 0).mean())
    return Difference(float(gaps.mean()), low, high, float(min(1.0, 2 * min(sides))), len(gaps))


def resampled(rows: Numbers, purpose: str) -> Numbers:
    """For each row, the means of `RESAMPLES` samples of as many of its values, drawn with replacement.

    The columns of all rows are drawn together. `purpose` tells draws apart.
    """
    size = rows.shape[1]
    secret = np.uint64(salt(0, f"bootstrap {purpose}"))
    draws = max(1, AT_ONCE // size)
    found = []
    for start in range(0, RESAMPLES, draws):
        count = min(draws, RESAMPLES - start)
        numbers = mix(np.arange(start * size, (start + count) * size, dtype=np.uint64) + secret)
        # The upper half of the bits times the size, shifted down: even over the places, without a division.
        places = (((numbers >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)).astype(np.int64)
        found.append([row[places].reshape(count, size).mean(axis=1) for row in rows])
    return np.concatenate(found, axis=1)
