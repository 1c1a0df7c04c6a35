"""One client per endpoint: every request to a model server goes through it.

It owns the retries of transport and load, and the deadline of an attempt. Its admission decides when a request may
leave, its dialect how the body is worded, and its circuit breaker what a failure means. It does not judge text, count
money or write to the store. What a caller sees:

    a Reply without fault     an answer to parse
    a Reply with a fault      this item can have no answer; record the reason and go on
    EndpointDown              no call gets an answer now; the same call may work later
    EndpointRefused           no call will, until a person fixes key, model, address or account
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from tenacity import AsyncRetrying, retry_if_exception_type

from graph.errors import BudgetError, EndpointDown, EndpointError
from tasks.endpoint.batch.batch_queue import BatchQueue
from tasks.endpoint.calls import CallAttempts, R, Readable, billed
from tasks.endpoint.circuit import AgainError, CircuitBreaker
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.connection import CONNECT_TIMEOUT, RawResponse, connect
from tasks.endpoint.context import listed_contexts
from tasks.endpoint.dialect import ADAPTABLE, Dialect
from tasks.endpoint.faults import Failure, Fault, read_exception
from tasks.endpoint.health import SILENT_COSTS, AttemptHistory
from tasks.endpoint.load.admission import RANKS, STAGES, Admission, Ticket
from tasks.endpoint.load.concurrency import FIRST, Limit
from tasks.endpoint.load.rates import Rates, per_minute
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.meter import Meter
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import (
    NO_USAGE,
    ChatRequest,
    Reply,
    ReplyContent,
    Usage,
    read_answer,
    read_vectors,
    well_formed,
)
from tasks.endpoint.thoughts import marks
from tasks.settings.endpoints import Endpoint

NOT_SENT: frozenset[FaultCode] = frozenset({"proxy_not_reached", "host_not_found", "connection_refused", "tls_failed"})
"""Faults of an attempt that never reached the server, so that nobody can bill it."""

LISTING_TIMEOUT = 5.0
"""Seconds for the list of models, which no call needs."""

LOG = logging.getLogger("gsdp")


class KnownGood(NamedTuple):
    """A request that was answered; sending it again shows whether the endpoint works."""

    body: dict[str, Any]
    content: bytes
    read: Callable[[object], Readable]
    output: int
    """Tokens that it took."""


class Moved(EndpointDown):
    """The endpoint is silent, and the call may try another one. Only `tasks.endpoint.replicas` catches it."""


class Client:
    """Calls one endpoint. One instance serves any number of tasks of one event loop.

    `sleep` and `clock` (seconds, monotonic) are parameters so that tests never wait.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        key: str | None,
        profiles: Mapping[str, Profile] | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        meter: Meter | None = None,
    ) -> None:
        """Nothing is sent yet. `profiles`, by model, hold what `gsdp doctor` found out.

        `meter` knows prices and budget; without one, costs are unknown and not limited. Raises SettingsError when a
        header's variable or the CA file is missing.
        """
        profiles = profiles or {}
        self.name = name
        self.endpoint = endpoint
        self.served = 0
        """Calls that were sent and have ended, with or without a usable answer."""
        self.attempts = 0
        """Requests sent."""
        self.refused = 0
        """Attempts that the server turned away because it was busy."""
        self.batch_queue: BatchQueue | None = None
        """Takes the calls that may wait for a batch."""
        self._connection = connect(endpoint, key)
        self._chat_url = self._connection.url("/chat/completions")
        self._embeddings_url = self._connection.url("/embeddings")
        self._clock = clock
        self._dialect = Dialect(endpoint, profiles)
        self._read_answer = partial(read_answer, known=marks(endpoint.thought_tags))
        rates = Rates({kind: per_minute(most, clock()) for kind, most in _limits(endpoint).items()})
        known = [profile.concurrency for profile in profiles.values() if profile.concurrency]
        self.admission = Admission(Limit(endpoint.concurrency, max(known, default=FIRST)), rates, clock, sleep)
        address, secrets = self._connection.address, self._connection.secrets
        self.circuit = CircuitBreaker(name, address, secrets, endpoint, self.admission, clock, sleep)
        self._meter = meter or Meter(name, {}, BudgetAccount(None), endpoint.timeout, clock)
        self._on_wire: dict[int, float] = {}
        self._answered: dict[tuple[str, str], KnownGood] = {}
        self._probing = asyncio.Lock()

    @property
    def in_flight(self) -> int:
        """Requests on the wire now."""
        return self.admission.in_flight

    @property
    def limited_for(self) -> float:
        """Seconds until the server's limits allow the next call; 0 while a request is in flight."""
        if self.in_flight:
            return 0.0
        return max(self.admission.opens_in, self.circuit.resting_until - self._clock(), 0.0)

    def batches(self, stage: str) -> bool:
        """Whether the calls of a stage travel in batches."""
        return self.batch_queue is not None and stage in self.batch_queue.stages

    def __repr__(self) -> str:
        return f"Client({self.name!r}, {self._connection.address!r})"

    async def learn_contexts(self) -> None:
        """Ask once for the list of models, to learn their contexts. Servers without one are fine."""
        try:
            async with asyncio.timeout(LISTING_TIMEOUT):
                raw = await self._connection.get(self._connection.url("/models"))
            listed = listed_contexts(raw.json()) if raw.status == 200 else {}
        except (ValueError, RecursionError):
            return
        except Exception as error:
            if read_exception(error) is None:
                raise
            return
        self._dialect.hear_contexts(listed)
        if self.batch_queue is not None:
            self.batch_queue.hear_contexts(listed)

    async def complete(self, request: ChatRequest, movable: bool = False) -> Reply:
        """One chat completion. Raises EndpointDown or EndpointRefused; all else is a Reply.

        A `movable` call raises Moved rather than wait for an endpoint that is silent.
        """
        if self.batch_queue is not None and self.batches(request.stage):
            try:
                return await self.batch_queue.complete(request)
            finally:
                self.served += 1
        make = partial(self._dialect.chat, request)
        history = self.circuit.begin(request.model, request.call_id)
        call = self._call(self._chat_url, make, self._read_answer, request.extra_body, history)
        call.ticket.rank, call.ticket.max_tokens = RANKS.get(request.stage, len(STAGES)), request.max_tokens
        call.ticket.movable = movable
        try:
            value, fault = await self._run(call)
        except asyncio.CancelledError:
            if request.interrupted and call.used.attempts:
                request.interrupted(call.used.spending(self.name))
            raise
        return call.reply(self.name, value or ReplyContent(), fault)

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any] | None = None, movable: bool = False
    ) -> tuple[list[list[float]], Reply]:
        """One vector per text, in order, or none when the reply has a fault. Raises as `complete` does.

        `extra_body` holds further fields of the body, such as `dimensions`; they win over the endpoint's own.
        """
        texts, own = [well_formed(text) for text in texts], extra_body or {}
        make = partial(self._dialect.embeddings, model, texts, own)
        read = partial(read_vectors, expected=len(texts))
        call = self._call(self._embeddings_url, make, read, own, self.circuit.begin(model, None))
        call.ticket.rank, call.ticket.movable = RANKS["connect"], movable
        value, fault = await self._run(call)
        return (value.vectors if value and not fault else []), call.reply(self.name, ReplyContent(), fault)

    async def close(self) -> None:
        """Close the connections; must be awaited before the event loop ends."""
        await self.admission.close()
        await self._connection.close()

    def _call(
        self,
        url: str,
        make: Callable[[], dict[str, Any]],
        read: Callable[[object], R],
        own: Mapping[str, Any],
        history: AttemptHistory,
    ) -> CallAttempts[R]:
        call = CallAttempts(url, make, read, own, history, self.circuit.outages, self._connection.secrets)
        call.word()
        return call

    async def _run(self, call: CallAttempts[R]) -> tuple[R | None, Failure | None]:
        """Attempts until there is a value, a fault of the item, or an error of the endpoint."""
        try:
            try:
                return await self._attempt(call)
            except AgainError:
                return await self._retry(call)
        except (EndpointError, BudgetError) as error:
            # Requests that were sent must be in the ledger.
            error.spent = call.used.spending(self.name) if call.used.attempts else None
            raise error from error.__cause__
        finally:
            self.served += call.used.attempts > 0

    async def _retry(self, call: CallAttempts[R]) -> tuple[R | None, Failure | None]:
        """All attempts after the first. The first goes without tenacity, which would cost a sixth of the throughput."""
        circuit = self.circuit
        await circuit.pause(circuit.seconds_to_wait(call.history))
        retrying = AsyncRetrying(
            sleep=circuit.pause,
            wait=lambda _: circuit.seconds_to_wait(call.history),
            retry=retry_if_exception_type(AgainError),
            reraise=True,
        )
        outcome: tuple[R | None, Failure | None] = await retrying(self._attempt, call)
        return outcome

    async def _attempt(self, call: CallAttempts[R]) -> tuple[R | None, Failure | None]:
        while True:
            value, fault, words = await self._send(call)
            if fault is None and value is not None:
                self.circuit.usable(call.history)
                self._remember(call, value)
                return value, None
            if fault is not None and not self._adapt(call, fault, words):
                failure = self.circuit.judge(call, fault, self._is_at_work())
                return value, failure or await self._probe(call, fault)

    async def _send(self, call: CallAttempts[R]) -> tuple[R | None, Fault | None, str]:
        """One request once admission lets it out; adds its usage to the call."""
        await self._enter(call)
        value, fault, words = await self._exchange(call)
        if value is not None:
            call.used.usage = call.used.usage.plus(value.usage)
        return value, fault, words

    def _remember(self, call: CallAttempts[Any], value: Readable) -> None:
        """Keep the cheapest request of each model that was answered."""
        kind = call.url, call.history.model
        known = self._answered.get(kind)
        if known is None or value.usage.output < known.output:
            self._answered[kind] = KnownGood(call.body, call.content, call.read, value.usage.output)

    async def _probe(self, call: CallAttempts[Any], own: Fault) -> Failure:
        """Find out whether the item or the endpoint is at fault, by sending a request that was answered before.

        The probe is charged to the call that needs it. Calls that need one at the same time share a single probe.
        """
        circuit, seen = self.circuit, self.circuit.probes(call.history)
        async with self._probing:
            if circuit.probes(call.history) != seen:
                return circuit.probed_meanwhile(call, own)
            asked = call.body, call.content, call.read
            known = self._answered[call.url, call.history.model]
            call.body, call.content, call.read = known.body, known.content, known.read
            try:
                _, found, _ = await self._send(call)
            finally:
                call.body, call.content, call.read = asked
            return circuit.probed(call, own, found)

    def _adapt(self, call: CallAttempts[Any], fault: Fault, words: str) -> bool:
        """Whether the server refused a parameter that can be left out; if so, the body is made again without it."""
        if fault.code not in ADAPTABLE:
            return False
        name, is_new = self._dialect.adapt(call.body, call.own, words)
        if is_new:
            LOG.warning("%s refuses %s; from now on it is asked without, or for less.", self.circuit.where, name)
        if name:
            call.word()
            self.circuit.retries += 1
        return bool(name)

    async def _enter(self, call: CallAttempts[Any]) -> None:
        """Wait until the request may leave. Waiting calls raise the error when the endpoint turns out to be down."""
        self.circuit.check(call.outages)
        admission, ticket = self.admission, call.ticket
        if ticket.movable and admission.paused and not admission.probe_due:
            raise Moved(self.circuit.where)
        let_out = await admission.enter(ticket)
        try:
            self.circuit.check(call.outages)  # the call that made room may have found the endpoint down
        except EndpointError:
            if let_out:
                admission.leave(ticket)
            raise
        if not let_out:
            raise Moved(self.circuit.where)

    async def _exchange(self, call: CallAttempts[R]) -> tuple[R | None, Fault | None, str]:
        """Send one request: the value of a 200, or the fault and the words of anything else."""
        ticket = call.ticket
        try:
            bill = await self._meter.begin(call.body["model"], len(call.content), call.most_output)
        except BaseException:
            self.admission.leave(ticket)
            raise
        try:
            # The endpoint may have failed while this call waited for others to be billed.
            self.circuit.check(call.outages)
        except EndpointError:
            self._meter.end(bill, NO_USAGE)
            self.admission.leave(ticket)
            raise
        self.attempts += 1
        call.used.attempts += 1
        ticket.again = True
        began = self._on_wire[call.history.number] = self._clock()
        usage: Usage | None = None  # None: counts at the worst case
        try:
            try:
                async with asyncio.timeout(self.endpoint.timeout):
                    raw = await self._connection.post(call.url, call.content)
            finally:
                call.used.seconds += self._clock() - began
                del self._on_wire[call.history.number]
            found = call.understand(raw)
            usage = billed(raw, found[0], self._clock() - began)
            self._learn(ticket, found[0], found[1], raw)
            return found
        except Exception as error:
            fault = self._read_exception(error)
            if fault is None:
                raise
            usage = NO_USAGE if fault.code in NOT_SENT else None
            self._learn(ticket, None, fault, None)
            return None, fault, ""
        finally:
            call.used.charge(*self._meter.end(bill, usage))
            self.admission.leave(ticket)

    def _learn(self, ticket: Ticket, value: Readable | None, fault: Fault | None, raw: RawResponse | None) -> None:
        """Update the limits from what an exchange says, before the next request is let out."""
        admission = self.admission
        rates = admission.rates
        kind = fault.kind if fault else ""
        if kind not in SILENT_COSTS:
            admission.limit.answered(admission.in_flight)
            self.circuit.spoke()
        elif kind == "busy":
            self.refused += 1
            admission.limit.refused(ticket.number, admission.in_flight - 1)
        elif kind == "slow":
            admission.limit.timed_out(ticket.number)
        if raw is not None and raw.tells_limits():
            now = self._clock()
            rates.hear(raw.header_lines(), admission.limit.sent - ticket.number, now - ticket.sent_at, now)
            if kind == "busy" and fault and fault.retry_after:
                rates.close(now + fault.retry_after)
        if value is not None and ticket.cost is not None:
            rates.settle(ticket.cost, value.usage.input, value.usage.output, self._clock())

    def _read_exception(self, error: Exception) -> Fault | None:
        if type(error) is TimeoutError:
            return Fault("slow", "not_in_time", f"no complete answer within {self.endpoint.timeout:g} s")
        return read_exception(error)

    def _is_at_work(self) -> bool:
        """Whether a request has been in flight for longer than a refusal takes."""
        now = self._clock()
        return now - next(iter(self._on_wire.values()), now) > CONNECT_TIMEOUT


def _limits(endpoint: Endpoint) -> dict[str, float]:
    """The limits per minute that the settings name."""
    named = {"requests": endpoint.rpm, "input": endpoint.input_tpm, "output": endpoint.output_tpm}
    return {kind: most for kind, most in named.items() if most is not None}
