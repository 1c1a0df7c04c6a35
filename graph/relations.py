"""The relations: how the points of a combination are tied in the knowledge graph.

Each function hands over the combinations of one relation: listed (`Members`), where there are too many to list as a
numbered space to sift (`Candidates`), or as walks to try (`Walks`). `stream` puts them in their seeded order. A
function knows the graph and the cutoffs, never the seed, so a new relation is one function and one line in `RELATIONS`.

D is the number of edges on the shortest path between two points. The definitions are those of the paper (GRIP 3.3);
what it leaves open (weight of an implicit pair, number of hubs, sub-cliques) is said in each docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from graph.arithmetic import power
from graph.cliques import (
    CHUNK,
    choose_two,
    chunks,
    four_cliques,
    pair_of,
    running,
    spread,
    triangles,
)
from graph.knowledge import KnowledgeGraph
from graph.order import Candidates, Integers, Members, SiftedStream, SortedStream, Stream, id_keys, joined, salt
from graph.owners import BySeed
from graph.policies import BLOCK, ArrangedStream, Policy, balanced, weighted
from graph.reach import Nearness, ThirdRing
from graph.records import Relation
from graph.walks import Walks, WalkStream

Found = Members | Candidates | Walks
LISTED = 5_000_000
"""Candidates up to which a relation is listed: about 400 MB and 5 s at worst. All graphs up to 3,162 nodes are."""
OWED = 1 << 20
"""Combinations that are arranged by seed in one go: 10 s at worst."""
EXPLICIT: tuple[Relation, ...] = ("one_hop", "community")
"""Relations whose points are neighbours, every two, so that each of their combinations has a seed to be owed to."""
PATHS: tuple[Relation, ...] = ("two_hop", "three_hop", "distant", "walk")
"""Relations that rest on paths, and so on which points a path may lead through."""


@dataclass(frozen=True)
class Cutoffs:
    """What a relation leaves out. The reasons for the defaults stand in `SamplingPlan`."""

    min_weight: float = 1
    hub_share: float = 0.01
    hub_least: int = 10
    degree_penalty: float = 0
    listed: int = LISTED
    """Candidates up to which a relation is listed rather than sifted."""


def one_hop(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members:
    """Pairs with D = 1; weight = number of seeds that have both points."""
    a, b, weight = graph.edge_list()
    return _pairs(a, b, weight)


def two_hop(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members | Candidates:
    """Pairs with D = 2; weight = sum over common neighbours c of min(w(u, c), w(c, v)).

    A path is as strong as its weaker edge, and every common neighbour is one more reason to join the two.
    """
    wedges = running(choose_two(graph.degree))
    pairs = graph.nodes * (graph.nodes - 1) // 2
    if min(pairs, int(wedges[-1])) <= cutoffs.listed:
        return _list_two_hop(graph, cutoffs.min_weight)
    if pairs <= wedges[-1]:
        return Candidates(pairs, lambda numbers: two_hop_among(graph, *pair_of(numbers), None, cutoffs.min_weight))

    def sift(numbers: Integers) -> Members:
        centre = np.searchsorted(wedges, numbers, side="right") - 1
        low, high = pair_of(numbers - wedges[centre])
        row = graph.indptr[centre]
        return two_hop_among(graph, graph.indices[row + low], graph.indices[row + high], centre, cutoffs.min_weight)

    return Candidates(int(wedges[-1]), sift)


def three_hop(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members | Candidates:
    """Pairs with D = 3 and a hub at one end; weight = the largest, over paths of 3 edges, of the smallest edge weight.

    Far pairs are endless and mostly noise; a hub at one end keeps those that are anchored in common knowledge.
    """
    ring = ThirdRing.around(graph, hubs(graph, cutoffs))

    def sift(numbers: Integers) -> Members:
        pairs = ring.pairs(numbers)
        return pairs.at(pairs.weights >= cutoffs.min_weight)

    return _listed_or_not(len(ring), sift, cutoffs, int((ring.strength >= cutoffs.min_weight).sum()))


def community(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members | Candidates:
    """Cliques of 3 or 4 points, also those inside a larger one; weight = the smallest edge weight.

    The paper counts a community as explicit although its points may never have met in one seed all together.
    """
    listed = triangles(graph)
    before = listed.four_candidates
    threes = Members(np.sort(listed.points, axis=1), listed.weights)
    size = len(threes) + int(before[-1])
    if size <= cutoffs.listed:
        return joined([threes, *(four_cliques(graph, listed, before, some)[1] for some in _numbers(int(before[-1])))])

    def sift(numbers: Integers) -> Members:
        three = np.flatnonzero(numbers < len(threes))
        four = np.flatnonzero(numbers >= len(threes))
        found, members = four_cliques(graph, listed, before, numbers[four] - len(threes))
        order = np.argsort(np.concatenate([three, four[found]]), kind="stable")
        return joined([threes.at(numbers[three]), members]).at(order)

    return Candidates(size, sift)


def random(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members | Candidates:
    """All pairs, tied or not, weight 0: the control arm, which says what the graph is worth. Not in the paper."""
    size = graph.nodes * (graph.nodes - 1) // 2

    def sift(numbers: Integers) -> Members:
        return _pairs(*pair_of(numbers), np.zeros(len(numbers), dtype=np.int64))

    return _listed_or_not(size, sift, cutoffs, size)


def distant(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Members | Candidates:
    """Pairs that no path of at most 3 edges joins, weight 0: how far the idea carries. Not in the paper.

    Pairs of different components are among them, and so is everything that is joined to nothing.
    """
    size = graph.nodes * (graph.nodes - 1) // 2
    nearness = Nearness(graph, hubs(graph, Cutoffs(hub_share=0, hub_least=64)))

    def sift(numbers: Integers) -> Members:
        u, v = pair_of(numbers)
        apart = ~nearness.near(u, v) & ~(np.isin(u, graph.crowded) | np.isin(v, graph.crowded))
        return _pairs(u[apart], v[apart], np.zeros(int(apart.sum()), dtype=np.int64))

    return _listed_or_not(size, sift, cutoffs)


def walk(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Walks:
    """Sets of 3 to 10 points along a path, by weight over degree (`graph/walks.py`). CogAtom's, not the paper's."""
    return Walks(graph, cutoffs.degree_penalty)


def hubs(graph: KnowledgeGraph, cutoffs: Cutoffs) -> Integers:
    """The nodes of highest degree, highest first, ties by id.

    With a penalty b they are those of the highest degree^(1-b) x (mean edge weight)^b: a name that is joined to
    everything once is then behind one that is joined to less, but again and again.
    """
    count = max(cutoffs.hub_least, round(cutoffs.hub_share * graph.nodes))
    if not cutoffs.degree_penalty:
        return np.lexsort((np.arange(graph.nodes), -graph.degree))[:count]
    degree = np.maximum(graph.degree, 1).astype(np.float64)
    strength = np.maximum(np.bincount(graph.sources, graph.weights, graph.nodes), 1)
    score = power(degree, 1 - cutoffs.degree_penalty) * power(strength / degree, cutoffs.degree_penalty)
    return np.lexsort((np.arange(graph.nodes), -np.where(graph.degree > 0, score, 0)))[:count]


def stream(
    graph: KnowledgeGraph, relation: Relation, seed: int, cutoffs: Cutoffs, policy: Policy = "uniform"
) -> Stream:
    """The relation's combinations in an order that depends on the graph, the relation, the cutoffs, seed and policy."""
    return ordered(combinations_of(relation, graph, cutoffs), graph, relation, seed, policy)


