"""What is in a workspace under the latest run's settings, in counts: the figures of `gsdp status` and of the report."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.reports.funnel import present_solutions
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
    drawn = f"SELECT id FROM combinations WHERE {CURRENT}"
    return CURRENT, f"SELECT id FROM problems WHERE {CURRENT} AND combination_id IN ({drawn})"


def counts(store: Store) -> Iterator[tuple[str, str]]:
    """(name, query of the number) of what the latest run's settings made or use."""
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


def rejects(store: Store) -> str:
    """A query of (stage, reason, number) of what the latest run's settings reject."""
    current, problems = present(store)
    earlier = f"stage IN ('review', 'grade', 'screen') AND subject_id NOT IN ({problems})"
    counted = "true" if current == "true" else f"stage = 'ingest' OR {current} AND NOT ({earlier})"
    return f"SELECT stage, reason, count(*) FROM rejects WHERE {counted} GROUP BY ALL ORDER BY 1, 3 DESC, 2"
