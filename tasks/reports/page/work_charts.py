"""Charts of the work itself: calls over time, endpoints, money."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from tasks.reports.money import by_stage
from tasks.reports.page.chart import BINS, Chart, Column, Told


def pace(run: Told) -> list[Chart]:
    """Calls, those in flight, retries and pairs over the time of the latest run."""
    rows = run.store.rows(_PACE, [BINS, BINS])
    limits = sum(endpoint.concurrency for endpoint in run.settings.endpoints.values())
    when = Column("time", "time")
    flying = (
        f"How many calls were on their way, on average over each stretch of the run: a call counts from when it was "
        f"sent to its answer. The settings allow {limits:,}; the limit found is what the endpoints bear together, by "
        "what they refuse. A curve well below it means that something else held the run up."
    )
    timed = [(_seconds(at), *rest) for at, *rest in rows]
    found = _limits(run, [at for at, *_ in rows])
    return [
        Chart(
            "throughput",
            "Calls a second",
            "lines",
            "Answers that came in, over the latest run. A dent is an endpoint that waited, or a stage that ended.",
            [when, Column("calls a second", "decimal")],
            [(at, calls) for at, calls, *_ in timed],
        ),
        Chart(
            "in-flight",
            "Calls in flight",
            "lines",
            flying,
            [when, Column("in flight", "decimal"), Column("limit found")],
            [(at, row[1], limit) for (at, *row), limit in zip(timed, found, strict=True)],
        ),
        Chart(
            "retries",
            "Tries repeated",
            "columns",
            "Requests that had to be sent again. Peaks go with rate limits and outages.",
            [when, Column("tries repeated")],
            [(at, row[2]) for at, *row in timed] if any(row[3] for row in timed) else [],
        ),
        Chart(
            "pairs",
            "Pairs over time",
            "lines",
            "Accepted pairs by when their last call ended. A straight line is a steady run.",
            [when, Column("pairs")],
            [(_seconds(at), pairs) for at, pairs in run.store.rows(_PAIRS_OVER_TIME, [BINS])],
        ),
    ]


def _limits(run: Told, moments: Sequence[datetime]) -> list[int | None]:
    """What the endpoints were thought to bear together at some moments, which ascend; None before it was noted."""
    noted = deque(run.store.rows(_LOADS))
    bears: dict[str, int] = {}
    found: list[int | None] = []
    for moment in moments:
        while noted and noted[0][0] <= moment:
            _, endpoint, limit = noted.popleft()
            bears[endpoint] = limit
        found.append(sum(bears.values()) if bears else None)
    return found


def _seconds(at: datetime) -> float:
    return round((at - datetime(1970, 1, 1)).total_seconds(), 2)


def endpoints(run: Told) -> list[Chart]:
    """What was asked of each endpoint, and how it answered."""
    columns = [
        Column("endpoint", "text"),
        Column("calls"),
        Column("median", "seconds"),
        Column("95th percentile", "seconds"),
        Column("tries repeated"),
        Column("faults"),
    ]
    reading = "A 95th percentile far above the median is an endpoint under strain. Faults are answers of no use."
    return [Chart("endpoints", "Endpoints", "table", reading, columns, run.store.rows(_ENDPOINTS))]


def money(run: Told) -> list[Chart]:
    """The ledger by stage and model."""
    columns = [
        Column("stage", "text"),
        Column("model", "text"),
        Column("calls"),
        Column("retries"),
        Column("faults"),
        Column("input tokens"),
        Column("output tokens"),
        Column("USD", "usd"),
        Column("USD on rejected", "usd"),
    ]
    rows = _with_totals([tuple(row[name] for name in LEDGER) for row in by_stage(run.store)])
    reading = "All calls that were paid for, as in `gsdp status`, also for problems that were asked for ahead."
    if all(row[-2] is None for row in rows):
        columns, rows = columns[:-2], [row[:-2] for row in rows]
        reading += " No price is known."
    else:
        reading += " What went into rejects is the price of the gates."
    return [Chart("money", "The ledger", "table", reading, columns, rows)]


def _with_totals(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of each stage, with their sum where there are several, and the sum of all."""
    told = []
    for stage, members in groupby(rows, key=lambda row: row[0]):
        own = list(members)
        told += own + ([(stage, "all models", *_sums(own))] if len(own) > 1 else [])
    return [*told, ("all stages", "all models", *_sums(rows))]


def _sums(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Sums of the numbers; None where no row has one."""
    columns = [[value for value in column if value is not None] for column in list(zip(*rows, strict=True))[2:]]
    return [sum(column) if column else None for column in columns]


LEDGER = ("stage", "model", "calls", "retries", "faults", "input_tokens", "output_tokens", "cost", "cost_of_rejected")
"""Columns of the ledger, as `by_stage` names them."""


_LATEST = "(SELECT id FROM runs ORDER BY number DESC, id LIMIT 1)"

_LOADS = f"SELECT noted_at, endpoint, bears FROM loads WHERE run_id = {_LATEST} ORDER BY noted_at, endpoint"

_PACE = f"""
    WITH mine AS (SELECT epoch(ended_at) AS moment, seconds, attempts FROM calls WHERE run_id = {_LATEST}),
        span AS (SELECT min(moment) AS low, greatest(max(moment) - min(moment), 0.001) / ? AS step FROM mine),
        bins AS (SELECT unnest(range(?)) AS bin),
        ended AS (
            SELECT least(floor((moment - low) / step)::BIGINT, (SELECT max(bin) FROM bins)) AS bin, count(*) AS calls,
                sum(attempts) - count(*) AS retries
            FROM mine, span GROUP BY 1),
        flew AS (
            SELECT unnest(range(greatest(floor((moment - seconds - low) / step), 0)::BIGINT,
                floor((moment - low) / step)::BIGINT + 1)) AS bin, moment, seconds, low, step FROM mine, span),
        flying AS (
            SELECT bin,
                sum(least(moment, low + (bin + 1) * step) - greatest(moment - seconds, low + bin * step)) AS busy
            FROM flew GROUP BY bin)
    SELECT make_timestamp(((low + bin * step) * 1e6)::BIGINT), coalesce(calls, 0) / step,
        coalesce(busy, 0) / step, coalesce(retries, 0)::BIGINT
    FROM bins LEFT JOIN flying USING (bin) LEFT JOIN ended USING (bin), span WHERE low IS NOT NULL ORDER BY bin"""

_PAIRS_OVER_TIME = f"""
    WITH mine AS (SELECT epoch(ended_at) AS moment FROM told WHERE outcome = 'pair' AND run_id = {_LATEST}),
        span AS (SELECT min(moment) AS low, greatest(max(moment) - min(moment), 0.001) / ? AS step FROM mine),
        binned AS (
            SELECT make_timestamp(((low + floor((moment - low) / step) * step) * 1e6)::BIGINT) AS bin, count(*) AS pairs
            FROM mine, span GROUP BY 1)
    SELECT bin, sum(pairs) OVER (ORDER BY bin)::BIGINT FROM binned ORDER BY bin"""

_ENDPOINTS = """
    SELECT endpoint, count(*), median(seconds), quantile_cont(seconds, 0.95),
        (sum(attempts) - count(*))::BIGINT, count(fault)
    FROM calls GROUP BY endpoint ORDER BY 2 DESC"""
