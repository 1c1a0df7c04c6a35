"""sample: draw the next combinations of the graph, in an order that the graph, the plan and its seed fix for ever.

Under the policy `yield` the order also rests on what earlier combinations came to; then it is drawn round by round, no
further than the outcomes that a round rests on are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from graph.communities import communities
from graph.errors import GsdpError
from graph.knowledge import KnowledgeGraph
from graph.records import Combination, Community, Draw
from graph.sampling import Sampler
from graph.steering import OTHERS, Drawn, SteeredSampler, round_of
from tasks.context.run_context import RunContext, run_context
from tasks.context.slots import combinations, sampled
from tasks.reports.graph_verdict import give_verdict, sampled_graph
from tasks.reports.outcomes import OutcomeTally
from tasks.stages.chunk_task import chunk_task
from tasks.store.graphs import point_communities, point_names

STEP = 5000
"""Combinations drawn and written at a time."""


@dataclass
class Drawing:
    """How far the sampler's sequence has been taken into the store."""

    sampler: Sampler
    names: dict[UUID, str]
    draw: Draw
    tally: OutcomeTally
    """Under the policy `yield`, what combinations came to."""
    told: int | None = None
    """Relations that had come to their end when that was last told; None before the first time."""


@chunk_task("sample", "sample-{wanted:06d}")
async def sample(wanted: int) -> int:
    """Draw until the store holds `wanted` combinations of the present recipe, or no more exist; how many it holds.

    Under the policy `yield` also until too little is known of what earlier ones came to.

    Combinations that are there already keep their place, also those of a graph that has changed since (seeds were
    added): they are paid for, and count. What the present graph has besides follows them.
    """
    work = run_context()
    before = have = sampled(work)
    drawing: Drawing | None = work.stage_state.get(Drawing)
    if drawing is None and have < wanted:
        graph = await asyncio.to_thread(sampled_graph, work)
        await _keep_communities(work, graph)
        drawing = work.stage_state[Drawing] = await asyncio.to_thread(_begin, work, graph, have)
    while drawing and have < wanted:
        draw = drawing.draw
        step = await _steer(work, drawing, have) if work.settings.sample.policy == "yield" else STEP
        batch = await asyncio.to_thread(drawing.sampler.draw, draw.place, draw.place + step, draw.recipe)
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
    if drawing:
        await _tell(work, drawing, have)
    work.counts.note("sample", done=have - before)
    return have


async def _tell(work: RunContext, drawing: Drawing, have: int) -> None:
    """Say what the graph gives, when that is first known and when a relation has come to its end.

    Raises GsdpError where it gives nothing.
    """
    sampler = drawing.sampler
    ends = {relation: place for relation, place in sampler.ends.items() if place <= drawing.draw.place}
    if drawing.told == len(ends):
        return
    drawing.told = len(ends)
    available = await asyncio.to_thread(sampler.available)
    found = await give_verdict(work, sampler.graph, available, ends)
    if not (have or found.drawable):
        raise GsdpError(found.advice)


def _begin(work: RunContext, graph: KnowledgeGraph, have: int) -> Drawing:
    """Take up the sequence of the present graph where it stands in the store; a new one begins behind what is there."""
    recipe, connected, plan = work.recipes["sample"], work.recipes["connect"], work.settings.sample
    found = work.store.select(Draw, "recipe = ? AND graph = ?", [recipe, graph.fingerprint])
    draw = found[0] if found else Draw(recipe=recipe, graph=graph.fingerprint, begin=have, place=0)
    if plan.policy == "yield":
        groups = point_communities(work.store, connected)
        known = np.array([groups.get(point, OTHERS) for point in graph.ids], dtype=np.int64)
        sampler: Sampler = SteeredSampler(graph, plan, known, _drawn(work), draw.begin)
    else:
        sampler = Sampler(graph, plan, combinations(work, 0, draw.begin) if plan.per_point else [])
    return Drawing(sampler, point_names(work.store, connected), draw, OutcomeTally(work))


def _drawn(work: RunContext) -> Iterator[Drawn]:
    sql = "SELECT relation, points FROM combinations WHERE recipe = ? ORDER BY position"
    for row in work.store.stream(sql, [work.recipes["sample"]]):
        yield row[0], row[1]


async def _steer(work: RunContext, drawing: Drawing, have: int) -> int:
    """Tell the sampler what its round rests on; how many it may draw, 0 while those outcomes are not there."""
    until, stop = round_of(have)
    if until >= max(1, work.screened.until):
        return 0
    if isinstance(drawing.sampler, SteeredSampler):
        drawing.sampler.steer(await asyncio.to_thread(drawing.tally.until, until))
    return min(STEP, stop - have)


async def _keep_communities(work: RunContext, graph: KnowledgeGraph) -> None:
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


async def _stored(work: RunContext, batch: list[Combination]) -> set[UUID]:
    sql = "SELECT id FROM combinations WHERE recipe = ? AND id IN (SELECT unnest(?::UUID[]))"
    found = await work.store.fetch(sql, [work.recipes["sample"], [item.id for item in batch]])
    return {row[0] for row in found}


def _placed(drawing: Drawing, item: Combination, position: int) -> Combination:
    names = tuple(drawing.names[point] for point in item.points)
    return item.model_copy(update={"position": position, "names": names})
