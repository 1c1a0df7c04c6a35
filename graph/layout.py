"""Where the points of a graph stand on a map: near their neighbours, apart from others, communities together.

Force-directed, in the manner of Fruchterman and Reingold (1991). All nodes push each other off; that is one convolution
of their density with the force's field, taken on a grid by Fourier transform, so a step costs as much as the edges and
the grid, not as much as all pairs. Nothing is drawn at random: the same graph has the same map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from graph.knowledge import KnowledgeGraph
from graph.order import Integers

Places = NDArray[np.float64]

STEPS = 160
LEAST_GRID, MOST_GRID = 128, 256
"""Cells along a side of the field; nodes in one cell push each other by their places in it alone."""
GOLDEN = np.pi * (3 - np.sqrt(5))
"""The angle between two seeds of a sunflower, which fill a disc evenly."""
PULL = 0.02
"""How strongly everything is drawn to the middle: else what no edge joins would drift away."""


def layout(graph: KnowledgeGraph, groups: Integers) -> Places:
    """x and y of each node, within -1 and 1. `groups`: the community of each node."""
    if not graph.nodes:
        return np.zeros((0, 2))
    places = _sunflowers(groups)
    side = np.sqrt(graph.nodes)
    grid = min(MOST_GRID, max(LEAST_GRID, 1 << int(np.ceil(np.log2(4 * side)))))
    kernels = _kernels(grid)
    springs = _springs(graph)
    for step in range(STEPS):
        heat = 0.08 * side * (1 - step / STEPS) ** 1.5 + 0.002 * side
        force = (
            _push(places, grid, kernels) - (springs.sum(axis=1)[:, None] * places - springs @ places) - PULL * places
        )
        length = np.maximum(np.hypot(force[:, 0], force[:, 1]), 1e-9)
        places = places + force * (np.minimum(length, heat) / length)[:, None]
        places -= places.mean(axis=0)
    return _framed(places)


def _sunflowers(groups: Integers) -> Places:
    """A disc of discs: communities by size from the middle out, and in each its nodes in their order."""
    sizes = np.bincount(groups)
    rank = np.empty(len(groups), dtype=np.int64)
    order = np.argsort(groups, kind="stable")
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    before = np.cumsum(sizes) - sizes / 2
    return _disc(np.sqrt(before), np.arange(len(sizes)))[groups] + 0.6 * _disc(np.sqrt(rank + 0.5), rank)


def _disc(radius: NDArray[np.float64], turn: Integers) -> Places:
    return np.column_stack((radius * np.cos(GOLDEN * turn), radius * np.sin(GOLDEN * turn)))


def _springs(graph: KnowledgeGraph) -> sparse.csr_array:
    """How strongly the ends of each edge attract: more for a heavy one, less for one of many."""
    degree = np.maximum(graph.degree, 1)
    lighter = np.sqrt(np.minimum(degree[graph.sources], degree[graph.indices]))
    strength = 0.12 * np.log1p(graph.weights) / lighter
    return sparse.csr_array((strength, graph.indices, graph.indptr), shape=(graph.nodes, graph.nodes))


def _push(places: Places, grid: int, kernels: Sequence[NDArray[np.complex128]]) -> Places:
    """What each node feels from all others: 1 / distance, away from them."""
    low = places.min(axis=0)
    cell = max(float((places.max(axis=0) - low).max()), 1e-9) / (grid - 2)
    at = (places - low) / cell
    corner = np.minimum(at.astype(np.int64), grid - 2)
    part = at - corner
    weights = [
        (corner[:, 0] + dx, corner[:, 1] + dy, abs(1 - dx - part[:, 0]) * abs(1 - dy - part[:, 1]))
        for dx in (0, 1)
        for dy in (0, 1)
    ]
    density = np.zeros((grid, grid))
    for x, y, share in weights:
        np.add.at(density, (x, y), share)
    spectrum = fft.rfft2(density, s=(2 * grid, 2 * grid))
    felt = np.zeros_like(places)
    for axis, kernel in enumerate(kernels):
        field = fft.irfft2(spectrum * kernel, s=(2 * grid, 2 * grid))[:grid, :grid] / cell
        felt[:, axis] = sum(share * field[x, y] for x, y, share in weights)
    return felt


def _kernels(grid: int) -> list[NDArray[np.complex128]]:
    """The transforms of x and y of the force that a node at the origin gives."""
    steps = fft.fftfreq(2 * grid, 1 / (2 * grid))
    x, y = np.meshgrid(steps, steps, indexing="ij")
    square = np.maximum(x * x + y * y, 1.0)
    return [fft.rfft2(side / square) for side in (x, y)]


def _framed(places: Places) -> Places:
    """Turned so that the longer way lies flat, and within -1 and 1."""
    _, _, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
    turned = places @ axes.T if len(places) > 1 else places
    turned = turned - (turned.max(axis=0) + turned.min(axis=0)) / 2
    framed: Places = turned / max(float(np.abs(turned).max()), 1e-9)
    return np.round(framed, 4)
