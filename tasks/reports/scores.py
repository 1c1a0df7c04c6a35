"""What the attempts of an evaluation come to: scores by model and benchmark, by level and subject, and differences.

An item counts once a model has given all its answers to it. What states no answer, and what nobody could tell, counts
as not right; both shares are told, since a high one says more about the form of the answers than about mathematics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np

from graph.estimate import Range, of_seeds
from graph.evaluations import BenchmarkItem
from graph.scores import Difference, Score, difference, ks_of, mean, pass_at, vote
from tasks.answers.classes import group
from tasks.context.run_context import RunContext

WHOLE = "all"


class Answered(NamedTuple):
    """What a model's answers to one item came to."""

    item: BenchmarkItem
    samples: int
    right: int
    silent: int
    """Texts without an answer."""
    undecided: int
    reference: int | None
    """Right ones by math-verify alone; None where it was not asked about all answers."""
    agreed: int
    """Answers of which both say the same."""
    majority: bool

    @property
    def average(self) -> float:
        """Share of the answers that are right."""
        return self.right / self.samples


class ScoreRow(NamedTuple):
    """A model on a benchmark, or on a part of it."""

    model: str
    benchmark: str
    part: str
    """all, or the level or subject."""
    samples: int
    average: Score
    passes: Mapping[int, Score]
    """pass@k by k."""
    majority: Score
    silent: float
    undecided: float
    reference: Score | None
    agreed: float | None
    """Share of the answers of which our verifier and math-verify say the same."""


class Compared(NamedTuple):
    """Two models on the same items of a benchmark."""

    one: str
    other: str
    benchmark: str
    difference: Difference


class Scores(NamedTuple):
    """All that an evaluation found."""

    rows: list[ScoreRow]
    compared: list[Compared]
    open: int
    """Answers that are still to be asked for."""


async def scores(work: RunContext, items: Sequence[BenchmarkItem]) -> Scores:
    """The scores of the models of the present settings on these items."""
    wanted = work.settings.evaluate.samples
    found: dict[str, dict[UUID, Answered]] = {}
    given = 0
    for who in work.roles.examinees:
        sheets = await _sheets(work, list(who.recipes.values()), items)
        given += sum(len(rows) for rows in sheets.values())
        whole = [item for item in items if len(sheets[item.id]) == wanted]
        found[who.name] = {item.id: await _answered(work, item, sheets[item.id]) for item in whole}
    rows = [row for name, answered in found.items() for row in _rows(name, wanted, answered.values())]
    return Scores(rows, _compared(found), len(found) * len(items) * wanted - given)


class Outlook(NamedTuple):
    """What the open answers of a model will take: what is expected, and the interval that holds it 19 times of 20."""

    model: str
    open: int
    sent: Range
    came: Range
    usd: Range | None


def outlooks(work: RunContext, items: Sequence[BenchmarkItem]) -> list[Outlook]:
    """What the rest takes, for each model that has answered something, by what its answers took."""
    found = []
    for who in work.roles.examinees:
        rows = work.store.rows(TAKEN, [list(who.recipes.values())])
        more = len(items) * work.settings.evaluate.samples - len(rows)
        if not rows or more < 0:
            continue
        priced = all(row[2] is not None for row in rows)
        costs = np.array([[sent, came, usd or 0.0] for sent, came, usd in rows], dtype=np.float64)
        ahead = of_seeds(costs, more)
        sums = [ahead.at([column]).sum() for column in range(3)]
        found.append(Outlook(who.name, more, sums[0], sums[1], sums[2] if priced else None))
    return found


TAKEN = """
    SELECT sum(c.input_tokens), sum(c.output_tokens), if(count(c.cost) = count(*), sum(c.cost), NULL)
    FROM attempts a JOIN calls c ON c.subject_id = a.id
    WHERE a.recipe IN (SELECT unnest(?::UUID[])) AND a.item_id IN (SELECT id FROM benchmark_items) GROUP BY a.id"""


