"""What audits and evaluations put down: judges asked once more, gates and verifier measured, models on benchmarks.

Records like those of `graph/records.py`. No pair rests on them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from graph.records import Record


class Trial(Record):
    """A judge's word in an audit, on a problem or a solution, or on whether a text gives a benchmark item away.

    `unjudged` says why there is none.
    """

    id: UUID
    judge: str
    task: Literal["review", "grade", "contamination"]
    subject_id: UUID
    """Hash of what was judged: its text, wherever that came from."""
    value: float | None
    """review: mean of the two scores, in 0-1. grade: the vote, 1 right or 0 wrong. contamination: 1 given away."""
    unjudged: str | None
    call_id: UUID


class GateAudit(Record):
    """What an audit found of a gate: its items, and how many of a sample the verifier called good and bad."""

    id: UUID
    audited_at: datetime
    gate: str
    rejected: int
    rejected_good: int
    rejected_bad: int
    accepted: int
    accepted_good: int
    accepted_bad: int


class VerifierAudit(Record):
    """How our verdicts on the run's answers stand to math-verify's."""

    id: UUID
    audited_at: datetime
    pairs: int
    same: int
    different: int
    unknown: int
    unread: int
    """Pairs on which math-verify came to no end within the limits."""
    parted: int
    """Pairs that one calls the same and the other different."""


class BenchmarkItem(Record):
    """A problem with a known answer that models are evaluated on. The id is of its text: the answer may be mended."""

    id: UUID
    benchmark: str
    line: int
    problem: str
    choices: tuple[str, ...]
    """Options of multiple choice; the answer is then the letter of one."""
    answer: str
    level: str | None
    subject: str | None


class Examinee(Record):
    """A model that an evaluation is about, and what its attempts with a prompt are signed with."""

    run_id: UUID
    position: int
    name: str
    model: str
    prompt: str
    recipe: UUID


class Attempt(Record):
    """One answer of a model to a benchmark item."""

    id: UUID
    recipe: UUID
    item_id: UUID
    sample: int
    answer: str | None
    fault: str | None
    call_id: UUID


class Mark(Record):
    """Whether an attempt is right, by the item's answer and the rule of equivalence, which its id hashes."""

    id: UUID
    attempt_id: UUID
    outcome: Literal["same", "different", "unknown", "none"]
    reference: bool | None
    """What math-verify alone says of the text; None where it cannot be asked."""
