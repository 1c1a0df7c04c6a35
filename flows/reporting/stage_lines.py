"""What a run tells of itself: one line a stage, made of what the stage returned and what was counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from prefect.logging import get_run_logger

from flows.orchestration.events import announce
from flows.reporting.report import view
from flows.stages import PAID
from graph.nouns import counted
from tasks.context.run_context import RunContext
from tasks.inputs.benchmarks import benchmarks_in_words
from tasks.inputs.fetched import pins
from tasks.inputs.files import skipped_files
from tasks.reports.dataset import NO_REPORT
from tasks.reports.funnel import finished_counts, rejected, spared
from tasks.reports.money import cost
from tasks.reports.prospect import present_points, prospect_of
from tasks.settings.roles import panel_warnings
from tasks.settings.run import RunSettings
from tasks.stages.extract import pending_seeds


class StageLines:
    """One line for each stage, made of what it returned and what was counted."""

    def __init__(self, work: RunContext) -> None:
        self._work = work
        self._began = time.monotonic()
        self._told: tuple[str, ...] = ()

    async def stage(self, name: str, stage: Callable[[RunSettings], Awaitable[Any]], settings: RunSettings) -> None:
        """Run a stage and tell of it."""
        began = time.monotonic()
        result = await stage(settings)
        if name in PAID_FOR and self._work.account.reached:
            self._tell(name, BUDGET_REACHED, time.monotonic() - began)
        else:
            self._tell(name, self._sentence(name, result), time.monotonic() - began)
            for line in self._of_seeds(result, settings) if name == "ingest" else ():
                self._note(name, line)
        self._found()

    def warn(self) -> None:
        """Tell what weakens the panel, before it is paid."""
        if missing := (domain := self._work.library.domain).missing:
            view.get().note("domain", f"{domain.title}: of mathematics are its {', '.join(missing)}")
        for line in benchmarks_in_words(self._work.store, self._work.settings.benchmarks):
            self._note("benchmark", line)
        for line in self._work.kept:
            view.get().note("models", line)
            get_run_logger().info("%s", line)
        for line in panel_warnings(self._work.settings, self._work.roles):
            view.get().note("judges", line)
            get_run_logger().warning(line)

    def _found(self) -> None:
        """Tell what is new of the graph."""
        lines = self._work.counts.findings
        for line in lines:
            if line not in self._told:
                self._note("graph", line)
        self._told = lines

    def _of_seeds(self, result: Mapping[str, Any], settings: RunSettings) -> Iterator[str]:
        """What a person should know of the seeds before they are paid for."""
        yield from not_taken(result, settings)
        if pending_seeds(self._work):
            found = prospect_of(present_points(self._work.store), settings.sample)
            if found and (short := found.short_of(settings.target_pairs)):
                yield short

    def _note(self, name: str, line: str) -> None:
        view.get().note(name, line)
        get_run_logger().info("%s: %s", name, line)

    def produced(self, result: dict[str, Any]) -> None:
        """Tell of the stages that ran side by side: the finished part of the workspace; their seconds overlap."""
        counts, store, target = self._work.counts, self._work.store, self._work.settings.target_pairs
        finished = finished_counts(store, target)
        reasons = rejected(store, target, finished)
        saved, tokens = spared(store, target)
        solutions = counted(finished["solutions"], "solution")
        told = {
            "compose": f"{counted(finished['problems'], 'problem')} written of {finished['asked']:,} asked for",
            "review": f"{counted(finished['reviewed'], 'problem')} passed",
            "solve": f"{solutions} written, {saved:,} spared (about {tokens:,} tokens)",
            "grade": f"{counted(finished['graded'], 'problem')} passed",
            "screen": ", ".join(part for part in (counted(result["pairs"], "pair"), result["end"]) if part),
        }
        for name, text in told.items():
            text += _reasons({reason: number for stage, reason, number in reasons if stage == name})
            # An answer that could not be read made no problem that would say where it belongs.
            unread = {reason: number for (stage, reason), number in counts.rejected.items() if stage == name}
            if unread and name in ("compose", "solve"):
                text += f"; of all answers of this run{_reasons(unread)}"
            seconds = counts.ended.get(name, 0.0) - counts.started.get(name, 0.0)
            self._tell(name, text, seconds)

    def called(self) -> None:
        """Tell of the calls of this run."""
        clients = self._work.clients.values()
        served, retries = sum(client.served for client in clients), sum(client.circuit.retries for client in clients)
        told = [f"{served:,} made, {retries:,} tries repeated", *cost(self._work.store)]
        tell("calls", ", ".join(told), time.monotonic() - self._began)

    def _tell(self, name: str, text: str, seconds: float) -> None:
        tell(name, text, seconds)
        announce(self._work, "stage.completed", stage=name, text=text, seconds=round(seconds, 1))

    def _sentence(self, name: str, result: Any) -> str:
        counts = self._work.counts
        kept_out = {reason: number for (stage, reason), number in counts.rejected.items() if stage == name}
        return SENTENCES[name](result, counts.done[name]) + _reasons(kept_out)


def tell(name: str, text: str, seconds: float) -> None:
    """Show a stage's line to who watches the command, and to who looks at the run in Prefect."""
    view.get().stage(name, text, seconds)
    get_run_logger().info("%s: %s, %.1f s", name, text, seconds)


