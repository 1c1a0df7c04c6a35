"""Asking a judge outside the gates, for audits and for suspected paraphrases: what it says is a row of its own.

The row's id hashes the judge, its prompt and the text, so the same word is never paid for twice, whichever audit asks
for it. The calls of audits stand in the ledger under `audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from graph.evaluations import Trial
from graph.records import content_id
from prompts.answers import read_review, read_vote
from tasks.context.run_context import Asked, RunContext, together
from tasks.judging.panel import good_score
from tasks.settings.roles import ResolvedRole
from tasks.settings.sections import ReviewRule

AUDIT = "audit"
JudgeTask = Literal["review", "grade", "contamination"]


class Matter(NamedTuple):
    """What is judged: a problem, a solution of it, or whether a text gives a benchmark item away."""

    problem: str
    solution: str | None = None
    points: tuple[str, ...] = ()
    """Knowledge points that the problem was asked for; a grader is not told."""
    item: str | None = None
    """A benchmark item, where the question is whether the text (in place of the problem) gives it away."""

    @property
    def task(self) -> JudgeTask:
        """What a judge does with it."""
        if self.item is not None:
            return "contamination"
        return "review" if self.solution is None else "grade"


async def hear(work: RunContext, judge: ResolvedRole, matters: Sequence[Matter], stage: str = AUDIT) -> list[Trial]:
    """What a judge says of each matter, from the store or by asking; `stage` pays. Raises EndpointError."""
    ids = [_trial_id(judge, matter) for matter in matters]
    known = {row.id: row for row in await work.store.of(Trial, set(ids))}
    asked = dict(zip(ids, matters, strict=True))
    said = await together(_ask(work, stage, judge, trial_id, matter, known) for trial_id, matter in asked.items())
    found = {row.id: row for row in said}
    return [found[trial_id] for trial_id in ids]


def calls_good(trial: Trial, rule: ReviewRule) -> bool | None:
    """Whether a judge calls good what it judged; None where it said nothing that could be understood."""
    if trial.value is None:
        return None
    return good_score(trial.value, rule) if trial.task == "review" else trial.value == 1


def _subject(matter: Matter) -> UUID:
    # An item stands last, so that what was said before there were any keeps its id.
    return content_id("matter", *matter[: None if matter.item is not None else 3])


def _trial_id(judge: ResolvedRole, matter: Matter) -> UUID:
    return content_id("trial", str(judge.recipes[matter.task]), str(_subject(matter)))


async def _ask(
    work: RunContext, stage: str, judge: ResolvedRole, trial_id: UUID, matter: Matter, known: Mapping[UUID, Trial]
) -> Trial:
    def row(answer: Asked[float]) -> Trial:
        return Trial(
            id=trial_id,
            judge=judge.name,
            task=matter.task,
            subject_id=_subject(matter),
            value=answer.value,
            unjudged=answer.fault,
            call_id=answer.call.id,
        )

    values = VALUES[matter.task](matter)
    return await work.ask_once(stage, judge, matter.task, values, trial_id, READ[matter.task], row, known)


READ: dict[JudgeTask, Callable[[str], float]] = {
    "review": lambda text: sum(read_review(text)) / 2,
    "grade": lambda text: float(read_vote(text)),
    "contamination": lambda text: float(read_vote(text)),
}
VALUES: dict[JudgeTask, Callable[[Matter], dict[str, object]]] = {
    "review": lambda matter: {"problem": matter.problem, "points": list(matter.points)},
    "grade": lambda matter: {"problem": matter.problem, "solution": matter.solution, "reference": []},
    "contamination": lambda matter: {"text": matter.problem, "item": matter.item},
}
