"""`gsdp check`: compare predicted answers with gold answers, row by row."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from graph.errors import UsageError
from tasks.gates.equivalence import Equivalence, check_all

BATCH = 1000


def check_file(path: Path, workers: int) -> None:
    """Write every row with its verdict to standard output, totals to standard error. Raises UsageError."""
    try:
        lines = path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give a JSONL file.") from error
    totals: Counter[str] = Counter()
    began = time.monotonic()
    with lines, Equivalence(workers) as equivalence:
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while batch := list(islice(numbered, BATCH)):
            rows = [_row(path, number, line) for number, line in batch]
            pairs = [(str(row["gold"]), str(row["prediction"])) for row in rows]
            for row, verdict in zip(rows, asyncio.run(check_all(pairs, equivalence)), strict=True):
                totals[verdict.outcome] += 1
                print(json.dumps({**row, "verdict": verdict.outcome, "tier": verdict.tier}, ensure_ascii=False))
    told = ", ".join(f"{totals[outcome]:,} {outcome}" for outcome in ("same", "different", "unknown"))
    print(f"{sum(totals.values()):,} rows: {told}; {time.monotonic() - began:.1f} s", file=sys.stderr)


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}:{number} is not JSON: give one object a line.") from error
    if not isinstance(row, dict) or not {"gold", "prediction"} <= row.keys():
        raise UsageError(f"{path}:{number} needs the fields gold and prediction.")
    return row
