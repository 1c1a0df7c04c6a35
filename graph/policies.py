"""The policies of sampling: in which order the combinations of one relation come.

- `uniform`: every order is equally likely.
- `weighted`: of those left, each comes next with a probability in proportion to its weight (no weight counts as 1).
- `balanced`: the point that was used least so far has its turn, with that of its next few combinations whose other
  points were used least. So every point that the relation has at all is used before any has a second turn.
- `yield`: what brings more pairs for its cost comes more often. It rests on outcomes and stands in `graph/steering.py`.

Weighted and balanced rearrange the uniform order. A relation that is too large to list is rearranged by blocks of
`BLOCK` combinations, each a uniform sample of what is left: within a block the policy is exact, from block to block it
starts again (`balanced` remembers what was used).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graph.arithmetic import exponential
from graph.order import Collected, Hashes, Integers, Members, Stream, member_keys

Policy = Literal["uniform", "weighted", "balanced", "yield"]
Arrange = Callable[[Members], Iterator[Integers]]
"""Row numbers of a block in their new order, a few at a time, each row once."""

BLOCK = 1 << 18
LOOK = 16
"""Combinations among which a point's turn is given to the least used: more would be slower and hardly more even."""
YIELDED = 1024


class ArrangedStream:
    """The combinations of another stream, block by block in the order that `arrange` gives each."""

    def __init__(self, inner: Stream, arrange: Arrange, block: int) -> None:
        self._inner = inner
        self._arrange = arrange
        self._block = block
        self._taken = 0
        self._rows: Iterator[Members] = iter(())
        self._found = Collected()

    @property
    def total(self) -> int | None:
        return self._inner.total

    def reach(self, count: int) -> int:
        while len(self._found) < count:
            part = next(self._rows, None)
            if part is not None:
                self._found.add(part)
            elif not self._next_block():
                break
        return min(count, len(self._found))

    def read(self, start: int, stop: int) -> Members:
        return self._found.read(start, stop)

    def _next_block(self) -> bool:
        stop = self._inner.reach(self._taken + self._block)
        if stop == self._taken:
            return False
        block = self._inner.read(self._taken, stop)
        self._rows = (block.at(rows) for rows in self._arrange(block))
        self._taken = stop
        return True


def weighted(keys: Hashes, secret: int) -> Arrange:
    """Each combination arrives after an exponential time whose rate is its weight (Efraimidis and Spirakis, 2006)."""

    def arrange(block: Members) -> Iterator[Integers]:
        times = exponential(member_keys(block.points, keys, secret)) / np.maximum(block.weights, 1)
        yield np.argsort(times, kind="stable")

    return arrange


def balanced(nodes: int) -> Arrange:
    """Keeps count of what was used, also from one block to the next."""
    uses: Integers = np.zeros(nodes + 1, dtype=np.int64)  # the last one is for the -1 that fills short rows

    def arrange(block: Members) -> Iterator[Integers]:
        rows = _least_used_first(block.points, uses)
        while some := [row for row, _ in zip(rows, range(YIELDED), strict=False)]:
            yield np.array(some, dtype=np.int64)

    return arrange


def _least_used_first(points: NDArray[np.int32], uses: Integers) -> Iterator[int]:
    """Row numbers: a turn for the least used point (ties: whose first row comes first) until no row is left."""
    rows_of = _rows_by_point(points)
    free = np.ones(len(points), dtype=np.bool_)
    turns = [(int(uses[point]), int(rows[0]), point) for point, rows in rows_of.items()]
    heapq.heapify(turns)
    while turns:
        used, first, point = heapq.heappop(turns)
        if used < uses[point]:
            heapq.heappush(turns, (int(uses[point]), first, point))
            continue
        rows_of[point], some = _next_free(rows_of[point], free)
        if not len(some):
            continue
        counts = uses[points[some]]
        row = int(some[np.lexsort((counts.sum(axis=1), counts.max(axis=1)))[0]])
        free[row] = False
        uses[points[row]] += 1
        uses[-1] = 0
        heapq.heappush(turns, (int(uses[point]), first, point))
        yield row


def _rows_by_point(points: NDArray[np.int32]) -> dict[int, Integers]:
    flat = points.ravel()
    places = np.argsort(flat, kind="stable")
    names, starts = np.unique(flat[places], return_index=True)
    found = dict(zip(names.tolist(), np.split(places // points.shape[1], starts[1:]), strict=True))
    found.pop(-1, None)
    return found


def _next_free(rows: Integers, free: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """What is left of `rows` from the first free one on, and the first few that are free."""
    size = LOOK
    while True:
        found = np.flatnonzero(free[rows[:size]])
        if len(found) >= LOOK or size >= len(rows):
            return rows[found[0] if len(found) else len(rows) :], rows[found[:LOOK]]
        if not len(found):
            rows = rows[size:]
        else:
            size *= 4
