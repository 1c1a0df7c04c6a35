"""How an evaluation reads: the models by benchmark, their differences, and what the rest of it would take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from graph.scores import Score
from tasks.reports.scores import WHOLE, Compared, Outlook, ScoreRow, Scores

NAME, COLUMN = 24, 16
SURE = 0.05
"""Chance below which a difference is told as one."""


def score_lines(found: Scores) -> Iterator[str]:
    """Everything that was found, for a terminal."""
    benchmarks = list(dict.fromkeys(row.benchmark for row in found.rows))
    for benchmark in benchmarks:
        rows = [row for row in found.rows if row.benchmark == benchmark]
        whole = [row for row in rows if row.part == WHOLE]
        yield f"{benchmark}: {max(row.average.items for row in whole):,} items, answers to each: {whole[0].samples}"
        yield from _table("model", [(row.model, row) for row in whole])
        for part in dict.fromkeys(row.part for row in rows if row.part != WHOLE):
            inside = [row for row in rows if row.part == part]
            yield f"  {part} ({max(row.average.items for row in inside):,}): " + ", ".join(
                f"{row.model} {percent(row.average)}" for row in inside
            )
        yield ""
    yield from compared_lines(found.compared)
    if found.open:
        yield f"Still to be answered: {found.open:,}. Run the same command again; what was answered is not paid again."
    yield "Behind each share stands its standard error, over items. An answer that nobody could check counts as wrong."


def _table(head: str, rows: Sequence[tuple[str, ScoreRow]]) -> Iterator[str]:
    columns = [cells(row) for _, row in rows]
    heads = list(columns[0])
    yield f"{head:<{NAME}}" + "".join(f"{each:>{COLUMN}}" for each in heads)
    for (name, _), given in zip(rows, columns, strict=True):
        yield f"{name[: NAME - 1]:<{NAME}}" + "".join(f"{given.get(each, ''):>{COLUMN}}" for each in heads)


def cells(row: ScoreRow) -> dict[str, str]:
    """The measures of a row in words."""
    told = {f"avg@{row.samples}": percent(row.average)}
    if row.samples > 1:
        told |= {f"pass@{k}": percent(score) for k, score in row.passes.items() if k > 1}
        told[f"maj@{row.samples}"] = percent(row.majority)
    told |= {"no answer": f"{row.silent:.1%}", "undecided": f"{row.undecided:.1%}"}
    told["math-verify"] = percent(row.reference) if row.reference else "-"
    told["both agree"] = "-" if row.agreed is None else f"{row.agreed:.1%}"
    return told


def percent(score: Score) -> str:
    """A score with its standard error, such as 61.5% (1.2)."""
    return f"{score.value:.1%}" + ("" if score.error is None else f" ({100 * score.error:.1f})")


def compared_lines(compared: Iterable[Compared]) -> Iterator[str]:
    """A sentence for every two models on a benchmark."""
    for row in compared:
        found = row.difference
        sign = "differ" if found.chance < SURE else "do not differ beyond chance"
        yield (
            f"{row.benchmark}: {row.one} minus {row.other} {100 * found.value:+.1f} points "
            f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}], p = {found.chance:.3f}: they {sign} "
            f"on the same {found.items:,} items"
        )


def artifact_rows(found: Scores) -> list[dict[str, Any]]:
    """The table for a run's page."""
    return [
        {"benchmark": row.benchmark, "part": row.part, "model": row.model, "items": row.average.items, **cells(row)}
        for row in found.rows
    ]


def outlook_lines(rows: Sequence[Outlook]) -> Iterator[str]:
    """What the answers that are still open will take, by model."""
    heads = ("answers open", "tokens in", "tokens out", "USD")
    yield f"{'model':<{NAME}}" + "".join(f"{head:>{COLUMN + 12}}" for head in heads)
    for row in rows:
        told = [
            f"{row.open:,}",
            *(_range(each) for each in (row.sent, row.came)),
            "?" if row.usd is None else _range(row.usd, 2),
        ]
        yield f"{row.model[: NAME - 1]:<{NAME}}" + "".join(f"{cell:>{COLUMN + 12}}" for cell in told)
    yield "It rests on the answers that are there, which are not asked for again. In brackets: 19 times of 20."


def _range(found: tuple[float, float, float], digits: int = 0) -> str:
    expected, low, high = (f"{value:,.{digits}f}" for value in found)
    return f"{expected} [{low}, {high}]"
