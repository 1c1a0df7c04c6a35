"""`gsdp check`: compare predicted answers with gold answers, row by row."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from graph.errors import UsageError
from tasks.answers.checkers import checker_of_domain
from tasks.answers.equivalence import Equivalence, check_all
from tasks.answers.verdict import Verdict
from tasks.settings.policy import DEFAULT_POLICY, Percent, Policy, Units

BATCH = 1000
LISTED = 10
"""Rows that are named, of those left out."""
Scalar = str | int | float
MISSING = Verdict("unknown", "missing")


def check_file(
    path: Path, workers: int, policy: Policy = DEFAULT_POLICY, checker: type[Equivalence] = Equivalence
) -> None:
    """Write every row with its verdict to standard output, totals to standard error. Raises UsageError."""
    try:
        lines = path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give a JSONL file.") from error
    totals: Counter[str] = Counter()
    began = time.monotonic()
    with lines, checker(policy, workers=workers) as equivalence:
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while batch := list(islice(numbered, BATCH)):
            rows, left_out = _rows(path, batch)
            for row, verdict in zip(rows, asyncio.run(_verdicts(rows, equivalence)), strict=True):
                totals[verdict.outcome] += 1
                # ASCII alone: a row may hold a lone surrogate, which no encoding takes.
                print(json.dumps({**row, "verdict": verdict.outcome, "tier": verdict.tier}))
            for why in left_out:
                totals["left out"] += 1
                if totals["left out"] <= LISTED:
                    print(f"left out: {why}", file=sys.stderr)
    if totals["left out"] > LISTED:
        print(f"left out: {totals['left out'] - LISTED:,} more", file=sys.stderr)
    told = ", ".join(f"{totals[outcome]:,} {outcome}" for outcome in ("same", "different", "unknown"))
    if totals.total() == totals["left out"]:
        raise UsageError(f"{path} has no row that can be compared: give objects with gold and prediction, one a line.")
    told += f", {totals['left out']:,} left out" if totals["left out"] else ""
    print(f"{totals.total():,} rows: {told}; {time.monotonic() - began:.1f} s", file=sys.stderr)


def chosen_comparison(
    settings: Path | None, percent: Percent | None, units: Units | None, tolerance: float | None
) -> tuple[Policy, type[Equivalence]]:
    """The policy of a settings file, or the default one, with what was said on the command line; and who compares.

    Raises GsdpError.
    """
    policy, checker = DEFAULT_POLICY, Equivalence
    if settings is not None:
        from flows.commands.settings_file import read_comparison  # loads all settings

        policy, domain = read_comparison(settings)
        checker = checker_of_domain(domain) if domain else checker
    policy = replace(
        policy,
        percent=policy.percent if percent is None else percent,
        units=policy.units if units is None else units,
        tolerance=policy.tolerance if tolerance is None else tolerance,
    )
    return policy, checker


def _rows(path: Path, lines: Sequence[tuple[int, str]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows that can be used, and what is wrong with the others."""
    rows, left_out = [], []
    for number, line in lines:
        try:
            rows.append(_row(path, number, line))
        except UsageError as error:
            left_out.append(str(error))
    return rows, left_out


async def _verdicts(rows: Sequence[dict[str, Any]], equivalence: Equivalence) -> list[Verdict]:
    """A verdict on each row; what is no text or number is no answer, so there is nothing to compare."""
    given = [isinstance(row["gold"], Scalar) and isinstance(row["prediction"], Scalar) for row in rows]
    asked = [row for row, both in zip(rows, given, strict=True) if both]
    pairs = [(str(row["gold"]), str(row["prediction"])) for row in asked]
    questions = [row["question"] if isinstance(row.get("question"), str) else "" for row in asked]
    found = iter(await check_all(pairs, equivalence, questions))
    return [next(found) if both else MISSING for both in given]


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}:{number} is not JSON: give one object a line.") from error
    if not isinstance(row, dict) or not {"gold", "prediction"} <= row.keys():
        raise UsageError(f"{path}:{number} needs the fields gold and prediction.")
    return row
