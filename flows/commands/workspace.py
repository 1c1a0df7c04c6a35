"""Looking into a workspace: how it stands, how a pair came about, its dataset again.

What a status does not need is imported where it is used: a person waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

from flows.reporting.quote_table import print_quote
from flows.reporting.snapshot import money, pace, read_snapshot
from graph.errors import StoreError, StoreInUse, UsageError
from graph.nouns import counted
from tasks.reports.agreement import agreement
from tasks.reports.counts import counts, last_run, present, rejects, seeds_without_points
from tasks.reports.funnel import finished_counts, rejected
from tasks.reports.money import PROBE, budget, by_stage, cost, unanswered
from tasks.settings.run import RunSettings
from tasks.store.database import Store, open_store
from tasks.store.latest import findings, has_run, latest, latest_identity, pair_count
from tasks.store.looking import is_at_work, reading

JUST_NOW = timedelta(seconds=15)
"""A process at work leaves a snapshot more often than that."""


def latest_settings(store: Store) -> RunSettings:
    """The settings of the workspace's latest run."""
    return RunSettings.model_validate_json(latest(store, "settings"))


def print_status(workspace: Path) -> None:
    """The store's own counts; or, while a run or the probe of a quote holds the store, its latest snapshot."""
    try:
        with closing(open_store(workspace, read_only=True)) as store:
            _print_store(store, workspace)
    except StoreInUse as held:
        told = [
            (_is_of(found, held), found["updated"], at, found)
            for at in (workspace / PROBE, workspace)
            if (found := read_snapshot(at))
        ]
        if not told:
            raise
        *_, at, latest_one = max(told, key=itemgetter(0, 1))
        _print_snapshot(latest_one, at, held)


def watch_status(workspace: Path) -> None:
    """Show a run as its own terminal does, until it ends; then what is in the store."""
    from rich.console import Console
    from rich.live import Live

    from flows.reporting.console import panel

    with Live(console=Console(), transient=True) as live:
        while (found := read_snapshot(workspace)) and found["state"] == "running" and is_at_work(workspace):
            live.update(panel(found))
            time.sleep(WATCH_EVERY)
    print_status(workspace)


def _print_store(store: Store, workspace: Path) -> None:
    print(f"{workspace}: from the store (no run is at work)")
    if not has_run(store) and print_quote(store):
        return
    for started, state, message in last_run(store):
        print(
            f"last run  {started:%Y-%m-%d %H:%M:%S} UTC, {'killed' if state == 'running' else state}"
            + (f": {message}" if message else "")
        )
    print_counts(store, latest_settings(store).target_pairs)
    _print_pointless(store)
    _print_findings(findings(store))
    _print_judges(store)
    _print_calls(by_stage(store))
    for line in (*cost(store), *budget(store, latest_settings(store))):
        print(f"{'money':<10}{line}")
    for line in unanswered(store):
        print(f"{'lost':<10}{line}")
    print_quote(store)


def print_counts(store: Store, target: int) -> None:
    """The counts of the store; in a second column, where they are less, those up to the dataset's last pair.

    There the run's own lines, the card and the report end, while a run goes on with what is on its way.
    """
    there, kept_out = dict(counts(store)), rejects(store)
    finished, of_these = (_before_the_last_pair(store, target)) if there["problems"] <= MANY else ({}, {})
    told = {name: finished[name] for name in there if name in finished}
    parted = any(there[name] != number for name, number in told.items())
    if parted:
        print(f"{'':<14}{'in all':>12}  {LAST_PAIR}, as the run, its card and report count")
    elif there["problems"] > MANY:
        print(f"{'':<14}{'in all':>12}; the run, its card and report count what is {LAST_PAIR}")
    for name, number in there.items():
        before = f"{finished[name]:>12,}" if parted and name in finished else ""
        print(f"{name:<14}{number:>12,}{before}" + (f" of {target:,} wanted" if name == "pairs" else ""))
    if kept_out:
        print("\nrejected")
    for stage, reason, number in kept_out:
        # What made no problem or solution has no place in the order.
        before = f"{of_these.get((stage, reason), 0):>12,}" if parted and stage not in ("compose", "solve") else ""
        print(f"  {stage:<10}{reason[:60]:<62}{number:>10,}{before}")


def _before_the_last_pair(store: Store, target: int) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """Counts by name, and of what was kept out, by stage and reason."""
    finished = finished_counts(store, target)
    kept_out = {(stage, reason): items for stage, reason, items in rejected(store, target, finished)}
    return finished | {"pairs": min(pair_count(store), target)}, kept_out


def _print_pointless(store: Store) -> None:
    """The seeds in which no knowledge point was found, by file and line."""
    found = seeds_without_points(store)
    if found:
        more = f" and {len(found) - LISTED:,} more, in the table rejects" if len(found) > LISTED else ""
        print(f"  seeds without points  {', '.join(found[:LISTED])}{more}")


def _print_findings(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"{'graph':<10}{line}")


