"""Which seed a combination is owed to, and an order in which no seed owns a relation.

A seed with many points has very many pairs and cliques of them: 21 points are 210 pairs and 7,315 cliques, and drawn
evenly these are most of what is drawn. So explicit combinations come by seed first, and within the seed in the order of
the policy: every seed has one turn before any has a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from graph.cliques import pair_of, running
from graph.knowledge import SeedPoints
from graph.order import Integers, Members


class Owners:
    """Says which seed a combination is owed to.

    A pair of points is owed to the smallest seed that has both, of several to the first. A clique is owed to the seed
    that most of its pairs are owed to; of several to the smallest, and then to the first.
    """

    def __init__(self, seeds: SeedPoints) -> None:
        self.sizes = np.bincount(seeds.seeds)
        self._nodes = int(seeds.nodes.max()) + 1
        starts = running(self.sizes)
        keys, owners = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for size in np.unique(self.sizes[self.sizes > 1]).tolist():
            alike = np.flatnonzero(self.sizes == size)
            low, high = pair_of(np.arange(size * (size - 1) // 2))
            keys.append(self._key(*(seeds.nodes[starts[alike][:, None] + place] for place in (low, high))).ravel())
            owners.append(np.repeat(alike, len(low)))
        # Seeds were taken by size and then in order, so the first of equal keys has the owner.
        self._keys, first = np.unique(np.concatenate(keys), return_index=True)
        self._owner = np.concatenate(owners)[first]

    def __call__(self, points: NDArray[np.int32]) -> Integers:
        """The owner of each row of points, every two of which are in a seed together."""
        rows, nodes = np.arange(len(points)), points.astype(np.int64)
        pairs = list(combinations(range(nodes.shape[1]), 2))
        owed = np.stack([self._of(nodes[:, a], nodes[:, b]) for a, b in pairs], axis=1)
        votes = (owed[:, :, None] == owed[:, None, :]).sum(axis=2)
        sizes = np.where(owed < 0, 0, self.sizes[owed])
        # The owner of most pairs, the smallest, the first: as one number to be largest.
        rank = np.lexsort((owed.ravel(), sizes.ravel(), -np.where(owed < 0, 0, votes).ravel()))
        place = np.empty(owed.size, dtype=np.int64)
        place[rank] = np.arange(owed.size)
        best: Integers = owed[rows, np.argmin(place.reshape(owed.shape), axis=1)]
        return best

    def _key(self, low: Integers, high: Integers) -> Integers:
        return low * self._nodes + high

    def _of(self, low: Integers, high: Integers) -> Integers:
        """The owner of each pair, -1 where a short row has no second point."""
        place = np.minimum(np.searchsorted(self._keys, self._key(low, high)), len(self._keys) - 1)
        found: Integers = np.where(high < 0, -1, self._owner[place])
        return found


class BySeed:
    """An arrangement of a block's rows: a turn for every seed before any has a second, also from block to block."""

    def __init__(self, seeds: SeedPoints) -> None:
        self._owners = Owners(seeds)
        self._turns: Integers = np.zeros(len(self._owners.sizes), dtype=np.int64)

    def __call__(self, block: Members) -> Iterator[Integers]:
        owner = self._owners(block.points)
        grouped = np.argsort(owner, kind="stable")
        counts = np.bincount(owner, minlength=len(self._turns))
        turn = np.empty(len(owner), dtype=np.int64)
        turn[grouped] = np.arange(len(owner)) - running(counts)[owner[grouped]] + self._turns[owner[grouped]]
        self._turns += counts
        yield np.argsort(turn, kind="stable")
