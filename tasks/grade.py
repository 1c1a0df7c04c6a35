"""grade: choose the answer that most solutions agree on, and let the panel vote on a solution that gives it.

Solutions are grouped by mathematical equivalence of their final answers, never by string; "unknown" is no agreement.
The chosen solution is the first of the largest group (GRIP, section 3.4, has one solution and a unanimous panel).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from graph.records import Grade, Pass, Problem, Reject, Solution, content_id
from prompts.answers import read_vote
from tasks.gates.equivalence import group
from tasks.retry import chunk_task
from tasks.review import Decision
from tasks.roles import Player
from tasks.settings import GradeRule
from tasks.solve import reviewed, solution_ids
from tasks.workbench import Workbench, bench, together


def elect(classes: Sequence[Sequence[int]], asked: int, least_agreement: float) -> Decision:
    """Whether the largest class of agreeing solutions speaks for the problem.

    `classes` are lists of solution numbers, largest first; `asked` is how many solutions were asked for, so a solution
    without an answer counts against. A tie for the first place is no agreement.
    """
    if not classes:
        return Decision(False, None, "no solution", f"none of {asked} has a final answer")
    share = len(classes[0]) / asked
    if len(classes) > 1 and len(classes[0]) == len(classes[1]):
        return Decision(False, share, "no agreement", "two answers tie")
    if share < least_agreement - 1e-9:
        return Decision(False, share, "no agreement", f"{len(classes[0])} of {asked} agree")
    return Decision(True, share)


def verdict(votes: Sequence[int | None], rule: GradeRule) -> Decision:
    """The panel's decision on a solution, from votes of 0, 1 or None (unjudged)."""
    given = [vote for vote in votes if vote is not None]
    if not given or len(given) < rule.quorum * len(votes):
        return Decision(False, None, "unjudged", f"{len(given)} of {len(votes)} judges voted")
    right = sum(given)
    accepted = right == len(given) if rule.rule == "veto" else 2 * right > len(given)
    return Decision(
        accepted, right / len(given), "" if accepted else "voted wrong", f"{right} of {len(given)} say right"
    )


@chunk_task("grade", "grade-{start:06d}")
async def grade(start: int, stop: int) -> int:
    """Decide on the solved problems of some combinations; how many were decided now.

    A problem with a solution still to come is left for later: what is missing now is no vote against it.
    """
    work = bench()
    passed = await reviewed(work, start, stop)
    open_ids = await work.undecided("grade", passed)
    problems = await work.store.of(Problem, open_ids)
    wanted = {
        problem.id: [key for key, _, _ in solution_ids(work, problem.id, passed[problem.id])] for problem in problems
    }
    found = await work.store.of(Solution, {key for keys in wanted.values() for key in keys})
    solutions = {solution.id: solution for solution in found}
    missing = {key for keys in wanted.values() for key in keys} - solutions.keys()
    to_come = missing - await work.store.existing(Reject, missing, "subject_id")
    problems = [problem for problem in problems if to_come.isdisjoint(wanted[problem.id])]
    known = {row.id: row for row in await work.store.of(Grade, open_ids, "problem_id")}
    await together(
        _grade(work, problem, [solutions[key] for key in wanted[problem.id] if key in solutions], passed, known)
        for problem in problems
    )
    return len(problems)


async def _grade(
    work: Workbench, problem: Problem, solutions: list[Solution], passed: dict[UUID, Pass], known: dict[UUID, Grade]
) -> None:
    classes = await group([solution.answer for solution in solutions], work.equivalence)
    elected = elect(classes, work.settings.solve.samples, work.settings.grade.least_agreement)
    if not elected.accepted:
        await work.store.write(work.reject("grade", problem.id, elected.reason, elected.detail))
        return
    chosen = solutions[classes[0][0]]
    grades = await together(_vote(work, problem, chosen, judge, known) for judge in work.cast.judges)
    decision = verdict([row.vote for row in grades], work.settings.grade)
    if not decision.accepted:
        await work.store.write(work.reject("grade", problem.id, decision.reason, decision.detail))
        return
    await work.store.write(
        Pass(
            id=work.pass_id("grade", problem.id),
            recipe=work.recipes["grade"],
            stage="grade",
            problem_id=problem.id,
            score=elected.score,
            difficulty=passed[problem.id].difficulty,
            solution_id=chosen.id,
        )
    )
    work.counts.note("grade", done=1)


async def _vote(
    work: Workbench, problem: Problem, solution: Solution, judge: Player, known: dict[UUID, Grade]
) -> Grade:
    grade_id = content_id("grade", str(solution.id), str(judge.recipes["grade"]))
    if grade_id in known:
        return known[grade_id]
    values = {"problem": problem.text, "solution": solution.text}
    answer = await work.ask("grade", judge, work.library["grade"], values, grade_id, read_vote)
    row = Grade(
        id=grade_id,
        problem_id=problem.id,
        solution_id=solution.id,
        judge=judge.name,
        vote=answer.value,
        unjudged=answer.fault,
        call_id=answer.call.id,
    )
    await work.store.write(answer.call, row)
    return row
