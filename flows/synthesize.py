"""synthesize: seeds in, checked pairs out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from flows import stages
from flows.orchestration.events import announce_the_end
from flows.orchestration.turns import in_turn
from flows.produce import produce
from flows.reporting.stage_lines import StageLines
from flows.shards import spread
from flows.stages import stage_flow
from graph.errors import GsdpError
from tasks.context.run_context import RunContext
from tasks.reports.dataset import DATASET, check_folder
from tasks.settings.run import STAGES, RunSettings, Stage


@stage_flow
async def synthesize(settings: RunSettings, until: Stage = "publish", accept_changes: bool = False) -> dict[str, Any]:
    """Turn solved seed problems into new, checked problem-solution pairs by way of a graph of knowledge points.

    Run it again after any failure or crash: it goes on where the store stands, and pays for nothing twice.

    Args:
        settings: Everything the run needs to know.
        until: The last stage to run.
        accept_changes: Go on although settings that shape the answers differ from the workspace's last run.
    """
    wanted = STAGES[: STAGES.index(until) + 1]
    if "publish" in wanted:
        check_folder(settings.workspace / DATASET)
    async with in_turn(settings, accept_changes) as work:
        told = StageLines(work)
        told.warn()
        end = ""

        async def run(name: str, stage: Callable[[RunSettings], Awaitable[Any]]) -> None:
            if name in wanted and not work.account.reached:
                await told.stage(name, stage, settings)

        await run("ingest", stages.ingest)
        await run("extract", stages.extract)
        await run("connect", stages.connect)
        await run("sample", stages.sample)
        if "grade" in wanted:
            end = await _pairs(told, work, settings)
        else:
            await run("compose", stages.compose)
            await run("review", stages.review)
            await run("solve", stages.solve)
        if "publish" in wanted and work.screened.pairs:
            await told.stage("publish", stages.publish, settings)
        told.called()
        announce_the_end(work)
        if "publish" in wanted and not (work.screened.pairs or work.account.reached):
            raise GsdpError(
                f"No pair came of it, so no dataset is written: `gsdp status {settings.workspace}` counts what was "
                "rejected and why. Mend that, and run the same command again."
            )
        return {"pairs": work.screened.pairs, "workspace": str(settings.workspace), **({"end": end} if end else {})}


async def _pairs(told: StageLines, work: RunContext, settings: RunSettings) -> str:
    """Compose, review, solve, grade and screen, chunk by chunk side by side; first in shards, where there are any.

    Why that ended below the target; empty where it did not, or where the budget did as it was told.
    """
    if settings.shards > 1 and not work.account.reached:
        await told.stage("spread", spread, settings)
    if work.account.reached:
        return ""
    made = await produce(settings)
    told.produced(made)
    return "" if work.account.reached else str(made["end"])
