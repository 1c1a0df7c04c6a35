"""Two runs next to each other: what was set differently, what came of it, and what both have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tasks.settings.run import RunSettings
from tasks.store.database import Store

TOGETHER = 24
"""Combinations of both runs whose problems are shown side by side."""


class ComparedRun(NamedTuple):
    """A run: its store, its settings, and what the first screen says of it."""

    store: Store
    settings: RunSettings
    overview: dict[str, Any]


def comparison(one: ComparedRun, other: ComparedRun) -> dict[str, Any]:
    """What the page shows of two runs. Each store must have its table `told`."""
    return {
        "names": [side.settings.workspace.name for side in (one, other)],
        "figures": [*_figures(one.overview["figures"], other.overview["figures"])],
        "settings": [*_differing(one.settings, other.settings)],
        "funnel": [
            [stage, mine, theirs]
            for (stage, _, mine), (_, _, theirs) in zip(one.overview["funnel"], other.overview["funnel"], strict=True)
        ],
        "overlaps": [_overlap(name, sql, one.store, other.store) for name, sql in SHARED.items()],
        "together": _together(one.store, other.store),
    }


def _figures(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Figures of one name; a run may have one that the other lacks, such as the errors by an audit."""
    mine, theirs = ({figure["label"]: figure for figure in figures} for figures in (one, other))
    for label in dict.fromkeys([*mine, *theirs]):
        yield mine.get(label), theirs.get(label)


def _differing(one: RunSettings, other: RunSettings) -> Iterator[tuple[str, str, str]]:
    """Settings that are not the same, by their dotted names. Where each run worked is no difference."""
    mine, theirs = (
        dict(_flat(side.model_dump(mode="json", exclude={"workspace"}, exclude_none=True))) for side in (one, other)
    )
    for name in sorted({*mine, *theirs}):
        if mine.get(name) != theirs.get(name):
            yield name, mine.get(name, UNSET), theirs.get(name, UNSET)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping | list):
        entries = value.items() if isinstance(value, Mapping) else enumerate(value, 1)
        for key, inner in entries:
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, str(value)


def _overlap(name: str, sql: str, one: Store, other: Store) -> tuple[str, int, int, int]:
    mine, theirs = ({row[0] for row in store.rows(sql)} for store in (one, other))
    return name, len(mine), len(theirs), len(mine & theirs)


def _together(one: Store, other: Store) -> list[dict[str, Any]]:
    """Problems that the two runs have on the same points by the same relation."""
    mine, theirs = (dict(store.rows(_KEYS)) for store in (one, other))
    shared = [key for key in mine if key in theirs][:TOGETHER]
    found = []
    for key in shared:
        relation, *names = key.split("\n")
        samples = [_sample(store, place[key]) for store, place in ((one, mine), (other, theirs))]
        found.append({"relation": relation, "names": names, "one": samples[0], "other": samples[1]})
    return found


def _sample(store: Store, problem_id: Any) -> dict[str, Any]:
    problem, solution, answer, outcome = store.rows(_SAMPLE, [problem_id])[0]
    told = {"problem": problem, "solution": solution, "answer": answer, "outcome": outcome}
    return {name: value for name, value in told.items() if value is not None}


UNSET = "not set"

SHARED = {
    "seeds": "SELECT id FROM current_seeds",
    "knowledge points, by name": """
        SELECT lower(name) FROM knowledge_points WHERE recipe IN (SELECT recipe FROM current_recipes)""",
    "combinations, by names": "SELECT DISTINCT array_to_string(list_sort(names), '\n') FROM told",
    "problems, word for word": "SELECT md5(text) FROM problems WHERE id IN (SELECT id FROM told)",
    "pairs, word for word": "SELECT md5(problem || solution) FROM pairs",
}

_KEYS = r"""
    SELECT relation || chr(10) || array_to_string(list_sort(names), chr(10)) AS key,
        arg_min(id, position * 1000 + sample)
    FROM told GROUP BY key ORDER BY min(position)"""

_SAMPLE = """
    SELECT m.text, s.text, s.answer, t.outcome FROM told t JOIN problems m ON m.id = t.id
    LEFT JOIN solutions s ON s.id = t.solution_id WHERE t.id = ?"""
