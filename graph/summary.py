"""What a knowledge graph looks like, in the numbers that say what can be sampled from it.

They decide more than any other setting: names left unmerged give hundreds of components and almost no implicit pairs,
and a few names that occur everywhere bring nearly all points within three hops of each other.
"""

from __future__ import annotations

from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph

from graph.cliques import pair_of, spread, triangles
from graph.communities import communities, modularity
from graph.knowledge import KnowledgeGraph
from graph.order import Integers, Members, Permutation, salt
from graph.reach import Nearness
from graph.records import Record, Relation
from graph.relations import RELATIONS, Cutoffs, community, hubs, sizes, two_hop_among
from graph.sampling import SamplingPlan
from graph.walks import Walks

EXACT_NODES = 2_000
"""Points up to which all distances are computed: 0.1 s and 100 MB on a dense graph of this size."""
SAMPLED = 100_000
"""Pairs looked at for an estimate: shares are right to about 0.3 points of a hundred."""
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


class Hub(Record):
    """A point of highest degree, at which a three_hop combination may start."""

    id: UUID
    degree: int


class GraphStatistics(Record):
    """The shape of a knowledge graph. Counts are None where there are too many to list."""

    nodes: int
    edges: int
    total_weight: int
    """Sum of the edge weights: pairs of points that occur in a seed, counted once for each seed."""
    components: int
    largest_component: int
    """Points of the core."""
    isolated: int
    """Points without an edge; no combination but a random one has them."""
    degrees: dict[str, float]
    """Neighbours of a point: least, 25 %, median, 75 %, 90 %, 99 % and most, keyed by the fraction ("0.5")."""
    diameter: int
    """Longest shortest path in the core, in edges."""
    diameter_is_exact: bool
    """False: only a lower bound, found by walking to the farthest point twice (more than 2,000 points)."""
    pairs_at_one: int
    pairs_at_two: int
    pairs_at_three: int
    """Pairs of points at exactly this distance, whatever their weight and whether or not one is a hub."""
    within_three: float
    """Share of all pairs of points that are at most three edges apart."""
    distances_are_exact: bool
    """False: pairs at two and three and the share within are estimates from 100,000 pairs (more than 2,000 points)."""
    cliques_of_three: int
    cliques_of_four: int | None
    community_sizes: tuple[int, ...]
    """Points of each community, largest first."""
    modularity: float
    hubs: tuple[Hub, ...]
    """Highest degree first."""
    walk_points: float
    """Points of a walk, on average of a thousand."""
    walks_different: float
    """Share of different sets of points among these."""
    available: dict[Relation, int | None]
    """Combinations of every relation, also those that the plan leaves out, under the plan's cutoffs."""


