"""What a graph can give before anything is drawn of it, and what seeds are likely to give before any was read.

A graph that is there is counted. Of seeds whose points nobody knows yet only a likely graph can be: each seed has a few
points, some of which many seeds have. That knows nothing of the seeds but their number, so what comes of it is a rough
guess: it tells dozens from thousands, which is what has to be known before a run is paid for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from uuid import UUID

import numpy as np

from graph.knowledge import KnowledgeGraph
from graph.order import mix, salt
from graph.records import Relation
from graph.sampling import SamplingPlan

GUESSED = 3_000
"""Seeds up to which a likely graph is made: more have combinations by the hundred thousand, whatever they are."""
SIZES = (1, 2, 3, 4, 5)
"""Points of seeds, each as often as the others. On the bundled seeds the sandbox finds 3 a seed."""
KNOWN_POINTS = 5_000
"""Points that a likely graph is made of; the n-th most frequent occurs in proportion to n ** -0.8."""


def graph_of(seeds: Sequence[Collection[str]]) -> KnowledgeGraph:
    """The graph of seeds whose points are known by their names."""
    names = sorted({name for seed in seeds for name in seed})
    ids = {name: UUID(int=place) for place, name in enumerate(names)}
    edges = Counter(pair for seed in seeds for pair in combinations(sorted(set(seed)), 2))
    return KnowledgeGraph.build(ids.values(), ((ids[a], ids[b], seeds) for (a, b), seeds in edges.items()))


def likely_graph(seeds: int) -> KnowledgeGraph:
    """A graph as so many seeds may give; always the same."""
    shares = np.cumsum(np.arange(1, KNOWN_POINTS + 1) ** -0.8)
    sizes = [SIZES[place % len(SIZES)] for place in range(seeds)]
    dice = mix(np.arange(sum(sizes), dtype=np.uint64) + np.uint64(salt(0, "likely graph")))
    drawn = iter(np.searchsorted(shares, (dice >> np.uint64(11)) / 2.0**53 * shares[-1]).tolist())
    return graph_of([{str(next(drawn)) for _ in range(size)} for size in sizes])


def pairs_of(found: Mapping[Relation, int | None], plan: SamplingPlan, expected_yield: float) -> int | None:
    """About how many pairs come of so many combinations of each relation; None: of more than can be listed."""
    counts = [number for number in found.values() if number is not None]
    if len(counts) < len(found):
        return None
    return round(sum(counts) * plan.samples_per_combination * expected_yield)
