"""What is in a workspace under the latest run's settings, in counts: the figures of `gsdp status` and of the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.reports.funnel import OF_SEEDS, present_solutions
from tasks.store.database import Store
from tasks.store.latest import PAIR_COUNT, has_history

CURRENT = "recipe IN (SELECT recipe FROM current_recipes)"
"""Rows of the latest run's settings; others are history."""


def present(store: Store) -> tuple[str, str]:
    """A condition on rows of the latest run's settings, and a query of the ids of its problems.

    Where there were no other settings before, that is all there is, and looking it up would take long.
    """
    if not has_history(store):
        return "true", "SELECT id FROM problems"
    return CURRENT, "SELECT id FROM current_problems"


def counts(store: Store) -> Iterator[tuple[str, int]]:
    """(name, number) of what the latest run's settings made or use."""
    for name, query in _counted(store):
        yield name, int(store.value(query))


def _counted(store: Store) -> Iterator[tuple[str, str]]:
    current, problems = present(store)
    written = "true" if current == "true" else f"problem_id IN ({problems})"
    solutions = "solutions" if current == "true" else f"({present_solutions(store)})"
    yield "seeds", "SELECT count(*) FROM current_seeds"
    yield "mentions", f"SELECT count(*) FROM current_mentions WHERE {current}"
    for name, table in (("points", "knowledge_points"), ("edges", "edges"), ("combinations", "combinations")):
        yield name, f"SELECT count(*) FROM {table} WHERE {current}"
    yield "problems", f"SELECT count(*) FROM ({problems})"
    passed = f"SELECT count(*) FROM passes WHERE {current} AND {written}"
    yield "reviewed", f"{passed} AND stage = 'review'"
    yield "solutions", f"SELECT count(*) FROM {solutions} WHERE {written}"
    yield "graded", f"{passed} AND stage = 'grade'"
    yield "pairs", PAIR_COUNT


def rejects(store: Store) -> list[tuple[str, str, int]]:
    """(stage, reason, number) of what the latest run's settings reject."""
    current, problems = present(store)
    asked = f"stage IN ('compose', 'solve') OR subject_id IN ({problems})"
    later = f"stage NOT IN ('ingest', 'extract', 'connect') AND {current} AND ({asked})"
    counted = "true" if current == "true" else f"{OF_SEEDS} OR {later}"
    sql = f"SELECT stage, reason, count(*) FROM rejects WHERE {counted} GROUP BY ALL ORDER BY 1, 3 DESC, 2"
    return [(stage, reason, int(number)) for stage, reason, number in store.rows(sql)]


def seeds_without_points(store: Store) -> list[str]:
    """Where the seeds stand in which no knowledge point was found: file and line."""
    return [f"{source}:{line}" for source, line in store.rows(WITHOUT_POINTS)]


def last_run(store: Store) -> list[tuple[datetime, str, str | None]]:
    """(begin, state, message) of the latest run, if there is one."""
    sql = "SELECT started_at, state, message FROM runs ORDER BY number DESC LIMIT 1"
    return [(row[0], row[1], row[2]) for row in store.rows(sql)]


def latencies(store: Store, run_id: UUID, since: datetime) -> dict[str, tuple[int, float, float]]:
    """Calls of a run that ended since a moment, and their median and 95th percentile of seconds, by endpoint."""
    return {row[0]: (row[1], row[2], row[3]) for row in store.rows(LATENCY, [since, run_id])}


def newest_pairs(store: Store, most: int) -> list[tuple[Any, ...]]:
    """(relation, points, problem, solution, answer, id) of the last pairs in sampling order."""
    return store.rows(f"{PAIRS} ORDER BY position DESC, sample LIMIT ?", [most])


def first_pair(store: Store) -> list[tuple[Any, ...]]:
    """The same of the first one, if there is one."""
    return store.rows(f"{PAIRS} ORDER BY position, sample LIMIT 1")


WITHOUT_POINTS = """
    SELECT source, line FROM current_seeds JOIN current_rejects r ON r.subject_id = current_seeds.id
    WHERE r.stage = 'extract' AND r.reason = 'no points found' ORDER BY ALL"""

LATENCY = """
    SELECT endpoint, count(*), median(seconds), quantile_cont(seconds, 0.95)
    FROM calls WHERE ended_at > ? AND run_id = ? GROUP BY endpoint"""

PAIRS = "SELECT relation, points, problem, solution, answer, id FROM pairs"
