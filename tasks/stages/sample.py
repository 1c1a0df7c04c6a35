"""sample: draw the next combinations of the graph, in an order that the graph, the plan and its seed fix once and for
all.

The sequence is the present graph's from its first place on, whatever was drawn from former ones: so the dataset is a
function of the seeds that there are. What was paid for a combination is found again where the sequence comes to it.

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
from graph.records import Basis, Combination, Community
from graph.sampling import Sampler
from graph.steering import OTHERS, Drawn, SteeredSampler, round_of
from tasks.context.basis import rest_on_graph
from tasks.context.run_context import RunContext, run_context
from tasks.context.slots import sampled
from tasks.reports.graph_verdict import give_verdict, sampled_graph
from tasks.reports.outcomes import OutcomeTally
from tasks.stages.chunk_task import chunk_task
from tasks.store.graphs import point_communities, point_names

STEP = 5000
"""Combinations drawn and written at a time."""


@dataclass
class Drawing:
    """The sampler of the present graph, with what the store adds to it."""

    sampler: Sampler
    names: dict[UUID, str]
    tally: OutcomeTally
    """Under the policy `yield`, what combinations came to."""
    told: int | None = None
    """Relations that had come to their end when that was last told; None before the first time."""


@chunk_task("sample", "sample-{wanted:06d}")
async def sample(wanted: int) -> int:
    """Draw until the store holds `wanted` combinations of the present graph, or no more exist; how many it holds.

    Under the policy `yield` also until too little is known of what earlier ones came to.
    """
    work = run_context()
    before = have = sampled(work)
    drawing: Drawing | None = work.stage_state.get(Drawing)
    if drawing is None and (have < wanted or not _communities_known(work)):
        drawing = work.stage_state[Drawing] = await _begin(work)
        have = sampled(work)
    while drawing and have < wanted:
        step = await _steer(work, drawing, have) if work.settings.sample.policy == "yield" else STEP
        stop = min(have + step, wanted)
        batch = await asyncio.to_thread(drawing.sampler.draw, have, stop, work.recipes["sample"])
        if not batch:
            break
        await work.store.write(*(_named(drawing, item) for item in batch))
        have += len(batch)
    if drawing:
        await _tell(work, drawing, have)
    work.counts.note("sample", done=max(0, have - before))
    return have


async def _tell(work: RunContext, drawing: Drawing, have: int) -> None:
    """Say what the graph gives, when that is first known and when a relation has come to its end.

    Raises GsdpError where it gives nothing.
    """
    sampler = drawing.sampler
    ends = {relation: place for relation, place in sampler.ends.items() if place <= have}
    if drawing.told == len(ends):
        return
    drawing.told = len(ends)
    available = await asyncio.to_thread(sampler.available)
    found = await give_verdict(work, sampler.graph, available, ends)
    if not (have or found.drawable):
        raise GsdpError(found.advice)


async def _begin(work: RunContext) -> Drawing:
    """Take up the sequence of the graph that connect has left."""
    recipe, plan = work.recipes["connect"], work.settings.sample
    graph = await asyncio.to_thread(sampled_graph, work)
    await rest_on_graph(work, graph)
    await _keep_communities(work, graph)
    if plan.policy == "yield":
        groups = point_communities(work.store, recipe)
        known = np.array([groups.get(point, OTHERS) for point in graph.ids], dtype=np.int64)
        sampler: Sampler = await asyncio.to_thread(SteeredSampler, graph, plan, known, _drawn(work))
    else:
        sampler = Sampler(graph, plan)
    return Drawing(sampler, point_names(work.store, recipe), OutcomeTally(work))


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


def _communities_known(work: RunContext) -> bool:
    """Whether the communities of the present graph are in the store."""
    sql = "SELECT 1 FROM communities JOIN basis b ON b.digest = graph WHERE recipe = ? AND b.stage = 'connect' LIMIT 1"
    return bool(work.store.rows(sql, [work.recipes["connect"]]))


async def _keep_communities(work: RunContext, graph: KnowledgeGraph) -> None:
    """Write which community each point belongs to, once for each graph."""
    if _communities_known(work):
        return
    recipe, (basis,) = work.recipes["connect"], work.store.select(Basis, "stage = 'connect'")
    found = await asyncio.to_thread(communities, graph)
    await work.store.write(
        *(
            Community(recipe=recipe, graph=basis.digest, point_id=point, community=number)
            for point, number in zip(graph.ids, found.tolist(), strict=True)
        ),
        statements=[("DELETE FROM communities WHERE recipe = ?", [recipe])],
    )


def _named(drawing: Drawing, item: Combination) -> Combination:
    return item.model_copy(update={"names": tuple(drawing.names[point] for point in item.points)})
