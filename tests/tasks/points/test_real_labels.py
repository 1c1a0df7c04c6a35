"""Concepts that a real model found in 100 problems of MATH, through ingest, connect and the graph.

The file (XylonFu/MathScale, MIT) is no part of this project; it is looked for in `../shared/data` or in the folder that
GSDP_SHARED_DATA names. `-s` shows what comes of it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from graph.knowledge import to_networkx
from graph.sampling import SamplingPlan
from graph.summary import describe
from tasks.store.graphs import load_graph
from tests.support.contexts import open_context, settings_for
from tests.support.name_scores import LETTERS, ROLES, Letters
from tests.support.rehearsal import ROOT
from tests.support.scripted_curator import Graph, connected

FILE = Path(os.environ.get("GSDP_SHARED_DATA", ROOT.parent / "shared" / "data")) / "mathscale_extraction_100.json"

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is not in {FILE.parent}: it is not ours to copy"
)


def settings(folder: Path, **changes: Any) -> Any:
    """The 100 problems with the concepts that their rows carry."""
    columns = {"problem": "question", "solution": "answer", "points": "knowledge_points"}
    return settings_for(folder, seeds=[{"path": FILE, "columns": columns}], **changes)


async def test_real_labels_become_the_graph_that_networkx_counts(tmp_path: Path) -> None:
    chosen = settings(tmp_path, roles=ROLES)
    found = await connected(chosen, Letters())
    problems = json.loads(FILE.read_text(encoding="utf-8"))
    raw = {name for problem in problems for name in problem["knowledge_points"]}
    async with open_context(chosen) as work:
        graph = load_graph(work.store, work.recipes["connect"])
    statistics = describe(graph, SamplingPlan())
    peer = to_networkx(graph)
    lengths = Counter(n for _, row in nx.all_pairs_shortest_path_length(peer, cutoff=3) for n in row.values())
    print(
        f"\n{len(raw)} names, {statistics.nodes} points, {statistics.edges} edges, {statistics.components} components"
    )
    print(f"pairs at one, two and three edges: {lengths[1] // 2}, {lengths[2] // 2}, {lengths[3] // 2}")
    assert 0.8 * len(raw) < len(found.points) < len(raw), "only other spellings of a name are joined"
    assert sum(point.mentions for point in found.points.values()) <= sum(len(p["knowledge_points"]) for p in problems)
    assert (statistics.nodes, statistics.edges) == (len(found.points), len(found.edges))
    assert statistics.components == nx.number_connected_components(peer)
    counted = (statistics.pairs_at_one, statistics.pairs_at_two, statistics.pairs_at_three)
    assert counted == tuple(lengths[n] // 2 for n in (1, 2, 3))
    assert statistics.pairs_at_two is not None
    assert statistics.pairs_at_two > 100


async def test_merging_real_labels_joins_names_and_chains_nothing(tmp_path: Path) -> None:
    embedder: dict[str, Any] = {"endpoints": {"local": LETTERS}, "roles": ROLES | {"embedder": "local"}}
    client = Letters()
    client.learn([])
    bands = {"connect": {"same_at": 0.7, "ask_from": 0.7, "filter": False}}
    joined = await connected(settings(tmp_path, **embedder, **bands), client)
    several = [members for members in joined.classes() if len(members) > 1]
    show(joined, several)
    assert max(map(len, several)) < 8, "nothing chains"
    assert not any({"Addition", "Subtraction"} <= members for members in several)


def show(found: Graph, several: list[frozenset[str]]) -> None:
    """What the merging did, for a person to judge."""
    print(f"\n{len(found.aliases)} names, {len(found.points)} points; joined:")
    for members in sorted(map(sorted, several)):
        print("  " + " = ".join(members))
    print("kept apart by a word, though alike:")
    for pair, row in sorted(found.proposals.items(), key=lambda item: sorted(item[0])):
        if row.decided_by == "contrast":
            print(f"  {' | '.join(sorted(pair))} ({row.score:.2f})")
