"""What a run works with: settings, store, prompts, endpoints; and `ask`, the one way a stage gets an answer.

Tasks take ids and return counts; the live objects reach them through `run_context()`, so that nothing of them is ever a
parameter that Prefect would inspect or show.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID, uuid4

from graph.errors import BudgetError, BudgetReached, EndpointError
from graph.ledger import Call, utc_now
from graph.quotas import Room
from graph.records import Difficulty, Pass, Record, Reject, content_id
from graph.spending import Spending
from prompts.answers import Unparseable
from prompts.library import Library, Prompt
from tasks.answers.equivalence import Equivalence
from tasks.endpoint.client import Client
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.faults import Failure, in_words
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.replicas import complete
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.settings.roles import ResolvedRole, ResolvedRoles
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.texts.contamination import Contamination

T = TypeVar("T")
RowT = TypeVar("RowT", bound=Record)

FINAL: frozenset[FaultCode] = frozenset({"content_filter", "context_length", "request_refused"})
"""Faults that the next sample of the same question would meet again."""
INTERRUPTED = "interrupted"
"""The fault of a call that was on its way when the run was told to end: it may be billed, and counts at its worst."""
WARMER = 0.3
"""Least temperature of a question that is asked again: at 0 the same unusable answer would come back."""


@dataclass(frozen=True, eq=False)
class Question:
    """What a call asks, and which role: each question about a subject is a numbered sample."""

    stage: str
    role: ResolvedRole
    prompt: UUID
    """Hash of the prompt file."""
    subject_id: UUID
    sample: int = 0

    @cached_property
    def call_id(self) -> UUID:
        """What the ledger calls the answer."""
        return content_id("call", self.stage, str(self.subject_id), self.role.name, self.sample)

    def is_last(self, tries: int) -> bool:
        """Whether no further number is left of so many."""
        return self.sample + 1 >= tries

    def again(self) -> Question:
        """The same, under the next number."""
        return replace(self, sample=self.sample + 1)

    def next_unused(self, lost: Set[UUID]) -> Question:
        """The same under the first number that is free: `lost` calls gave no usable answer."""
        question = self
        while question.call_id in lost:
            question = question.again()
        return question


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What came of a question: a value, or the reason why there is none; and the ledger row, not yet committed."""

    value: T | None
    failure: Failure | None
    call: Call

    @property
    def fault(self) -> str | None:
        """The failure in words."""
        return in_words(self.failure)


@dataclass
class Counts:
    """What the stages did in this process. For display only: no decision rests on it."""

    cost: float | None = None
    """USD that the workspace's calls cost; None where nobody knows a price."""
    findings: tuple[str, ...] = ()
    """Whether the graph gives what is asked of it, in sentences."""
    done: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    """How much a stage outside the pipeline has to do in all."""
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    started: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def note(self, stage: str, done: int = 0, calls: int = 0) -> None:
        """Add to a stage's counts and keep its first and last moment."""
        now = time.monotonic()
        self.started.setdefault(stage, now)
        self.ended[stage] = now
        self.done[stage] += done
        self.calls[stage] += calls

    def pay(self, cost: float | None) -> None:
        """Add what a call cost."""
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost


class Screened(NamedTuple):
    """How far the screen has come. Only the screen replaces it; all others read it."""

    until: int = 0
    """Combinations before this position are finished and screened."""
    pairs: int = 0
    """Pairs of the workspace, this run's and earlier ones."""
    room: Room | None = None
    """What of the target is still open, where quotas are set."""
    newest: str = ""
    """The problem of the pair that was accepted last, to show that something comes of the run."""


