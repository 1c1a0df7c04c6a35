"""How far points are from the hubs, for many hubs at once: 64 hubs are the bits of one number of each node.

A step along all edges is then one pass over the edges for every 64 hubs, whatever the hubs' degrees. What it gives is
what three_hop lists or numbers, without walking from each hub by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.cliques import CHUNK, chunks, spread
from graph.knowledge import KnowledgeGraph
from graph.order import Integers, Members

Bits = NDArray[np.uint64]
WORD = 64
ONE = np.uint64(1)


@dataclass(frozen=True, eq=False)
class Steps:
    """The edges of at least some weight, both ways, grouped by the node they start at.

    `rows`: nodes with such an edge, ascending. `starts`: where each row's entries begin. `targets`: the other ends.
    """

    rows: Integers
    starts: Integers
    targets: Integers

    @classmethod
    def of(cls, graph: KnowledgeGraph, least: int) -> Steps:
        kept = np.flatnonzero(graph.weights >= least)
        rows, starts = np.unique(graph.sources[kept], return_index=True)
        return cls(rows, starts.astype(np.int64), graph.indices[kept])

    def step(self, bits: Bits) -> Bits:
        """For each node the bits of all its neighbours."""
        result = np.zeros_like(bits)
        if len(self.rows):
            result[self.rows] = np.bitwise_or.reduceat(bits[self.targets], self.starts)
        return result


@dataclass(frozen=True, eq=False)
class ThirdRing:
    """All pairs of a hub and a node at distance 3, numbered from 0, and how strongly each is tied.

    `hubs`: node of each hub. `bits`: (hubs / 64, nodes), bit j of word i for hub 64 i + j. `strength`: by number of
    the pair, the largest, over paths of 3 edges, of the path's smallest edge weight. Memory: a quarter of a byte for
    each hub and node, and two bytes for most pairs.
    """

    hubs: Integers
    bits: Bits
    strength: NDArray[np.unsignedinteger]

    @classmethod
    def around(cls, graph: KnowledgeGraph, hubs: Integers) -> ThirdRing:
        """Find them. A pair of two hubs is met once, from the hub of the smaller number."""
        steps = Steps.of(graph, 1)
        words = [_third(graph, steps, hubs, start) for start in range(0, len(hubs), WORD)]
        bits = np.array(words, dtype=np.uint64).reshape(len(words), graph.nodes)
        largest = int(graph.weights.max()) if len(graph.weights) else 1
        ring = cls(hubs, bits, np.ones(int(_count(bits).sum()), dtype=np.min_scalar_type(largest)))
        ring._strengthen(graph)
        return ring

    def __len__(self) -> int:
        return len(self.strength)

    @cached_property
    def _before(self) -> Integers:
        """Pairs before each word of `bits`, and of all at the end."""
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_count(self.bits.ravel()), dtype=np.int64)])

    def pairs(self, numbers: Integers) -> Members:
        """The pairs of the given numbers, in their order."""
        cell = np.searchsorted(self._before, numbers, side="right") - 1
        place = numbers - self._before[cell]
        word, node = np.divmod(cell, self.bits.shape[1])
        hub = self.hubs[word * WORD + _bit_at(self.bits.ravel()[cell], place)]
        points = np.stack([np.minimum(hub, node), np.maximum(hub, node)], axis=1).astype(np.int32)
        return Members(points, self.strength[numbers].astype(np.int64))

    def _strengthen(self, graph: KnowledgeGraph) -> None:
        """Raise the strength of every pair that is also joined by edges of each higher weight, until none is.

        Level by level, because the edges of high weight are few: all levels together cost little more than the first.
        """
        open_words = set(range(len(self.bits)))
        levels = np.unique(graph.weights)
        for level in levels[levels > 1].tolist():
            steps = Steps.of(graph, level)
            for word in sorted(open_words):
                joined = steps.step(steps.step(steps.step(_first(graph, self.hubs, word * WORD)))) & self.bits[word]
                if not self._raise(word, joined, level):
                    open_words.discard(word)
            if not open_words:
                return

    def _raise(self, word: int, joined: Bits, level: int) -> bool:
        """Set the strength of the pairs in `joined`; whether there was one."""
        nodes = np.flatnonzero(joined)
        if not len(nodes):
            return False
        row, bit = np.nonzero(_unpacked(joined[nodes]))
        node = nodes[row]
        lower = self.bits[word, node] & ((ONE << bit.astype(np.uint64)) - ONE)
        self.strength[self._before[word * self.bits.shape[1] + node] + _count(lower)] = level
        return True


def _first(graph: KnowledgeGraph, hubs: Integers, start: int) -> Bits:
    """A bit at each of up to 64 hubs."""
    result = np.zeros(graph.nodes, dtype=np.uint64)
    group = hubs[start : start + WORD]
    result[group] = ONE << np.arange(len(group), dtype=np.uint64)
    return result


def _third(graph: KnowledgeGraph, steps: Steps, hubs: Integers, start: int) -> Bits:
    """The nodes at distance 3 of up to 64 hubs; of two hubs, only the one of the larger number."""
    zero = _first(graph, hubs, start)
    one = steps.step(zero)
    two = steps.step(one)
    found = steps.step(two) & ~(zero | one | two)
    group = hubs[start : start + WORD]
    flags = ONE << np.arange(len(group), dtype=np.uint64)
    found[hubs] &= ((group < hubs[:, None]) * flags).sum(axis=1, dtype=np.uint64)
    return found


def _count(bits: Bits) -> Integers:
    counts: Integers = np.bitwise_count(bits).astype(np.int64)
    return counts


def _unpacked(bits: Bits) -> NDArray[np.uint8]:
    """One row of 64 for each number, lowest bit first."""
    shifts = np.arange(WORD, dtype=np.uint64)
    return ((bits[:, None] >> shifts) & ONE).astype(np.uint8)


def _bit_at(bits: Bits, place: Integers) -> Integers:
    """The position of the set bit that has `place` set bits below it."""
    found: Integers = np.argmax(np.cumsum(_unpacked(bits), axis=1, dtype=np.uint8) > place[:, None], axis=1)
    return found


class Nearness:
    """Tells which pairs are joined by a path of at most 3 edges.

    Most are, by way of a hub, which the bits of 64 hubs say at once; for the rest, whose points have few neighbours,
    every neighbour of the one is held against every neighbour of the other.
    """

    def __init__(self, graph: KnowledgeGraph, hubs: Integers) -> None:
        """`hubs`: those of highest degree; more than 64 are of no use."""
        self._graph = graph
        zero = _first(graph, hubs, 0)
        steps = Steps.of(graph, 1)
        self._one = zero | steps.step(zero)
        self._two = self._one | steps.step(self._one)

    def near(self, u: Integers, v: Integers) -> NDArray[np.bool_]:
        """Whether u[i] and v[i] are at most 3 edges apart."""
        found: NDArray[np.bool_] = (self._one[u] & self._two[v] | self._two[u] & self._one[v]) != 0
        open_pairs = np.flatnonzero(~found)
        found[open_pairs] = self._graph.has_edge(u[open_pairs], v[open_pairs])
        open_pairs = open_pairs[~found[open_pairs]]
        counts = self._graph.degree[u[open_pairs]] * self._graph.degree[v[open_pairs]]
        for part in chunks(counts, CHUNK):
            pair, offset = spread(counts[part])
            pair = open_pairs[part][pair]
            left, right = np.divmod(offset, self._graph.degree[v[pair]])
            one = self._graph.indices[self._graph.indptr[u[pair]] + left]
            two = self._graph.indices[self._graph.indptr[v[pair]] + right]
            found[pair[(one == two) | self._graph.has_edge(one, two)]] = True
        return found
