"""How a run stands, as a file of the workspace: no second process can look into a store that is being written."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from tasks.reports.money import in_words
from tasks.settings.amounts import Budget, show

if TYPE_CHECKING:
    # Reading a snapshot need not wait for what a run imports.
    from tasks.context.run_context import RunContext

SHORT_WAIT = 2.0
"""Seconds of a wait that nobody need be told of."""

SNAPSHOT = "status.json"
NEWEST = 200
"""Characters of the newest pair's problem."""
ORDER = (
    "ingest",
    "extract",
    "connect",
    "sample",
    "compose",
    "review",
    "solve",
    "grade",
    "screen",
    "publish",
    "evaluate",
)


def snapshot(work: RunContext, state: str, began: float) -> dict[str, Any]:
    """How the run stands, as plain JSON. Counts are of this process; pairs are of the workspace."""
    counts, account = work.counts, work.account
    seen = {*counts.done, *counts.calls, *(stage for stage, _ in counts.rejected)}
    stages = [stage for stage in ORDER if stage in seen]
    # Where shards compose, nothing here says when that began.
    hours = (time.monotonic() - counts.started.get("compose", began)) / 3600
    rate = counts.done["screen"] / hours if hours else 0.0
    missing = work.settings.target_pairs - work.screened.pairs
    return {
        "state": state,
        "pid": os.getpid(),
        "run": str(work.run_id),
        "updated": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "target_pairs": work.settings.target_pairs,
        "pairs": work.screened.pairs,
        "newest": shorten(work.screened.newest, NEWEST),
        "pairs_an_hour": round(rate),
        "seconds_left": round(missing / rate * 3600) if rate and missing > 0 else None,
        "findings": list(counts.findings),
        "cost": counts.cost,
        "budget": account.budget and {**account.budget._asdict(), "spent": account.before + account.spent},
        "stages": {
            stage: {
                "done": counts.done[stage],
                **({"wanted": counts.wanted[stage]} if counts.wanted[stage] else {}),
                "calls": counts.calls[stage],
                "rejected": sum(number for (where, _), number in counts.rejected.items() if where == stage),
            }
            for stage in stages
        },
        "endpoints": {
            name: {
                "in_flight": client.in_flight,
                "batched": client.batch_queue.waiting if client.batch_queue else 0,
                "served": client.served,
                "retries": client.circuit.retries,
                "trouble": client.circuit.trouble,
                "limited_until": _clock_in(client.limited_for),
            }
            for name, client in work.clients.items()
        },
    }


def progress(content: dict[str, Any]) -> tuple[int, int, str]:
    """How much is done of what is wanted, and what that is: pairs, or answers where models are evaluated."""
    evaluated = content["stages"].get("evaluate", {})
    if "wanted" in evaluated:
        return evaluated["done"], evaluated["wanted"], "answers"
    return content["pairs"], content["target_pairs"], "pairs"


def _clock_in(seconds: float) -> str:
    """The time of day then; empty for a moment that is almost now."""
    return f"{datetime.now() + timedelta(seconds=seconds):%H:%M:%S}" if seconds > SHORT_WAIT else ""


def pace(content: dict[str, Any]) -> str:
    """How fast pairs come and when the last one may, in a few words; empty before the first one has come."""
    rate, left = content.get("pairs_an_hour"), content.get("seconds_left")
    if not rate:
        return ""
    minutes, seconds = divmod(left or 0, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}"
    return f", {rate:,} an hour" + (f", about {clock} to go" if left else "")


def money(content: dict[str, Any]) -> list[str]:
    """What the workspace has spent so far, of its budget and for each pair, where anybody knows."""
    cost, budget = content.get("cost"), content.get("budget")
    told = [] if cost is None else [in_words(cost, content["pairs"])]
    if budget:
        whole = Budget(budget["amount"], budget["unit"])
        told.append(f"{show(budget['spent'], whole.unit)} of {whole} spent")
    return told


def read_snapshot(workspace: Path) -> dict[str, Any] | None:
    """The last snapshot of a workspace, if there is one."""
    try:
        found: dict[str, Any] = json.loads((workspace / SNAPSHOT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def write_snapshot(workspace: Path, content: dict[str, Any]) -> None:
    """Leave a snapshot; a reader sees the old one or the new one, never half of one.

    It is a convenience: where it cannot be written, the store has the same trouble and says so.
    """
    fresh = workspace / f"{SNAPSHOT}.new"
    with suppress(OSError):
        fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
        fresh.replace(workspace / SNAPSHOT)
