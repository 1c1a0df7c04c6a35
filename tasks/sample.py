"""sample: draw the next combinations of the graph, in an order that the graph, the plan and its seed fix for ever."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from graph.knowledge import KnowledgeGraph
from graph.records import Combination
from graph.sampling import Sampler
from tasks.retry import chunk_task
from tasks.store.database import Store
from tasks.workbench import Workbench, bench

STEP = 5000
"""Combinations drawn and written at a time."""


def load_graph(store: Store, recipe: UUID) -> KnowledgeGraph:
    """The knowledge graph of a recipe of connect."""
    ids = [row[0] for row in store.rows("SELECT id FROM knowledge_points WHERE recipe = ? ORDER BY id", [recipe])]
    edges = store.rows("SELECT a, b, weight FROM edges WHERE recipe = ? ORDER BY a, b", [recipe])
    return KnowledgeGraph.build(ids, edges)


def point_names(store: Store, recipe: UUID) -> dict[UUID, str]:
    """The name of each knowledge point."""
    return dict(store.rows("SELECT id, name FROM knowledge_points WHERE recipe = ?", [recipe]))


@dataclass
class Drawing:
    """How far the sampler's sequence has been taken into the store."""

    sampler: Sampler
    stored: set[UUID]
    cursor: int = 0
    """Everything before this place of the sampler's sequence is in the store."""


@chunk_task("sample", "sample-{wanted:06d}")
async def sample(wanted: int) -> int:
    """Draw until the store holds `wanted` combinations of the present recipe, or no more exist; how many it holds.

    Combinations that are there already (from a smaller graph, say) keep their place; new ones follow them.
    """
    work = bench()
    recipe = work.recipes["sample"]
    drawing = work.drawing = work.drawing or _drawing(work)
    before = have = len(drawing.stored)
    while have < wanted:
        batch = drawing.sampler.draw(drawing.cursor, drawing.cursor + STEP, recipe)
        if not batch:
            break
        fresh = [item for item in batch if item.id not in drawing.stored][: wanted - have]
        rows = [item.model_copy(update={"position": have + place}) for place, item in enumerate(fresh)]
        await work.store.write(*rows)
        drawing.stored.update(item.id for item in fresh)
        have += len(fresh)
        drawing.cursor = batch[-1].position + 1 if have < wanted else fresh[-1].position + 1
    work.counts.note("sample", done=have - before)
    return have


def _drawing(work: Workbench) -> Drawing:
    sampler = Sampler(load_graph(work.store, work.recipes["connect"]), work.settings.sample)
    found = work.store.rows("SELECT id FROM combinations WHERE recipe = ?", [work.recipes["sample"]])
    return Drawing(sampler, {row[0] for row in found})


def combinations(work: Workbench, start: int, stop: int) -> list[Combination]:
    """The combinations at places start <= position < stop, in order."""
    where = "recipe = ? AND position >= ? AND position < ? ORDER BY position"
    return work.store.select(Combination, where, [work.recipes["sample"], start, stop])


def sampled(work: Workbench) -> int:
    """How many combinations of the present recipe the store holds."""
    found = work.store.rows("SELECT count(*) FROM combinations WHERE recipe = ?", [work.recipes["sample"]])
    return int(found[0][0])
