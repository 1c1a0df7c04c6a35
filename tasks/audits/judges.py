"""How right each judge of the panel is, against items that somebody labelled good or bad, and what it should weigh.

Knows: the labels, which it takes for the truth. Rows with a solution are graded, rows without one are reviewed, with
the prompts and the rules of the run; no judge is spared, so that all are measured on the same items.
Does not know: whether judges err together. The weights take them to be independent; alpha and the panel's own row say
more. The panel is counted on the very items that its weights come from, which flatters it a little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from graph.errors import UsageError
from graph.evaluations import Trial
from graph.shares import vote_weight
from tasks.context.run_context import RunContext
from tasks.inputs.rows import checked_rows
from tasks.judging.panel import Weighted, decide, verdict
from tasks.judging.second_opinion import JudgeTask, Matter, calls_good, hear
from tasks.judging.votes import Decision
from tasks.reports.agreement import alpha
from tasks.settings.run import RunSettings
from tasks.store.database import Store

LABELS = {"good": True, "bad": False}


class Labelled(NamedTuple):
    """An item and what is known of it."""

    matter: Matter
    good: bool


class JudgeTally(NamedTuple):
    """How good and bad items were called."""

    good_right: int
    good_wrong: int
    bad_right: int
    bad_wrong: int

    @property
    def read(self) -> int:
        """Items that were judged."""
        return sum(self)

    @property
    def right(self) -> int:
        """Those that were judged rightly."""
        return self.good_right + self.bad_right


class JudgeMeasure(NamedTuple):
    """A judge at one task."""

    judge: str
    tally: JudgeTally
    unjudged: int
    bias: float | None
    """Mean distance of its values from those of the other judges of the same items; above 0 it is milder."""


class Calibration(NamedTuple):
    """The panel at one task."""

    task: JudgeTask
    items: int
    alpha: float | None
    judges: list[JudgeMeasure]
    panel: JudgeTally
    """What all judges decide together, by the rule and the weights of the run."""
    weighted: JudgeTally
    """The same with the proposed weights."""


class Calibrated(NamedTuple):
    """The tasks that the file has items for, and the weight of each judge; 0: better without it."""

    tasks: list[Calibration]
    weights: list[float]


def read_labelled(store: Store, path: Path) -> list[Labelled]:
    """The items of a file. Raises UsageError at a row that is none, and where one of the labels is missing."""
    found = []
    for line, row in checked_rows(store, path, "problem", {"problem": "problem", "label": "label"}):
        if not isinstance(row, dict):
            raise UsageError(f"{path}:{line} is {row}.")
        label = LABELS.get(str(row.get("label")).strip().lower())
        if label is None or not row.get("problem"):
            raise UsageError(f"{path}:{line} needs a problem, and good or bad as its label.")
        solution = row.get("solution")
        found.append(Labelled(Matter(str(row["problem"]), str(solution) if solution else None), label))
    if len({row.good for row in found}) < len(LABELS):
        raise UsageError(f"{path} has items of one label alone: a judge is measured by good ones and bad ones.")
    return found


async def calibrate(work: RunContext, rows: Sequence[Labelled]) -> Calibrated:
    """Ask every judge about every item. What was asked before is not paid for again."""
    heard = {judge.name: await hear(work, judge, [row.matter for row in rows]) for judge in work.roles.judges}
    tallies = [_tally(rows, _opinions(work.settings, heard[judge.name])) for judge in work.roles.judges]
    weights = proposed([vote_weight(*tally) for tally in tallies])
    tasks: dict[JudgeTask, list[int]] = {"review": [], "grade": []}
    for place, row in enumerate(rows):
        tasks[row.matter.task].append(place)
    made = []
    for task, places in tasks.items():
        if places:
            trials = {name: [given[place] for place in places] for name, given in heard.items()}
            made.append(_at_task(work, task, [rows[place] for place in places], trials, weights))
    return Calibrated(made, weights)


def proposed(odds: Sequence[float]) -> list[float]:
    """Weights in proportion, the largest 1; 0 for a judge that knows no better than chance."""
    most = max(odds)
    return [round(max(0.0, value) / most, 2) if most > 0 else 0.0 for value in odds]


def _at_task(
    work: RunContext,
    task: JudgeTask,
    rows: Sequence[Labelled],
    heard: Mapping[str, Sequence[Trial]],
    weights: Sequence[float],
) -> Calibration:
    values = [[trial.value for trial in said] for said in zip(*heard.values(), strict=True)]
    judges = [
        JudgeMeasure(
            judge.name,
            _tally(rows, _opinions(work.settings, heard[judge.name])),
            sum(trial.value is None for trial in heard[judge.name]),
            _bias(values, place),
        )
        for place, judge in enumerate(work.roles.judges)
    ]
    given = [[value for value in row if value is not None] for row in values]
    now = [judge.weight for judge in work.roles.judges]
    return Calibration(
        task,
        len(rows),
        alpha((len(row), sum(row), sum(value * value for value in row)) for row in given),
        judges,
        _tally(rows, _together(work.settings, task, values, now)),
        _tally(rows, _together(work.settings, task, values, weights)),
    )


def _opinions(settings: RunSettings, trials: Sequence[Trial]) -> list[bool | None]:
    return [calls_good(trial, settings.review) for trial in trials]


def _tally(rows: Sequence[Labelled], opinions: Sequence[bool | None]) -> JudgeTally:
    seen = Counter((row.good, said) for row, said in zip(rows, opinions, strict=True))
    return JudgeTally(seen[True, True], seen[True, False], seen[False, False], seen[False, True])


def _bias(values: Sequence[Sequence[float | None]], place: int) -> float | None:
    distances = []
    for row in values:
        own, others = row[place], [value for other, value in enumerate(row) if other != place and value is not None]
        if own is not None and others:
            distances.append(own - sum(others) / len(others))
    return sum(distances) / len(distances) if distances else None


def _together(
    settings: RunSettings, task: JudgeTask, values: Sequence[Sequence[float | None]], weights: Sequence[float]
) -> list[bool | None]:
    """What the panel decides of each item; a judge without weight is not in it."""
    rules: dict[JudgeTask, Callable[[Sequence[Weighted]], Decision]] = {
        "review": lambda said: decide(said, settings.review),
        "grade": lambda said: verdict(said, settings.grade),
    }
    panels = [[(weight, value) for weight, value in zip(weights, row, strict=True) if weight] for row in values]
    return [rules[task](said).accepted for said in panels]
