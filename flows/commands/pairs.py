"""`gsdp pairs`: the pairs of a workspace, or what was rejected, to be read; also while a run is at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.commands.labelled import LABEL, labelled
from flows.commands.workspace import WATCH_EVERY
from flows.reporting.snapshot import read_snapshot
from graph.errors import StoreError, UsageError
from tasks.reports.listing import ACCEPTED, COLUMNS, REJECTED, listed
from tasks.store.looking import is_at_work, reading

SHARE = 0.01
"""Share of the time that a watch may look: a look costs the machine about as long as it takes."""
MOST_NEW = 1_000
"""Rows that each look of a watch reads: more than come between two of them."""


def print_pairs(workspace: Path, last: int, rejected: bool, where: str | None, watch: bool) -> None:
    """Show the last pairs or rejects, the newest at the end; with `watch`, then each new one until the run ends.

    Raises UsageError for a condition that cannot be read, StoreError.
    """
    query, seen = REJECTED if rejected else ACCEPTED, set[str]()
    while True:
        at_work = watch and _at_work(workspace)
        began = time.monotonic()
        with reading(workspace) as store:
            try:
                found = listed(store, query, where, max(last, MOST_NEW) if watch else last)
            except StoreError as error:
                if where is None:
                    raise
                raise _no_condition(where, query, error) from error
        looked = time.monotonic() - began
        fresh = [row for row in found if _key(row) not in seen]
        for row in fresh if seen else fresh[-last:]:
            print("\n".join(_lines(row)), flush=True)
        seen.update(map(_key, fresh))
        if not seen and not at_work:
            print(f"{workspace}: no {'reject' if rejected else 'pair'} yet{' that meets it' if where else ''}")
        if not at_work:
            return
        time.sleep(max(WATCH_EVERY, looked / SHARE))


def _key(row: dict[str, Any]) -> str:
    return f"{row['id']} {row.get('gate')}"


def _no_condition(where: str, query: str, error: StoreError) -> UsageError:
    why = str(error.__cause__).splitlines()[0]
    return UsageError(f"--where {where!r} is no condition ({why}): the columns are {', '.join(COLUMNS[query])}.")


def _at_work(workspace: Path) -> bool:
    found = read_snapshot(workspace)
    return bool(found and found["state"] == "running" and is_at_work(workspace))


def _lines(row: dict[str, Any]) -> Iterator[str]:
    """A pair or a reject for a person."""
    rated = f", rated {row['difficulty']}" if row.get("difficulty") else ""
    yield f"{row['relation']}{rated}: {', '.join(row['points'])}"
    if "gate" in row:
        detail = f" ({row['detail']})" if row["detail"] else ""
        yield from labelled("rejected", f"{row['gate']}: {row['reason']}{detail}")
    for name in ("problem", "solution", "answer"):
        if row[name] is not None:
            yield from labelled(name, str(row[name]))
    yield f"{'id':<{LABEL}}{row['id']}\n"
