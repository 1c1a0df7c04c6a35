"""Merging names by their vectors: how long, how it grows, and what an index saves and misses.

    python -m tests.benchmarks.merging [--names 20000] [--dimensions 384] [--index-at 60000]

The vectors are random with near groups, unit length, as many models' are. First the arithmetic alone, ours beside the
plain way (a whole similarity matrix, then union-find by networkx); then the whole task connect on a real store, with
vectors that an embedder in this process gives at once: 1x, 2x and 4x of a quarter of the names. Last the index. Where
other programs share the machine, look at the ratios and at the seconds of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graph.classes import complete_linkage
from graph.nearest import indexed_pairs, nearest_pairs
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import EMBEDDER, Curator, reply

SAME_AT, ASK_FROM = 0.90, 0.70


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument(
        "--index-at", type=int, default=0, help="also compare the index with the exact way at this size"
    )
    given = parser.parse_args()
    arithmetic(given.names, given.dimensions)
    whole(given.names, given.dimensions)
    for size in {given.names, given.index_at} - {0}:
        index(size, given.dimensions)


def grouped(names: int, dimensions: int) -> NDArray[np.float32]:
    """Unit vectors in groups of about three, of which many are near enough to be one."""
    chance = np.random.default_rng(7)
    centres = chance.normal(size=(names // 3, dimensions))
    spread = chance.uniform(0.1, 1.0, size=(names, 1))
    rows = centres[chance.integers(0, len(centres), names)] + spread * chance.normal(size=(names, dimensions))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def arithmetic(names: int, dimensions: int) -> None:
    """Near pairs and complete classes, beside the plain way."""
    rows = grouped(names, dimensions)
    began = time.perf_counter()
    pairs = nearest_pairs(rows, ASK_FROM)
    near = time.perf_counter() - began
    same = {(a, b): score for a, b, score in pairs if score >= SAME_AT}
    classes = complete_linkage(names, same)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    upper = np.triu(rows @ rows.T, k=1)
    near_too = int(np.count_nonzero(upper >= ASK_FROM))
    graph = nx.Graph(zip(*np.nonzero(upper >= SAME_AT), strict=True))
    graph.add_nodes_from(range(names))
    joined = list(nx.connected_components(graph))
    peer = time.perf_counter() - began
    print(f"{names:,} names, {dimensions} dimensions: {len(pairs):,} near pairs, {len(same):,} of them the same")
    print(f"  ours         {ours:6.1f} s ({near:.1f} s pairs), {len(classes):,} classes, largest {largest(classes)}")
    print(f"  plain way    {peer:6.1f} s, {len(joined):,} classes, largest {largest(joined)}, {near_too:,} near pairs")
    print(f"  ours / plain {ours / peer:6.2f} of the time, {rows.nbytes / upper.nbytes:.3f} of the matrix in memory")


def largest(classes: Sequence[Any]) -> int:
    return max(map(len, classes))


class Vectors(Curator):
    """Gives each name its row at once, and finds every pair different."""

    rows: Mapping[str, list[float]]

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any]
    ) -> tuple[list[list[float]], Reply]:
        return [self.rows[text] for text in texts], reply("")

    async def complete(self, request: ChatRequest) -> Reply:
        count = request.messages[-1]["content"].count("\n") + 1
        lines = "".join(f"{number} different\n" for number in range(1, count))
        return reply(f"<verdicts>\n{lines}</verdicts><name>a name</name>")


def whole(names: int, dimensions: int) -> None:
    """The task connect, store and ledger included, at three sizes."""
    print(f"\n{'the whole task':<16}{'first':>10}{'of a core':>10}{'again':>10}{'points':>10}")
    base = 0.0
    for size in (names // 4, names // 2, names):
        first, worked, again, points = asyncio.run(connected(size, dimensions))
        base = base or worked
        print(
            f"{size:>10,}      {first:>8.1f} s{worked:>8.1f} s{again:>8.1f} s{points:>10,}   {worked / base:.1f} times"
        )


async def connected(names: int, dimensions: int) -> tuple[float, float, float, int]:
    """Seconds of a first connect, and of one core for it; seconds of one more; and how many points it made."""
    words = [
        f"concept {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676 % 26)}{chr(97 + n // 17576)} q"
        for n in range(names)
    ]
    client = Vectors()
    client.rows = dict(zip(words, grouped(names, dimensions).tolist(), strict=True))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [json.dumps({"problem": f"problem {at}", "points": words[at : at + 4]}) for at in range(0, names, 4)]
        (folder / "seeds.jsonl").write_text("\n".join(lines))
        seeds = [{"path": folder / "seeds.jsonl", "columns": {"points": "points"}}]
        settings = settings_for(folder, seeds=seeds, connect={"filter": False, "batch": 200}, **EMBEDDER)
        async with open_context(settings, {"local": client}) as work:
            await plain(ingest)()
            await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
            seconds, worked = [], []
            for _ in range(2):
                began, cores = time.perf_counter(), time.process_time()
                made = await plain(connect)()
                seconds.append(time.perf_counter() - began)
                worked.append(time.process_time() - cores)
    return seconds[0], worked[0], seconds[1], made["points"]


def index(names: int, dimensions: int) -> None:
    """The index beside the exact way."""
    from usearch.index import Index

    rows = grouped(names, dimensions)
    began = time.perf_counter()
    exact = set(nearest_pairs(rows, ASK_FROM))
    middle = time.perf_counter()
    found = set(indexed_pairs(rows, ASK_FROM, Index))
    end = time.perf_counter()
    print(
        f"\nindex at {names:,}: {end - middle:.1f} s against {middle - began:.1f} s, "
        f"finds {len(found & exact) / len(exact):.4f} of {len(exact):,} pairs"
    )


if __name__ == "__main__":
    main()
