"""Walks over the knowledge graph: sets of 3 to 10 points, each next one a neighbour of the one before (CogAtom).

A walk starts at any point, every one alike, and goes on to a neighbour with a probability in proportion to the weight
of their edge over the neighbour's degree to the power of `degree_penalty`, so that it is not drawn to the points that
are joined to everything. No point comes twice. How many points it has is drawn first; a walk that gets stuck before has
fewer, and with fewer than three it is none. Its weight is its smallest edge weight.

Walks have no number that says how many there are, so they are tried one after the other, by number: walk n is the same
whatever was tried before. A set of points that came before is left out, and after `PATIENCE` walks without a new set
the relation is at its end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.arithmetic import exponential, power
from graph.cliques import spread
from graph.knowledge import KnowledgeGraph
from graph.order import Collected, Hashes, Integers, Members, id_keys, member_keys, mix

SHORTEST, LONGEST = 3, 10
"""Points of a walk."""
BATCH = 1 << 12
"""Walks tried at once."""
SAMPLED = 1000
"""Walks that say what walks are like."""
PATIENCE = 1 << 15
"""Walks in a row without a new set of points after which no more are looked for."""


class Walks:
    """The walks of a graph by number."""

    def __init__(self, graph: KnowledgeGraph, degree_penalty: float = 0) -> None:
        self._graph = graph
        self._keys = id_keys(graph.ids)
        degree = np.maximum(graph.degree, 1).astype(np.float64)
        self._pull = graph.weights / power(degree, degree_penalty)[graph.indices]

    @property
    def total(self) -> int | None:
        """0 where no three points are in a row; else nobody knows without walking."""
        return None if (self._graph.degree > 1).any() else 0

    def sample(self, secret: int) -> tuple[float, float]:
        """Of the first thousand walks: how many points one has on average, and the share of different ones."""
        if self.total == 0:
            return 0.0, 0.0
        found = self.members(np.arange(SAMPLED, dtype=np.int64), secret).points
        if not len(found):
            return 0.0, 0.0
        return float((found >= 0).sum() / len(found)), len(np.unique(found, axis=0)) / len(found)

    def walk(self, numbers: Integers, secret: int) -> tuple[NDArray[np.int32], Integers]:
        """The nodes of each walk in the order of its steps, -1 where it has ended; and its smallest edge weight."""
        lots = mix(numbers.astype(np.uint64) ^ np.uint64(secret))
        nodes = np.full((len(numbers), LONGEST), -1, dtype=np.int32)
        weights = np.full(len(numbers), np.iinfo(np.int64).max)
        nodes[:, 0] = (mix(lots) % np.uint64(max(1, self._graph.nodes))).astype(np.int32)
        lengths = SHORTEST + (mix(lots + np.uint64(1)) % np.uint64(LONGEST - SHORTEST + 1)).astype(np.int64)
        going = np.arange(len(numbers))
        for step in range(1, LONGEST):
            going = going[lengths[going] > step]
            going, entry = self._step(nodes, going, step, mix(lots[going] + np.uint64(1 + step)))
            nodes[going, step] = self._graph.indices[entry]
            weights[going] = np.minimum(weights[going], self._graph.weights[entry])
        return nodes, weights

    def members(self, numbers: Integers, secret: int) -> Members:
        """The combinations that the walks make, repeated ones too."""
        nodes, weights = self.walk(numbers, secret)
        kept = np.flatnonzero(nodes[:, SHORTEST - 1] >= 0)
        # Ascending along a row, what fills it at the end.
        filled = np.where(nodes[kept] < 0, np.iinfo(np.int32).max, nodes[kept])
        filled.sort(axis=1)
        return Members(np.where(filled == np.iinfo(np.int32).max, -1, filled).astype(np.int32), weights[kept])

    def _step(self, nodes: NDArray[np.int32], going: Integers, step: int, lots: Hashes) -> tuple[Integers, Integers]:
        """The walks that go on, and the edge each goes along: of exponential times with these rates the first."""
        last = nodes[going, step - 1].astype(np.int64)
        row, offset = spread(self._graph.degree[last])
        entry = self._graph.indptr[last[row]] + offset
        target = self._graph.indices[entry]
        free = np.flatnonzero(~(nodes[going[row]] == target[:, None]).any(axis=1))
        row, entry, target = row[free], entry[free], target[free]
        times = exponential(mix(lots[row] ^ self._keys[target])) / self._pull[entry]
        order = np.lexsort((target, times, row))
        first = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
        return going[row[first]], entry[first]


class WalkStream:
    """The different sets of points that walks make, in the order of the walks."""

    def __init__(self, walks: Walks, keys: Hashes, secret: int) -> None:
        self._walks = walks
        self._keys = keys
        self._secret = secret
        self._tried = 0
        self._fresh_at = 0
        self._seen: set[int] = set()
        self._found = Collected()

    @property
    def total(self) -> int | None:
        return len(self._seen) if self._ended else None

    @property
    def _ended(self) -> bool:
        return self._walks.total == 0 or self._tried - self._fresh_at >= PATIENCE

    def reach(self, count: int) -> int:
        while len(self._seen) < count and not self._ended:
            numbers = np.arange(self._tried, self._tried + BATCH, dtype=np.int64)
            found = self._walks.members(numbers, self._secret)
            self._tried += BATCH
            keys = member_keys(found.points, self._keys, self._secret).tolist()
            fresh = [place for place, key in enumerate(keys) if self._is_new(key)]
            if fresh:
                self._fresh_at = self._tried
                self._found.add(found.at(np.array(fresh, dtype=np.int64)))
        return min(count, len(self._seen))

    def read(self, start: int, stop: int) -> Members:
        return self._found.read(start, stop)

    def _is_new(self, key: int) -> bool:
        known = len(self._seen)
        self._seen.add(key)
        return len(self._seen) > known
