"""grade: choose the answer that most solutions agree on, and let the panel vote on solutions that give it.

The panel votes on the first solution of the winning answer, and on the next ones while its judges differ, up to a
number of candidates; the best of them is chosen (GRIP, section 3.4, has one solution and a unanimous panel). Proofs and
open answers have nothing to compare: there the panel alone decides.
"""

from __future__ import annotations

from uuid import UUID

from graph.records import Election, Grade, Pass, Problem, Solution, content_id
from prompts.answers import read_vote
from tasks.context.run_context import Asked, RunContext, run_context, together
from tasks.judging.panel import Weighted, choose, consult, disputed
from tasks.judging.votes import Ballot, Count, Decision, ballots, count, elect, measured, reviewed
from tasks.settings.roles import ResolvedRole
from tasks.stages.chunk_task import chunk_task


@chunk_task("grade", "grade-{start:06d}")
async def grade(start: int, stop: int) -> int:
    """Decide on the solved problems of some combinations; how many were decided now.

    A problem with a solution still to come is left for later: what is missing now is no vote against it.
    """
    work = run_context()
    passed = await reviewed(work, start, stop)
    open_ids = await work.undecided("grade", passed)
    found = await ballots(work, await work.store.of(Problem, open_ids), passed)
    counted = [(ballot, await count(work, ballot)) for ballot in found]
    ready = [(ballot, counts) for ballot, counts in counted if not counts.missing]
    known = {row.id: row for row in await work.store.of(Grade, open_ids, "problem_id")}
    await together(_grade(work, ballot, counts, passed, known) for ballot, counts in ready)
    return len(ready)


async def _grade(
    work: RunContext, ballot: Ballot, counts: Count, passed: dict[UUID, Pass], known: dict[UUID, Grade]
) -> None:
    problem = ballot.problem
    elected = _elect(work, counts)
    election = _election(work, problem, counts, elected)
    decision, chosen = elected, None
    if elected.accepted:
        decision, chosen = await _panel(work, problem, counts, known)
    if not decision.accepted or chosen is None:
        await work.store.write(election, work.reject("grade", problem.id, decision.reason, decision.detail))
        return
    difficulty = passed[problem.id].difficulty
    await work.store.write(election, work.accept("grade", problem.id, elected.score, difficulty, chosen.id))
    work.counts.note("grade", done=1)


def _elect(work: RunContext, counts: Count) -> Decision:
    sizes = [len(members) for members in counts.classes]
    if counts.kind == "votes":
        return elect(sizes, counts.asked, work.settings.grade.least_agreement)
    return Decision(True, None) if sizes else Decision(False, None, "no solution", f"none of {counts.asked} came")


def _election(work: RunContext, problem: Problem, counts: Count, elected: Decision) -> Election:
    recipe, voted = work.recipes["grade"], counts.kind == "votes"
    return Election(
        id=content_id("election", str(problem.id), str(recipe)),
        recipe=recipe,
        problem_id=problem.id,
        kind=counts.kind,
        asked=counts.asked,
        spared=work.settings.solve.samples - counts.asked if voted else 0,
        classes=tuple(len(members) for members in counts.classes) if voted else (),
        share=elected.score,
        difficulty=measured(elected.score, counts.asked),
        agreed=tuple(solution.id for solution in counts.classes[0]) if voted and counts.classes else (),
    )


async def _panel(
    work: RunContext, problem: Problem, counts: Count, known: dict[UUID, Grade]
) -> tuple[Decision, Solution]:
    """The verdict on the winning answer, and its best solution."""
    rule, members = work.settings.grade, counts.classes[0]
    voted = counts.kind == "votes"
    reference = [f"{len(members)} of {counts.asked}", members[0].answer or ""] if rule.reference and voted else []
    graded: list[list[Weighted]] = []
    for solution in members[: rule.candidates]:
        # A panel in doubt votes as a whole on the next one: else the pooled votes would lean towards its first judges.
        votes = await _votes(work, problem, solution, reference, known, 0 if graded else rule.first)
        graded.append(votes)
        if not disputed(votes):
            break
    decision, best = choose(graded, rule, pooled=voted)
    return decision, members[best]


async def _votes(
    work: RunContext, problem: Problem, solution: Solution, reference: list[str], known: dict[UUID, Grade], first: int
) -> list[Weighted]:
    judges = work.roles.judges

    async def ask(judge: ResolvedRole) -> Grade:
        return await _vote(work, problem, solution, reference, judge, known)

    def opinion(row: Grade) -> bool | None:
        return None if row.vote is None else row.vote == 1

    rows = await consult(judges, first, ask, opinion)
    return [(judge.weight, row.vote) for judge, row in zip(judges, rows, strict=False)]


async def _vote(
    work: RunContext,
    problem: Problem,
    solution: Solution,
    reference: list[str],
    judge: ResolvedRole,
    known: dict[UUID, Grade],
) -> Grade:
    shown = [reference] if reference else []
    grade_id = content_id("grade", str(solution.id), str(judge.recipes["grade"]), *shown)
    values = {"problem": problem.text, "solution": solution.text, "reference": reference}

    def row(answer: Asked[int]) -> Grade:
        return Grade(
            id=grade_id,
            problem_id=problem.id,
            solution_id=solution.id,
            judge=judge.name,
            vote=answer.value,
            unjudged=answer.fault,
            call_id=answer.call.id,
        )

    return await work.ask_once("grade", judge, "grade", values, grade_id, read_vote, row, known)