def describe(graph: KnowledgeGraph, plan: SamplingPlan) -> GraphStatistics:
    """Count what the graph holds and what the plan can draw from it."""
    components, labels = csgraph.connected_components(graph.matrix(), directed=False)
    members = np.bincount(labels, minlength=1)
    core = np.flatnonzero(labels == np.argmax(members))
    exact = graph.nodes <= EXACT_NODES
    if exact:
        diameter, at_distance = _all_distances(graph, core)
    else:
        diameter, at_distance = _double_sweep(graph, core), _estimated_distances(graph)
    points, different = Walks(graph.for_paths, plan.degree_penalty).sample(salt(plan.seed, "walk"))
    threes, fours = _cliques(graph, community(graph, plan.cutoffs))
    groups = communities(graph)
    near = sum(at_distance.get(distance, 0) for distance in (1, 2, 3))
    return GraphStatistics(
        nodes=graph.nodes,
        edges=graph.edges,
        total_weight=int(graph.weights.sum()) // 2,
        components=components,
        largest_component=int(members.max()),
        isolated=int((graph.degree == 0).sum()),
        degrees=_quantiles(graph.degree),
        diameter=diameter,
        diameter_is_exact=exact,
        pairs_at_one=graph.edges,
        pairs_at_two=at_distance.get(2, 0),
        pairs_at_three=at_distance.get(3, 0),
        within_three=near / max(1, graph.nodes * (graph.nodes - 1) // 2),
        distances_are_exact=exact,
        cliques_of_three=threes,
        cliques_of_four=fours,
        community_sizes=tuple(np.bincount(groups).tolist()),
        modularity=modularity(graph, groups),
        hubs=tuple(
            Hub(id=graph.ids[hub], degree=int(graph.degree[hub])) for hub in hubs(graph.for_paths, plan.cutoffs)
        ),
        walk_points=points,
        walks_different=different,
        available=sizes(graph, RELATIONS, plan.cutoffs),
    )


def _quantiles(degree: Integers) -> dict[str, float]:
    values = np.quantile(degree, QUANTILES) if len(degree) else np.zeros(len(QUANTILES))
    return {str(fraction): round(float(value), 2) for fraction, value in zip(QUANTILES, values, strict=True)}


def _estimated_distances(graph: KnowledgeGraph) -> dict[int, int]:
    """About how many pairs are at distances 1 (exactly), 2 and 3, from a seeded sample of the pairs."""
    pairs = graph.nodes * (graph.nodes - 1) // 2
    count = min(pairs, SAMPLED)
    u, v = pair_of(Permutation(pairs, 0)(np.arange(count, dtype=np.int64)))
    two = len(two_hop_among(graph, u, v))
    near = int(Nearness(graph, hubs(graph, Cutoffs(hub_share=0, hub_least=64))).near(u, v).sum())
    three = near - two - int(graph.has_edge(u, v).sum())
    return {1: graph.edges, 2: round(two / count * pairs), 3: round(three / count * pairs)}


def _cliques(graph: KnowledgeGraph, listed: object) -> tuple[int, int | None]:
    if not isinstance(listed, Members):
        return len(triangles(graph).weights), None
    fours = int((listed.points[:, 3:] >= 0).sum())
    return len(listed) - fours, fours


def _all_distances(graph: KnowledgeGraph, core: Integers) -> tuple[int, dict[int, int]]:
    """The core's diameter, and how many pairs of the whole graph are at each distance.

    Breadth-first search from all nodes at once: bit s of row v says that v has been reached from s.
    """
    linked = np.flatnonzero(graph.degree)
    reached = np.packbits(np.eye(graph.nodes, dtype=np.bool_), axis=1)
    diameter, at_distance = 0, {}
    distance = 0
    while len(linked):
        distance += 1
        further = reached.copy()
        further[linked] |= np.bitwise_or.reduceat(reached[graph.indices], graph.indptr[linked], axis=0)
        fresh = further ^ reached
        pairs = int(np.bitwise_count(fresh).sum()) // 2
        if not pairs:
            break
        at_distance[distance] = pairs
        diameter = distance if fresh[core].any() else diameter
        reached = further
    return diameter, at_distance


def _double_sweep(graph: KnowledgeGraph, core: Integers) -> int:
    """A lower bound of the core's diameter: how far it is from the point that is farthest from the best-linked one."""
    start = int(core[np.argmax(graph.degree[core])])
    farthest, _ = _farthest(graph, start)
    return _farthest(graph, farthest)[1]


def _farthest(graph: KnowledgeGraph, start: int) -> tuple[int, int]:
    """The first of the nodes farthest from `start`, and its distance."""
    seen: NDArray[np.bool_] = np.zeros(graph.nodes, dtype=np.bool_)
    frontier = np.array([start], dtype=np.int64)
    distance = -1
    while len(frontier):
        seen[frontier] = True
        last, distance = frontier, distance + 1
        row, offset = spread(graph.degree[frontier])
        neighbours = graph.indices[graph.indptr[frontier[row]] + offset]
        frontier = np.unique(neighbours[~seen[neighbours]])
    return int(last[0]), distance