class Sheet(NamedTuple):
    """One attempt with its mark."""

    answer: str | None
    outcome: str
    reference: bool | None


SHEETS = """
    SELECT a.item_id, a.answer, m.outcome, m.reference FROM attempts a JOIN marks m ON m.attempt_id = a.id
    WHERE a.recipe IN (SELECT unnest(?::UUID[])) AND a.sample < ? ORDER BY a.item_id, a.sample"""


async def _sheets(
    work: RunContext, recipes: Sequence[UUID], items: Iterable[BenchmarkItem]
) -> Mapping[UUID, list[Sheet]]:
    rows = await work.store.fetch(SHEETS, [list(recipes), work.settings.evaluate.samples])
    wanted = {item.id for item in items}
    found: dict[UUID, list[Sheet]] = defaultdict(list)
    for item_id, *sheet in rows:
        if item_id in wanted:
            found[item_id].append(Sheet(*sheet))
    return found


async def _answered(work: RunContext, item: BenchmarkItem, sheets: Sequence[Sheet]) -> Answered:
    answers = [sheet.answer for sheet in sheets]
    classes: list[int | None] = [None] * len(answers)
    for number, members in enumerate([] if len(answers) == 1 else await group(answers, work.equivalence, item.problem)):
        for place in members:
            classes[place] = number
    chosen = vote(classes) if len(answers) > 1 else 0
    asked = [sheet for sheet in sheets if sheet.reference is not None]
    spoken = [sheet for sheet in sheets if sheet.outcome != "none"]
    return Answered(
        item,
        len(sheets),
        sum(sheet.outcome == "same" for sheet in sheets),
        sum(sheet.outcome == "none" for sheet in sheets),
        sum(sheet.outcome == "unknown" for sheet in sheets),
        sum(bool(sheet.reference) for sheet in asked) if len(asked) == len(spoken) and not item.choices else None,
        sum(sheet.reference == (sheet.outcome == "same") for sheet in asked),
        chosen is not None and sheets[chosen].outcome == "same",
    )


def _rows(name: str, samples: int, answered: Iterable[Answered]) -> Iterable[ScoreRow]:
    parts: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for each in answered:
        parts[each.item.benchmark, WHOLE].append(each)
        for kind, value in (("level", each.item.level), ("subject", each.item.subject)):
            if value is not None:
                parts[each.item.benchmark, f"{kind} {value}"].append(each)
    return [
        _row(name, benchmark, part, samples, members)
        for (benchmark, part), members in sorted(
            parts.items(), key=lambda item: (item[0][0], item[0][1] != WHOLE, item[0])
        )
    ]


def _row(name: str, benchmark: str, part: str, samples: int, answered: Sequence[Answered]) -> ScoreRow:
    given = samples * len(answered)
    by_reference = [each.reference / samples for each in answered if each.reference is not None]
    asked = sum(samples - each.silent for each in answered if each.reference is not None)
    return ScoreRow(
        name,
        benchmark,
        part,
        samples,
        mean([each.average for each in answered]),
        {k: mean([pass_at(samples, each.right, k) for each in answered]) for k in ks_of(samples)},
        mean([float(each.majority) for each in answered]),
        sum(each.silent for each in answered) / given,
        sum(each.undecided for each in answered) / given,
        mean(by_reference) if len(by_reference) == len(answered) else None,
        sum(each.agreed for each in answered if each.reference is not None) / asked if asked else None,
    )


def _compared(found: Mapping[str, Mapping[UUID, Answered]]) -> list[Compared]:
    """Every two models on every benchmark, over the items that both have answered."""
    rows = []
    names = list(found)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            both = [found[one][each] for each in found[one] if each in found[other]]
            for benchmark in dict.fromkeys(each.item.benchmark for each in both):
                there = [each for each in both if each.item.benchmark == benchmark]
                scored = ([each.average for each in there], [found[other][each.item.id].average for each in there])
                rows.append(Compared(one, other, benchmark, difference(*scored, purpose=benchmark)))
    return rows
