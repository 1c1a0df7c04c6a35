"""Benchmark items of the sandbox's own grammar, whose true answers are known, so that its solver can be evaluated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployments.sandbox.answers import SandboxAnswer
from deployments.sandbox.dice import Dice
from deployments.sandbox.problems import compose, read
from deployments.sandbox.vocabulary import POINTS


def items(number: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows with a problem, its answer, a level and a subject, no two alike."""
    found: dict[str, dict[str, Any]] = {}
    seed = first
    while len(found) < number:
        point = POINTS[seed % len(POINTS)]
        text = compose([point.name], Dice("item", seed), 0.0)
        answer = truth(text)
        if answer is not None:
            row = {"problem": text, "answer": answer.text, "level": seed % 3 + 1, "subject": point.subject}
            found.setdefault(text, row)
        seed += 1
    return list(found.values())


def truth(text: str) -> SandboxAnswer | None:
    """The answer of a problem of the grammar."""
    reading = read(text)
    return reading.work[1] if reading and reading.work else None


def write_items(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A benchmark file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