def combinations_of(relation: Relation, graph: KnowledgeGraph, cutoffs: Cutoffs) -> Found:
    """What a relation's function finds in the graph; no path of it leads through or to a crowded point."""
    return RELATIONS[relation](graph.for_paths if relation in PATHS else graph, cutoffs)


def sizes(graph: KnowledgeGraph, relations: Iterable[Relation], cutoffs: Cutoffs) -> dict[Relation, int | None]:
    """How many combinations each relation has; None where they are too many to list."""
    found = {relation: combinations_of(relation, graph, cutoffs) for relation in relations}
    return {relation: len(all_) if isinstance(all_, Members) else all_.total for relation, all_ in found.items()}


def ordered(
    found: Found,
    graph: KnowledgeGraph,
    relation: Relation,
    seed: int,
    policy: Policy = "uniform",
) -> Stream:
    """What a relation's function found, in its seeded order; uniform for yield, which goes by what comes of it.

    With the graph's seeds, explicit combinations come seed by seed; `balanced` gives the turns to points instead.
    """
    secret, keys = salt(seed, relation), id_keys(graph.ids)
    plain: Stream
    if isinstance(found, Walks):
        plain = WalkStream(found, keys, secret)
    else:
        plain = SiftedStream(found, secret) if isinstance(found, Candidates) else SortedStream(found, keys, secret)
    block = max(1, len(found)) if isinstance(found, Members) else BLOCK
    if policy == "balanced":
        return ArrangedStream(plain, balanced(graph.nodes), block)
    if policy == "weighted":
        plain = ArrangedStream(plain, weighted(keys, salt(seed, f"weighted {relation}")), block)
    if relation in EXPLICIT and graph.seeds is not None:
        return ArrangedStream(plain, BySeed(graph.seeds), min(block, OWED))
    return plain


