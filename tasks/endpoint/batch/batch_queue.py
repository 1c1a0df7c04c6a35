"""The calls of an endpoint that may wait: its Batch API, where a file of requests is answered within hours.

Calls gather until there are enough for a batch, or none has come for a moment. What they may cost at most is set aside
before; which calls a batch holds is committed before it exists, and what the server calls it before it is looked at.
So after a crash each call finds its batch again: by its name there, or by the file of its requests, which the server
repeats. A request that came to nothing (expired, cancelled, a fault of the moment) goes into a later batch.

It keeps the books of what it sent; the protocol is `api`'s part, and reading texts that of `replies`. It does not
protect against a server that forgets a batch: then its calls are paid for again.
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from graph import ledger
from graph.errors import BudgetError, EndpointError, EndpointRefused
from tasks.endpoint.batch.api import PATH, BatchApi, Line
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.dialect import ADAPTABLE, Dialect
from tasks.endpoint.faults import Failure, Fault, gave_up, read_status, remedy
from tasks.endpoint.money.budget import BudgetAccount, Meter, most_output
from tasks.endpoint.money.prices import Price
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import NO_USAGE, CallUse, ChatRequest, Reply, ReplyContent, Usage, read_answer
from tasks.endpoint.thoughts import KNOWN, Marks, marks
from tasks.settings.endpoints import BatchCalls, Endpoint
from tasks.store.database import Store

QUIET = 3.0
"""Seconds without a new call after which those that have gathered are sent."""
LARGEST_FILE = 100_000_000
"""Bytes of a file of requests; hosted servers take 100 to 200 MB."""
QUEUE_WAIT = 60.0
"""Seconds after which a batch is offered again for which the server's queue had no room."""


class _Job(NamedTuple):
    """One request of a batch."""

    line: bytes
    worst: float


@dataclass(eq=False)
class _Batch:
    """Calls to one model that go together: servers take no others. It gathers, is sent, stored, begun and collected."""

    stored: asyncio.Future[None]
    """Done when the server has its file and the store its calls."""
    id: UUID = field(default_factory=uuid4)
    jobs: dict[UUID, _Job] = field(default_factory=dict)
    """What gathers, until it is sent."""
    size: int = 0
    file: str = ""
    remote: str | None = None
    earlier: bool = False
    """Whether an earlier run has sent it."""
    unsure: bool = False
    """Whether the server may have begun it, although nobody here has heard so."""
    results: dict[str, Line] | None = None
    """What came of its requests, by the ids of their calls, once it has ended."""
    following: asyncio.Task[None] | None = None
    lost: bool = False
    """Whether the server began it and knows it no more, so that it may have billed anything."""


@dataclass
class _Progress:
    """What one call has been through."""

    ended: bool = False
    failure: Failure | None = None
    """Why it ended without a usable answer."""
    answer: ReplyContent = field(default_factory=ReplyContent)
    used: CallUse = field(default_factory=CallUse)
    """Without seconds: how long the server worked on it, nobody says."""
    last: FaultCode | None = None
    """The fault of the attempt before."""


