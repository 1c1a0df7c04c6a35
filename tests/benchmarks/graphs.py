"""The knowledge graph at size, ours beside networkx and rustworkx in one run: build, relations, draws, memory.

    python tests/benchmarks/graphs.py                   # 20 k points, 50 k seeds
    python tests/benchmarks/graphs.py --large            # 200 k points, 500 k seeds
    python tests/benchmarks/graphs.py --growth           # 1x, 4x and 16x of 5 k points

The seeds are made: each has a topic, most of its points are of that topic, and points are popular by a power law, which
is what makes hubs. rustworkx is no dependency: it takes part where it is installed. Each side runs in a process of its
own, so that peak memory is its own; the peers do what they have a function for. All begin with the arrays that the
store gives. Where other programs share the machine, look at the ratios and at the seconds of one core.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[2]))

from graph.communities import communities, modularity
from graph.knowledge import KnowledgeGraph
from graph.policies import Policy
from graph.sampling import Sampler, SamplingPlan

TOPIC_SIZE = 100
OFF_TOPIC = 0.2
LEAST, MOST = 3, 8
"""Points drawn for a seed, before repeats are dropped."""
STEP = 5000
"""Combinations drawn at a time, as `tasks/stages/sample.py` does."""
RECIPE = UUID(int=0)


def mentions(points: int, seeds: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(seed, point) rows, each once."""
    popularity = 1 / np.arange(1, points + 1) ** 0.9
    rng.shuffle(popularity)
    topics = max(1, points // TOPIC_SIZE)
    topic_of_point, topic_of_seed = rng.integers(0, topics, points), rng.integers(0, topics, seeds)
    seed = np.repeat(np.arange(seeds), rng.integers(LEAST, MOST + 1, seeds))
    point = drawn(popularity, len(seed), rng)
    on_topic = rng.random(len(seed)) >= OFF_TOPIC
    for topic in range(topics):
        members = np.flatnonzero(topic_of_point == topic)
        rows = np.flatnonzero(on_topic & (topic_of_seed[seed] == topic))
        if len(members):
            point[rows] = members[drawn(popularity[members], len(rows), rng)]
    return np.divmod(np.unique(seed * points + point), points)


def drawn(weights: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers in proportion to their weights."""
    bounds = np.cumsum(weights)
    return np.searchsorted(bounds, rng.random(count) * bounds[-1]).clip(0, len(weights) - 1)


def edges(points: int, seeds: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """What the store aggregates: pairs of points and in how many seeds they are."""
    seed, point = mentions(points, seeds, np.random.default_rng(1))
    occurs = sparse.csr_array((np.ones(len(seed), dtype=np.int64), (seed, point)), shape=(seeds, points))
    pairs = sparse.triu(occurs.T @ occurs, 1).tocoo()
    return pairs.row.astype(np.int64), pairs.col.astype(np.int64), pairs.data


def ids(points: int) -> list[UUID]:
    rng = np.random.default_rng(2)
    return sorted(UUID(bytes=rng.bytes(16)) for _ in range(points))


def timed(found: dict[str, float], name: str, work: Callable[[], object]) -> object:
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    found[name], found[f"{name} cpu"] = time.perf_counter() - began, time.process_time() - worked
    return result


def ours(points: int, seeds: int, combinations: int, policy: Policy) -> dict[str, float]:
    """Build, communities, and `combinations` distinct combinations as records."""
    a, b, weight = edges(points, seeds)
    names, found = ids(points), {"edges": float(len(a))}
    base = memory()
    graph = KnowledgeGraph.numbered(names, a, b, weight)
    timed(found, "build", lambda: KnowledgeGraph.numbered(names, a, b, weight))
    seen: set[int] = set()
    counts: dict[str, int] = {}

    def draw() -> None:
        sampler = Sampler(graph, SamplingPlan(policy=policy))
        for start in range(0, combinations, STEP):
            for each in sampler.draw(start, min(start + STEP, combinations), RECIPE):
                seen.add(each.id.int)
                counts[each.relation] = counts.get(each.relation, 0) + 1

    timed(found, "draw", draw)
    found |= {"drawn": float(len(seen)), **{relation: float(count) for relation, count in counts.items()}}
    found |= {"peak while drawing": memory(), "of that before": base}
    groups = communities(graph)
    timed(found, "communities", lambda: communities(graph))
    return found | {"modularity": modularity(graph, groups)}


def with_networkx(points: int, seeds: int, combinations: int, policy: Policy) -> dict[str, float]:
    """Build, Louvain, and two-hop pairs by the neighbours of neighbours, as many as ours draws of them."""
    import networkx as nx

    a, b, weight = edges(points, seeds)
    found: dict[str, float] = {}
    graph = nx.Graph()

    def build() -> None:
        graph.add_nodes_from(range(points))
        graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True))

    timed(found, "build", build)

    def two_hop(wanted: int) -> set[tuple[int, int]]:
        pairs: set[tuple[int, int]] = set()
        for node in graph:
            near = graph.adj[node]
            pairs.update((node, far) for c in near for far in graph.adj[c] if far > node and far not in near)
            if len(pairs) >= wanted:
                break
        return pairs

    timed(found, "two_hop", lambda: two_hop(int(0.35 * combinations)))
    groups = timed(found, "communities", lambda: nx.community.louvain_communities(graph, seed=0))
    return found | {"modularity": nx.community.modularity(graph, groups), "peak while drawing": memory()}


def with_rustworkx(points: int, seeds: int, combinations: int, policy: Policy) -> dict[str, float]:
    """Build; it has no communities and no two-hop pairs."""
    import rustworkx as rx

    a, b, weight = edges(points, seeds)
    found: dict[str, float] = {}
    graph = rx.PyGraph(multigraph=True)

    def build() -> None:
        graph.add_nodes_from(range(points))
        graph.add_edges_from(list(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True)))

    timed(found, "build", build)
    return found | {"peak while drawing": memory()}


def memory() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SIDES = {"ours": ours, "networkx": with_networkx, "rustworkx": with_rustworkx}


def run(side: str, python: str, points: int, seeds: int, combinations: int, policy: str) -> dict[str, float] | None:
    """One side in a process of its own; None where it is not installed."""
    command = [python, __file__, "--side", side, str(points), str(seeds), str(combinations), policy]
    done = subprocess.run(command, capture_output=True, text=True)
    if "No module named" in done.stderr:
        return None
    done.check_returncode()
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(points: int, seeds: int, combinations: int, policy: str, peers: dict[str, str]) -> dict[str, float]:
    """Run all sides at one size and print them side by side; ours."""
    mine = run("ours", sys.executable, points, seeds, combinations, policy)
    assert mine is not None
    print(f"\n{points:,} points, {seeds:,} seeds, {mine['edges']:,.0f} edges, policy {policy}")
    print(f"  build                {mine['build']:8.2f} s")
    relations = ", ".join(f"{name} {mine[name]:,.0f}" for name in SamplingPlan().quotas if name in mine)
    print(f"  combinations         {mine['draw']:8.1f} s, {mine['draw cpu']:.0f} s of one core")
    print(f"                       {mine['drawn']:,.0f} distinct: {relations}")
    print(f"  communities          {mine['communities']:8.1f} s, modularity {mine['modularity']:.3f}")
    print(
        f"  peak memory          {mine['peak while drawing']:8.0f} MB, {mine['of that before']:.0f} MB of it the seeds"
    )
    for side, python in peers.items():
        peer = run(side, python, points, seeds, combinations, policy)
        if peer is None:
            print(f"  {side}: not installed")
            continue
        for name in ("build", "communities"):
            if name in peer:
                print(f"  {side + ' ' + name:<20} {peer[name]:8.2f} s: {peer[name] / mine[name]:.1f} x ours")
        if "modularity" in peer:
            print(f"  {side} modularity {peer['modularity']:.3f}")
        if "two_hop" in peer:
            print(f"  {side} two-hop pairs alone, in no seeded order {peer['two_hop']:.1f} s")
    return mine


def main() -> None:
    """The sizes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="200 k points, 500 k seeds; no peers")
    parser.add_argument("--growth", action="store_true", help="1x, 4x and 16x, ours alone")
    parser.add_argument("--combinations", type=int, default=2_000_000)
    parser.add_argument("--policy", default="uniform", choices=("uniform", "weighted", "balanced"))
    parser.add_argument("--rustworkx", default=sys.executable, help="a Python that has rustworkx, if this one has not")
    parser.add_argument("--side", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        side, points, seeds, combinations, policy = chosen.side
        print(json.dumps(SIDES[side](int(points), int(seeds), int(combinations), policy)))
    elif chosen.growth:
        found = [
            show(5_000 * scale, 12_500 * scale, chosen.combinations * scale // 16, chosen.policy, {})
            for scale in (1, 4, 16)
        ]
        for name in ("edges", "build cpu", "draw cpu", "communities cpu"):
            print(f"{name:<16} 1 : {found[1][name] / found[0][name]:.1f} : {found[2][name] / found[0][name]:.1f}")
    elif chosen.large:
        show(200_000, 500_000, chosen.combinations, chosen.policy, {})
    else:
        peers = {"networkx": sys.executable, "rustworkx": chosen.rustworkx}
        show(20_000, 50_000, chosen.combinations, chosen.policy, peers)


if __name__ == "__main__":
    main()
