"""The books of a workspace: its runs, what they leased, every call and batch, and what was quoted before.

Records like those of `graph/records.py`. They say how the data came about and what it cost, and no stage rests on them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from graph.records import Record

Measure = Literal["combinations", "calls", "input_tokens", "output_tokens", "tokens", "hours", "usd"]
"""What a quote counts; tokens are those of both directions."""


def utc_now() -> datetime:
    """This moment as the store keeps it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Run(Record):
    """One execution of the pipeline in a workspace."""

    id: UUID
    started_at: datetime
    ended_at: datetime | None
    state: Literal["running", "completed", "failed", "interrupted"]
    code_version: str
    settings: str
    identity: str
    message: str | None
    prices: str | None = None
    number: int = 0
    """Counts the runs of the workspace from 1: clocks are set back."""


class StageRecipe(Record):
    """The recipe of a stage in a run."""

    run_id: UUID
    stage: str
    recipe: UUID


class Lease(Record):
    """What a run may have spent at most; after an orderly end, what it spent."""

    run_id: UUID
    unit: Literal["USD", "tokens"]
    amount: float


class InFlight(Record):
    """Calls of a run that were on their way a moment ago. An orderly end deletes it; what a kill leaves is lost."""

    run_id: UUID
    endpoint: str
    calls: int


class EndpointLoad(Record):
    """How many calls were on their way to an endpoint, and how many it was thought to bear, at some moment of a run."""

    run_id: UUID
    endpoint: str
    noted_at: datetime
    calls: int
    bears: int


class Call(Record):
    """One request to an endpoint and its outcome; the ledger is the table of all calls."""

    id: UUID
    run_id: UUID
    stage: str
    role: str
    subject_id: UUID
    sample: int
    endpoint: str
    model: str
    prompt: UUID
    """Hash of the prompt file that was rendered."""
    fault: str | None
    """Why there is no usable answer; None when there is one."""
    finish_reason: str | None
    attempts: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    seconds: float
    text: str | None
    reasoning: str | None
    ended_at: datetime
    cost: float | None = None
    """USD of all attempts; None where nobody knows a price."""
    presumed_tokens: int = 0
    """Tokens, at their worst case, of attempts that were sent and whose outcome is unknown."""


class Batch(Record):
    """Calls that were given to a server together, to be answered within hours."""

    id: UUID
    run_id: UUID
    """The run whose lease holds their worst case."""
    server: str
    """Its address, without secrets."""
    file: str
    """What the server calls the file of their requests."""
    remote: str | None
    """What the server calls the batch; None until that is known."""
    sent_at: datetime
    number: int = 0
    """Counts the batches of the workspace from 1."""


class BatchedCall(Record):
    """A call that is part of a batch."""

    call_id: UUID
    batch: UUID
    worst: float
    """Most that it can cost, in the unit of the run's lease."""


class Quote(Record):
    """What a run was expected to cost before it began, and on which probe that rests."""

    id: UUID
    quoted_at: datetime
    target_pairs: int
    wanted: int
    """Pairs of the target that were not there yet."""
    seeds: int
    """Seeds of the probe."""
    combinations: int
    """Combinations that the probe finished."""
    pairs: int
    """Pairs that these made."""
    number: int = 0
    """Counts the quotes of the workspace from 1."""
    run: int | None = None
    """Number of the run that was its probe."""


class Quoted(Record):
    """One figure of a quote: of a stage, or in all."""

    quote_id: UUID
    stage: str
    measure: Measure
    expected: float
    low: float
    high: float
    """Infinite where no end is known."""
