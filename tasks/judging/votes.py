"""The vote on a problem's answer: its solutions counted by equivalent answers, and when no further one can change that.

Does not know what an answer means; classes come from `tasks/answers/equivalence.py`, where "unknown" is no agreement.
Does not protect against solvers that err alike: that is what the judges are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from graph.records import Difficulty, Pass, Problem, Reject, Solution, content_id
from tasks.answers.classes import group
from tasks.context.run_context import RunContext
from tasks.context.slots import slots
from tasks.judging.comparable import asks_for_proof, is_open
from tasks.settings.roles import STRONG, ResolvedRole

SolutionRequest = tuple[UUID, int, ResolvedRole]
"""Id, number and solver of a solution that may be asked for."""


@dataclass(frozen=True)
class Ballot:
    """A problem and what is known of its solutions."""

    problem: Problem
    asks: Sequence[SolutionRequest]
    """All that may be asked for, in order."""
    solutions: dict[UUID, Solution]
    ended: set[UUID]
    """Solutions that came to nothing."""


@dataclass(frozen=True)
class Count:
    """Where the vote on a problem stands."""

    kind: Literal["votes", "proof", "open"]
    """votes: the answers are compared. proof, open: there is nothing to compare, so the judges alone decide."""
    asked: int
    classes: list[list[Solution]]
    """Solutions by answer, most first; in one class where nothing is compared."""
    missing: list[SolutionRequest]
    """What is still to be asked for before anything can be said."""


async def ballots(work: RunContext, problems: Iterable[Problem], passed: Mapping[UUID, Pass]) -> list[Ballot]:
    """What the store knows of the solutions of some problems."""
    wanted = {problem: solution_ids(work, problem.id, passed[problem.id]) for problem in problems}
    ids = {ask[0] for asks in wanted.values() for ask in asks}
    found = {solution.id: solution for solution in await work.store.of(Solution, ids)}
    ended = await work.store.existing(Reject, ids - found.keys(), "subject_id")
    return [
        Ballot(
            problem,
            asks,
            {key: found[key] for key, _, _ in asks if key in found},
            {key for key, _, _ in asks if key in ended},
        )
        for problem, asks in wanted.items()
    ]


async def count(work: RunContext, ballot: Ballot) -> Count:
    """Go through the waves as far as their solutions are there."""
    solve, grade = work.settings.solve, work.settings.grade
    if asks_for_proof(ballot.problem.text):
        return _uncompared("proof", ballot, min(solve.samples, grade.candidates))
    if work.library.domain.answer == "open":
        return _uncompared("open", ballot, min(solve.samples, grade.candidates))
    for stop in range(solve.wave, solve.samples + solve.wave, solve.wave):
        asked = min(stop, solve.samples)
        missing = _missing(ballot, asked)
        if missing:
            return Count("votes", asked, [], missing)
        there = _there(ballot, asked)
        answers = [solution.answer for solution in there]
        if 2 * sum(is_open(answer) for answer in answers if answer) > len(answers):
            return _uncompared("open", ballot, asked)
        groups = await group(answers, work.equivalence, ballot.problem.text)
        if settled([len(members) for members in groups], asked, solve.samples, grade.least_agreement):
            break
    return Count("votes", asked, [[there[place] for place in members] for members in groups], [])


def _uncompared(kind: Literal["proof", "open"], ballot: Ballot, asked: int) -> Count:
    there = _there(ballot, asked)
    return Count(kind, asked, [there] if there else [], _missing(ballot, asked))


def _missing(ballot: Ballot, asked: int) -> list[SolutionRequest]:
    return [ask for ask in ballot.asks[:asked] if ask[0] not in ballot.solutions and ask[0] not in ballot.ended]


def _there(ballot: Ballot, asked: int) -> list[Solution]:
    return [ballot.solutions[key] for key, _, _ in ballot.asks[:asked] if key in ballot.solutions]


async def reviewed(work: RunContext, start: int, stop: int) -> dict[UUID, Pass]:
    """The problems of some combinations that passed review, in sampling order; only of difficulties still wanted."""
    ids = {work.pass_id("review", slot.problem_id): slot.problem_id for slot in slots(work, start, stop)}
    found = {row.id: row for row in await work.store.of(Pass, ids)}
    passed = {problem_id: found[key] for key, problem_id in ids.items() if key in found}
    if work.screened.room is None:
        return passed
    return {key: row for key, row in passed.items() if not work.screened.room.refuses_rated(row.difficulty)}


def solution_ids(work: RunContext, problem_id: UUID, passed: Pass) -> list[SolutionRequest]:
    """Every solution of a problem that may be asked for."""
    role = work.roles["strong_solver" if passed.difficulty == STRONG else "solver"]
    recipe = str(role.recipes["solve"])
    numbers = range(work.settings.solve.samples)
    return [(content_id("solution", str(problem_id), recipe, number), number, role) for number in numbers]


class Decision(NamedTuple):
    """What a gate decides; `reason` and `detail` say why it rejects."""

    accepted: bool
    score: float | None
    reason: str = ""
    detail: str = ""


def elect(sizes: Sequence[int], asked: int, least_agreement: float) -> Decision:
    """Whether the largest class of agreeing solutions speaks for the problem.

    `sizes` are those of the classes, largest first; `asked` is how many solutions were asked for, so one without an
    answer counts against. A tie for the first place is no agreement.
    """
    if not sizes:
        return Decision(False, None, "no solution", f"none of {asked} has a final answer")
    share = sizes[0] / asked
    if len(sizes) > 1 and sizes[0] == sizes[1]:
        return Decision(False, share, "no agreement", "two answers tie")
    if sizes[0] < _needed(asked, least_agreement):
        return Decision(False, share, "no agreement", f"{sizes[0]} of {asked} agree")
    return Decision(True, share)


def settled(sizes: Sequence[int], asked: int, samples: int, least_agreement: float) -> bool:
    """Whether `elect` would accept the same class, or reject, whatever the rest of `samples` solutions answer."""
    left = samples - asked
    if left <= 0:
        return True
    first, second = (*sizes, 0, 0)[:2]
    needed = _needed(samples, least_agreement)
    return first + left < needed or (first >= needed and first > second + left)


def _needed(asked: int, least_agreement: float) -> float:
    return least_agreement * asked - 1e-9


MEASURED: tuple[tuple[float, Difficulty], ...] = ((0.9, "easy"), (0.7, "medium"), (0.0, "hard"))
"""Least share of agreeing solutions, and what it says of the problem: of four solutions all, three, or two."""


def measured(share: float | None, asked: int) -> Difficulty | None:
    """How hard a problem is by the share of its solutions that agree; one solution measures nothing."""
    if share is None or asked < 2:
        return None
    return next(word for least, word in MEASURED if share >= least)
