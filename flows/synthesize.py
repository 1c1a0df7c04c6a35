"""synthesize: seeds in, checked pairs out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from flows import stages
from flows.produce import produce
from flows.report import reporting, view
from flows.stages import PAID, stage_flow
from tasks.opening import open_workbench
from tasks.settings import RunSettings
from tasks.workbench import Workbench

Stage = Literal["ingest", "extract", "connect", "sample", "compose", "review", "solve", "grade", "publish"]
STAGES: tuple[Stage, ...] = ("ingest", "extract", "connect", "sample", "compose", "review", "solve", "grade", "publish")


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
    async with open_workbench(settings, accept_changes) as work, reporting(work):
        told = Telling(work)
        for name in ("ingest", "extract", "connect", "sample"):
            if name in wanted:
                await told.stage(name, getattr(stages, name), settings)
        paid = [name for name in PAID if name in wanted]
        if paid and "grade" not in wanted:
            for name in paid:
                await told.stage(name, getattr(stages, name), settings)
        elif paid:
            result = await produce(settings)
            told.produced(result)
        if "publish" in wanted:
            await told.stage("publish", stages.publish, settings)
        return {"pairs": work.counts.pairs, "workspace": str(settings.workspace)}


class Telling:
    """One line for each stage, made of what it returned and what was counted."""

    def __init__(self, work: Workbench) -> None:
        self._work = work

    async def stage(self, name: str, stage: Callable[[RunSettings], Awaitable[Any]], settings: RunSettings) -> None:
        """Run a stage and tell of it."""
        began = time.monotonic()
        result = await stage(settings)
        view.get().stage(name, self._sentence(name, result), time.monotonic() - began)

    def produced(self, result: dict[str, Any]) -> None:
        """Tell of the stages that ran side by side; their seconds overlap."""
        counts = self._work.counts
        for name in (*PAID, "screen"):
            seconds = counts.ended.get(name, 0.0) - counts.started.get(name, 0.0)
            view.get().stage(name, self._sentence(name, result), seconds)

    def _sentence(self, name: str, result: Any) -> str:
        counts = self._work.counts
        text = SENTENCES[name](result, counts.done[name])
        rejected = {reason: n for (stage, reason), n in counts.rejected.items() if stage == name}
        if rejected:
            worst = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))[:3]
            text += f", {sum(rejected.values()):,} rejected (" + ", ".join(f"{why}: {n:,}" for why, n in worst) + ")"
        if calls := counts.calls[name]:
            text += f", {calls:,} calls"
        return text


SENTENCES: dict[str, Callable[[Any, int], str]] = {
    "ingest": lambda found, done: f"{found['new']:,} new seeds of {found['read']:,} rows",
    "extract": lambda found, done: f"{found:,} seeds read for knowledge points",
    "connect": lambda found, done: f"{found['names']:,} names, {found['points']:,} points, {found['edges']:,} edges",
    "sample": lambda found, done: f"{found:,} combinations drawn",
    "compose": lambda found, done: f"{done:,} problems written",
    "review": lambda found, done: f"{done:,} problems passed",
    "solve": lambda found, done: f"{done:,} solutions written",
    "grade": lambda found, done: f"{done:,} problems passed",
    "screen": lambda found, done: (
        f"{found['pairs']:,} pairs" + (", no combination is left" if found["exhausted"] else "")
    ),
    "publish": lambda found, done: f"{found['pairs']:,} pairs in {found['folder']}",
}
