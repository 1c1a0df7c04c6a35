"""Asking a judge outside of a run, for audits: what it says of a problem or a solution is a row of its own.

The row's id hashes the judge, its prompt and the text, so the same word is never paid for twice, whichever audit asks
for it. The calls stand in the ledger under `audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from graph.records import Trial, content_id
from prompts.answers import read_review, read_vote
from tasks.panel import good_score
from tasks.roles import Player
from tasks.settings import Review
from tasks.workbench import Workbench, together

STAGE = "audit"
Task = Literal["review", "grade"]


class Matter(NamedTuple):
    """What is judged: a problem, or a solution of it."""

    problem: str
    solution: str | None = None
    points: tuple[str, ...] = ()
    """Knowledge points that the problem was asked for; a grader is not told."""

    @property
    def task(self) -> Task:
        """What a judge does with it."""
        return "review" if self.solution is None else "grade"


async def hear(work: Workbench, judge: Player, matters: Sequence[Matter]) -> list[Trial]:
    """What a judge says of each matter, from the store or by asking. Raises EndpointError."""
    ids = [_trial_id(judge, matter) for matter in matters]
    known = {row.id: row for row in await work.store.of(Trial, set(ids))}
    asked = {trial_id: matter for trial_id, matter in zip(ids, matters, strict=True) if trial_id not in known}
    said = await together(_ask(work, judge, trial_id, matter) for trial_id, matter in asked.items())
    known |= {row.id: row for row in said}
    return [known[trial_id] for trial_id in ids]


def calls_good(trial: Trial, rule: Review) -> bool | None:
    """Whether a judge calls good what it judged; None where it said nothing that could be understood."""
    if trial.value is None:
        return None
    return good_score(trial.value, rule) if trial.task == "review" else trial.value == 1


def _subject(matter: Matter) -> UUID:
    return content_id("matter", *matter)


def _trial_id(judge: Player, matter: Matter) -> UUID:
    return content_id("trial", str(judge.recipes[matter.task]), str(_subject(matter)))


async def _ask(work: Workbench, judge: Player, trial_id: UUID, matter: Matter) -> Trial:
    values: dict[str, object] = {"problem": matter.problem}
    if matter.task == "review":
        values["points"] = list(matter.points)
    else:
        values |= {"solution": matter.solution, "reference": []}
    answer = await work.ask(STAGE, judge, work.library[matter.task], values, trial_id, READ[matter.task])
    trial = Trial(
        id=trial_id,
        judge=judge.name,
        task=matter.task,
        subject_id=_subject(matter),
        value=answer.value,
        unjudged=answer.fault,
        call_id=answer.call.id,
    )
    await work.store.write(answer.call, trial)
    return trial


READ: dict[Task, Callable[[str], float]] = {
    "review": lambda text: sum(read_review(text)) / 2,
    "grade": lambda text: float(read_vote(text)),
}
