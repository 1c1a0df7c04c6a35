"""What a run shows on its page in Prefect, next to the timeline: figures, kept up to date in place.

A progress bar with yield and cost, tables of the stages, the endpoints and the reasons of rejection, and at the end
some pairs to read. All of it rests on the snapshot and the ledger. A server that does not answer is no reason to stop
a run, nor to keep it waiting.

Texts of models are data: they stand in fenced blocks, in which neither HTML nor a link comes to life. Prefect's UI
knows no formulas, so LaTeX is shown as it is written; the report draws them.
"""

from __future__ import annotations

import asyncio
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import runtime
from prefect.artifacts import Artifact, ImageArtifact, MarkdownArtifact, ProgressArtifact, TableArtifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import PrefectException

from flows.reporting.pictures import bars
from flows.reporting.snapshot import money, pace, progress
from graph.ledger import utc_now
from tasks.context.run_context import RunContext
from tasks.reports.card import funnel
from tasks.reports.counts import latencies, newest_pairs
from tasks.reports.dataset import DATASET
from tasks.reports.funnel import finished_counts
from tasks.reports.money import by_stage, cost, unanswered
from tasks.reports.page.content import REPORT
from tasks.reports.page.writing import part
from tasks.store.database import Store
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
        self._made: dict[str, UUID] | None = None
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
            ("money", money_rows(work.store), money_told(work, content)),
            ("endpoints", endpoint_rows(work, content), "How the model servers answer"),
            ("rejected", rejected_rows(work), "Why items were kept out in this run, most frequent first"),
        ):
            if rows:
                yield TableArtifact(key=self._key(name), table=rows, description=description)
        if content["findings"]:
            page = "\n\n".join(fenced_in_line(line) for line in content["findings"])
            description = "Whether the graph gives what is asked of it"
            yield MarkdownArtifact(key=self._key("graph"), markdown=page, description=description)
        if last and (work.settings.workspace / DATASET / REPORT).exists():
            if page := report_page(work.settings.workspace.resolve() / DATASET):
                description = "The report in short; the file itself is on the machine of the run"
                yield MarkdownArtifact(key=self._key("report"), markdown=page, description=description)
            for name, picture, description in pictures(work):
                yield ImageArtifact(key=self._key(name), image_url=picture, description=description)
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
                if self._made is None:
                    self._made = await made_before(client)
                await bring_up_to_date(client, figure, self._made)
            self._shown[key] = data, figure.description


async def made_before(client: PrefectClient) -> dict[str, UUID]:
    """The artifacts that earlier attempts of this run have left on its page, by key, the newest of each."""
    run = runtime.flow_run.id
    if run is None:
        return {}
    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run)]))
    found = await client.read_artifacts(artifact_filter=mine, sort=ArtifactSort.UPDATED_DESC)
    return {each.key: each.id for each in reversed(found) if each.key}


async def bring_up_to_date(client: PrefectClient, figure: Artifact, made: dict[str, UUID]) -> None:
    """Change an artifact where it stands, or make it."""
    key = str(figure.key)
    if key in made:
        update = ArtifactUpdate(data=await figure.aformat(), description=figure.description)
        await client.update_artifact(made[key], update)
    else:
        made[key] = (await figure.acreate(client)).id


async def put_up(name: str, workspace: str, rows: list[Row], description: str) -> None:
    """Show a table on the page of the run that calls this."""
    table = TableArtifact(key=artifact_key(workspace, name), table=rows, description=description)
    with suppress(httpx.HTTPError, PrefectException):
        async with get_client() as client:
            await bring_up_to_date(client, table, await made_before(client))


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
    since = utc_now() - timedelta(seconds=LATELY)
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


def money_rows(store: Store) -> list[Row]:
    """What was paid for: calls, tokens and USD by stage and model, of the workspace in all."""
    return [
        {
            "stage": row["stage"],
            "model": row["model"],
            "calls": row["calls"],
            "without an answer": row["faults"],
            "input tokens": row["input_tokens"],
            "output tokens": row["output_tokens"],
            "USD": row["cost"] if row["cost"] is None else round(row["cost"], 4),
        }
        for row in by_stage(store, quickly=True)
    ]


def money_told(work: RunContext, content: dict[str, Any]) -> str:
    """What the workspace has spent, and what nobody knows of."""
    told = ["What the workspace has paid for", *money(content), *unanswered(work.store, work.run_id)]
    return "; ".join(told)


def report_page(folder: Path) -> str:
    """Where dataset and report are, the figures of the report's first screen, and what stands out.

    Nothing of a report that another version of the program has left: a run that ends early keeps the former one.
    """
    try:
        shown = part((folder / REPORT).read_text(encoding="utf-8"), "overview")
        figures = [f"| {each['label']} | {written(each)} | {each['note']} |" for each in shown["figures"]]
        stages = [f"| {stage} | {before:,} | {after:,} |" for stage, before, after in shown["funnel"]]
        noticed = [f"- {fenced_in_line(line)}" for line, _ in shown["noticed"]]
    except (LookupError, TypeError, ValueError):
        return ""
    return "\n".join(
        [
            f"**Report** {fenced_in_line(str(folder / REPORT))}: one file for a browser, in which formulas are drawn",
            "",
            f"**Dataset** {fenced_in_line(str(folder))}",
            *("", "| | | |", "|---|---|---|", *figures),
            *("", "| stage | in | out |", "|---|---|---|", *stages),
            *(("", "**What stands out**", "", *noticed) if noticed else ()),
        ]
    )


def written(figure: Mapping[str, Any]) -> str:
    """A figure of the report as a person reads it."""
    value = figure["value"]
    if value is None:
        return "-"
    shown = {"share": f"{value:.1%}", "usd": f"{value:,.5f} USD", "seconds": f"{value:,.0f} s"}
    return {**shown, "times": f"{value:,.1f}"}.get(figure["unit"], f"{value:,.0f}")


def pictures(work: RunContext) -> Iterator[tuple[str, str, str]]:
    """The pictures of a run that has ended: name, address and what they show."""
    store, target = work.store, work.settings.target_pairs
    stages = funnel(store, finished_counts(store, target), min(pair_count(store), target))
    drawn = [(str(stage), float(after), f"{after:,}") for stage, _, after in stages]
    yield "funnel", bars("What was left after each stage", drawn), "From seeds to pairs"
    paid = by_stage(store, quickly=True)
    unit, told = ("cost", "USD") if any(row["cost"] for row in paid) else ("output_tokens", "output tokens")
    costs = Counter[str]()
    for row in paid:
        costs[f"{row['stage']}, {row['model']}"] += row[unit] or 0
    spent = [(name, float(sum_), f"{sum_:,.4f}" if unit == "cost" else f"{sum_:,}") for name, sum_ in costs.items()]
    yield "costs", bars(f"What was paid for, in {told}", spent), "By stage and model"


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
