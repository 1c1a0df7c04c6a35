"""Looking into a workspace: how it stands, how a pair came about, its dataset again.

What a status does not need is imported where it is used: a person waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten, wrap
from typing import Any
from uuid import UUID

from flows.reporting.quote_table import print_quote
from flows.reporting.snapshot import money, pace, read_snapshot
from graph.errors import StoreError, UsageError
from tasks.reports.agreement import agreement
from tasks.reports.counts import CURRENT, counts, present, rejects
from tasks.reports.money import PROBE, budget, by_stage, cost
from tasks.settings.run import RunSettings
from tasks.store.database import Store, open_store
from tasks.store.latest import current_recipe, findings, latest, latest_identity


@contextmanager
def reading(workspace: Path) -> Iterator[Store]:
    """The store of a workspace, open for reading."""
    store = open_store(workspace, read_only=True)
    try:
        yield store
    finally:
        store.close()


def latest_settings(store: Store) -> RunSettings:
    """The settings of the workspace's latest run."""
    return RunSettings.model_validate_json(latest(store, "settings"))


def print_status(workspace: Path) -> None:
    """The store's own counts; or, while a run or the probe of a quote holds the store, its latest snapshot."""
    try:
        with reading(workspace) as store:
            _print_store(store, workspace)
    except StoreError as error:
        holder = HOLDER.search(str(error))
        if holder is None:
            raise
        pid, probe, run = int(holder[1]), read_snapshot(workspace / PROBE), read_snapshot(workspace)
        if probe and probe["pid"] == pid:
            _print_snapshot(probe, workspace / PROBE, pid, holder[2])
        elif run:
            _print_snapshot(run, workspace, pid, holder[2])
        else:
            raise


def _print_store(store: Store, workspace: Path) -> None:
    print(f"{workspace}: from the store (no run is at work)")
    if not store.rows("SELECT 1 FROM runs LIMIT 1") and print_quote(store):
        return
    for started, state, message in store.rows(
        "SELECT started_at, state, message FROM runs ORDER BY started_at DESC LIMIT 1"
    ):
        print(
            f"last run  {started:%Y-%m-%d %H:%M:%S} UTC, {'killed' if state == 'running' else state}"
            + (f": {message}" if message else "")
        )
    for name, sql in counts(store):
        wanted = f" of {latest_settings(store).target_pairs:,} wanted" if name == "pairs" else ""
        print(f"{name:<14}{store.rows(sql)[0][0]:>12,}{wanted}")
    rejected = store.rows(rejects(store))
    if rejected:
        print("\nrejected")
    for stage, reason, number in rejected:
        print(f"  {stage:<10}{reason[:60]:<62}{number:>10,}")
    _print_pointless(store)
    _print_findings(findings(store))
    _print_judges(store)
    _print_calls(by_stage(store))
    for line in (*cost(store), *budget(store, latest_settings(store))):
        print(f"{'money':<10}{line}")
    print_quote(store)


def _print_pointless(store: Store) -> None:
    """The seeds in which no knowledge point was found, by file and line."""
    found = [
        f"{source}:{line}"
        for source, line in store.rows(
            f"""SELECT source, line FROM current_seeds JOIN rejects r ON r.subject_id = current_seeds.id
                WHERE r.stage = 'extract' AND r.reason = 'no points found' AND r.{CURRENT} ORDER BY ALL"""
        )
    ]
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


def _print_snapshot(snapshot: dict[str, Any], workspace: Path, holder: int, program: str) -> None:
    if snapshot["state"] == "running" and snapshot["pid"] == holder:
        now = f"a run is at work, process {holder}"
    else:
        ended = "was killed" if snapshot["state"] == "running" else f"is {snapshot['state']}"
        now = f"that run {ended}; process {holder} ({program}) holds the store"
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
    from tasks.reports.dataset import write_dataset

    with reading(workspace) as store:
        settings = latest_settings(store)
        if not store.rows("SELECT 1 FROM pairs LIMIT 1"):
            raise StoreError(f"{workspace} has no accepted pair yet: run `gsdp run` until it has, then publish.")
        count = write_dataset(store, settings, folder)
    print(f"{count:,} pairs written to {folder}")


def explain_problem(workspace: Path, prefix: str) -> None:
    """Everything that led to a problem and its fate. Raises UsageError when the id fits none or several."""
    with reading(workspace) as store:
        wanted = prefix.rstrip("…").lower()
        found = store.rows("SELECT id FROM problems WHERE starts_with(id::VARCHAR, ?) LIMIT 2", [wanted])
        if len(found) != 1:
            many = "fits several problems; give more of it" if found else "fits no problem of this workspace"
            raise UsageError(f"The id {prefix!r} {many}.")
        for line in _explain(store, found[0][0]):
            print(line)


