"""The knowledge graph as arrays: knowledge points as nodes, co-occurrence in a seed as weighted edges.

It knows ids and weights, not names or seeds. Nodes are numbered by ascending id, so the same points and edges give
the same arrays whatever order they came in, and everything computed from them is reproducible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graph.order import Integers


@dataclass(frozen=True, eq=False)
class SeedPoints:
    """Which nodes each seed has: an entry for each seed and node, ascending by seed and then by node, none twice."""

    seeds: Integers
    nodes: Integers

    @classmethod
    def of(cls, seeds: Integers, nodes: Integers) -> SeedPoints:
        """From entries in any order, also repeated ones; seeds are numbered from 0."""
        entries = np.unique(np.stack([seeds, nodes], axis=1).astype(np.int64), axis=0)
        return cls(entries[:, 0], entries[:, 1])


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """Symmetric compressed sparse rows: the neighbours of node i are `indices[indptr[i] : indptr[i + 1]]`, ascending.

    `ids`: the knowledge points, ascending. `indptr` (nodes + 1), `indices` and `weights` (2 x edges each): int64.
    A weight is the number of seeds in which both points occur.
    """

    ids: tuple[UUID, ...]
    indptr: Integers
    indices: Integers
    weights: Integers
    seeds: SeedPoints | None = None
    """Which points each seed has, where the order of what is drawn rests on it."""
    crowded: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Nodes in so many seeds that a path through them ties nothing, ascending."""

    @classmethod
    def build(cls, ids: Iterable[UUID], edges: Iterable[tuple[UUID, UUID, int]]) -> KnowledgeGraph:
        """From points and edges in any order; an edge that is given twice, or once each way, has the summed weight."""
        ordered = tuple(sorted(set(ids)))
        number = {each: index for index, each in enumerate(ordered)}
        try:
            rows = [(number[a], number[b], weight) for a, b, weight in edges]
        except KeyError as missing:
            raise ValueError(f"an edge names {missing.args[0]}, which is not among the points") from None
        return cls.numbered(ordered, *np.array(rows, dtype=np.int64).reshape(-1, 3).T)

    @classmethod
    def numbered(cls, ids: Sequence[UUID], a: Integers, b: Integers, weight: Integers) -> KnowledgeGraph:
        """From ascending points, and edges between their numbers: for graphs too large for Python's rows."""
        if (a == b).any() or (weight < 1).any():
            raise ValueError("an edge must join two different points and weigh at least 1")
        return cls(tuple(ids), *_symmetric(len(ids), a, b, weight))

    @property
    def nodes(self) -> int:
        return len(self.ids)

    @property
    def edges(self) -> int:
        return len(self.indices) // 2

    @cached_property
    def degree(self) -> Integers:
        """Neighbours of each node."""
        return np.diff(self.indptr)

    @cached_property
    def sources(self) -> Integers:
        """The row of each entry of `indices`."""
        return np.repeat(np.arange(self.nodes, dtype=np.int64), self.degree)

    @cached_property
    def fingerprint(self) -> UUID:
        """The same for the same points, edges, seeds and crowded points, and for no others."""
        digest = hashlib.sha256(b"".join(each.bytes for each in self.ids))
        seeds = (self.seeds.seeds, self.seeds.nodes) if self.seeds else ()
        for part in (self.indptr, self.indices, self.weights, *seeds, self.crowded):
            digest.update(part.astype("<i8").tobytes())
        return UUID(bytes=digest.digest()[:16])

    @cached_property
    def for_paths(self) -> KnowledgeGraph:
        """The graph without the edges of crowded points: what paths and walks lead through."""
        if not len(self.crowded):
            return self
        kept = ~(np.isin(self.sources, self.crowded) | np.isin(self.indices, self.crowded))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(self.sources[kept], minlength=self.nodes))])
        return replace(self, indptr=indptr.astype(np.int64), indices=self.indices[kept], weights=self.weights[kept])

    @cached_property
    def _keys(self) -> Integers:
        """Row and column of each entry as one ascending number, for binary search."""
        return self.sources * self.nodes + self.indices

    def weight_between(self, u: Integers, v: Integers) -> Integers:
        """The weight of each edge (u[i], v[i]), 0 where there is none."""
        if not len(self._keys):
            return np.zeros(len(u), dtype=np.int64)
        wanted = u * self.nodes + v
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self.weights[place], 0)

    def has_edge(self, u: Integers, v: Integers) -> NDArray[np.bool_]:
        """Whether u[i] and v[i] are neighbours."""
        return self.weight_between(u, v) > 0

    def edge_list(self) -> tuple[Integers, Integers, Integers]:
        """(a, b, weight) of every edge once, a < b, ascending."""
        once = self.sources < self.indices
        return self.sources[once], self.indices[once], self.weights[once]

    def matrix(self) -> sparse.csr_array:
        """The adjacency matrix of weights; shares this graph's arrays, so it must not be changed."""
        return sparse.csr_array((self.weights, self.indices, self.indptr), shape=(self.nodes, self.nodes))


def _symmetric(nodes: int, a: Integers, b: Integers, weight: Integers) -> tuple[Integers, Integers, Integers]:
    """indptr, indices and weights of the graph with the edges in both directions."""
    both = np.concatenate([weight, weight]), (np.concatenate([a, b]), np.concatenate([b, a]))
    matrix = sparse.coo_array(both, shape=(nodes, nodes)).tocsr()
    matrix.sum_duplicates()
    indptr, indices, weights = (part.astype(np.int64) for part in (matrix.indptr, matrix.indices, matrix.data))
    return indptr, indices, weights


def to_networkx(
    graph: KnowledgeGraph, names: Mapping[UUID, str] | None = None, communities: Mapping[UUID, int] | None = None
) -> nx.Graph:
    """The graph for networkx and its writers (GraphML, GEXF, JSON): only str and int attributes.

    Nodes are the ids as text, with `id`, `name` and `label` (the id where no name is given), and `community` where
    that is given; edges have `weight`.
    """
    result = nx.Graph()
    texts = [str(each) for each in graph.ids]
    for each, text in zip(graph.ids, texts, strict=True):
        group = {"community": communities[each]} if communities and each in communities else {}
        name = (names or {}).get(each, text)
        # `label` is what programs that draw graphs write at a node.
        result.add_node(text, id=text, name=name, label=name, **group)
    for a, b, weight in zip(*(column.tolist() for column in graph.edge_list()), strict=True):
        result.add_edge(texts[a], texts[b], weight=weight)
    return result
