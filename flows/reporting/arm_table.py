"""How a comparison reads: the arms at equal volume, and at equal cost."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from graph.arms import ArmComparison, ArmFigures, Ratio

NOTES = (
    "In brackets: where the true figure is 19 times of 20, by a bootstrap over combinations. The cost is that of",
    "composing, reviewing, solving and grading; reading the seeds and making the graph are not in it. What adherence",
    "and errors an arm has, `gsdp audit adherence` and `gsdp audit gates` of its folder tell, at the price of calls.",
)

NAME, COLUMN, PLAIN = 20, 27, 14


def arm_lines(found: ArmComparison) -> Iterator[str]:
    """Both tables, for a terminal."""
    yield f"At equal volume: the combinations up to the pair number {found.volume:,} of each arm."
    yield from _table(found.at_volume, found.unit)
    yield ""
    most = f"{found.cost:,.0f} tokens" if found.unit == "tokens" else f"{found.cost:,.2f} USD"
    yield f"At equal cost: the combinations of each arm that {most} pay for."
    yield from _table(found.at_cost, found.unit)
    yield ""
    yield from NOTES


def _table(arms: list[ArmFigures], unit: str) -> Iterator[str]:
    rows = [cells(arm, unit) for arm in arms]
    widths = {head: COLUMN if "[" in cell else PLAIN for head, cell in rows[0].items()}
    yield f"{'arm':<{NAME}}" + "".join(f"{head:>{width}}" for head, width in widths.items())
    for arm, row in zip(arms, rows, strict=True):
        yield f"{arm.name[: NAME - 1]:<{NAME}}" + "".join(f"{row[head]:>{width}}" for head, width in widths.items())


def cells(arm: ArmFigures, unit: str) -> dict[str, str]:
    """What an arm came to, in words."""
    return {
        "combinations": f"{arm.combinations:,}",
        "pairs": f"{arm.pairs:,}",
        "tokens": f"{arm.tokens:,}",
        **({} if arm.usd is None else {"USD": f"{arm.usd:,.2f}"}),
        "pairs a combination": _range(arm.a_combination, "{:.3f}"),
        "pairs a problem": _range(arm.passed, "{:.1%}"),
        f"{unit} a pair": _range(arm.price, "{:,.0f}" if unit == "tokens" else "{:,.4f}"),
        "in no seed together": _range(arm.novelty, "{:.1%}"),
    }


def _range(found: Ratio, form: str) -> str:
    value, low, high = (form.format(each) if isfinite(each) else "-" for each in found)
    return f"{value} [{low}, {high}]"


def arm_rows(found: ArmComparison) -> list[dict[str, Any]]:
    """The tables for a run's page."""
    return [
        {"at equal": kind, "arm": arm.name, **cells(arm, found.unit)}
        for kind, arms in (("volume", found.at_volume), ("cost", found.at_cost))
        for arm in arms
    ]