def _explain(store: Store, problem_id: UUID) -> Iterator[str]:
    from tasks.reports.paths import paths_between

    text, sample, combination_id = store.rows(
        "SELECT text, sample, combination_id FROM problems WHERE id = ?", [problem_id]
    )[0]
    for relation, points, names, weight, position in store.rows(COMBINATION, [combination_id]):
        yield f"combination  {relation}, weight {weight:g}, place {position:,} in sampling order"
        for point, name in zip(points, names, strict=True):
            seeds = store.rows(SEEDS_OF_POINT, [point])
            yield f"  point      {name}, from {len(seeds)} seeds: " + ", ".join(f"{s}:{n}" for s, n, _ in seeds[:3])
            yield from (shorten(problem, WIDTH, initial_indent=INDENT) for _, _, problem in seeds[:1])
        yield from paths_between(store, current_recipe(store, "connect"), points)
    yield f"problem      {problem_id} (sample {sample})"
    yield from _wrapped(text)
    for judge, logic, presentation, difficulty, unjudged in store.rows(
        "SELECT judge, logic, presentation, difficulty, unjudged FROM reviews WHERE problem_id = ? ORDER BY judge",
        [problem_id],
    ):
        said = unjudged or (f"difficulty {difficulty}" if difficulty else f"logic {logic}, presentation {presentation}")
        yield f"review       {judge}: {said}"
    for solution_id, number, answer, solution in store.rows(
        "SELECT id, sample, answer, text FROM solutions WHERE problem_id = ? ORDER BY sample", [problem_id]
    ):
        grades = store.rows(
            "SELECT judge, vote, unjudged FROM grades WHERE solution_id = ? ORDER BY judge", [solution_id]
        )
        yield f"solution {number}   answer {answer}"
        yield from _wrapped(solution) if grades else ()
        for judge, vote, unjudged in grades:
            yield f"  grade      {judge}: {unjudged or ('wrong', 'right')[vote]}"
    for kind, asked, classes, measured in store.rows(
        f"SELECT kind, asked, classes, difficulty FROM elections WHERE problem_id = ? AND {CURRENT}", [problem_id]
    ):
        agreed = f"{asked} solutions, by answer {', '.join(map(str, classes)) or 'none'}" if kind == "votes" else kind
        yield f"election     {agreed}" + (f"; measured difficulty {measured}" if measured else "")
    for stage, score in store.rows(
        f"SELECT stage, score FROM passes WHERE problem_id = ? AND {CURRENT} "
        "ORDER BY list_position(['review', 'grade', 'screen'], stage)",
        [problem_id],
    ):
        yield f"passed       {stage}" + PASSED[stage].format(score or 0.0)
    for stage, reason, detail in store.rows(
        f"SELECT stage, reason, detail FROM rejects WHERE subject_id = ? AND {CURRENT} ORDER BY ALL",
        [problem_id],
    ):
        yield f"rejected     {stage}: {reason} ({detail})"
    if store.rows("SELECT 1 FROM pairs WHERE id = ?", [problem_id]):
        yield "This is a pair of the dataset."


def _wrapped(text: str) -> Iterator[str]:
    """Lines of a text, indented and wrapped; long formulas stay whole."""
    for line in text.splitlines():
        yield from wrap(line, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False)


WIDTH = 110
INDENT = "    "

PASSED = {
    "review": ": mean score {:.3f}",
    "grade": ": {:.0%} of the solutions give its answer, and the judges accept it",
    "screen": ": neither duplicate nor contaminated",
}
"""What passing a gate means; the number is the row's score."""

LISTED = 20
"""Seeds without points that the status names."""

JUDGED = 20_000
"""Problems that the judges' agreement is told of: more make it no more certain, and nobody waits for a status."""


COMBINATION = """
    SELECT relation, points, names, weight, position FROM combinations WHERE id = ?
    ORDER BY recipe IN (SELECT recipe FROM current_recipes) DESC, recipe LIMIT 1"""

HOLDER = re.compile(r"is in use by process (\d+) \((.*?)\)")

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

SEEDS_OF_POINT = """
    SELECT DISTINCT s.source, s.line, s.problem
    FROM aliases a JOIN current_mentions m ON m.name = a.name JOIN seeds s ON s.id = m.seed_id
    WHERE a.point_id = ? AND a.recipe IN (SELECT recipe FROM current_recipes)
        AND m.recipe IN (SELECT recipe FROM current_recipes)
    ORDER BY ALL"""
