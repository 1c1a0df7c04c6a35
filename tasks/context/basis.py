"""The data that a run's rows depend on, apart from its settings: the seeds, and the graph that was made of them.

A recipe says which settings shaped a row. The seeds decide too which combinations there are and which of their pairs
are kept, so the recipes of sample and screen include a digest of the data. Other seeds give other recipes: what was
drawn and screened for the former seeds stays in the store as history, is not published, and counts again when these
seeds are back. Answers do not depend on it: one that is asked for again is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from graph.knowledge import KnowledgeGraph
from graph.records import Basis, content_id
from tasks.context.run_context import RunContext
from tasks.store.database import Store
from tasks.store.graphs import point_names


def bound(recipes: Mapping[str, UUID], store: Store) -> dict[str, UUID]:
    """The recipes of settings, for the data of a store."""
    there = {row.stage: str(row.digest) for row in store.select(Basis)}
    graph, seeds = there.get("connect"), there.get("ingest")
    sample = content_id("recipe", "sample", str(recipes["sample"]), graph)
    screen = content_id("recipe", "screen", str(recipes["screen"]), str(sample), seeds)
    return {**recipes, "sample": sample, "screen": screen}


async def rest_on(work: RunContext, basis: Basis) -> bool:
    """Take this data and its recipes as those of the run; whether it is other data than before."""
    if work.store.select(Basis, "stage = ? AND digest = ?", [basis.stage, basis.digest]):
        return False
    await work.store.write(basis, statements=[("DELETE FROM basis WHERE stage = ?", [basis.stage])])
    work.recipes = bound(work.settings_recipes, work.store)
    await work.store.write(
        statements=[
            ("UPDATE recipes SET recipe = ? WHERE run_id = ? AND stage = ?", [work.recipes[stage], work.run_id, stage])
            for stage in ("sample", "screen")
        ]
    )
    return True


async def rest_on_graph(work: RunContext, graph: KnowledgeGraph) -> bool:
    """The same for a graph: its structure, and the names of its points, since these stand in what is asked."""
    names = point_names(work.store, work.recipes["connect"])
    digest = content_id("graph", str(graph.fingerprint), [names[point] for point in graph.ids])
    return await rest_on(work, Basis(stage="connect", digest=digest))
