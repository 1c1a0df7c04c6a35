"""The verdict on a run's graph: counted where the store and the sampler have the figures, and kept as sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import ceil

import numpy as np

from graph.knowledge import KnowledgeGraph
from graph.records import GraphFinding, Relation
from graph.relations import hubs, sizes
from graph.verdict import NAMED, GraphCounts, GraphVerdict, verdict
from tasks.context.run_context import RunContext
from tasks.settings.run import RunSettings
from tasks.store.graphs import OCCURS, drawn_by_relation, point_names
from tasks.store.graphs import sampled_graph as stored_graph

EXPECTED_YIELD = 0.45
"""Share of problems that become pairs, until a run knows better (GRIP, appendix D.1)."""
OFTEN = 20
"""Points that are looked at for being in too many seeds."""

Available = Mapping[Relation, int | None]


def combinations_needed(settings: RunSettings) -> int:
    """Combinations that the target is expected to need."""
    return ceil(settings.target_pairs / EXPECTED_YIELD / settings.sample.samples_per_combination)


async def give_verdict(
    work: RunContext, graph: KnowledgeGraph, available: Available, ends: Mapping[Relation, int] | None = None
) -> GraphVerdict:
    """Judge the present graph by what it has and by what was drawn of it, and keep the sentences."""
    recipe = work.recipes["sample"]
    found = verdict(_counts(work, graph, available, ends or {}))
    rows = [
        GraphFinding(recipe=recipe, graph=graph.fingerprint, place=place, text=text)
        for place, text in enumerate(found.lines)
    ]
    await work.store.write(*rows, statements=[("DELETE FROM findings WHERE recipe = ?", [recipe])])
    work.counts.findings = found.lines
    return found


async def judge_if_new(work: RunContext) -> None:
    """Judge a graph before anything is drawn from it. An earlier verdict on the same graph stands."""
    graph = await asyncio.to_thread(sampled_graph, work)
    sql = "recipe = ? AND graph = ? ORDER BY place"
    if said := work.store.select(GraphFinding, sql, [work.recipes["sample"], graph.fingerprint]):
        work.counts.findings = tuple(line.text for line in said)
    else:
        await give_verdict(work, graph, await asyncio.to_thread(_available, work, graph))


def sampled_graph(work: RunContext) -> KnowledgeGraph:
    """The graph as the run samples it."""
    return stored_graph(work.store, work.settings.sample, work.recipes["connect"], work.recipes["extract"])


def _available(work: RunContext, graph: KnowledgeGraph) -> Available:
    plan = work.settings.sample
    return sizes(graph, plan.shares, plan.cutoffs)


def _counts(work: RunContext, graph: KnowledgeGraph, available: Available, ends: Mapping[Relation, int]) -> GraphCounts:
    from scipy.sparse import csgraph  # loads linear algebra, for which no run should wait when it starts

    store, plan, recipe = work.store, work.settings.sample, work.recipes["connect"]
    names = point_names(store, recipe)
    components, labels = csgraph.connected_components(graph.matrix(), directed=False)
    total, widest, size = store.rows(_SEEDS, [recipe, work.recipes["extract"]])[0]
    often = "SELECT name, seeds FROM knowledge_points WHERE recipe = ? ORDER BY seeds DESC, name LIMIT ?"
    dropped = "SELECT count(*) FROM rejects WHERE stage = 'connect' AND recipe = ? AND reason <> 'not embedded'"
    return GraphCounts(
        seeds=total,
        points=graph.nodes,
        edges=graph.edges,
        components=int(components),
        largest=int(np.bincount(labels, minlength=1).max()),
        shares=plan.shares,
        available=dict(available),
        wanted=combinations_needed(work.settings),
        drawn=drawn_by_relation(store, work.recipes["sample"]),
        ends=dict(ends),
        often=tuple(store.rows(often, [recipe, OFTEN])),
        widest=(widest, size) if size else None,
        crowded_share=plan.crowded_share,
        by_seed=plan.by_seed and plan.policy != "balanced",
        hubs=tuple(
            (names[graph.ids[hub]], int(graph.degree[hub]))
            for hub in hubs(graph.for_paths, plan.cutoffs)[:NAMED].tolist()
        ),
        dropped=store.value(dropped, [recipe]),
        embedder=work.roles.get("embedder") is not None,
        curator=work.roles.get("curator") is not None,
        min_weight=plan.min_weight,
    )


_SEEDS = f"""
    WITH {OCCURS}, sizes AS (SELECT seed_id, count(*) AS size FROM occurs GROUP BY 1)
    SELECT count(*), arg_max(concat(s.source, ':', s.line), (size, -line)), max(size)
    FROM sizes JOIN seeds s ON s.id = sizes.seed_id"""
