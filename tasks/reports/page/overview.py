"""The report's first screen: what came of the run, in the figures that `gsdp status` and the dataset's card tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal, NamedTuple

from graph.nouns import counted
from graph.verdict import IMPLICIT
from tasks.reports.agreement import Agreement
from tasks.reports.card import funnel, is_rehearsal, models, thresholds
from tasks.reports.counts import counts
from tasks.reports.coverage import Cover
from tasks.reports.funnel import finished_counts, rejected
from tasks.reports.money import known_cost
from tasks.reports.page.findings import about, ahead, latest_audit, merged, noticed, quality
from tasks.reports.page.forecast import ten_times
from tasks.reports.page.wording import meaning
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.latest import pair_count

Unit = Literal["count", "usd", "share", "seconds", "tokens", "times"]


class Figure(NamedTuple):
    """One number of the first screen."""

    label: str
    value: float | None
    """None: not known."""
    unit: Unit
    note: str


def overview(
    store: Store, settings: RunSettings, covers: Sequence[Cover], panels: Sequence[Agreement]
) -> dict[str, Any]:
    """Everything of the first screen. The table `told` must be there."""
    target = settings.target_pairs
    pairs = min(pair_count(store), target)
    finished = finished_counts(store, target)
    stages, reasons = funnel(store, finished, pairs), rejected(store, target, finished)
    state, started, seconds = store.rows(_RUNS)[0]
    numbers = dict(counts(store))
    return {
        "name": settings.publish.name,
        "workspace": settings.workspace.name,
        "version": version("gsdp"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        # A run writes its report before it ends.
        "state": "" if state == "running" else state,
        "started": started.isoformat(timespec="seconds"),
        "target": target,
        "rehearsal": is_rehearsal(store, settings),
        "figures": [figure._asdict() for figure in _figures(store, numbers, pairs, target, seconds)],
        "counts": list(numbers.items()),
        "funnel": stages,
        "rejected": reasons,
        "meanings": {f"{stage}: {reason}": told for stage, reason, _ in reasons if (told := meaning(stage, reason))},
        "about": about(store, settings, numbers["seeds"], pairs),
        "quality": [*quality(store, settings, panels)],
        "merged": merged(stages, reasons),
        "ahead": ahead(store, numbers["problems"]),
        "noticed": [*noticed(store, reasons, panels, covers)],
        "more": [*ten_times(store, settings, pairs)],
        "models": models(store),
        "thresholds": thresholds(settings),
    }


def _figures(store: Store, numbers: dict[str, int], pairs: int, target: int, seconds: float) -> Iterator[Figure]:
    yield Figure("Accepted pairs", pairs, "count", f"of {target:,} wanted, from {counted(numbers['seeds'], 'seed')}")
    cost = known_cost(store)
    tokens = int(store.rows("SELECT coalesce(sum(input_tokens + output_tokens), 0) FROM calls")[0][0])
    made = numbers["pairs"]
    if cost is None:
        each = tokens / made if made else None
        written = int(store.rows("SELECT coalesce(sum(tokens), 0) FROM told")[0][0])
        note = f"{counted(tokens, 'token')} in all calls, also for seeds, names and rejects; no price is known."
        if pairs:
            note += f" From compose to grade alone, as the charts count: {written / pairs:,.0f}"
        yield Figure("Tokens per pair", each, "tokens", note)
    else:
        yield Figure(
            "Cost per pair",
            cost / made if made else None,
            "usd",
            f"{cost:,.2f} USD in all calls, also for seeds and rejects",
        )
    implicit, known = store.rows(_IMPLICIT, [list(IMPLICIT)])[0]
    share = implicit / known if known else None
    yield Figure("Implicit pairs", share, "share", "of the pairs join points that no seed has together")
    if audited := {row.gate: row for row in latest_audit(store)}.get("votes"):
        read = audited.accepted_good + audited.accepted_bad
        note = f"of {counted(read, 'accepted pair')} that `gsdp audit gates` judged again: found to be bad"
        yield Figure("Errors by audit", audited.accepted_bad / read if read else None, "share", note)
    problems = store.rows("SELECT count(*) FROM told")[0][0]
    yield Figure(
        "Yield",
        pairs / problems if problems else None,
        "share",
        f"of {counted(problems, 'written problem')} became pairs",
    )
    yield Figure("Expansion", pairs / numbers["seeds"] if numbers["seeds"] else None, "times", "pairs for each seed")
    calls = int(store.rows("SELECT count(*) FROM calls")[0][0])
    yield Figure("Wall time", seconds, "seconds", f"{counted(calls, 'call')} to models")


_RUNS = """
    SELECT arg_max(state, number), arg_max(started_at, number), coalesce(sum(epoch(coalesce(ended_at,
        (SELECT max(c.ended_at) FROM calls c WHERE c.run_id = runs.id), started_at) - started_at)), 0)
    FROM runs"""

_IMPLICIT = """
    SELECT count(*) FILTER (list_contains(?, relation)), count(*) FROM told WHERE outcome = 'pair'"""