class BatchQueue:
    """The batches of one endpoint. One instance serves any number of tasks of one event loop.

    `sleep` and `clock` (seconds, monotonic) are parameters so that tests never wait.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        key: str | None,
        profiles: Mapping[str, Profile] | None,
        prices: Mapping[str, Price | None],
        account: BudgetAccount,
        store: Store,
        run_id: UUID,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is sent yet; `open` must be awaited first. `prices`, by model, are those of other calls."""
        assert endpoint.batch is not None
        rule: BatchCalls = endpoint.batch
        self.stages: tuple[str, ...] = rule.stages
        self.waiting = 0
        """Calls that wait for their batch."""
        self._name, self._endpoint, self._rule = name, endpoint, rule
        self._api = BatchApi(name, endpoint, rule.window, key, sleep, clock)
        # An answer that comes as a file comes in one piece.
        self._marks = marks(endpoint.thought_tags)
        self._dialect = Dialect(endpoint.model_copy(update={"stream": False}), profiles or {})
        cheaper = {model: price and _times(price, rule.price_factor) for model, price in prices.items()}
        self._meter = Meter(name, cheaper, account, endpoint.timeout, clock, together=True)
        self._account, self._store, self._run_id = account, store, run_id
        self._sleep, self._clock = sleep, clock
        self._gathering: dict[str, _Batch] = {}
        self._sent: dict[UUID, _Batch] = {}
        """The batch of each call whose answer is still to be collected."""
        self._held: dict[UUID, float] = {}
        """What is set aside for calls under way that nobody waits for now."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Find what earlier runs have sent and not collected, and answer for what it may cost."""
        batches: dict[UUID, _Batch] = {}
        owed: dict[UUID, float] = {}
        for call_id, worst, key, file, remote, run_id, unit in await self._store.fetch(OPEN_CALLS, [self._api.address]):
            if key not in batches:
                batches[key] = _Batch(_done(), key, file=file, remote=remote, earlier=True, unsure=True)
            self._sent[call_id] = batches[key]
            if self._account.budget and unit == self._account.unit:
                self._held[call_id] = worst
                owed[run_id] = owed.get(run_id, 0.0) + worst
        if owed:
            # The new lease first: a crash between the two counts it twice, and never not at all.
            await self._account.take_over(sum(owed.values()))
            less = "UPDATE leases SET amount = greatest(0, amount - ?) WHERE run_id = ?"
            mine = ("UPDATE batches SET run_id = ? WHERE run_id IN (SELECT unnest(?::UUID[]))", [self._run_id, [*owed]])
            await self._store.write(statements=[*((less, [amount, run]) for run, amount in owed.items()), mine])

    async def close(self) -> None:
        """Let go of what is under way; the next run finds it again. Must be awaited before the event loop ends."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worst in self._held.values():
            self._account.settle(worst, worst, standing=True)
        self._held.clear()
        await self._api.close()

    def hear_contexts(self, listed: Mapping[str, int]) -> None:
        """Take in the contexts in the server's list of models."""
        self._dialect.hear_contexts(listed)

    async def complete(self, request: ChatRequest) -> Reply:
        """One chat completion, hours later. Raises EndpointError or BudgetError; all else is a Reply."""
        call = _Progress()
        self.waiting += 1
        try:
            while not call.ended:
                await self._go(request, call)
            return call.answer.reply(call.used.spending(self._name), call.failure, self._api.secrets)
        except (EndpointError, BudgetError) as error:
            # One error ends all calls of a batch, and each has spent something else.
            own = copy.copy(error)
            own.spent = call.used.spending(self._name) if call.used.attempts else None
            raise own from error
        finally:
            self.waiting -= 1

    async def _go(self, request: ChatRequest, call: _Progress) -> None:
        """One attempt; the call has ended then, unless it is worth another try."""
        body = self._dialect.chat(request)
        line = await self._paid(request, body, call)
        call.used.attempts += 1
        if line is None:
            fault, words = Fault("transient", "not_in_time", "not answered in time"), ""
        else:
            call.answer, fault_of_it, words = _read(line, self._marks)
            call.used.usage = call.used.usage.plus(call.answer.usage)
            if fault_of_it is None:
                call.ended = True
                return
            fault = fault_of_it
        reason = self._api.scrub(fault.reason)
        if fault.kind == "fatal":
            raise EndpointRefused(f"{self._api.where} {reason}. {remedy(fault)}")
        if fault.code in ADAPTABLE and self._dialect.adapt(body, request.extra_body, words)[0]:
            return
        again = fault.once and call.last == fault.code
        call.last = fault.code
        if fault.kind == "permanent" or again:
            call.ended, call.failure = True, Failure(fault.code, reason)
        elif call.used.attempts >= self._endpoint.attempts:
            call.ended, call.failure = True, gave_up(fault, call.used.attempts, reason)

    async def _paid(self, request: ChatRequest, body: dict[str, Any], call: _Progress) -> Line | None:
        """What the server answers in a batch, None where it does not; its price is in the books."""
        call_id = request.call_id or uuid4()
        content = {"custom_id": str(call_id), "method": "POST", "url": PATH, "body": body}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        held = self._held.pop(call_id, 0.0)
        self._account.settle(held, 0.0, standing=True)  # and set aside again at once
        try:
            bill = await self._meter.begin(request.model, len(text), most_output(body))
        except BaseException:
            self._hold(call_id, held)
            raise
        usage: Usage | None = NO_USAGE
        under_way = False
        try:
            batch = self._sent.get(call_id) or self._join(call_id, request.model, _Job(text, bill.worst))
            try:
                line = await self._collect(batch, call_id)
            except BaseException:
                under_way = self._is_under_way(batch, call_id)
                raise
            usage = None if batch.lost else _billed(line)
            return line
        finally:
            cost, presumed = self._meter.end(bill, usage)
            if under_way:
                self._hold(call_id, bill.worst)
            call.used.charge(None if under_way else cost, presumed)

    def _hold(self, call_id: UUID, worst: float) -> None:
        """Keep set aside what a call under way may cost, although nobody waits for it."""
        if worst:
            self._held[call_id] = worst
            self._account.hold(worst)

    # Sending

    def _join(self, call_id: UUID, model: str, job: _Job) -> _Batch:
        """The batch that a call goes with; it leaves when it is full, or when no call has come for a while."""
        batch = self._gathering.get(model)
        if batch is None:
            batch = self._gathering[model] = _Batch(asyncio.get_running_loop().create_future())
            self._start(self._leave_when_quiet(model, batch))
        batch.jobs[call_id] = job
        batch.size += len(job.line)
        self._sent[call_id] = batch
        if len(batch.jobs) >= self._rule.requests or batch.size >= LARGEST_FILE:
            del self._gathering[model]
            self._start(self._send(batch))
        return batch

    async def _leave_when_quiet(self, model: str, batch: _Batch) -> None:
        seen = 0
        while self._gathering.get(model) is batch and seen < len(batch.jobs):
            seen = len(batch.jobs)
            await self._sleep(QUIET)
        if self._gathering.get(model) is batch:
            del self._gathering[model]
            await self._send(batch)

    def _is_under_way(self, batch: _Batch, call_id: UUID) -> bool:
        """Whether the server has, or may get, a call that nobody waits for any more; one that only gathers stays."""
        if batch in self._gathering.values():
            del batch.jobs[call_id], self._sent[call_id]
        return call_id in self._sent

    async def _send(self, batch: _Batch) -> None:
        """Give the server the file of the requests, and commit which calls are in it."""
        jobs, batch.jobs = batch.jobs, {}
        if not jobs:
            return
        try:
            batch.file = await self._api.upload([job.line for job in jobs.values()])
            row = ledger.Batch(
                id=batch.id,
                run_id=self._run_id,
                server=self._api.address,
                file=batch.file,
                remote=None,
                sent_at=ledger.utc_now(),
                number=(await self._store.fetch("SELECT coalesce(max(number), 0) + 1 FROM batches"))[0][0],
            )
            calls = (ledger.BatchedCall(call_id=key, batch=batch.id, worst=job.worst) for key, job in jobs.items())
            await self._store.write(row, *calls)
        except Exception as error:
            for call_id in jobs:
                self._sent.pop(call_id, None)
            batch.stored.set_exception(error)
            batch.stored.exception()  # those who waited may be gone
        else:
            batch.stored.set_result(None)

    # Collecting

    async def _collect(self, batch: _Batch, call_id: UUID) -> Line | None:
        await asyncio.shield(batch.stored)
        if batch.results is None:
            if batch.following is None or batch.following.done():
                batch.following = self._start(self._follow(batch))
            await asyncio.shield(batch.following)
        self._sent.pop(call_id, None)
        return (batch.results or {}).get(str(call_id))

    async def _follow(self, batch: _Batch) -> None:
        """See a batch through to its end. What the server has forgotten, or never took, is sent another time."""
        while True:
            remote = await self._begin(batch)
            state = await self._api.watch(remote) if remote else None
            if state is None:
                batch.lost = batch.remote is not None
                await self._forget(batch)
                return
            if state.get("status") != "failed":
                batch.results = await self._api.results(state)
                return
            batch.remote = None
            words = self._api.complaint(state)
            if "token_limit_exceeded" in words and self._others_under_way(batch):
                await self._sleep(QUEUE_WAIT)
                continue
            await self._forget(batch)
            if batch.earlier:
                return
            raise EndpointRefused(f"{self._api.where} refuses a batch: {words}. {FAILED}")

    async def _begin(self, batch: _Batch) -> str | None:
        """Have the server begin a batch, once; None where its file is gone."""
        if batch.remote is None:
            unsure, batch.unsure = batch.unsure, True
            batch.remote = await self._api.begin(batch.file, unsure, batch.earlier)
            known = ("UPDATE batches SET remote = ? WHERE id = ?", [batch.remote, batch.id])
            await self._store.write(statements=[known])
        return batch.remote

    async def _forget(self, batch: _Batch) -> None:
        """Its calls are in no batch any more."""
        for call_id in [call_id for call_id, of in self._sent.items() if of is batch]:
            del self._sent[call_id]
            held = self._held.pop(call_id, 0.0)
            self._account.settle(held, held if batch.lost else 0.0, standing=True)
        await self._store.write(statements=[("DELETE FROM batched WHERE batch = ?", [batch.id])])
        batch.results = {}

    def _others_under_way(self, batch: _Batch) -> bool:
        others = {other.id for other in self._sent.values() if other.remote is not None and other.results is None}
        return bool(others - {batch.id})

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def _times(price: Price, factor: float) -> Price:
    return price._replace(
        input=price.input * factor,
        cached=price.cached * factor,
        output=price.output * factor,
        reasoning=price.reasoning * factor,
    )


def _read(line: Line, known: Marks = KNOWN) -> tuple[ReplyContent, Fault | None, str]:
    """An answer, its fault, and the words of a refusal."""
    status, body = line
    if 200 <= status < 300:
        answer = read_answer(body, known)
        return answer, answer.fault, ""
    words = json.dumps(body)
    return ReplyContent(), read_status(status, {}, words), words


def _billed(line: Line | None) -> Usage | None:
    """What is to be paid for an answer: nothing for none or a refusal; None where the server does not say."""
    if line is None or not 200 <= line[0] < 300:
        return NO_USAGE
    usage = _read(line)[0].usage
    return usage if usage.input + usage.output else None


FAILED = "Mend what it names, or lower batch.requests, then run the same command again."

OPEN_CALLS = """
    SELECT c.call_id, c.worst, b.id, b.file, b.remote, b.run_id, l.unit
    FROM batched c JOIN batches b ON b.id = c.batch LEFT JOIN leases l ON l.run_id = b.run_id
    WHERE b.server = ? AND c.call_id NOT IN (SELECT id FROM calls)
    QUALIFY row_number() OVER (PARTITION BY c.call_id ORDER BY b.number DESC) = 1"""
"""Calls without an answer, each in the batch that left last with it."""