@dataclass
class RunContext:
    """The open parts of one run. Made by `tasks.runs.opening.open_run`, which also closes them."""

    settings: RunSettings
    store: Store
    library: Library
    roles: ResolvedRoles
    clients: Mapping[str, Client]
    equivalence: Equivalence
    run_id: UUID
    recipes: Mapping[str, UUID]
    """Of the settings and, for sample and screen, of the data that they rest on (`tasks/context/basis.py`)."""
    settings_recipes: Mapping[str, UUID]
    """Of the settings alone."""
    lost: set[UUID]
    """Calls without a usable answer for items that are still open: their numbers are used up, also for a retry."""
    account: BudgetAccount = field(default_factory=lambda: BudgetAccount(None))
    counts: Counts = field(default_factory=Counts)
    benchmark_items: Sequence[tuple[str, str]] = ()
    """Name and text of what must not be published."""
    contamination: Contamination | None = None
    """The words of these."""
    screened: Screened = field(default_factory=Screened)
    kept: Sequence[str] = ()
    """What is kept of other models' work, in sentences; empty where the models are the same."""
    interrupted: list[Call] = field(default_factory=list)
    """Ledger rows of calls that were on their way when the run was told to end; they are committed at its end."""
    stage_state: dict[type[Any], Any] = field(default_factory=dict)
    """What a stage keeps between its task runs, under its own type; nothing else looks at it."""

    async def ask(
        self,
        stage: str,
        role: ResolvedRole,
        prompt: Prompt,
        values: Mapping[str, object],
        subject_id: UUID,
        read: Callable[[str], T],
        tries: int | None = None,
    ) -> Asked[T]:
        """Ask until an answer can be read, at most `tries` times; each question is a numbered sample.

        `tries` is `samples_per_item` if left out. With 1, the temperature stays the same, also when an earlier run has
        asked before.

        The row of the last call is left to the caller, who commits it together with what the answer makes; earlier
        ones are committed here. An item ends with the fault of its last sample. Raises EndpointError.
        """
        messages = prompt.render(**values)
        question = Question(stage, role, prompt.hash, subject_id).next_unused(self.lost)
        while True:
            try:
                reply = await self._send(question, messages, warmer=question.sample > 0 and tries != 1)
            except (EndpointError, BudgetError) as error:
                await self.record_failure(question, error)
                raise
            value, failure = _read(reply, read)
            call = self.ledger_row(question, reply, in_words(failure))
            self.counts.note(stage, calls=1)
            if failure is None or failure.code in FINAL or question.is_last(tries or self.settings.samples_per_item):
                return Asked(value, failure, call)
            question = question.again()
            await self.store.write(call)
            self.lost.add(call.id)

    async def ask_once(
        self,
        stage: str,
        role: ResolvedRole,
        prompt: str,
        values: Mapping[str, object],
        row_id: UUID,
        read: Callable[[str], T],
        make: Callable[[Asked[T]], RowT],
        known: Mapping[UUID, RowT] = MappingProxyType({}),
    ) -> RowT:
        """The row of an answer: the known one, else one made of an answer that is asked for now and committed with it.

        The row's id is the subject of the question, so nobody pays for it twice. Raises EndpointError, BudgetError.
        """
        if row_id in known:
            return known[row_id]
        asked = await self.ask(stage, role, self.library[prompt], values, row_id, read)
        row = make(asked)
        await self.store.write(asked.call, row)
        return row

    async def _send(self, question: Question, messages: list[Any], warmer: bool) -> Reply:
        role = question.role

        def interrupted(spent: Spending) -> None:
            self.interrupted.append(self.ledger_row(question, spent, INTERRUPTED))

        request = ChatRequest(
            messages=messages,
            model=role.model,
            temperature=max(role.temperature, WARMER) if warmer else role.temperature,
            top_p=role.top_p,
            max_tokens=role.output_limit,
            seed=question.call_id.int % 2**31,
            extra_body=role.extra_body,
            stage=question.stage,
            call_id=question.call_id,
            interrupted=interrupted,
        )
        return await complete(self.clients, role.replicas, request)

    async def record_failure(self, question: Question, error: EndpointError | BudgetError) -> None:
        """Enter the requests of a call that the endpoint's failure or the budget ended."""
        if error.spent is not None:
            why = "endpoint failed" if isinstance(error, EndpointError) else "budget reached"
            await self.store.write(self.ledger_row(question, error.spent, why))

    def ledger_row(self, question: Question, spent: Spending, fault: str | None) -> Call:
        """The row of a call, whose cost is counted from now on.

        A call that brought no Reply has no text to keep, and leaves its number to the next one: its row has another id.
        """
        self.counts.pay(spent.cost)
        kept = self.settings.raw_answers
        reply = spent if isinstance(spent, Reply) else None
        keep = kept == "all" or (kept == "refused" and fault is not None)
        call_id = question.call_id
        return Call(
            id=call_id if reply else content_id("failed call", str(call_id), str(uuid4())),
            run_id=self.run_id,
            stage=question.stage,
            role=question.role.name,
            subject_id=question.subject_id,
            sample=question.sample,
            endpoint=spent.endpoint,
            model=question.role.model,
            prompt=question.prompt,
            fault=fault,
            finish_reason=reply and reply.finish_reason,
            attempts=spent.attempts,
            input_tokens=spent.input_tokens,
            cached_tokens=spent.cached_tokens,
            output_tokens=spent.output_tokens,
            reasoning_tokens=spent.reasoning_tokens,
            seconds=spent.seconds,
            text=reply.text if reply and keep else None,
            reasoning=(reply.reasoning or None) if reply and keep else None,
            ended_at=utc_now(),
            cost=spent.cost,
            presumed_tokens=spent.presumed_tokens,
        )

    def pass_id(self, stage: str, problem_id: UUID) -> UUID:
        """Id of the row that says a problem passed a stage."""
        return content_id("pass", stage, str(problem_id), str(self.recipes[stage]))

    def reject_id(self, stage: str, subject_id: UUID) -> UUID:
        """Id of the row that says an item ended at a stage."""
        return content_id("reject", stage, str(subject_id), str(self.recipes[stage]))

    async def undecided(self, stage: str, problem_ids: Iterable[UUID]) -> set[UUID]:
        """Problems that have neither passed nor failed a stage under its present recipe."""
        ids = set(problem_ids)
        return ids - await self.passed(stage, ids) - await self.rejected(stage, ids)

    async def passed(self, stage: str, problem_ids: Iterable[UUID]) -> set[UUID]:
        """Those of some problems that passed a stage under its present recipe."""
        rows = {self.pass_id(stage, problem_id): problem_id for problem_id in problem_ids}
        return {rows[key] for key in await self.store.existing(Pass, rows)}

    async def rejected(self, stage: str, subject_ids: Iterable[UUID]) -> set[UUID]:
        """Those of some items that ended at a stage under its present recipe."""
        rows = {self.reject_id(stage, subject_id): subject_id for subject_id in subject_ids}
        return {rows[key] for key in await self.store.existing(Reject, rows)}

    def accept(
        self, stage: str, problem_id: UUID, score: float | None, difficulty: Difficulty | None, solution_id: UUID | None
    ) -> Pass:
        """A row that lets a problem pass a stage."""
        return Pass(
            id=self.pass_id(stage, problem_id),
            recipe=self.recipes[stage],
            stage=stage,
            problem_id=problem_id,
            score=score,
            difficulty=difficulty,
            solution_id=solution_id,
        )

    def ended(self, stage: str, subject_id: UUID, failure: Failure | None, detail: str = "") -> Reject:
        """A row that ends an item for the failure of its last call; the server's own words go into the detail."""
        failure = failure or Failure("empty", "no answer")
        reason = failure.group
        told = detail if reason == failure.words else f"{failure.words} {detail}".strip()
        return self.reject(stage, subject_id, reason, told)

    def reject(
        self, stage: str, subject_id: UUID, reason: str, detail: str = "", seed_id: UUID | None = None
    ) -> Reject:
        """A row that ends an item at a stage. `reason` is short and groupable; `detail` is for the reader."""
        self.counts.rejected[stage, reason] += 1
        return Reject(
            id=self.reject_id(stage, subject_id),
            recipe=self.recipes[stage],
            stage=stage,
            subject_id=subject_id,
            reason=reason,
            detail=detail[:1000],
            seed_id=seed_id,
        )


