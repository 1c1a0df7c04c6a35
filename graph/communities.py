"""Communities of the knowledge graph: the subjects that its points fall into, by Louvain's method.

Blondel, Guillaume, Lambiotte and Lefebvre (2008), with the moves of a sweep made side by side: of a seeded half of the
nodes, so that neighbours do not swap places forever. Everything is integer arithmetic and ties go to the lower number,
so the same graph has the same communities everywhere. networkx has Louvain too; this one takes seconds where that takes
minutes, and is held against it in the tests.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graph.knowledge import KnowledgeGraph
from graph.order import Integers, id_keys, mix

SWEEPS = 24
"""Most sweeps on one level; few moves are left after ten."""


def communities(graph: KnowledgeGraph) -> Integers:
    """The community of each node, numbered from 0, the largest first; of equals, the one with the lowest node first."""
    matrix = graph.matrix().tocsr()
    keys = id_keys(graph.ids)
    found = np.arange(graph.nodes, dtype=np.int64)
    while True:
        moved = _move(matrix, keys)
        labels, moved = np.unique(moved, return_inverse=True)
        found = moved[found]
        if len(labels) == matrix.shape[0]:
            return _by_size(found)
        members = _membership(moved, len(labels))
        matrix = (members.T @ matrix @ members).tocsr()
        keys = keys[labels]


def modularity(graph: KnowledgeGraph, found: Integers) -> float:
    """Share of the edge weight inside communities, less what chance would give: 0 is chance, above 0.3 is structure."""
    total = int(graph.weights.sum())
    if not total:
        return 0.0
    inside = int(graph.weights[found[graph.sources] == found[graph.indices]].sum())
    strength = np.bincount(found[graph.sources], weights=graph.weights).astype(np.float64)
    return inside / total - float(((strength / total) ** 2).sum())


def _move(matrix: sparse.csr_array, keys: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]) -> Integers:
    """Let nodes join the community of a neighbour, as long as that raises modularity."""
    nodes = matrix.shape[0]
    strength = np.asarray(matrix.sum(axis=1)).astype(np.int64)
    total = int(strength.sum())
    loops = matrix.diagonal().astype(np.int64)
    belongs = np.arange(nodes, dtype=np.int64)
    quiet = 0
    for sweep in range(SWEEPS):
        links = (matrix @ _membership(belongs, nodes)).tocsr()
        links.sort_indices()
        row = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(links.indptr))
        column, weight = links.indices.astype(np.int64), links.data.astype(np.int64)
        own = column == belongs[row]
        sums = np.bincount(belongs, weights=strength, minlength=nodes).astype(np.int64)
        gain = total * (weight - own * loops[row]) - strength[row] * (sums[column] - own * strength[row])
        best, target = _best(gain, row, column, nodes)
        # Alone, a node gains nothing; in its own community it has what the entry of that column says.
        stay = np.zeros(nodes, dtype=np.int64)
        stay[row[own]] = gain[own]
        turn = (mix(keys + np.uint64(sweep)) & np.uint64(1)) == 0
        moves = (best > stay) & turn & (target >= 0)
        belongs[moves] = target[moves]
        quiet = 0 if moves.any() else quiet + 1
        if quiet == 3:
            break
    return belongs


def _best(gain: Integers, row: Integers, column: Integers, nodes: int) -> tuple[Integers, Integers]:
    """The largest gain of each row, and the first column that has it; 0 and -1 for an empty row."""
    best, target = np.zeros(nodes, dtype=np.int64), np.full(nodes, -1, dtype=np.int64)
    if not len(row):
        return best, target
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    best[row[starts]] = np.maximum.reduceat(gain, starts)
    winners = np.flatnonzero(gain == best[row])[::-1]
    target[row[winners]] = column[winners]
    return best, target


def _membership(belongs: Integers, columns: int) -> sparse.csr_array:
    rows = len(belongs)
    return sparse.csr_array((np.ones(rows, dtype=np.int64), belongs, np.arange(rows + 1)), shape=(rows, columns))


def _by_size(found: Integers) -> Integers:
    labels, first, place, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(labels))
    result: Integers = rank[place]
    return result
