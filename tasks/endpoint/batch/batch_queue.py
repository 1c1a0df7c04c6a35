"""The calls of an endpoint that may wait: its Batch API, where a file of requests is answered within hours.

What a call may cost at most is set aside before it goes into a batch (`batches`). A request that came to nothing
(expired, cancelled, a fault of the moment) goes into a later one.

It keeps the books of what it sent; the protocol is `api`'s part, and reading texts that of `replies`. It does not
protect against a server that forgets a batch: then its calls are paid for again.
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from graph.errors import BudgetError, EndpointError, EndpointRefused
from tasks.endpoint.batch.api import PATH, BatchApi, Line
from tasks.endpoint.batch.batches import Batches, Job
from tasks.endpoint.batch.held import HeldAmounts
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.dialect import ADAPTABLE, Dialect
from tasks.endpoint.faults import Failure, Fault, gave_up, read_status, remedy
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.meter import Meter, most_output
from tasks.endpoint.money.prices import Price
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import NO_USAGE, CallUse, ChatRequest, Reply, ReplyContent, Usage, read_answer
from tasks.endpoint.thoughts import KNOWN, Marks, marks
from tasks.settings.endpoints import BatchCalls, Endpoint
from tasks.store.database import Store


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
        self._name, self._endpoint = name, endpoint
        self._api = BatchApi(name, endpoint, rule.window, key, sleep, clock)
        # An answer that comes as a file comes in one piece.
        self._marks = marks(endpoint.thought_tags)
        self._dialect = Dialect(endpoint.model_copy(update={"stream": False}), profiles or {})
        cheaper = {model: price and _times(price, rule.price_factor) for model, price in prices.items()}
        self._meter = Meter(name, cheaper, account, endpoint.timeout, clock, together=True)
        self._account, self._store, self._run_id = account, store, run_id
        self.held = HeldAmounts(account)
        self._batches = Batches(self._api, rule, store, run_id, self.held, sleep)

    async def open(self) -> None:
        """Find what earlier runs have sent and not collected, and answer for what it may cost."""
        owed: dict[UUID, float] = {}
        for call in await self._batches.find():
            if self._account.budget and call.unit == self._account.unit:
                self.held.inherit(call.id, call.worst)
                owed[call.run_id] = owed.get(call.run_id, 0.0) + call.worst
        if owed:
            # The new lease first: a crash between the two counts it twice, and never not at all.
            await self._account.take_over(sum(owed.values()))
            less = "UPDATE leases SET amount = greatest(0, amount - ?) WHERE run_id = ?"
            mine = ("UPDATE batches SET run_id = ? WHERE run_id IN (SELECT unnest(?::UUID[]))", [self._run_id, [*owed]])
            await self._store.write(statements=[*((less, [amount, run]) for run, amount in owed.items()), mine])

    async def close(self) -> None:
        """Let go of what is under way; the next run finds it again. Must be awaited before the event loop ends."""
        await self._batches.close()
        self.held.close()
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
            return call.answer.reply(call.used.amounts(self._name), call.failure, self._api.secrets)
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
        held = self.held.let_go(call_id)  # and set aside again at once
        try:
            bill = await self._meter.begin(request.model, len(text), most_output(body))
        except BaseException:
            self.held.keep(call_id, held)
            raise
        usage: Usage | None = NO_USAGE
        under_way = False
        try:
            batch = self._batches.join(call_id, request.model, Job(text, bill.worst))
            try:
                line = await self._batches.collect(batch, call_id)
            except BaseException:
                under_way = self._batches.abandon(batch, call_id)
                raise
            usage = None if batch.lost else _billed(line)
            return line
        finally:
            cost, presumed = self._meter.end(bill, usage)
            if under_way:
                self.held.keep(call_id, bill.worst)
            call.used.charge(None if under_way else cost, presumed)


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
