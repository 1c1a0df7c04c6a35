"""A flow for each stage, to run or schedule alone; `synthesize` calls ingest, extract, connect, sample and publish.

Each opens the workspace itself unless it runs inside another flow, does what is pending and leaves the rest. Chunks of
the paid stages are task runs: they are awaited directly, a few at a time, and are handed which items to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from math import ceil
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, runtime, tags

from flows.orchestration.checked import checked
from flows.orchestration.deployed import settle
from flows.orchestration.log_filter import speak_in_sentences
from flows.orchestration.names import run_name
from flows.orchestration.turns import in_turn
from tasks.context.run_context import RunContext, together
from tasks.context.slots import sampled
from tasks.reports.graph_verdict import combinations_needed
from tasks.runs.shards import refuse_open_rounds
from tasks.settings.run import RunSettings
from tasks.stages.compose import compose as compose_chunk
from tasks.stages.connect import connect as connect_names
from tasks.stages.extract import check_points, pending_seeds
from tasks.stages.extract import extract as extract_chunk
from tasks.stages.grade import grade as grade_chunk
from tasks.stages.ingest import ingest as ingest_files
from tasks.stages.publish import publish as publish_pairs
from tasks.stages.review import review as review_chunk
from tasks.stages.sample import sample as sample_combinations
from tasks.stages.screen import finished_until, open_screen
from tasks.stages.solve import solve as solve_chunk

CHUNKS_IN_FLIGHT = 4
"""Task runs side by side: with fewer than three, the end of a chunk idles the endpoints."""
BATCHES_IN_FLIGHT = 2
"""Batches' worth of items side by side, where calls wait for batches: a next one fills while one is answered."""
FIRST_SEEDS = 100
"""Seeds read before all others: where none of them has a point, something is wrong, and the rest would cost in vain."""
SMALLEST_CHUNK, LARGEST_CHUNK = 16, 1000
"""Items in a task run. A task run costs Prefect some 30 ms, so chunks are large, and smaller towards the end."""

TAG, WITHIN = "gsdp", "gsdp-within"
"""Tags of flow runs, by which automations know ours: of those that people start, and of those within them."""

P = ParamSpec("P")
T = TypeVar("T")

ChunkTask = Callable[[int, int], Awaitable[int]]
PAID: dict[str, ChunkTask] = {
    "compose": compose_chunk,
    "review": review_chunk,
    "solve": solve_chunk,
    "grade": grade_chunk,
}
"""The stages that each chunk of combinations goes through, in order."""


class StageFlow(Flow[..., Any]):
    """A flow whose runs bear a tag, `TAG` or, when another flow has called it, `WITHIN`; deployments tag theirs.

    State lives in the store, not in results.
    """

    def __init__(self, function: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        super().__init__(function, name=function.__name__, flow_run_name=run_name, persist_result=False)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return checked(super().validate_parameters, parameters)

    async def __call__(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        with tags(WITHIN if runtime.flow_run.id else TAG):
            return await super().__call__(*arguments, **named)


def stage_flow(function: Callable[P, Coroutine[Any, Any, T]]) -> Flow[P, Coroutine[Any, Any, T]]:
    """Make a coroutine function a Prefect flow that is called like it."""
    settle()
    speak_in_sentences()
    return cast("Flow[P, Coroutine[Any, Any, T]]", cast("Any", StageFlow(function)))


def chunk_size(pending: int) -> int:
    """Items of the next chunk when `pending` are left."""
    return max(SMALLEST_CHUNK, min(LARGEST_CHUNK, ceil(pending / 8)))


def parts_of(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """A range of positions in parts of a size."""
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]


def chunks_in_flight(settings: RunSettings) -> int:
    """How many task runs are side by side. A call that waits for a batch waits for hours, so many wait together."""
    largest = max((batch.requests for endpoint in settings.endpoints.values() if (batch := endpoint.batch)), default=0)
    return max(CHUNKS_IN_FLIGHT, ceil(BATCHES_IN_FLIGHT * largest / LARGEST_CHUNK))


async def side_by_side(settings: RunSettings, work: Iterable[Callable[[], Awaitable[Any]]]) -> None:
    """Await all, a few at a time; the first error stops the rest."""
    gate = asyncio.Semaphore(chunks_in_flight(settings))

    async def one(item: Callable[[], Awaitable[Any]]) -> None:
        async with gate:
            await item()

    await together(one(item) for item in work)


@stage_flow
async def ingest(settings: RunSettings) -> dict[str, Any]:
    """Read the seed files into the workspace.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings):
        return await ingest_files()


@stage_flow
async def extract(settings: RunSettings) -> int:
    """Find the knowledge points of every seed that has none yet.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings) as work:
        pending = [str(seed_id) for seed_id in pending_seeds(work)]
        begun, rest = pending[:FIRST_SEEDS], pending[FIRST_SEEDS:]
        if begun:
            await extract_chunk(0, begun)
            check_points(work)
        size = chunk_size(len(rest))
        chunks = [rest[at : at + size] for at in range(0, len(rest), size)]
        await side_by_side(settings, (partial(extract_chunk, number, chunk) for number, chunk in enumerate(chunks, 1)))
        return len(pending)


@stage_flow
async def connect(settings: RunSettings) -> dict[str, int]:
    """Turn mentioned names into the points and edges of the knowledge graph.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings):
        return await connect_names()


@stage_flow
async def sample(settings: RunSettings) -> int:
    """Draw as many combinations as the target is expected to need.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings):
        return await sample_combinations(combinations_needed(settings))


async def _stage(settings: RunSettings, stage: str) -> int:
    """Run one paid stage over all combinations that were drawn; how many items were pending."""
    async with in_turn(settings) as work:
        refuse_open_rounds(settings.workspace)
        total = sampled(work)
        ranges = parts_of(0, total, chunk_size(total))
        await side_by_side(settings, (partial(PAID[stage], start, stop) for start, stop in ranges))
        if stage == "grade":
            await screen_ranges(work, ranges)
        return work.counts.done[stage]


async def screen_ranges(work: RunContext, ranges: Iterable[tuple[int, int]]) -> None:
    """Make pairs of what is finished, up to the first combination that is not."""
    screen = await open_screen(work)
    for start, stop in ranges:
        finished = await finished_until(work, start, stop)
        if finished > screen.frontier:
            await screen.advance(finished)
        if finished < stop:
            return


@stage_flow
async def compose(settings: RunSettings) -> int:
    """Write a problem for every combination that was drawn.

    Args:
        settings: Everything the run needs to know.
    """
    return await _stage(settings, "compose")


@stage_flow
async def review(settings: RunSettings) -> int:
    """Let the panel score every problem.

    Args:
        settings: Everything the run needs to know.
    """
    return await _stage(settings, "review")


@stage_flow
async def solve(settings: RunSettings) -> int:
    """Solve every problem that passed review.

    Args:
        settings: Everything the run needs to know.
    """
    return await _stage(settings, "solve")


@stage_flow
async def grade(settings: RunSettings) -> int:
    """Compare the answers and let the panel vote on every solved problem.

    Args:
        settings: Everything the run needs to know.
    """
    return await _stage(settings, "grade")


@stage_flow
async def publish(settings: RunSettings) -> dict[str, Any]:
    """Write the dataset with its card.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings):
        return await publish_pairs()
