"""From combinations to pairs: chains of compose, review, solve and grade, side by side, until the target is met.

A chain takes one chunk of combinations through all paid stages. Chains end in any order; the screen looks at what is
finished in sampling order and says when the target is met. The feed draws as many combinations as the yield seen so
far calls for, in chunks that get smaller towards the end, so that little is asked for in vain. Where the accepted pairs
have quotas, it goes on until these are met; combinations that these have no room for are passed over unpaid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from flows.stages import CHUNKS_IN_FLIGHT, EXPECTED_YIELD, PAID, chunk_size, stage_flow
from graph.errors import EndpointError
from tasks.opening import open_workbench
from tasks.sample import sample, sampled
from tasks.screen import Screen, finished_until, open_screen
from tasks.settings import RunSettings
from tasks.workbench import Workbench

FIRST_CHUNK = 250
"""Most combinations in a chunk until the first pairs are seen: enough to keep the endpoints busy."""
HOPELESS = 1000
"""Combinations without a single pair after which a run stops: something is wrong, and every further one costs."""
LATELY = 500
"""Combinations after which the yield is measured anew, once quotas are full."""
DOUBT = 50
"""Problems' worth of trust in `EXPECTED_YIELD` before what was seen outweighs it."""


@dataclass
class Progress:
    """How far production is; all that feeding decisions rest on."""

    target: int
    fed: int
    """Combinations before this position are in a chain, or were."""
    screened: int
    """Combinations before this position are finished and screened."""
    kept: int
    began: tuple[int, int] = (0, 0)
    """Combinations screened and pairs kept when the run began."""
    passed_over: int = 0
    """Combinations among those screened that were not paid for, because their quota was full."""
    lately: tuple[int, int] = (0, 0)
    """Combinations screened and pairs kept a while ago: the yield changes as quotas fill up."""
    finished: dict[int, int] = field(default_factory=dict)
    """Start -> stop of chunks that are finished, but wait for an earlier one."""

    @property
    def rate(self) -> float:
        """Pairs to expect of a combination."""
        screened, kept = self.lately
        return (self.kept - kept + DOUBT * EXPECTED_YIELD) / (self.screened - screened + DOUBT)

    def advance(self, screened: int, kept: int, passed_over: int) -> None:
        """Take note of what was screened."""
        # Quotas that fill up change the yield, so once some are full only what was seen lately counts.
        if passed_over > self.passed_over and self.screened - self.lately[0] > LATELY:
            self.lately = (self.screened, self.kept)
        self.screened, self.kept, self.passed_over = screened, kept, passed_over

    @property
    def wanted(self) -> int:
        """Combinations to feed now, beyond those that are in chains and their expected yield."""
        missing = self.target - self.kept - self.rate * (self.fed - self.screened)
        return ceil(missing / self.rate) if missing > 0 else 0

    @property
    def hopeless(self) -> bool:
        """Whether so many combinations have made no pair that no more should be paid for."""
        screened, kept = self.began
        return self.kept == kept and self.screened - screened - self.passed_over >= HOPELESS

    @property
    def chunk(self) -> int:
        """Combinations in the next chunk; 0 when no more are wanted now."""
        size = chunk_size(self.wanted) if self.wanted else 0
        return size if self.kept > self.began[1] else min(size, FIRST_CHUNK)

    @property
    def frontier(self) -> int:
        """Up to which position everything is finished."""
        position = self.screened
        while position in self.finished:
            position = self.finished[position]
        return position


@stage_flow
async def produce(settings: RunSettings) -> dict[str, Any]:
    """Take combinations through compose, review, solve and grade until the target is met or no combination is left.

    Args:
        settings: Everything the run needs to know.
    """
    async with open_workbench(settings) as work:
        screen = await open_screen(work)
        start = max(0, screen.frontier - 1)
        progress = Progress(settings.target_pairs, start, start, screen.kept, (start, screen.kept))
        running: dict[asyncio.Task[None], tuple[int, int]] = {}
        try:
            while progress.kept < progress.target and not progress.hopeless and not work.purse.reached:
                while len(running) < CHUNKS_IN_FLIGHT and (chunk := await _next_chunk(progress, sampled(work))):
                    running[asyncio.create_task(_chain(work, progress, *chunk))] = chunk
                    progress.fed = chunk[1]
                if not running:
                    break
                await _harvest(work, running, progress, screen)
            await _drain(running)
            if work.purse.reached:
                await _screen_what_is_finished(work, progress, screen)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        missing = work.room.missing() if work.room else {}
        return {"pairs": progress.kept, "combinations": progress.screened, "end": _end(work, progress, missing)}


def _end(work: Workbench, progress: Progress, missing: Mapping[str, int]) -> str:
    """Why production ended, where the target was not met; `missing`: pairs still wanted, by quota."""
    if progress.kept >= progress.target:
        return ""
    if work.purse.reached:
        return "stopped, because the budget is reached"
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


async def _chain(work: Workbench, progress: Progress, start: int, stop: int) -> None:
    for chunk in PAID.values():
        if progress.kept < progress.target and not progress.hopeless and not work.purse.reached:
            await chunk(start, stop)


async def _screen_what_is_finished(work: Workbench, progress: Progress, screen: Screen) -> None:
    """Make pairs of what the budget has paid for, up to the first combination that it has left unfinished."""
    finished = await finished_until(work, progress.screened, progress.fed)
    if finished > progress.screened:
        kept = await screen.advance(finished)
        progress.advance(finished, kept, screen.passed_over)


async def _harvest(
    work: Workbench, running: dict[asyncio.Task[None], tuple[int, int]], progress: Progress, screen: Screen
) -> None:
    """Wait for a chain to end, and screen what is finished up to the first chunk that is not."""
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        start, stop = running.pop(task)
        task.result()
        if not work.purse.reached:
            progress.finished[start] = stop
    if progress.frontier > progress.screened:
        kept = await screen.advance(progress.frontier)
        progress.advance(progress.frontier, kept, screen.passed_over)
