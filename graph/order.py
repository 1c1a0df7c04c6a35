"""Seeded orders that are the same on every machine: keys, permutations, and the streams read in their order.

All arithmetic is on 64-bit unsigned integers (additions, multiplications and shifts that wrap), never numpy.random or
hash(), so a library update cannot change what a seed draws. (`graph/arithmetic.py` also adds and divides floating
point numbers, which IEEE 754 rounds alike everywhere.)

A relation hands over its combinations in one of two shapes, and this module gives either its order:

- `Members`, all of them: sorted by a keyed hash of the points' ids. The order of two combinations does not depend on
  the rest of the graph, so a graph that grew a little keeps most of its earlier draw.
- `Candidates`, a numbered space of which some are combinations, each exactly once: the space is walked in the order
  of a seeded permutation and sifted. Every candidate is met once, so what comes out is uniform, distinct and finite
  without keeping a set of what was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.records import content_id

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

WORD = (1 << 64) - 1
ROUNDS = 6
"""Feistel rounds. Four already pass for random in theory; two more cost little and help tiny domains."""
LEAST_HALF = 4
"""Fewest bits in half a Feistel block: below it the round function has too few values to mix well."""


@dataclass(frozen=True, eq=False)
class Members:
    """Combinations as rows of node indices.

    `points`: int32 of shape (rows, 2..10), ascending along a row, short rows filled with -1 at the end.
    `weights`: int64 of shape (rows,).
    """

    points: NDArray[np.int32]
    weights: Integers

    def __len__(self) -> int:
        return len(self.weights)

    def at(self, rows: slice | Integers | NDArray[np.bool_]) -> Members:
        return Members(self.points[rows], self.weights[rows])


@dataclass(frozen=True, eq=False)
class Candidates:
    """A numbered space that holds every combination exactly once, among others that `sift` throws away."""

    size: int
    sift: Callable[[Integers], Members]
    """The combinations among the given candidate numbers, in their order."""
    batch: int = 1 << 16
    """Candidates sifted at once: bounds memory, never changes the order."""
    total: int | None = None
    """How many combinations there are, when that is known without sifting."""


class Stream(Protocol):
    """The combinations of one relation in sampling order."""

    @property
    def total(self) -> int | None:
        """How many there are, None while unknown."""

    def reach(self, count: int) -> int:
        """Make the first `count` ready; returns how many are, fewer than `count` only when there are no more."""

    def read(self, start: int, stop: int) -> Members:
        """Those at `start` to `stop` in sampling order, after `reach(stop)`."""


def salt(seed: int, purpose: str) -> int:
    """64 bits that are unrelated for different seeds and purposes."""
    return content_id("order", purpose, seed).int >> 64


def mix(values: Hashes) -> Hashes:
    """A bijective scrambler of 64 bits: the splitmix64 finaliser (Steele, Lea, Flood, OOPSLA 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def id_keys(ids: Sequence[UUID]) -> Hashes:
    """64 bits of each 128-bit id."""
    high = np.array([each.int >> 64 for each in ids], dtype=np.uint64)
    low = np.array([each.int & WORD for each in ids], dtype=np.uint64)
    return mix(high ^ mix(low))


def member_keys(points: NDArray[np.int32], keys: Hashes, secret: int) -> Hashes:
    """The sort key of each row of `points`: its ids folded one after the other into `secret`."""
    folded = np.full(len(points), secret, dtype=np.uint64)
    for column in points.T:
        present = column >= 0
        folded[present] = mix(folded[present] ^ keys[column[present]])
    return folded


class Permutation:
    """A seeded bijection of range(size) that is computed point by point and stores nothing.

    A Feistel network permutes the next power of four; results outside the range are sent through again until they
    fall inside (cycle walking: fewer than four rounds on average), which keeps it a bijection.
    """

    def __init__(self, size: int, secret: int) -> None:
        self.size = size
        self._half = max(LEAST_HALF, (max(size - 1, 1).bit_length() + 1) // 2)
        self._keys = mix(np.arange(ROUNDS, dtype=np.uint64) + np.array([secret], dtype=np.uint64))

    def __call__(self, places: Integers) -> Integers:
        values = self._scramble(places.astype(np.uint64))
        outside = np.flatnonzero(values >= np.uint64(self.size))
        while len(outside):
            values[outside] = self._scramble(values[outside])
            outside = outside[values[outside] >= np.uint64(self.size)]
        return values.astype(np.int64)

    def _scramble(self, values: Hashes) -> Hashes:
        half = np.uint64(self._half)
        mask = np.uint64((1 << self._half) - 1)
        left, right = values >> half, values & mask
        for key in self._keys:
            left, right = right, left ^ (mix(right ^ key) & mask)
        return (left << half) | right


class SortedStream:
    """All combinations, sorted by the keyed hash of their ids; ties keep the order given."""

    def __init__(self, members: Members, keys: Hashes, secret: int) -> None:
        order = np.argsort(member_keys(members.points, keys, secret), kind="stable")
        self._members = members.at(order)

    @property
    def total(self) -> int:
        return len(self._members)

    def reach(self, count: int) -> int:
        return min(count, self.total)

    def read(self, start: int, stop: int) -> Members:
        return self._members.at(slice(start, stop))


class Collected:
    """Combinations in the order they were found; the parts they came in are joined only when they are read."""

    def __init__(self) -> None:
        self._parts: list[Members] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, part: Members) -> None:
        """Append a part."""
        self._parts.append(part)
        self._count += len(part)

    def read(self, start: int, stop: int) -> Members:
        """Those from `start` to before `stop`."""
        if len(self._parts) != 1:
            self._parts = [joined(self._parts)]
        return self._parts[0].at(slice(start, stop))


class SiftedStream:
    """The combinations among permuted candidates, found as far as they are asked for."""

    def __init__(self, candidates: Candidates, secret: int) -> None:
        self._candidates = candidates
        self._permutation = Permutation(candidates.size, secret)
        self._tried = 0
        self._found = Collected()

    @property
    def total(self) -> int | None:
        return len(self._found) if self._tried >= self._candidates.size else self._candidates.total

    def reach(self, count: int) -> int:
        while len(self._found) < count and self._tried < self._candidates.size:
            stop = min(self._tried + self._candidates.batch, self._candidates.size)
            self._found.add(self._candidates.sift(self._permutation(np.arange(self._tried, stop, dtype=np.int64))))
            self._tried = stop
        return min(count, len(self._found))

    def read(self, start: int, stop: int) -> Members:
        return self._found.read(start, stop)


def joined(parts: Sequence[Members]) -> Members:
    """The rows of all parts, one after the other; the width is that of the widest."""
    if not parts:
        return Members(np.empty((0, 2), dtype=np.int32), np.empty(0, dtype=np.int64))
    width = max(part.points.shape[1] for part in parts)
    points = np.full((sum(map(len, parts)), width), -1, dtype=np.int32)
    row = 0
    for part in parts:
        points[row : row + len(part), : part.points.shape[1]] = part.points
        row += len(part)
    return Members(points, np.concatenate([part.weights for part in parts]))
