"""The solutions of a problem as votes on its answer: what was asked for, what is there, where the vote stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from graph.records import Pass, Problem, Reject, Solution, content_id
from tasks.answers.classes import group
from tasks.context.run_context import RunContext
from tasks.context.slots import slots
from tasks.judging.votes import asks_for_proof, is_open, settled
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