def _read(reply: Reply, read: Callable[[str], T]) -> tuple[T | None, Failure | None]:
    if reply.failure is not None:
        return None, reply.failure
    try:
        return read(reply.text), None
    except Unparseable as error:
        return None, Failure("unparseable", f"unparseable: {error}")


_current: ContextVar[RunContext | None] = ContextVar("gsdp_run_context", default=None)


def current() -> RunContext | None:
    """The run context of the running flow, if one is open."""
    return _current.get()


def run_context() -> RunContext:
    """The run context of the running flow."""
    found = _current.get()
    if found is None:
        raise RuntimeError("no run context is open: call this inside `open_run`")
    return found


@contextmanager
def using(context: RunContext) -> Iterator[None]:
    """Make `context` the one that `run_context()` gives, for as long as the `with` block lasts."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines side by side; the first error cancels the rest and is raised.

    Unlike `asyncio.gather`, nothing is left running behind the error, so nothing of a first attempt is still at work
    when Prefect retries a task. At the end of the budget, what is under way is paid for and ends before BudgetReached
    is raised.
    """
    reached: list[BudgetReached] = []

    async def to_its_end(item: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await item
        except BudgetReached as error:
            reached.append(error)
            return None

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(to_its_end(item)) for item in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    if reached:
        raise reached[0]
    return [cast("T", task.result()) for task in tasks]
