"""What a run shows on its page in Prefect, next to the timeline: figures, kept up to date in place.

A progress bar with yield and cost, tables of the stages, the endpoints and the reasons of rejection, and at the end
some pairs to read. All of it rests on the snapshot and the ledger. A server that does not answer is no reason to stop
a run, nor to keep it waiting.

Texts of models are data: they stand in fenced blocks, in which neither HTML nor a link comes to life. Prefect's UI
knows no formulas, so LaTeX is shown as it is written.
"""

from __future__ import annotations

import asyncio
import re
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.artifacts import Artifact, MarkdownArtifact, ProgressArtifact, TableArtifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.exceptions import PrefectException

from flows.reporting.snapshot import pace, progress
from tasks.context.run_context import RunContext
from tasks.reports.card import funnel
from tasks.reports.counts import latencies, newest_pairs
from tasks.reports.dataset import DATASET
from tasks.reports.money import cost
from tasks.reports.page.content import REPORT
from tasks.store.latest import pair_count

PATIENCE = 3.0
"""Seconds that all updates of one time may take; a run that is asked to end must end soon."""
SAMPLE = 5
"""Pairs that are shown."""
LATELY = 60.0
"""Seconds over which an endpoint's rate and latency are told."""
REASONS = 30
"""Most reasons of rejection that are listed."""
WIDTH = 50
"""Characters in a line of a block: as many as fit on the page."""
Row = dict[str, Any]


