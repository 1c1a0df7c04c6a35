"""How a comparison reads: the arms at equal volume, and at equal cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from graph.arms import ArmComparison, ArmFigures, Ratio
from graph.shares import wilson
from tasks.audits.arms import SAMPLE, CheckedArm

NOTES = (
    "In brackets: where the true figure is 19 times of 20, by a bootstrap over combinations. The cost is that of",
    "composing, reviewing, solving and grading; reading the seeds, making the graph and reading pairs again are not in",
    "it. All points are found where the extractor names each one that was asked for; a pair is bad where the verifier",
    "says so (`roles.verifier`, in a rehearsal the truth). `gsdp audit` of an arm's folder reads more of its pairs.",
)

NAME, COLUMN, PLAIN = 20, 27, 14


def arm_lines(found: ArmComparison, checked: Sequence[CheckedArm]) -> Iterator[str]:
    """All tables, for a terminal."""
    yield f"At equal volume: the combinations up to the pair number {found.volume:,} of each arm."
    yield from _table({arm.name: cells(arm, found.unit) for arm in found.at_volume})
    yield ""
    most = f"{found.cost:,.0f} tokens" if found.unit == "tokens" else f"{found.cost:,.2f} USD"
    yield f"At equal cost: the combinations of each arm that {most} pay for."
    yield from _table({arm.name: cells(arm, found.unit) for arm in found.at_cost})
    yield ""
    yield f"Read again: {SAMPLE} pairs of each arm, or all where it has fewer."
    yield from _table({arm.name: read_again(arm) for arm in checked})
    yield ""
    yield from NOTES


def _table(rows: dict[str, dict[str, str]]) -> Iterator[str]:
    first = next(iter(rows.values()))
    widths = {head: COLUMN if "[" in cell else PLAIN for head, cell in first.items()}
    yield f"{'arm':<{NAME}}" + "".join(f"{head:>{width}}" for head, width in widths.items())
    for name, row in rows.items():
        yield f"{name[: NAME - 1]:<{NAME}}" + "".join(f"{row[head]:>{width}}" for head, width in widths.items())


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


def read_again(arm: CheckedArm) -> dict[str, str]:
    """What reading an arm's pairs again came to, in words."""
    shares = {"all points found": (arm.whole, arm.read), "bad pairs": (arm.bad, arm.judged)}
    told = {
        name: _range(Ratio(hits / count, *wilson(hits, count)), "{:.1%}") if count else "- [-, -]"
        for name, (hits, count) in shares.items()
    }
    return {"read": f"{arm.read:,}", "judged": f"{arm.judged:,}", **told}


def _range(found: Ratio, form: str) -> str:
    value, low, high = (form.format(each) if isfinite(each) else "-" for each in found)
    return f"{value} [{low}, {high}]"


def arm_rows(found: ArmComparison, checked: Sequence[CheckedArm]) -> list[dict[str, Any]]:
    """The tables as one, for a run's page and its report."""
    again = {arm.name: read_again(arm) for arm in checked}
    return [
        {"at equal": kind, "arm": arm.name, **cells(arm, found.unit), **again[arm.name]}
        for kind, arms in (("volume", found.at_volume), ("cost", found.at_cost))
        for arm in arms
    ]
