"""Beyond one process: `spread` deals combinations to deployment runs of `shard`, and unites what these bring.

A shard takes its combinations from composing to grading in a store of its own. One that fails or is killed is run
again and does only its own rest. `spread` screens what came home, and deals another round while pairs are missing; what
is too little to deal is left to `produce`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from math import ceil
from pathlib import Path

from prefect import get_client
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound

from flows.stages import (
    LARGEST_CHUNK,
    PAID,
    SMALLEST_CHUNK,
    chunk_size,
    screen_ranges,
    side_by_side,
    stage_flow,
)
from graph.errors import GsdpError
from tasks.ledger import spent
from tasks.opening import open_workbench
from tasks.sample import sample, sampled
from tasks.settings import RunSettings
from tasks.shards import Round, deal, rounds, shard_settings, untouched
from tasks.store.unite import unite
from tasks.workbench import Workbench

DEPLOYMENTS = ("shard/pool", "shard/gsdp")
"""Where shards run: on a work pool (`deployments/prefect.yaml`), else where `gsdp serve` does."""
TRIES = 3
"""Runs of a shard, the first included."""
POLL = 2.0
"""Seconds between looks at whether a shard has ended."""

RunShard = Callable[[RunSettings, Round, int], Awaitable[str]]
"""Runs one shard of a round to its end; "" when it completed, else why not."""


@stage_flow
async def shard(settings: RunSettings, start: int, stop: int) -> int:
    """Take the combinations of this store from composing to grading: one worker's share of a larger run.

    Args:
        settings: Everything the run needs to know, with a workspace of its own.
        start: First position of the round in sampling order.
        stop: The position behind its last one.
    """
    async with open_workbench(settings) as work:
        await chains(work, start, stop)
        return work.counts.done["grade"]


async def chains(work: Workbench, start: int, stop: int) -> None:
    """Take the combinations of a range through all paid stages, in chunks side by side."""
    size = chunk_size(stop - start)

    async def chain(begin: int, end: int) -> None:
        for chunk in PAID.values():
            if not work.purse.reached:
                await chunk(begin, end)

    ranges = [(at, min(at + size, stop)) for at in range(start, stop, size)]
    await side_by_side(work.settings, (partial(chain, *each) for each in ranges))


@stage_flow
async def spread(settings: RunSettings) -> dict[str, int]:
    """Deal combinations to `settings.shards` workers, round by round, until the target is met or none is left.

    Args:
        settings: Everything the run needs to know.
    """
    async with open_workbench(settings) as work:
        ended: list[Round] = []
        for begun in rounds(settings.workspace):
            await _run_round(work, begun)
            ended.append(begun)
        kept = await _screened(work, 0)
        if kept < settings.target_pairs:
            # What a run without shards left unfinished would stand before all that is dealt.
            await chains(work, work.screened, untouched(work))
            kept = await _screened(work, work.screened)
        while not work.purse.reached and (dealt := await _next_round(work, kept)):
            await _run_round(work, dealt)
            ended.append(dealt)
            before, kept = kept, await _screened(work, work.screened)
            if kept == before:
                break
        return {"combinations": sum(one.stop - one.start for one in ended), "rounds": len(ended)}


async def _screened(work: Workbench, start: int) -> int:
    """Screen what is finished from a position on; the pairs there are then."""
    total = sampled(work)
    await screen_ranges(work, [(at, min(at + LARGEST_CHUNK, total)) for at in range(start, total, LARGEST_CHUNK)])
    return work.counts.pairs


async def _next_round(work: Workbench, kept: int) -> Round | None:
    """The combinations to deal next; None where what is missing is too little to share."""
    settings = work.settings
    # Until it is known how many of them make pairs, as if all did: what is dealt is paid for to its end.
    wanted = ceil((settings.target_pairs - kept) * (work.screened / kept if kept else 1))
    start = untouched(work)
    if wanted < settings.shards * SMALLEST_CHUNK:
        return None
    stop = min(start + wanted, await sample(start + wanted))
    return Round(start, stop, settings.shards) if stop - start >= settings.shards else None


async def _run_round(work: Workbench, dealt: Round) -> None:
    """Run all shards of a round and unite what they made, also those that failed. Raises GsdpError then."""
    workspace = work.settings.workspace
    await deal(work, dealt)
    run = await find_runner()
    folders = dealt.workspaces(workspace)
    made = [shard_settings(work.settings, dealt, folder, work.purse) for folder in folders]
    ended = await asyncio.gather(*(_until_done(run, one, dealt, number) for number, one in enumerate(made, 1)))
    for folder in folders:
        await take_home(work, folder)
    failed = [f"{number} ({why})" for number, why in enumerate(ended, 1) if why]
    if failed:
        raise GsdpError(
            f"Of {dealt.shards} shards these did not end: {', '.join(failed)}. What they paid for is kept; look at "
            "their runs in Prefect, then run the same command again."
        )
    shutil.rmtree(dealt.folder(workspace))


async def _until_done(run: RunShard, settings: RunSettings, dealt: Round, number: int) -> str:
    why = ""
    for _ in range(TRIES):
        why = await run(settings, dealt, number)
        if not why:
            break
    return why


async def take_home(work: Workbench, folder: Path) -> dict[str, int]:
    """Unite a shard's store with the run's own, and count what it spent against the budget."""
    purse = work.purse
    before = sum(spent(work.store, purse.unit))
    rows = await unite(work.store, folder)
    purse.before += sum(spent(work.store, purse.unit)) - before
    return rows


async def find_runner() -> RunShard:
    """Runs shards by the first deployment of `DEPLOYMENTS` that there is. Raises GsdpError where there is none."""
    async with get_client() as client:
        for name in DEPLOYMENTS:
            try:
                await client.read_deployment_by_name(name)
            except ObjectNotFound:
                continue
            return partial(_run_deployment, name)
    raise GsdpError(
        "`shards` needs a Prefect server with a deployment of the flow `shard`: `prefect deploy --prefect-file "
        "deployments/prefect.yaml --all` and a worker, or `gsdp serve`; or leave `shards` out."
    )


async def _run_deployment(name: str, settings: RunSettings, dealt: Round, number: int) -> str:
    parameters = {"settings": settings.model_dump(mode="json"), "start": dealt.start, "stop": dealt.stop}
    run = await arun_deployment(
        name,
        parameters=parameters,
        flow_run_name=f"shard {number} of {dealt.shards}, {dealt.start:,} to {dealt.stop:,}",
        timeout=None,
        poll_interval=POLL,
    )
    state = run.state
    return "" if state and state.is_completed() else str(state and state.name)
