"""The report's first screen: what came of the run, in the figures that `gsdp status` and the dataset's card tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal, NamedTuple

from graph.evaluations import GateAudit
from graph.verdict import IMPLICIT
from tasks.reports.agreement import Agreement
from tasks.reports.card import funnel, is_rehearsal, models, thresholds
from tasks.reports.counts import counts
from tasks.reports.coverage import Cover, communities
from tasks.reports.funnel import finished_counts, rejected
from tasks.reports.money import known_cost
from tasks.reports.page.wording import alpha_in_words, counted, meaning
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
        "noticed": [*_noticed(store, reasons, panels, covers)],
        "more": [*_more(store, numbers, pairs, seconds)],
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
        note = f"{counted(tokens, 'token')} in all calls, also for seeds and rejects; no price is known"
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


def latest_audit(store: Store) -> list[GateAudit]:
    """What the latest audit of the gates found; empty where there was none."""
    return store.select(
        GateAudit, "audited_at = (SELECT audited_at FROM gate_audits ORDER BY rowid DESC LIMIT 1) ORDER BY rowid"
    )


def _noticed(
    store: Store, reasons: Sequence[tuple[str, str, int]], panels: Sequence[Agreement], covers: Sequence[Cover]
) -> Iterator[str]:
    """Sentences on what a reader would look for first."""
    kept_out = [row for row in reasons if row[0] in ("compose", "review", "solve", "grade", "screen")]
    if kept_out:
        stage, reason, items = max(kept_out, key=lambda row: row[2])
        share = items / sum(row[2] for row in kept_out)
        yield f"Most is lost at {stage}: {reason}, {counted(items, 'item')}, {share:.0%} of what the gates kept out."
    for panel in panels:
        leaning = sorted((judge.bias, judge.judge) for judge in panel.judges if judge.bias is not None)
        if len(leaning) > 1 and leaning[-1][0] - leaning[0][0] >= SEEN:
            (low, harsh), (high, mild) = leaning[0], leaning[-1]
            extremes = f"{harsh} is the harshest judge ({low:+.3f}), {mild} the mildest ({high:+.3f})"
            compared = f"At {panel.task}, {extremes}, each compared with the other judges of the same items."
            yield f"{compared} {alpha_in_words(panel.alpha)}".strip()
    fields = [cover for cover in communities(covers) if cover.problems >= ENOUGH]
    if len(fields) > 1:
        poor = min(fields, key=lambda cover: cover.pairs / cover.problems)
        made = f"{counted(poor.pairs, 'pair')} of {counted(poor.problems, 'problem')}"
        yield f"The field with the lowest yield is “{poor.name}”: {made}."
    bare = [cover.name for cover in communities(covers) if cover.seeds and not cover.pairs]
    if bare:
        yield f"Without a pair yet: {len(bare):,} of {len(communities(covers)):,} fields, among them “{bare[0]}”."
    rich = [cover for cover in communities(covers) if cover.seeds >= ENOUGH]
    if len(rich) > 1:
        thin = min(rich, key=lambda cover: cover.pairs / cover.seeds)
        few = f"{counted(thin.pairs, 'pair')} from {counted(thin.seeds, 'seed')}"
        yield f"Of the fields with {ENOUGH} seeds and more, “{thin.name}” is the thinnest: {few}."
    points = [cover for cover in covers if cover.point_id is not None]
    unused = sum(not cover.pairs for cover in points)
    if unused:
        yield f"In no pair yet: {unused:,} of {counted(len(points), 'knowledge point')}."
    dearest = store.rows(_DEAREST)
    if len(dearest) > 1:
        (cheap, least), (dear, most) = dearest[0], dearest[-1]
        yield f"A pair by {dear} takes {most / least:.1f} times the tokens of one by {cheap} (chart “Strategies”)."


def _more(store: Store, numbers: dict[str, int], pairs: int, seconds: float) -> Iterator[str]:
    """What ten times as many pairs would take, if everything went on as it did."""
    if not pairs:
        return
    calls, tokens, cost, priced = store.rows(_SPENT)[0]
    price = f", {9 * cost:,.2f} USD" if priced else ""
    yield f"{9 * pairs:,} more pairs: about {9 * calls:,} calls and {9 * tokens:,} tokens{price}."
    hours = 9 * seconds / 3600
    yield "At this run's pace that is " + (f"{hours:,.1f} hours." if hours >= 1 else f"{60 * hours:,.1f} minutes.")
    drawn = numbers["combinations"]
    yield (
        f"About {9 * drawn:,} more combinations would be drawn; `gsdp graph` says how many the graph offers, "
        "and more seeds make it larger."
    )


SEEN = 0.0005
"""Difference of two biases from which on three digits show it."""

ENOUGH = 5
"""Problems or seeds of a field from which on its share says anything."""

_RUNS = """
    SELECT arg_max(state, number), arg_max(started_at, number), coalesce(sum(epoch(coalesce(ended_at,
        (SELECT max(c.ended_at) FROM calls c WHERE c.run_id = runs.id), started_at) - started_at)), 0)
    FROM runs"""

_IMPLICIT = """
    SELECT count(*) FILTER (list_contains(?, relation)), count(*) FROM told WHERE outcome = 'pair'"""

_DEAREST = """
    SELECT replace(relation, '_', '-'), sum(tokens) / count(*) FILTER (outcome = 'pair') AS each FROM told
    GROUP BY 1 HAVING count(*) FILTER (outcome = 'pair') >= 10 ORDER BY 2"""

_SPENT = "SELECT count(*), sum(input_tokens + output_tokens)::BIGINT, sum(cost), count(cost) > 0 FROM calls"
