"""How two points are joined: the shortest path between them, and of several the strongest."""

from __future__ import annotations

import numpy as np

from graph.cliques import spread
from graph.knowledge import KnowledgeGraph
from graph.order import Integers


def shortest_path(graph: KnowledgeGraph, start: int, end: int) -> list[int]:
    """The nodes from `start` to `end` along a path of fewest edges; empty when there is none.

    Of several, one whose weakest edge weighs most; of these, at each node from the end on, the lowest neighbour.
    """
    strength: Integers = np.zeros(graph.nodes, dtype=np.int64)
    strength[start] = np.iinfo(np.int64).max
    layers = [np.array([start], dtype=np.int64)]
    while not strength[end]:
        fresh = _next_layer(graph, layers[-1], strength)
        if not len(fresh):
            return []
        layers.append(fresh)
    path = [end]
    for layer in layers[-2::-1]:
        before = layer[graph.has_edge(layer, np.full(len(layer), path[-1]))]
        weight = graph.weight_between(before, np.full(len(before), path[-1]))
        path.append(int(before[np.argmax(np.minimum(weight, strength[before]))]))
    return path[::-1]


def _next_layer(graph: KnowledgeGraph, layer: Integers, strength: Integers) -> Integers:
    """The nodes one edge further than `layer`, ascending; sets the strength of their strongest shortest path."""
    row, offset = spread(graph.degree[layer])
    place = graph.indptr[layer[row]] + offset
    node, through = graph.indices[place], np.minimum(graph.weights[place], strength[layer[row]])
    new = strength[node] == 0
    np.maximum.at(strength, node[new], through[new])
    return np.unique(node[new])