def _reasons(kept_out: Mapping[str, int]) -> str:
    if not kept_out:
        return ""
    most = sorted(kept_out.items(), key=lambda item: (-item[1], item[0]))[:3]
    return f", {sum(kept_out.values()):,} rejected (" + ", ".join(f"{why}: {number:,}" for why, number in most) + ")"


def not_taken(found: Mapping[str, Any], settings: RunSettings) -> Iterator[str]:
    """The rows that make no seed, with file, line and reason; what addresses gave; the files that are not read."""
    shown = found.get("left_out", ())
    yield from shown
    if found["rejected"] > len(shown):
        yield f"and {counted(found['rejected'] - len(shown), 'row')} more: `gsdp seeds` with these settings shows all"
    yield from pins(settings)
    if skipped := skipped_files(settings):
        more = f" and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
        yield f"not read, since they hold no rows of a known kind: {', '.join(map(str, skipped[:NAMED]))}{more}"


def _of_more(found: Mapping[str, Any]) -> str:
    """What a target below the number of pairs leaves out."""
    return f", the first of {found['accepted']:,} accepted" if found["accepted"] > found["pairs"] else ""


BUDGET_REACHED = "stopped, because the budget is reached: give a larger one and run the same command again"

NAMED = 5
"""Files that are named."""

PAID_FOR = ("ingest", "extract", "connect", *PAID)

UNUSED = (
    ", {:,} names and pairs left as they are, since the answer had one verdict for every line: look at the names with "
    "`gsdp graph`, then name another curator, or another extractor if the names deserved it"
)

SENTENCES: dict[str, Callable[[Any, int], str]] = {
    "ingest": lambda found, done: (
        f"{counted(found['new'], 'new seed')} of {counted(found['read'], 'row')}"
        + (f", read as {', '.join(found['read_as'])}" if "read_as" in found else "")
        + (f", {found['unanswered']:,} without a final answer" if "unanswered" in found else "")
    ),
    "extract": lambda found, done: f"{counted(found, 'seed')} read for knowledge points",
    "connect": lambda found, done: (
        f"{counted(found['names'], 'name')}, {counted(found['points'], 'point')}, {counted(found['edges'], 'edge')}"
        + ("" if found["embedded"] else ", compared by their letters: an embedder would find more synonyms")
        + (UNUSED.format(found["unused"]) if found["unused"] else "")
    ),
    "sample": lambda found, done: f"{counted(found, 'combination')} drawn",
    "spread": lambda found, done: (
        f"{counted(found['combinations'], 'combination')} shared in rounds: {found['rounds']:,}"
    ),
    "compose": lambda found, done: f"{counted(done, 'problem')} written",
    "review": lambda found, done: f"{counted(done, 'problem')} passed",
    "solve": lambda found, done: f"{counted(done, 'solution')} written",
    "publish": lambda found, done: (
        f"{counted(found['pairs'], 'pair')} in {found['folder']}{_of_more(found)}"
        + ("" if found["reported"] else f"; {NO_REPORT}")
    ),
}