class Board:
    """The artifacts of one run. Each is made when it first has something to say, and then changed where it stands."""

    def __init__(self, work: RunContext, name: str) -> None:
        self._work = work
        self._name = name
        self._made: dict[str, UUID] = {}
        self._shown: dict[str, tuple[Any, str | None]] = {}

    async def show(self, content: dict[str, Any], last: bool = False) -> None:
        """Bring everything up to date with a snapshot; the last one brings some pairs to read."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for figure in await asyncio.to_thread(lambda: [*self._figures(content, last)]):
                    await self._put(figure)

    def _figures(self, content: dict[str, Any], last: bool) -> Iterator[Artifact]:
        work = self._work
        done, wanted, what = progress(content)
        share = min(100.0, round(100.0 * done / wanted, 1))
        line = progress_line(content, cost(work.store))
        yield ProgressArtifact(key=self._key(what), progress=share, description=line)
        for name, rows, description in (
            ("stages", stage_rows(content), "What each stage did in this attempt, also beyond the target"),
            ("endpoints", endpoint_rows(work, content), "How the model servers answer"),
            ("rejected", rejected_rows(work), "Why items were kept out in this run, most frequent first"),
        ):
            if rows:
                yield TableArtifact(key=self._key(name), table=rows, description=description)
        if content["findings"]:
            page = "\n\n".join(fenced_in_line(line) for line in content["findings"])
            description = "Whether the graph gives what is asked of it"
            yield MarkdownArtifact(key=self._key("graph"), markdown=page, description=description)
        report = work.settings.workspace.resolve() / DATASET / REPORT
        if last and report.exists():
            description = "The report: one file to open in a browser, on the machine of the run"
            yield MarkdownArtifact(key=self._key("report"), markdown=report_link(work, report), description=description)
        if last and work.screened.pairs:
            description = "The dataset, and some of its newest pairs"
            yield MarkdownArtifact(key=self._key("sample"), markdown=sample_page(work), description=description)

    def _key(self, name: str) -> str:
        return artifact_key(self._name, name)

    async def _put(self, figure: Artifact) -> None:
        key, data = str(figure.key), await figure.aformat()
        if self._shown.get(key) == (data, figure.description):
            return
        with suppress(httpx.HTTPError, PrefectException):
            async with get_client() as client:
                if key in self._made:
                    update = ArtifactUpdate(data=data, description=figure.description)
                    await client.update_artifact(self._made[key], update)
                else:
                    self._made[key] = (await figure.acreate(client)).id
            self._shown[key] = data, figure.description


async def put_up(name: str, workspace: str, rows: list[Row], description: str) -> None:
    """Show a table on the page of the run that calls this."""
    table = TableArtifact(key=artifact_key(workspace, name), table=rows, description=description)
    with suppress(httpx.HTTPError, PrefectException):
        await table.acreate()


def artifact_key(workspace: str, name: str) -> str:
    """The key under which all runs of a workspace show the same thing: lower case, digits and dashes."""
    return "-".join(filter(None, [re.sub("[^a-z0-9]+", "-", workspace.lower()).strip("-"), name]))


def progress_line(content: dict[str, Any], money: list[str]) -> str:
    """How far the run is, in a line: pairs, yield, pace, money."""
    done, wanted, what = progress(content)
    told = [f"{done:,} of {wanted:,} {what}{pace(content)}"]
    stages = content["stages"]
    screened, composed = stages.get("screen", {}).get("done"), stages.get("compose", {}).get("done")
    # A run that goes on screens what earlier ones have composed, and a share of that says nothing.
    if screened and composed and screened <= composed:
        told.append(f"{screened / composed:.0%} of the problems written are pairs so far")
    return "; ".join([*told, *money])


def stage_rows(content: dict[str, Any]) -> list[Row]:
    """The funnel: what each stage made, and what it kept out."""
    return [
        {
            "stage": name,
            "done": stage["done"],
            "rejected": stage["rejected"],
            "passed": percent(stage["done"], stage["done"] + stage["rejected"]),
            "calls": stage["calls"],
        }
        for name, stage in content["stages"].items()
    ]


def endpoint_rows(work: RunContext, content: dict[str, Any]) -> list[Row]:
    """How each endpoint answered in the last minutes, how many requests it has at once, and how many it may have."""
    since = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=LATELY)
    found = latencies(work.store, work.run_id, since)
    rows = []
    for name, told in content["endpoints"].items():
        calls, median, slow = found.get(name, (0, None, None))
        rows.append(
            {
                "endpoint": name,
                "calls": told["served"],
                "calls a second, of late": round(calls / min(LATELY, max(content["seconds"], 1.0)), 1),
                "median seconds": median and round(median, 2),
                "95th percentile": slow and round(slow, 2),
                "tries repeated": told["retries"],
                "in flight": told["in_flight"],
                "may be in flight": int(work.clients[name].admission.limit.value),
                "trouble": told["trouble"] or "-",
            }
        )
    return rows


def rejected_rows(work: RunContext) -> list[Row]:
    """The reasons by number."""
    found = sorted(work.counts.rejected.items(), key=lambda item: (-item[1], item[0]))
    return [{"stage": stage, "reason": reason, "items": number} for (stage, reason), number in found[:REASONS]]


def sample_page(work: RunContext) -> str:
    """Where the dataset is, and some of the newest pairs as markdown."""
    folder = work.settings.workspace.resolve() / DATASET
    parts = [f"**Dataset** [{fenced_in_line(str(folder))}]({folder.as_uri()})"] if folder.exists() else []
    for relation, points, problem, solution, answer, _ in newest_pairs(work.store, SAMPLE):
        named = "\n".join(points)
        parts += ["---", f"**{relation.replace('_', '-')}** of", fenced(named), "**Problem**", fenced(problem)]
        parts += ["**Solution**", fenced(solution), *(["**Answer**", fenced(answer)] if answer else [])]
    return "\n\n".join(parts)


def report_link(work: RunContext, report: Path) -> str:
    """Where the report is, and the figures of its first screen."""
    target = work.settings.target_pairs
    pairs = min(pair_count(work.store), target)
    stages = [f"| {stage} | {before:,} | {after:,} |" for stage, before, after in funnel(work.store, target, pairs)]
    link = f"[{fenced_in_line(str(report))}]({report.as_uri()})"
    return "\n".join([f"**Report** {link}", "", "| stage | in | out |", "|---|---|---|", *stages])


def fenced(text: str) -> str:
    """Text in a block that shows it as it is: nothing within can end the block or be taken for markup."""
    # A model may write line ends that Python's and markdown's notions of a line do not share.
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH, break_long_words=False) or [""]]
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return "\n".join([f"{fence}text", *lines, fence])


def fenced_in_line(text: str) -> str:
    """The same within a line."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"