def _print_calls(calls: list[dict[str, Any]]) -> None:
    priced = any(row["cost"] is not None for row in calls)
    names = [name for name in calls[0] if name not in ("stage", "model")] if calls else []
    shown = [name for name in names if priced or not name.startswith("cost")]
    if not calls:
        return
    table = [[HEADS[name] for name in shown], *([_number(row[name]) for name in shown] for row in calls)]
    widths = [max(8, *map(len, column)) + 2 for column in zip(*table, strict=True)]
    labels = [("calls", "model"), *((row["stage"], row["model"][:26]) for row in calls)]
    print()
    for (stage, model), cells in zip(labels, table, strict=True):
        line = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        print(f"{stage:<10}{model:<28}{line}")


def _number(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _print_judges(store: Store) -> None:
    found = agreement(store, latest_identity(store), present(store)[1], JUDGED)
    if found:
        print(f"\n{'judges':<10}{'judge':<28}{'given':>10}{'unjudged':>10}{'mean':>8}{'bias':>8}{'alpha':>8}")
    for task in found:
        for judge in task.judges:
            numbers = [
                "" if number is None else form.format(number)
                for number, form in ((judge.mean, "{:.3f}"), (judge.bias, "{:+.3f}"), (task.alpha, "{:.3f}"))
            ]
            print(
                f"{task.task:<10}{judge.judge[:26]:<28}{judge.given:>10,}{judge.unjudged:>10,}"
                + "".join(f"{number:>8}" for number in numbers)
            )


def _is_of(snapshot: dict[str, Any], held: StoreInUse) -> bool:
    """Whether a snapshot is of the process that holds the store, as far as that can be told from here.

    One and the same process has another number in its container than outside, so a snapshot of just now will do.
    """
    age = datetime.now(UTC) - datetime.fromisoformat(snapshot["updated"])
    return bool(snapshot["pid"] == held.pid) or (snapshot["state"] == "running" and age < JUST_NOW)


def _print_snapshot(snapshot: dict[str, Any], workspace: Path, held: StoreInUse) -> None:
    if snapshot["state"] == "running" and _is_of(snapshot, held):
        now = f"a run is at work, {f'process {held.pid}' if held.pid else held.holder}"
    else:
        ended = "was killed" if snapshot["state"] == "running" else f"is {snapshot['state']}"
        now = f"that run {ended}; {held.holder} holds the store"
    print(f"{workspace}: from the snapshot of {snapshot['updated']} ({now})")
    print(f"{'pairs':<14}{snapshot['pairs']:>12,} of {snapshot['target_pairs']:,}{pace(snapshot)}")
    for line in money(snapshot):
        print(f"{'money':<14}{line}")
    _print_findings(snapshot.get("findings", ()))
    if not snapshot["stages"]:
        return
    print(f"{'stage':<14}{'done':>12}{'rejected':>12}{'calls':>12}   (of this run)")
    for name, stage in snapshot["stages"].items():
        print(f"{name:<14}{stage['done']:>12,}{stage['rejected']:>12,}{stage['calls']:>12,}")
    for name, endpoint in snapshot["endpoints"].items():
        batched = endpoint.get("batched")
        print(
            f"endpoint {name}: {endpoint['in_flight']} in flight, {endpoint['served']:,} served, "
            f"{endpoint['retries']:,} retries" + (f", {batched:,} wait for a batch" if batched else "")
        )


def publish_to(workspace: Path, folder: Path) -> None:
    """Write the dataset of the latest run into a folder. Raises StoreError when there is no pair yet."""
    from tasks.reports.dataset import DATASET, NO_REPORT, write_dataset
    from tasks.reports.page.content import REPORT

    with reading(workspace) as store:
        settings = latest_settings(store)
        if not pair_count(store):
            raise StoreError(f"{workspace} has no accepted pair yet: run `gsdp run` until it has, then publish.")
        ((begun, *_),) = last_run(store)
        count = write_dataset(store, settings, folder)
    print(f"{counted(count, 'pair')} written to {folder}")
    if not (folder / REPORT).exists():
        print(f"The dataset is whole, but {NO_REPORT}.")
    print(
        f"By the settings of the last run, {begun:%Y-%m-%d %H:%M} UTC. For others, `gsdp run` them: it writes "
        f"{workspace / DATASET}, and asks nothing again that is paid for."
    )


def explain_problem(workspace: Path, prefix: str) -> None:
    """Everything that led to a problem and its fate. Raises UsageError when the id fits none or several."""
    from tasks.reports.provenance import problems_called, provenance

    with reading(workspace) as store:
        wanted = prefix.rstrip("…").lower()
        found = problems_called(store, wanted)
        if len(found) != 1:
            many = "fits several problems; give more of it" if found else "fits no problem of this workspace"
            raise UsageError(f"The id {prefix!r} {many}.")
        for line in provenance(store, found[0]):
            print(line)


WATCH_EVERY = 1.0
"""Seconds between two looks at a run."""

LAST_PAIR = "before the dataset's last pair"
MANY = 50_000
"""Problems above which a status counts all alone: it would take seconds to tell those before the last pair."""

LISTED = 20
"""Seeds without points that the status names."""

JUDGED = 20_000
"""Problems that the judges' agreement is told of: more make it no more certain, and nobody waits for a status."""


HEADS = {
    "calls": "calls",
    "retries": "retries",
    "faults": "faults",
    "input_tokens": "input",
    "cached_tokens": "cached",
    "output_tokens": "output",
    "reasoning_tokens": "reasoning",
    "seconds": "seconds",
    "cost": "USD",
    "cost_of_rejected": "USD on rejected",
}
