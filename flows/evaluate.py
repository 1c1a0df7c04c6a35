"""`gsdp evaluate`: models against benchmarks, in one table with intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect.logging import get_run_logger

from flows.commands.auditing import REHEARSAL
from flows.orchestration.turns import in_turn
from flows.reporting.artifacts import put_up
from flows.reporting.score_table import artifact_rows, outlook_lines, score_lines
from flows.stages import chunk_size, side_by_side, stage_flow
from graph.evaluations import BenchmarkItem
from tasks.context.run_context import RunContext
from tasks.inputs.benchmarks import check_named
from tasks.reports.card import is_rehearsal
from tasks.reports.harness import EVALUATION, results
from tasks.reports.scores import Scores, outlooks, scores
from tasks.settings.run import RunSettings
from tasks.stages.evaluate import EVALUATE, mark_again, name_examinees, open_items, read_items
from tasks.stages.evaluate import evaluate as evaluate_chunk


@stage_flow
async def evaluate(settings: RunSettings, quote: int = 0, accept_changes: bool = False) -> list[str]:
    """Let models answer the items of benchmarks, and tell how right each is, and which differ.

    Run it again after any failure: what was answered is not paid for again.

    Args:
        settings: Everything the run needs to know; `evaluate` and `benchmarks` say which models are asked about what.
        quote: Ask so many items of each benchmark, and tell what the rest will take; 0: ask all.
        accept_changes: Go on although settings that shape the answers differ from the workspace's last run.
    """
    check_named(settings.benchmarks)
    async with in_turn(settings, accept_changes) as work:
        items = await read_items(work)
        await name_examinees(work)
        asked = first_of_each(items, quote) if quote else items
        await ask(work, asked)
        await mark_again(work, items)
        if quote:
            lines = [*outlook_lines(outlooks(work, items))]
            get_run_logger().info("%s", "\n".join(lines))
            return lines
        found = await scores(work, items)
        lines = [*score_lines(found), *([REHEARSAL] if is_rehearsal(work.store, settings) else [])]
        await put_up("scores", settings.workspace.name, artifact_rows(found), lines[-1])
        lines += [f"Written: {path}" for path in write_results(work, found)]
        get_run_logger().info("%s", "\n".join(lines))
        return lines


def first_of_each(items: Sequence[BenchmarkItem], number: int) -> list[BenchmarkItem]:
    """The first items of each benchmark."""
    return [
        item
        for benchmark in dict.fromkeys(item.benchmark for item in items)
        for item in [each for each in items if each.benchmark == benchmark][:number]
    ]


async def ask(work: RunContext, items: Sequence[BenchmarkItem]) -> None:
    """Have every model answer the items that it still owes an answer to, in chunks that are task runs."""
    chunks = []
    for who in work.roles.examinees:
        pending = [str(item.id) for item in await open_items(work, who, items)]
        work.counts.wanted[EVALUATE] += len(pending) * work.settings.evaluate.samples
        size = chunk_size(len(pending))
        chunks += [(who.name, pending[at : at + size]) for at in range(0, len(pending), size)]
    await side_by_side(
        work.settings, (partial(evaluate_chunk, number, name, chunk) for number, (name, chunk) in enumerate(chunks))
    )


def write_results(work: RunContext, found: Scores) -> list[Path]:
    """A `results.json` for each model, in the layout of lm-evaluation-harness."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    rule = work.settings.evaluate
    written = []
    for who in work.roles.examinees:
        told = {
            **who.identity,
            "name": who.name,
            "samples": rule.samples,
            "template": rule.template,
            "shots": work.library[rule.template].shots,
            "limit": rule.limit,
            "date": date,
        }
        rows = [row for row in found.rows if row.model == who.name]
        path = work.settings.workspace / EVALUATION / folder_of(who.name) / "results.json"
        write(path, json.dumps(results(rows, found.compared, told), indent=2, ensure_ascii=False))
        written.append(path)
    return written


def folder_of(name: str) -> str:
    """A model's name as a folder's."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def write(path: Path, text: str) -> None:
    """Leave a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
