"""sample: draw the next combinations of the graph, in an order that the graph, the plan and its seed fix for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from graph.communities import communities
from graph.knowledge import KnowledgeGraph
from graph.records import Combination, Community, Draw
from graph.sampling import Sampler
from tasks.retry import chunk_task
from tasks.store.graphs import load_graph, point_names
from tasks.workbench import Workbench, bench

STEP = 5000
"""Combinations drawn and written at a time."""


@dataclass
class Drawing:
    """How far the sampler's sequence has been taken into the store."""

    sampler: Sampler
    names: dict[UUID, str]
    draw: Draw


@chunk_task("sample", "sample-{wanted:06d}")
async def sample(wanted: int) -> int:
    """Draw until the store holds `wanted` combinations of the present recipe, or no more exist; how many it holds.

    Combinations that are there already keep their place, also those of a graph that has changed since (seeds were
    added): they are paid for, and count. What the present graph has besides follows them.
    """
    work = bench()
    before = have = sampled(work)
    if work.drawing is None and have < wanted:
        work.drawing = await asyncio.to_thread(_begin, work, have)
        await _keep_communities(work, work.drawing.sampler.graph)
    while have < wanted and (drawing := work.drawing):
        draw = drawing.draw
        batch = await asyncio.to_thread(drawing.sampler.draw, draw.place, draw.place + STEP, draw.recipe)
        if not batch:
            break
        there = await _stored(work, batch)
        fresh = [item for item in batch if item.id not in there][: wanted - have]
        have += len(fresh)
        drawing.draw = draw.model_copy(update={"place": (batch[-1] if have < wanted else fresh[-1]).position + 1})
        start = have - len(fresh)
        await work.store.write(
            *(_placed(drawing, item, start + place) for place, item in enumerate(fresh)),
            drawing.draw,
            statements=[("DELETE FROM draws WHERE recipe = ?", [draw.recipe])],
        )
    work.counts.note("sample", done=have - before)
    return have


def _begin(work: Workbench, have: int) -> Drawing:
    """Take up the sequence of the present graph where it stands in the store; a new one begins behind what is there."""
    recipe, plan = work.recipes["sample"], work.settings.sample
    graph = load_graph(work.store, work.recipes["connect"])
    found = work.store.select(Draw, "recipe = ? AND graph = ?", [recipe, graph.fingerprint])
    draw = found[0] if found else Draw(recipe=recipe, graph=graph.fingerprint, begin=have, place=0)
    before = combinations(work, 0, draw.begin) if plan.per_point else []
    return Drawing(Sampler(graph, plan, before), point_names(work.store, work.recipes["connect"]), draw)


async def _keep_communities(work: Workbench, graph: KnowledgeGraph) -> None:
    """Write which community each point belongs to, once for each graph."""
    recipe, fingerprint = work.recipes["connect"], graph.fingerprint
    if work.store.rows("SELECT 1 FROM communities WHERE recipe = ? AND graph = ? LIMIT 1", [recipe, fingerprint]):
        return
    found = await asyncio.to_thread(communities, graph)
    await work.store.write(
        *(
            Community(recipe=recipe, graph=fingerprint, point_id=point, community=number)
            for point, number in zip(graph.ids, found.tolist(), strict=True)
        ),
        statements=[("DELETE FROM communities WHERE recipe = ?", [recipe])],
    )


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
