"""review: a panel scores each problem, the rater says how hard it is, and the weak end here (GRIP, section 3.4)."""

from __future__ import annotations

from uuid import UUID

from graph.records import Difficulty, Problem, Review, content_id
from prompts.answers import read_difficulty, read_review
from tasks.context.run_context import Asked, RunContext, run_context, together
from tasks.context.slots import Slot, slots
from tasks.judging.panel import consult, decide, good_score
from tasks.settings.roles import ResolvedRole
from tasks.stages.chunk_task import chunk_task


@chunk_task("review", "review-{start:06d}")
async def review(start: int, stop: int) -> int:
    """Judge the problems of some combinations; how many were decided now."""
    work = run_context()
    by_id = {slot.problem_id: slot for slot in slots(work, start, stop)}
    open_ids = await work.undecided("review", by_id)
    problems = await work.store.of(Problem, open_ids)
    wanted = [review_id for problem in problems for review_id in _review_ids(work, problem.id)]
    known = {found.id: found for found in await work.store.of(Review, wanted)}
    await together(_review(work, problem, by_id[problem.id], known) for problem in problems)
    return len(problems)


def _review_ids(work: RunContext, problem_id: UUID) -> list[UUID]:
    ids = [_review_id(problem_id, judge, "review") for judge in work.roles.judges]
    rater = work.roles.get("rater")
    return [*ids, _review_id(problem_id, rater, "rate")] if rater else ids


def _review_id(problem_id: UUID, judge: ResolvedRole, prompt: str) -> UUID:
    return content_id("review", str(problem_id), str(judge.recipes[prompt]))


async def _review(work: RunContext, problem: Problem, slot: Slot, known: dict[UUID, Review]) -> None:
    judges, rule = work.roles.judges, work.settings.review

    def opinion(review: Review) -> bool | None:
        score = _mean(review)
        return None if score is None else good_score(score, rule)

    reviews = await consult(judges, rule.first, lambda judge: _score(work, problem, slot, judge, known), opinion)
    scores = [(judge.weight, _mean(found)) for judge, found in zip(judges, reviews, strict=False)]
    decision = decide(scores, rule)
    if not decision.accepted:
        await work.store.write(work.reject("review", problem.id, decision.reason, decision.detail))
        return
    rated = await _rate(work, problem, known)
    difficulty = rated.difficulty if rated else None
    await work.store.write(work.accept("review", problem.id, decision.score, difficulty, None))
    work.counts.note("review", done=1)


def _mean(review: Review) -> float | None:
    if review.logic is None or review.presentation is None:
        return None
    return (review.logic + review.presentation) / 2


async def _score(
    work: RunContext, problem: Problem, slot: Slot, judge: ResolvedRole, known: dict[UUID, Review]
) -> Review:
    review_id = _review_id(problem.id, judge, "review")
    values = {"points": list(slot.names), "problem": problem.text}

    def row(answer: Asked[tuple[float, float]]) -> Review:
        logic, presentation = answer.value or (None, None)
        return Review(
            id=review_id,
            problem_id=problem.id,
            judge=judge.name,
            logic=logic,
            presentation=presentation,
            difficulty=None,
            unjudged=answer.fault,
            call_id=answer.call.id,
        )

    return await work.ask_once("review", judge, "review", values, review_id, read_review, row, known)


async def _rate(work: RunContext, problem: Problem, known: dict[UUID, Review]) -> Review | None:
    """How hard the problem is; None without a rater."""
    rater = work.roles.get("rater")
    if rater is None:
        return None
    name, review_id = rater.name, _review_id(problem.id, rater, "rate")

    def row(answer: Asked[Difficulty]) -> Review:
        return Review(
            id=review_id,
            problem_id=problem.id,
            judge=name,
            logic=None,
            presentation=None,
            difficulty=answer.value,
            unjudged=answer.fault,
            call_id=answer.call.id,
        )

    values = {"problem": problem.text}
    return await work.ask_once("review", rater, "rate", values, review_id, read_difficulty, row, known)
