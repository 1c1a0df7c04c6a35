"""Triangles and four-cliques of a knowledge graph, listed or numbered without listing.

Edges are directed from the endpoint of lower degree to the higher (ties by node), so every clique has one lowest node
and is met once, and a hub's long row is searched rather than walked (Chiba and Nishizeki, 1985). Triangles are always
listed: they are few compared with the pairs. Four-cliques are numbered: two triangles on one lowest edge are a
candidate, which is a clique when their tips are joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.knowledge import KnowledgeGraph
from graph.order import Integers, Members

CHUNK = 1 << 21
"""Neighbour pairs looked at in one go: about 100 MB of temporary arrays."""


@dataclass(frozen=True, eq=False)
class Triangles:
    """All triangles, grouped by their lowest edge.

    `points`: int32 (triangles, 3), columns lowest, middle, tip in the direction of the edges (not in id order).
    `weights`: the smallest edge weight. `starts`: the first row of each group, and their number at the end.
    """

    points: NDArray[np.int32]
    weights: Integers
    starts: Integers

    @property
    def four_candidates(self) -> Integers:
        """Running number of four-clique candidates before each group, and of all at the end."""
        return running(choose_two(np.diff(self.starts)))


def triangles(graph: KnowledgeGraph) -> Triangles:
    """List every triangle once."""
    rank = np.empty(graph.nodes, dtype=np.int64)
    order = np.lexsort((np.arange(graph.nodes), graph.degree))
    rank[order] = np.arange(graph.nodes)
    tail, head = rank[graph.sources], rank[graph.indices]
    forward = np.flatnonzero(tail < head)
    forward = forward[np.lexsort((head[forward], tail[forward]))]
    tail, head, weight = tail[forward], head[forward], graph.weights[forward]
    keys = tail * graph.nodes + head
    row_end = np.searchsorted(tail, tail, side="right")
    points, weights, lowest = [], [], []
    for first, second in _later_pairs(row_end):
        wanted = head[first] * graph.nodes + head[second]
        third = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = keys[third] == wanted
        first, second, third = first[found], second[found], third[found]
        points.append(np.stack([tail[first], head[first], head[second]], axis=1))
        weights.append(np.minimum(np.minimum(weight[first], weight[second]), weight[third]))
        lowest.append(first)
    if not points:
        return Triangles(np.empty((0, 3), dtype=np.int32), np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    starts = np.flatnonzero(np.diff(np.concatenate(lowest), prepend=-1))
    nodes = order[np.concatenate(points)].astype(np.int32)
    return Triangles(nodes, np.concatenate(weights), np.append(starts, len(nodes)))


def four_cliques(
    graph: KnowledgeGraph, listed: Triangles, before: Integers, numbers: Integers
) -> tuple[Integers, Members]:
    """The four-cliques among candidate `numbers`, and their places there; `before` is `listed.four_candidates`."""
    group = np.searchsorted(before, numbers, side="right") - 1
    low, high = pair_of(numbers - before[group])
    low, high = listed.starts[group] + low, listed.starts[group] + high
    tips = listed.points[low, 2].astype(np.int64), listed.points[high, 2].astype(np.int64)
    closing = graph.weight_between(*tips)
    found = np.flatnonzero(closing)
    low, high, closing = low[found], high[found], closing[found]
    points = np.concatenate([listed.points[low], listed.points[high, 2:]], axis=1)
    weights = np.minimum(np.minimum(listed.weights[low], listed.weights[high]), closing)
    return found, Members(np.sort(points, axis=1), weights)


def choose_two(counts: Integers) -> Integers:
    """Number of pairs among each count."""
    return counts * (counts - 1) // 2


def running(counts: Integers) -> Integers:
    """Sums of what came before each entry, and of all at the end."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def pair_of(numbers: Integers) -> tuple[Integers, Integers]:
    """The pair low < high that has each number when pairs are counted (0,1) (0,2) (1,2) (0,3) and so on.

    The square root only guesses; the guess is then corrected in integers, so no rounding reaches the result.
    """
    high = ((1 + np.sqrt(1 + 8 * numbers.astype(np.float64))) / 2).astype(np.int64)
    high -= choose_two(high) > numbers
    high += choose_two(high + 1) <= numbers
    return numbers - choose_two(high), high


def _later_pairs(row_end: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Every pair of entries (i, j), i < j < row_end[i], in chunks, ordered by i and then j."""
    counts = row_end - np.arange(1, len(row_end) + 1)
    for chunk in chunks(counts, CHUNK):
        first, offset = spread(counts[chunk])
        first += chunk.start
        yield first, first + 1 + offset


def chunks(counts: Integers, most: int) -> Iterator[slice]:
    """Slices of consecutive items whose counts sum to about `most` at the most (a single item may exceed it)."""
    before = running(counts)
    start = 0
    while start < len(counts):
        stop = max(start + 1, int(np.searchsorted(before, before[start] + most, side="right")) - 1)
        yield slice(start, stop)
        start = stop


def spread(counts: Integers) -> tuple[Integers, Integers]:
    """Item and offset of every unit when item i has counts[i] units: (0,0) (0,1) ... (1,0) ..."""
    item = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    return item, np.arange(len(item), dtype=np.int64) - running(counts)[item]
