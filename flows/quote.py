"""`gsdp quote`: a probe through the same stages as a run, and what the rest of the run will cost by it.

The workspace's own store is held open as long as the probe works, so that no run spends of the same budget meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from prefect.logging import get_run_logger

from flows import stages
from flows.commands.auditing import REHEARSAL
from flows.reporting.artifacts import put_up
from flows.reporting.quote_table import by_stage, table
from flows.reporting.report import reporting
from flows.reporting.stage_lines import StageLines
from flows.stages import PAID, stage_flow
from tasks.context.run_context import RunContext
from tasks.endpoint.profiles import hand_over
from tasks.reports.card import is_rehearsal
from tasks.runs.opening import open_run
from tasks.runs.probe import COMBINATIONS, ProbeFigures, choose, measure, probe_settings, take_in
from tasks.runs.quote import doubts, estimate, keep, known
from tasks.settings.run import RunSettings
from tasks.stages.sample import sample
from tasks.store.database import open_store


class Probed(NamedTuple):
    """What came of the probe."""

    seeds: set[UUID]
    """All that the settings name."""
    measured: ProbeFigures
    rehearsal: bool


@stage_flow
async def quote(settings: RunSettings, seeds: int = 20) -> list[str]:
    """Take some seeds through all stages, and tell what the rest of a run costs: calls, tokens, hours and money.

    Run it again after any failure: it goes on where it stopped. What it has paid counts in the workspace, and the
    run does not ask any of it again.

    Args:
        settings: Everything the run needs to know.
        seeds: Seeds that are read for it; for each of them some combinations are finished.
    """
    store = open_store(settings.workspace)
    try:
        await take_in(store)
        probe = probe_settings(settings, store, seeds)
        hand_over(settings.workspace, probe.workspace)
        async with (
            open_run(probe, accept_changes=True) as work,
            reporting(work, f"{settings.workspace.name}-probe"),
        ):
            found = await _probe(work, probe, seeds)
        await take_in(store)
        there = known(store, found.measured.recipes, found.seeds, settings.domain)
        made = estimate(found.measured, there, settings.target_pairs)
        if made.quote.wanted:
            await keep(store, made)
        calls, tokens, usd = found.measured.paid
        money = "" if usd is None else f", {usd:,.2f} USD"
        besides = [
            f"The probe has cost {calls:,} calls, {tokens:,} tokens{money} besides; the run asks none of that again.",
            *doubts(made, settings, min(seeds, len(found.seeds)) * COMBINATIONS),
            *([REHEARSAL] if found.rehearsal else []),
        ]
        lines = [*table(made.quote, made.figures), *besides]
        rows = by_stage(made.figures)
        in_all = ", ".join(f"{head} {rows[-1][head]}" for head in ("time", "USD") if head in rows[-1])
        await put_up("quote", settings.workspace.name, rows, " ".join([f"{lines[0]}: {in_all}.", *besides]))
        get_run_logger().info("%s", "\n".join(lines))
        return lines
    finally:
        store.close()


async def _probe(work: RunContext, settings: RunSettings, seeds: int) -> Probed:
    """The stages of a run, over some seeds and over as many combinations as are wanted of them."""
    told = StageLines(work)
    await told.stage("ingest", stages.ingest, settings)
    named = await choose(work, seeds)

    async def draw(_: RunSettings) -> int:
        return await sample(min(seeds, len(named)) * COMBINATIONS)

    for name, stage in (("extract", stages.extract), ("connect", stages.connect), ("sample", draw)):
        if not work.account.reached:
            await told.stage(name, stage, settings)
    for name in PAID:
        if not work.account.reached:
            await getattr(stages, name)(settings)
    told.produced({"pairs": work.screened.pairs, "end": ""})
    told.called()
    return Probed(named, measure(work), is_rehearsal(work.store, settings))
