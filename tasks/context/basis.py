"""What a run's rows rest on besides its settings: the seeds, and the graph that was made of them.

A recipe says which settings shaped a row. Which combinations there are, and which of their pairs find place, is decided
by the seeds as well; so the recipes of sample and screen hold a digest of these. Other seeds make other recipes: what
was drawn and screened for the former ones stays in the store as history, is not published, and is there again when
they are. Answers have no part in this: one that is asked for again is found.
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
    """Go on with this data, and with the recipes that belong to it; whether it is other data than before."""
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
    """Go on with this graph, and with the names of its points, which problems are asked for by."""
    names = point_names(work.store, work.recipes["connect"])
    digest = content_id("graph", str(graph.fingerprint), [names[point] for point in graph.ids])
    return await rest_on(work, Basis(stage="connect", digest=digest))
