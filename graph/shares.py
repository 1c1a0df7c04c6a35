"""Estimates from counts: how sure a share is, and what a voter's word should weigh."""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

Z = 1.96
"""Of an interval that holds the true share 95 times of 100."""


class ShareEstimate(NamedTuple):
    """A share, and the interval that holds the true one 95 times of 100."""

    share: float
    low: float
    high: float


class Stratum(NamedTuple):
    """A group of items, and how many of a sample of it are of some kind."""

    items: int
    hits: int
    read: int


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The interval of a share by Wilson's score, which holds for few items and for shares near 0 or 1; 0-1 of none."""
    if not count:
        return 0.0, 1.0
    middle, width = hits + Z * Z / 2, Z * sqrt(hits * (count - hits) / count + Z * Z / 4)
    return max(0.0, (middle - width) / (count + Z * Z)), min(1.0, (middle + width) / (count + Z * Z))


def share_within(part: Stratum, rest: Stratum) -> ShareEstimate | None:
    """The share of all items of a kind that lie in `part`, from a sample of it and one of the `rest`.

    The interval takes the worst ends of both samples' Wilson intervals, so it is rather too wide than too narrow. None
    where neither sample holds any of the kind, or one is empty of a group that is not.
    """
    if any(group.items and not group.read for group in (part, rest)) or not part.hits + rest.hits:
        return None
    ends = [wilson(group.hits, group.read) for group in (part, rest)]
    found = [group.hits / group.read if group.read else 0.0 for group in (part, rest)]
    return ShareEstimate(
        *(
            _within(part.items * inside, rest.items * outside)
            for inside, outside in (found, (ends[0][0], ends[1][1]), (ends[0][1], ends[1][0]))
        )
    )


def _within(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0


def vote_weight(good_right: int, good_wrong: int, bad_right: int, bad_wrong: int) -> float:
    """What a voter's word should weigh in a majority, from how it called good and bad items; 0 or less: leave it out.

    The log-odds of being right, the weight of the best majority of independent voters there is (Nitzan and Paroush,
    1982); right as often as if half the items were good, so that who always says yes weighs 0 whatever the file holds.
    One right and one wrong item are added, so that a faultless voter gets no infinite say.
    """
    read = good_right + good_wrong + bad_right + bad_wrong
    right = (_rate(good_right, good_wrong) + _rate(bad_right, bad_wrong)) / 2
    return log((right * read + 1) / ((1 - right) * read + 1))


def _rate(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 0.5
