"""From combinations to pairs: chains of compose, review, solve and grade, side by side, until the target is met.

A chain takes one chunk of combinations through all paid stages. Chains end in any order; the screen looks at what is
finished in sampling order and says when the target is met. The feed draws as many combinations as the yield seen so
far calls for, in chunks that get smaller towards the end, so that little is asked for in vain. Where the accepted pairs
have quotas, it goes on until these are met; combinations that these have no room for are passed over unpaid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from flows.orchestration.turns import in_turn
from flows.progress import Progress
from flows.reporting.stage_lines import BUDGET_REACHED
from flows.stages import CHUNKS_IN_FLIGHT, PAID, chunks_in_flight, stage_flow
from graph.errors import EndpointError
from tasks.context.run_context import RunContext
from tasks.context.slots import sampled
from tasks.reports.money import guess_of_combination
from tasks.runs.shards import refuse_open_rounds
from tasks.settings.run import RunSettings
from tasks.stages.sample import sample
from tasks.stages.screen import Screen, finished_until, open_screen


@stage_flow
async def produce(settings: RunSettings) -> dict[str, Any]:
    """Take combinations through compose, review, solve and grade until the target is met or no combination is left.

    Args:
        settings: Everything the run needs to know.
    """
    async with in_turn(settings) as work:
        refuse_open_rounds(settings.workspace)
        screen = await open_screen(work)
        start = max(0, screen.frontier - 1)
        progress = Progress(settings.target_pairs, start, start, screen.kept, (start, screen.kept))
        progress.asks = settings.sample.samples_per_combination
        progress.funds = work.account.unspent
        if settings.budget:
            progress.guess = guess_of_combination(work.store, settings, work.account.unit)
        running: dict[asyncio.Task[None], tuple[int, int]] = {}
        most = chunks_in_flight(settings)
        try:
            while progress.kept < progress.target and not progress.hopeless and not work.account.reached:
                # More than a few only once the first pairs have shown that they are worth it.
                side_by_side = most if progress.kept > progress.began[1] else CHUNKS_IN_FLIGHT
                while len(running) < side_by_side and (chunk := await _next_chunk(progress, sampled(work))):
                    running[asyncio.create_task(_chain(work, progress, *chunk))] = chunk
                    progress.fed = chunk[1]
                if not running:
                    if progress.affordable < 1:
                        work.account.close()
                    break
                await _harvest(work, running, progress, screen)
            await _drain(running)
            if work.account.reached:
                await _screen_what_is_finished(work, progress, screen)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        missing = work.screened.room.missing() if work.screened.room else {}
        return {"pairs": progress.kept, "combinations": progress.screened, "end": _end(work, progress, missing)}


def _end(work: RunContext, progress: Progress, missing: Mapping[str, int]) -> str:
    """Why production ended, where the target was not met; `missing`: pairs still wanted, by quota."""
    if progress.kept >= progress.target:
        return ""
    if work.account.reached:
        return BUDGET_REACHED
    if progress.hopeless:
        return f"stopped, because {progress.screened - progress.began[0]:,} combinations made no pair"
    lacking = ", ".join(f"{name}: {count:,}" for name, count in missing.items())
    return "no combination is left" + (f" (still wanted: {lacking})" if lacking else "")


async def _drain(running: dict[asyncio.Task[None], tuple[int, int]]) -> None:
    """Let chains that are no longer needed end their stage, which is paid for. An endpoint may fail now."""
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, EndpointError):
            raise outcome


async def _next_chunk(progress: Progress, drawn: int) -> tuple[int, int] | None:
    """The combinations to feed next, drawn first where they are not; None when no more are wanted or exist."""
    size = progress.chunk
    if not size:
        return None
    stop = progress.fed + size
    if stop > drawn:
        stop = min(stop, await sample(stop))
    return (progress.fed, stop) if stop > progress.fed else None


async def _chain(work: RunContext, progress: Progress, start: int, stop: int) -> None:
    for chunk in PAID.values():
        if progress.kept < progress.target and not progress.hopeless and not work.account.reached:
            await chunk(start, stop)


async def _screen_what_is_finished(work: RunContext, progress: Progress, screen: Screen) -> None:
    """Make pairs of what the budget has paid for, up to the first combination that it has left unfinished."""
    finished = await finished_until(work, progress.screened, progress.fed)
    if finished > progress.screened:
        kept = await screen.advance(finished)
        progress.advance(finished, kept, screen.passed_over)


async def _harvest(
    work: RunContext, running: dict[asyncio.Task[None], tuple[int, int]], progress: Progress, screen: Screen
) -> None:
    """Wait for a chain to end, and screen what is finished up to the first chunk that is not."""
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        start, stop = running.pop(task)
        task.result()
        if not work.account.reached:
            progress.finished[start] = stop
    progress.spent, progress.held = progress.funds - work.account.unspent, work.account.largest
    if progress.frontier > progress.screened:
        kept = await screen.advance(progress.frontier)
        progress.advance(progress.frontier, kept, screen.passed_over)
