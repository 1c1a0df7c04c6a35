"""solve: write solutions of the problems that passed review; hard ones go to the strong solver (GRIP, section 3.4).

Solutions come in waves. After each, their answers are grouped by mathematical equivalence, and no further one is asked
for once none can change which answer wins. Where a wave ends depends on the answers before it and on nothing else, so
a resumed run, and the grading, find the same place again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

from graph.records import Pass, Problem, Reject, Solution, content_id
from prompts.answers import Unparseable, clean, unwrapped
from tasks.compose import slots
from tasks.gates.equivalence import group
from tasks.gates.final import final_answer
from tasks.gates.votes import asks_for_proof, is_open, settled
from tasks.retry import chunk_task
from tasks.roles import STRONG, Player
from tasks.workbench import Workbench, bench, together

LONGEST = 50_000
"""Characters of a solution: more than a student reads, and a sign of a model that went round in circles."""

Ask = tuple[UUID, int, Player]
"""Id, number and solver of a solution that may be asked for."""


@dataclass(frozen=True)
class Ballot:
    """A problem and what is known of its solutions."""

    problem: Problem
    asks: Sequence[Ask]
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
    missing: list[Ask]
    """What is still to be asked for before anything can be said."""


@chunk_task("solve", "solve-{start:06d}")
async def solve(start: int, stop: int) -> int:
    """Solve the reviewed problems of some combinations; how many solutions were asked for now."""
    work = bench()
    passed = await reviewed(work, start, stop)
    found = await ballots(work, await work.store.of(Problem, passed), passed)
    return sum(await together(_fill(work, ballot) for ballot in found))


async def _fill(work: Workbench, ballot: Ballot) -> int:
    """Ask wave after wave; how many solutions were asked for now."""
    asked = 0
    while missing := (await count(work, ballot)).missing:
        asked += len(missing)
        await together(_solve(work, ballot, *ask) for ask in missing)
    return asked


async def ballots(work: Workbench, problems: Iterable[Problem], passed: Mapping[UUID, Pass]) -> list[Ballot]:
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


async def count(work: Workbench, ballot: Ballot) -> Count:
    """Go through the waves as far as their solutions are there."""
    solve, grade = work.settings.solve, work.settings.grade
    if asks_for_proof(ballot.problem.text):
        return _uncompared("proof", ballot, min(solve.samples, grade.candidates))
    for stop in range(solve.wave, solve.samples + solve.wave, solve.wave):
        asked = min(stop, solve.samples)
        missing = _missing(ballot, asked)
        if missing:
            return Count("votes", asked, [], missing)
        there = _there(ballot, asked)
        answers = [solution.answer for solution in there]
        if 2 * sum(is_open(answer) for answer in answers if answer) > len(answers):
            return _uncompared("open", ballot, asked)
        groups = await group(answers, work.equivalence)
        if settled([len(members) for members in groups], asked, solve.samples, grade.least_agreement):
            break
    return Count("votes", asked, [[there[place] for place in members] for members in groups], [])


def _uncompared(kind: Literal["proof", "open"], ballot: Ballot, asked: int) -> Count:
    there = _there(ballot, asked)
    return Count(kind, asked, [there] if there else [], _missing(ballot, asked))


def _missing(ballot: Ballot, asked: int) -> list[Ask]:
    return [ask for ask in ballot.asks[:asked] if ask[0] not in ballot.solutions and ask[0] not in ballot.ended]


def _there(ballot: Ballot, asked: int) -> list[Solution]:
    return [ballot.solutions[key] for key, _, _ in ballot.asks[:asked] if key in ballot.solutions]


async def reviewed(work: Workbench, start: int, stop: int) -> dict[UUID, Pass]:
    """The problems of some combinations that passed review, in sampling order; only of difficulties still wanted."""
    ids = {work.pass_id("review", slot.problem_id): slot.problem_id for slot in slots(work, start, stop)}
    found = {row.id: row for row in await work.store.of(Pass, ids)}
    passed = {problem_id: found[key] for key, problem_id in ids.items() if key in found}
    if work.room is None:
        return passed
    return {key: row for key, row in passed.items() if not work.room.refuses_rated(row.difficulty)}


def solution_ids(work: Workbench, problem_id: UUID, passed: Pass) -> list[Ask]:
    """Every solution of a problem that may be asked for."""
    player = work.cast["strong_solver" if passed.difficulty == STRONG else "solver"]
    recipe = str(player.recipes["solve"])
    numbers = range(work.settings.solve.samples)
    return [(content_id("solution", str(problem_id), recipe, number), number, player) for number in numbers]


def read_solution(text: str, *, proof: bool = False) -> tuple[str, str | None]:
    """The text, free of our tags and of chat markers, and its final answer; a proof has none.

    Another solution without an answer proves nothing that could be compared. Tags around the whole or around the answer
    are what models add unasked, so they go.
    """
    text = unwrapped(text, "solution")
    answer = None if proof else final_answer(text)
    if answer is None and not proof:
        raise Unparseable("no final answer")
    if not any(character.isalnum() for character in text):
        raise Unparseable("empty solution")
    return clean(unwrapped(text, "answer"), "solution", LONGEST), answer and clean(answer, "solution")


async def _solve(work: Workbench, ballot: Ballot, solution_id: UUID, number: int, player: Player) -> None:
    problem = ballot.problem
    prompt, values = work.library["solve"], {"problem": problem.text}
    read = partial(read_solution, proof=asks_for_proof(problem.text))
    answer = await work.ask("solve", player, prompt, values, solution_id, read)
    if answer.value is None:
        await work.store.write(answer.call, work.ended("solve", solution_id, answer.fault))
        ballot.ended.add(solution_id)
        return
    text, final = answer.value
    # Where the solution is the raw answer, the ledger need not hold it a second time.
    same = (answer.call.text or "").strip() == text
    call = answer.call.model_copy(update={"text": None}) if same else answer.call
    solution = Solution(
        id=solution_id, problem_id=problem.id, sample=number, text=text, answer=final, call_id=answer.call.id
    )
    await work.store.write(call, solution)
    ballot.solutions[solution_id] = solution
    work.counts.note("solve", done=1)
