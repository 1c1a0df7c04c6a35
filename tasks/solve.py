"""solve: write solutions of the problems that passed review; hard ones go to the strong solver (GRIP, section 3.4)."""

from __future__ import annotations

from uuid import UUID

from graph.records import Pass, Problem, Reject, Solution, content_id
from prompts.answers import Unparseable, clean, unwrapped
from tasks.compose import slots
from tasks.gates.final import final_answer
from tasks.retry import chunk_task
from tasks.roles import Player
from tasks.workbench import Workbench, bench, together

STRONG = "hard"
LONGEST = 50_000
"""Characters of a solution: more than a student reads, and a sign of a model that went round in circles."""


@chunk_task("solve", "solve-{start:06d}")
async def solve(start: int, stop: int) -> int:
    """Solve the reviewed problems of some combinations; how many solutions were asked for now."""
    work = bench()
    passed = await reviewed(work, start, stop)
    wanted = {
        solution_id: (problem_id, number, player)
        for problem_id, found in passed.items()
        for solution_id, number, player in solution_ids(work, problem_id, found)
    }
    done = await work.store.existing(Solution, wanted) | await work.store.existing(Reject, wanted, "subject_id")
    pending = {key: value for key, value in wanted.items() if key not in done}
    problems = {
        problem.id: problem for problem in await work.store.of(Problem, {value[0] for value in pending.values()})
    }
    await together(
        _solve(work, problems[problem_id], solution_id, number, player)
        for solution_id, (problem_id, number, player) in pending.items()
    )
    return len(pending)


async def reviewed(work: Workbench, start: int, stop: int) -> dict[UUID, Pass]:
    """The problems of some combinations that passed review, in sampling order; only of difficulties still wanted."""
    ids = {work.pass_id("review", slot.problem_id): slot.problem_id for slot in slots(work, start, stop)}
    found = {row.id: row for row in await work.store.of(Pass, ids)}
    passed = {problem_id: found[key] for key, problem_id in ids.items() if key in found}
    if work.room is None:
        return passed
    return {key: row for key, row in passed.items() if not work.room.refuses_difficulty(row.difficulty)}


def solution_ids(work: Workbench, problem_id: UUID, passed: Pass) -> list[tuple[UUID, int, Player]]:
    """Id, number and solver of every solution that is asked for."""
    player = work.cast["strong_solver" if passed.difficulty == STRONG else "solver"]
    recipe = str(player.recipes["solve"])
    numbers = range(work.settings.solve.samples)
    return [(content_id("solution", str(problem_id), recipe, number), number, player) for number in numbers]


def read_solution(text: str) -> tuple[str, str]:
    """The text, free of our tags and of chat markers, and its final answer.

    A solution without an answer proves nothing that could be compared. Tags around the whole or around the answer are
    what models add unasked, so they go.
    """
    text = unwrapped(text, "solution")
    answer = final_answer(text)
    if answer is None:
        raise Unparseable("no final answer")
    return clean(unwrapped(text, "answer"), "solution", LONGEST), clean(answer, "solution")


async def _solve(work: Workbench, problem: Problem, solution_id: UUID, number: int, player: Player) -> None:
    prompt, values = work.library["solve"], {"problem": problem.text}
    answer = await work.ask("solve", player, prompt, values, solution_id, read_solution)
    if answer.value is None:
        await work.store.write(answer.call, work.ended("solve", solution_id, answer.fault))
        return
    text, final = answer.value
    # Where the solution is the raw answer, the ledger need not hold it a second time.
    same = (answer.call.text or "").strip() == text
    call = answer.call.model_copy(update={"text": None}) if same else answer.call
    solution = Solution(
        id=solution_id, problem_id=problem.id, sample=number, text=text, answer=final, call_id=answer.call.id
    )
    await work.store.write(call, solution)
    work.counts.note("solve", done=1)
