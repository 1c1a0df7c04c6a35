"""sample: draw the next combinations of the graph, in an order that the graph, the plan and its seed fix for ever."""

from __future__ import annotations

import asyncio
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
    names: dict[UUID, str]
    cursor: int
    """Everything before this place of the sampler's sequence is in the store."""


@chunk_task("sample", "sample-{wanted:06d}")
async def sample(wanted: int) -> int:
    """Draw until the store holds `wanted` combinations of the present recipe, or no more exist; how many it holds.

    Combinations that are there already (from a smaller graph, say) keep their place; new ones follow them.
    """
    work = bench()
    recipe = work.recipes["sample"]
    before = have = sampled(work)
    if work.drawing is None and have < wanted:
        work.drawing = await asyncio.to_thread(_begin, work, have)
    while have < wanted and (drawing := work.drawing):
        batch = await asyncio.to_thread(drawing.sampler.draw, drawing.cursor, drawing.cursor + STEP, recipe)
        if not batch:
            break
        there = await _stored(work, batch)
        fresh = [item for item in batch if item.id not in there][: wanted - have]
        await work.store.write(*(_placed(drawing, item, have + place) for place, item in enumerate(fresh)))
        have += len(fresh)
        drawing.cursor = (batch[-1] if have < wanted else fresh[-1]).position + 1
    work.counts.note("sample", done=have - before)
    return have


def _begin(work: Workbench, have: int) -> Drawing:
    """Take up the sequence behind what is stored, where the graph is the one it was drawn from; else at its start."""
    recipe = work.recipes["sample"]
    sampler = Sampler(load_graph(work.store, work.recipes["connect"]), work.settings.sample)
    names = point_names(work.store, work.recipes["connect"])
    for place in {0, have // 2, have - 1} if have else ():
        stored = combinations(work, place, place + 1)
        drawn = sampler.draw(place, place + 1, recipe)
        if [item.id for item in stored] != [item.id for item in drawn]:
            return Drawing(sampler, names, 0)
    return Drawing(sampler, names, have)


async def _stored(work: Workbench, batch: list[Combination]) -> set[UUID]:
    sql = "SELECT id FROM combinations WHERE recipe = ? AND id IN (SELECT unnest(?::UUID[]))"
    found = await work.store.fetch(sql, [work.recipes["sample"], [item.id for item in batch]])
    return {row[0] for row in found}


def _placed(drawing: Drawing, item: Combination, position: int) -> Combination:
    names = tuple(drawing.names[point] for point in item.points)
    return item.model_copy(update={"position": position, "names": names})


def combinations(work: Workbench, start: int, stop: int) -> list[Combination]:
    """The combinations at places start <= position < stop, in order."""
    where = "recipe = ? AND position >= ? AND position < ? ORDER BY position"
    return work.store.select(Combination, where, [work.recipes["sample"], start, stop])


def sampled(work: Workbench) -> int:
    """How many combinations of the present recipe the store holds."""
    found = work.store.rows("SELECT count(*) FROM combinations WHERE recipe = ?", [work.recipes["sample"]])
    return int(found[0][0])
