"""Beyond one process: `spread` deals combinations to deployment runs of `shard`, and unites what these bring.

A shard takes its combinations from composing to grading in a store of its own. One that fails or is killed is run
again and does only its own rest. `spread` screens what came home, and deals another round while pairs are missing; what
is too little to deal is left to `produce`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from prefect import get_client
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.states import Cancelling

from flows.orchestration.turns import in_turn
from flows.progress import FIRST_CHUNK, HOPELESS
from flows.stages import (
    LARGEST_CHUNK,
    PAID,
    SMALLEST_CHUNK,
    chunk_size,
    parts_of,
    screen_ranges,
    side_by_side,
    stage_flow,
)
from graph.errors import GsdpError
from tasks.context.run_context import RunContext
from tasks.context.slots import sampled
from tasks.runs.opening import open_run
from tasks.runs.shards import Round, deal, discard, rounds, shard_settings, spent_in, sweep, take_home, untouched
from tasks.settings.run import RunSettings
from tasks.stages.sample import sample

DEPLOYMENTS = ("shard/shard", "shard/shard-served")
"""Where shards run: on a work pool (`deployments/prefect.yaml`), else where `gsdp serve` does."""
TRIES = 3
"""Runs of a shard, the first included."""
POLL = 2.0
"""Seconds between looks at whether a shard has ended."""
PATIENCE = 60.0
"""Seconds after which a shard without a worker is told of."""
CANCELLED = "Cancelled"

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
    # Changed settings were agreed to when the round was dealt.
    async with in_turn(settings, accept_changes=True) as work:
        await chains(work, start, stop)
        return work.counts.done["grade"]


async def chains(work: RunContext, start: int, stop: int) -> None:
    """Take the combinations of a range through all paid stages, in chunks side by side."""

    async def chain(begin: int, end: int) -> None:
        for chunk in PAID.values():
            if not work.account.reached:
                await chunk(begin, end)

    ranges = parts_of(start, stop, chunk_size(stop - start))
    await side_by_side(work.settings, (partial(chain, *each) for each in ranges))


@stage_flow
async def spread(settings: RunSettings) -> dict[str, int]:
    """Deal combinations to `settings.shards` workers, round by round, until the target is met or none is left.

    Args:
        settings: Everything the run needs to know.
    """
    async with open_run(settings) as work:
        sweep(settings.workspace)
        ended: list[Round] = []
        for begun in rounds(settings.workspace):
            await _run_round(work, begun)
            ended.append(begun)
        kept = await _screened(work, 0)
        if kept < settings.target_pairs:
            # What a run without shards left unfinished would stand before all that is dealt.
            await chains(work, work.screened.until, await untouched(work))
            kept = await _screened(work, work.screened.until)
        while not work.account.reached and (
            dealt := await _next_round(work, kept, FIRST_CHUNK if ended else SMALLEST_CHUNK)
        ):
            await _run_round(work, dealt)
            ended.append(dealt)
            before, kept = kept, await _screened(work, work.screened.until)
            if kept == before:
                break
        if ended and not kept and work.screened.until >= HOPELESS:
            raise GsdpError(
                f"{work.screened.until:,} combinations made no pair: `gsdp status {settings.workspace}` counts what "
                "was rejected and why. Mend that, and run the same command again."
            )
        return {"combinations": sum(one.stop - one.start for one in ended), "rounds": len(ended)}


async def _screened(work: RunContext, start: int) -> int:
    """Screen what is finished from a position on; the pairs there are then."""
    await screen_ranges(work, parts_of(start, sampled(work), LARGEST_CHUNK))
    return work.screened.pairs


async def _next_round(work: RunContext, kept: int, least: int) -> Round | None:
    """The combinations to deal next; None where what is missing is too little to share: `least` for each shard.

    What is dealt is paid for to its end. So until it is known how many of them make pairs, it is as if all did, and
    no more than those after which a run without a pair stops.
    """
    settings = work.settings
    missing = settings.target_pairs - kept
    first = ceil(min(missing, HOPELESS) / settings.sample.samples_per_combination)
    wanted = ceil(missing * work.screened.until / kept) if kept else first
    if wanted < settings.shards * least:
        return None
    start = await untouched(work)
    stop = min(start + wanted, await sample(start + wanted))
    return Round(start, stop, settings.shards) if stop - start >= settings.shards else None


async def _run_round(work: RunContext, dealt: Round) -> None:
    """Run all shards of a round and unite what they made, also those that failed. Raises GsdpError then."""
    workspace = work.settings.workspace
    run = await find_runner()
    paid: dict[Path, float] = {}
    for folder in await deal(work, dealt):
        await take_home(work, folder)
        paid[folder] = spent_in(folder, work.account.unit)
    if work.account.budget and work.account.unspent <= 0:
        work.account.close()
        return
    folders = dealt.workspaces(workspace)
    made = [shard_settings(work.settings, dealt, folder, work.account, paid.get(folder, 0.0)) for folder in folders]
    get_run_logger().info(
        "Round %s: combinations %d to %d are dealt to %d shards.", dealt.name, dealt.start, dealt.stop, dealt.shards
    )
    ended = await asyncio.gather(*(_until_done(run, one, dealt, number) for number, one in enumerate(made, 1)))
    for folder in folders:
        await take_home(work, folder)
    failed = [f"{number} ({why})" for number, why in enumerate(ended, 1) if why]
    if failed:
        raise GsdpError(
            f"Of {dealt.shards} shards these did not end: {', '.join(failed)}. What they paid for is kept; look at "
            "their runs in Prefect, then run the same command again."
        )
    discard(dealt.folder(workspace))


async def _until_done(run: RunShard, settings: RunSettings, dealt: Round, number: int) -> str:
    """Run a shard until it has completed, at most so many times; "" then, else why it has not."""
    why, name = "", f"Shard {number} of {dealt.shards}"
    for attempt in range(1, TRIES + 1):
        why = await run(settings, dealt, number)
        if why in ("", CANCELLED):
            get_run_logger().info("%s has %s.", name, "ended" if not why else "been cancelled")
            break
        goes_on = "it begins again and does its rest" if attempt < TRIES else "it is given up"
        get_run_logger().warning("%s has ended as %s: %s (try %d of %d).", name, why, goes_on, attempt, TRIES)
    return why


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
        "`shards` needs a Prefect server with a deployment of the flow `shard`: `python -m deployments.prepare` and a "
        "worker, or `gsdp serve`; or leave `shards` out."
    )


def sent(settings: RunSettings, dealt: Round) -> dict[str, Any]:
    """The parameters of a shard's run. What is null is left out: the form, which checks them, knows no null."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {"settings": values, "start": dealt.start, "stop": dealt.stop}


async def _run_deployment(name: str, settings: RunSettings, dealt: Round, number: int) -> str:
    parameters = sent(settings, dealt)
    home = settings.workspace.parents[2].name
    called = f"shard {number} of {dealt.shards} of {home}, round {dealt.start:,} to {dealt.stop:,}"
    run = await arun_deployment(name, parameters=parameters, flow_run_name=called, timeout=0)
    began, told = time.monotonic(), False
    async with get_client() as client:
        try:
            while not ((state := run.state) and state.is_final()):
                if not told and run.start_time is None and time.monotonic() - began > PATIENCE:
                    get_run_logger().warning("%s waits for a worker: start another one for its work pool.", called)
                    told = True
                await asyncio.sleep(POLL)
                run = await client.read_flow_run(run.id)
        except asyncio.CancelledError:
            with suppress(Exception):
                await client.set_flow_run_state(run.id, Cancelling())
            raise
    return "" if state.is_completed() else CANCELLED if state.is_cancelled() else str(state.name)