def _pairs(a: Integers, b: Integers, weights: Integers) -> Members:
    points = np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1).astype(np.int32)
    return Members(points, weights)


def _list_two_hop(graph: KnowledgeGraph, min_weight: float) -> Members:
    """By matrix products: the sum of minima is a sum of 0/1 products over the weight levels.

    min(x, y) counts the levels that both reach, so the layer of edges at or above each level is multiplied by itself.
    Layers are added from the highest, which is nearly empty, down.
    """
    if not graph.edges:
        return joined([])
    adjacency = graph.matrix()
    levels = np.unique(graph.weights)
    layers = []
    for level, step in zip(levels[::-1], np.diff(levels, prepend=0)[::-1], strict=True):
        layer = adjacency >= level
        layers.append((layer.astype(np.int64) * step, layer.astype(np.int64)))
    walks = np.zeros(graph.nodes, dtype=np.int64)
    np.add.at(walks, graph.sources, graph.degree[graph.indices])
    parts = []
    for rows in chunks(walks, CHUNK):
        total = sum((left[rows] @ right for left, right in layers[1:]), start=layers[0][0][rows] @ layers[0][1])
        entries = total.tocoo()
        u, v = entries.row.astype(np.int64) + rows.start, entries.col.astype(np.int64)
        kept = (u < v) & (entries.data >= min_weight)
        u, v, weight = u[kept], v[kept], entries.data[kept]
        apart = ~graph.has_edge(u, v)
        parts.append(_pairs(u[apart], v[apart], weight[apart]))
    return joined(parts)


def two_hop_among(
    graph: KnowledgeGraph, u: Integers, v: Integers, centre: Integers | None = None, min_weight: float = 0
) -> Members:
    """The pairs with D = 2 among (u, v); with `centre`, only where it is their first common neighbour.

    The latter is how a pair that many wedges lead to is taken from exactly one of them.
    """
    apart = np.flatnonzero(~graph.has_edge(u, v))
    u, v = u[apart], v[apart]
    weight, first = _bridges(graph, u, v)
    kept = (weight > 0) & (weight >= min_weight)
    if centre is not None:
        kept &= first == centre[apart]
    return _pairs(u[kept], v[kept], weight[kept])


def _bridges(graph: KnowledgeGraph, u: Integers, v: Integers) -> tuple[Integers, Integers]:
    """Of each pair: the sum over common neighbours of the smaller edge weight (0 if none), and the first of them."""
    swap = graph.degree[u] > graph.degree[v]
    near, far = np.where(swap, v, u), np.where(swap, u, v)
    weight = np.zeros(len(u), dtype=np.int64)
    first = np.full(len(u), graph.nodes, dtype=np.int64)
    for part in chunks(graph.degree[near], CHUNK):
        pair, offset = spread(graph.degree[near[part]])
        pair += part.start
        entry = graph.indptr[near[pair]] + offset
        other = graph.weight_between(far[pair], graph.indices[entry])
        common = np.flatnonzero(other)
        pair, entry = pair[common], entry[common]
        np.add.at(weight, pair, np.minimum(graph.weights[entry], other[common]))
        np.minimum.at(first, pair, graph.indices[entry])
    return weight, first


def _listed_or_not(
    size: int, sift: Callable[[Integers], Members], cutoffs: Cutoffs, total: int | None = None
) -> Members | Candidates:
    """The candidates as they are, or sifted at once where they are few enough to list."""
    if size > cutoffs.listed:
        return Candidates(size, sift, total=total)
    return joined([sift(numbers) for numbers in _numbers(size)])


def _numbers(size: int) -> Iterator[Integers]:
    """The numbers from 0 to before `size`, some at a time."""
    return (np.arange(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK))


RELATIONS: dict[Relation, Callable[[KnowledgeGraph, Cutoffs], Found]] = {
    "one_hop": one_hop,
    "two_hop": two_hop,
    "three_hop": three_hop,
    "community": community,
    "random": random,
    "distant": distant,
    "walk": walk,
}
