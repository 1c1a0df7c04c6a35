"""solve: write solutions of the problems that passed review; hard ones go to the strong solver (GRIP, section 3.4).

Solutions come in waves. After each, their answers are grouped by mathematical equivalence, and no further one is asked
for once none can change which answer wins. Where a wave ends depends on the answers before it and on nothing else, so
a resumed run, and the grading, find the same place again.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

from graph.records import Problem, Solution
from tasks.context.run_context import RunContext, run_context, together
from tasks.judging.comparable import asks_for_proof
from tasks.judging.solutions import read_solution, stated_in
from tasks.judging.votes import Ballot, ballots, count, reviewed
from tasks.settings.roles import ResolvedRole
from tasks.stages.chunk_task import chunk_task


@chunk_task("solve", "solve-{start:06d}")
async def solve(start: int, stop: int) -> int:
    """Solve the reviewed problems of some combinations; how many solutions were asked for now."""
    work = run_context()
    passed = await reviewed(work, start, stop)
    found = await ballots(work, await work.store.of(Problem, passed), passed)
    return sum(await together(_fill(work, ballot) for ballot in found))


async def _fill(work: RunContext, ballot: Ballot) -> int:
    """Ask wave after wave; how many solutions were asked for now."""
    asked = 0
    while missing := (await count(work, ballot)).missing:
        asked += len(missing)
        await together(_solve(work, ballot, *ask) for ask in missing)
    return asked


async def _solve(work: RunContext, ballot: Ballot, solution_id: UUID, number: int, role: ResolvedRole) -> None:
    problem = ballot.problem
    prompt, values = work.library["solve"], {"problem": problem.text}
    read = partial(read_solution, stated=stated_in(work.library.domain.answer, not asks_for_proof(problem.text)))
    answer = await work.ask("solve", role, prompt, values, solution_id, read)
    if answer.value is None:
        await work.store.write(answer.call, work.ended("solve", solution_id, answer.failure))
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
