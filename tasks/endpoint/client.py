"""One client per endpoint: the only door through which a request leaves.

It owns the retries of transport and load, the deadline of an attempt, and the knowledge that an endpoint is down; when
a request may leave is its admission's to say, and how it is worded its dialect's. It does not judge text, count money
or write anything down. What a caller sees:

    a Reply without fault     an answer to parse
    a Reply with a fault      this item can have no answer; write the reason down and go on
    EndpointDown              nobody gets an answer now; the same call may work later
    EndpointRefused           nobody will, until a person mends key, model, address or account
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type

from graph.errors import BudgetError, EndpointDown, EndpointError, EndpointRefused
from tasks.endpoint.admission import MOST_PROBE_WAIT, RANKS, STAGES, Admission, Ticket
from tasks.endpoint.answers import NO_USAGE, Answer, ChatRequest, Reply, Usage, read_answer, read_vectors, well_formed
from tasks.endpoint.batches import Lane
from tasks.endpoint.budget import Meter, Purse, most_output
from tasks.endpoint.config import Endpoint
from tasks.endpoint.connection import CONNECT_TIMEOUT, Raw, connect
from tasks.endpoint.dialect import Dialect
from tasks.endpoint.faults import Fault, read_exception, read_status, remedy, scrub
from tasks.endpoint.health import SILENT_COSTS, Health, Trial, Verdict
from tasks.endpoint.limit import FIRST, Limit
from tasks.endpoint.profiles import Profile
from tasks.endpoint.rates import Rates, per_minute
from tasks.endpoint.streaming import CutShort

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds: between two attempts lies anything from 0 to 1, 2, 4, ... 30."""

LONGEST_RETRY_AFTER = 900.0
"""Seconds. A server that asks for more has closed for the day, and waiting in silence would hide that."""

SILENCE = 10
"""Failures without an answer, in a row, after which an endpoint is only probed."""

LOG = logging.getLogger("gsdp")


class Moved(EndpointDown):
    """The endpoint is silent, and the call may try another. Only `tasks.endpoint.replicas` meets it."""


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
        """Nothing is sent yet. `profiles`, by model, are what is known beforehand.

        `meter` knows prices and budget; without one, calls cost nothing that is known and are not limited. Raises
        SettingsError when a header's variable or the CA file is missing.
        """
        profiles = profiles or {}
        self.name = name
        self.endpoint = endpoint
        self.served = 0
        """Calls that ended, with or without a usable answer."""
        self.attempts = 0
        """Requests sent."""
        self.retries = 0
        """Attempts that were followed by another one."""
        self.refused = 0
        """Attempts that the server turned away because it was busy."""
        self.trouble = ""
        """Why nobody has had an answer lately, while there is still patience."""
        self.lane: Lane | None = None
        """The way of calls that may wait."""
        self._connection = connect(endpoint, key)
        self._chat_url = self._connection.url("/chat/completions")
        self._embeddings_url = self._connection.url("/embeddings")
        self._sleep, self._clock = sleep, clock
        self._dialect = Dialect(endpoint, profiles)
        self._health = Health(attempts=endpoint.attempts, patience=endpoint.outage_patience)
        rates = Rates({kind: per_minute(most, clock()) for kind, most in _limits(endpoint).items()})
        known = [profile.concurrency for profile in profiles.values() if profile.concurrency]
        self.admission = Admission(Limit(endpoint.concurrency, max(known, default=FIRST)), rates, clock, sleep)
        self._meter = meter or Meter(name, {}, Purse(None), endpoint.timeout, clock)
        self._calls = 0
        self._outages = 0
        self._probes = 0
        self._down = ""
        self._refused = ""
        self._waiting: set[asyncio.Timeout] = set()
        self._on_wire: dict[int, float] = {}

    @property
    def in_flight(self) -> int:
        """Requests on the wire now."""
        return self.admission.in_flight

    @property
    def out(self) -> bool:
        """Whether a person must mend something before it answers anybody."""
        return bool(self._refused)

    def batches(self, stage: str) -> bool:
        """Whether the calls of a stage wait for a batch."""
        return self.lane is not None and stage in self.lane.stages

    def __repr__(self) -> str:
        return f"Client({self.name!r}, {self._connection.address!r})"

    async def complete(self, request: ChatRequest, movable: bool = False) -> Reply:
        """One chat completion. Raises EndpointDown or EndpointRefused; all else is a Reply.

        A `movable` call raises Moved rather than wait for an endpoint that is silent.
        """
        if self.lane is not None and self.batches(request.stage):
            try:
                return await self.lane.complete(request)
            finally:
                self.served += 1
        make = lambda: self._dialect.chat(request)  # noqa: E731
        call = self._call(self._chat_url, make, read_answer, request.extra_body)
        call.ticket.rank, call.ticket.max_tokens = RANKS.get(request.stage, len(STAGES)), request.max_tokens
        call.ticket.movable = movable
        value, fault = await self._run(call)
        return self._reply(call, value or Answer(), fault)

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any] | None = None, movable: bool = False
    ) -> tuple[list[list[float]], Reply]:
        """One vector per text, in order, or none when the reply has a fault. Raises as `complete` does.

        `extra_body` holds further fields of the body, such as `dimensions`; they win over the endpoint's own.
        """
        texts, own = [well_formed(text) for text in texts], extra_body or {}
        make = lambda: self._dialect.embeddings(model, texts, own)  # noqa: E731
        call = self._call(self._embeddings_url, make, lambda parsed: read_vectors(parsed, len(texts)), own)
        call.ticket.rank, call.ticket.movable = RANKS["connect"], movable
        value, fault = await self._run(call)
        return (value.vectors if value and not fault else []), self._reply(call, Answer(), fault)

    async def close(self) -> None:
        """Close the connections; must be awaited before the event loop ends."""
        await self.admission.close()
        await self._connection.close()

    def _call(
        self, url: str, make: Callable[[], dict[str, Any]], read: Callable[[object], R], own: Mapping[str, Any]
    ) -> _Call[R]:
        self._calls += 1
        call = _Call(url, make, read, own, Trial(self._calls, self._health.answers), self._outages)
        call.word()
        return call

    def _reply(self, call: _Call[Any], answer: Answer, fault: str | None) -> Reply:
        return Reply(
            text=answer.text,
            reasoning=answer.reasoning,
            finish_reason=answer.finish_reason,
            fault=fault,
            input_tokens=call.usage.input,
            cached_tokens=call.usage.cached,
            output_tokens=call.usage.output,
            reasoning_tokens=call.usage.reasoning,
            seconds=call.seconds,
            attempts=call.attempts,
            endpoint=self.name,
            cost=call.cost,
            presumed_tokens=call.presumed,
        )

    async def _run(self, call: _Call[R]) -> tuple[R | None, str | None]:
        """Attempts until there is a value, a fault of the item, or an error of the endpoint."""
        try:
            return await self._first(call)
        except (EndpointError, BudgetError) as error:
            raise self._spent(call, error) from error.__cause__
        finally:
            self.served += 1

    async def _first(self, call: _Call[R]) -> tuple[R | None, str | None]:
        try:
            return await self._attempt(call)
        except _AgainError:
            return await self._retry(call)

    def _spent(self, call: _Call[Any], error: EndpointError | BudgetError) -> EndpointError | BudgetError:
        """The error, with what the call used up: requests that were sent belong into somebody's books."""
        why = "endpoint failed" if isinstance(error, EndpointError) else "budget reached"
        error.spent = self._reply(call, Answer(), why) if call.attempts else None
        return error

    async def _retry(self, call: _Call[R]) -> tuple[R | None, str | None]:
        """All attempts but the first, which does without tenacity: it would cost a sixth of the calls per second."""
        await self._pause(self._seconds_to_wait(call))
        retrying = AsyncRetrying(
            sleep=self._pause,
            wait=lambda _: self._seconds_to_wait(call),
            retry=retry_if_exception_type(_AgainError),
            reraise=True,
        )
        outcome: tuple[R | None, str | None] = await retrying(self._attempt, call)
        return outcome

    async def _attempt(self, call: _Call[R]) -> tuple[R | None, str | None]:
        while True:
            await self._enter(call)
            value, fault, words = await self._exchange(call)
            if value is not None:
                call.usage = Usage(*(a + b for a, b in zip(call.usage, value.usage, strict=True)))
            if fault is None:
                self.trouble = ""
                self._health.usable()
                return value, None
            if not self._adapt(call, fault, words):
                return value, self._judge(call, fault, words)

    def _adapt(self, call: _Call[Any], fault: Fault, words: str) -> bool:
        """Whether the server refused a parameter that it can be asked without; then the call is worded anew."""
        if fault.kind != "permanent" or not fault.reason.startswith("refused request"):
            return False
        name, is_new = self._dialect.adapt(call.body, call.own, words)
        if is_new:
            LOG.warning("%s refuses %s; from now on it is asked without.", self._where(), name)
        if name:
            call.word()
            self.retries += 1
        return bool(name)

    async def _enter(self, call: _Call[Any]) -> None:
        """Wait for a place. Those who wait leave with the error when the endpoint turns out to be down."""
        self._check(call)
        admission, ticket = self.admission, call.ticket
        if ticket.movable and admission.paused and not admission.probe_due:
            raise Moved(self._where())
        let_out = await admission.enter(ticket)
        try:
            self._check(call)  # the one who made room may have brought bad news
        except EndpointError:
            if let_out:
                admission.leave(ticket)
            raise
        if not let_out:
            raise Moved(self._where())

    async def _exchange(self, call: _Call[R]) -> tuple[R | None, Fault | None, str]:
        """One request on the wire: the value of a 200, or the fault and the words of anything else."""
        ticket = call.ticket
        try:
            bill = await self._meter.begin(call.body["model"], len(call.content), call.most_output)
        except BaseException:
            self.admission.leave(ticket)
            raise
        self.attempts += 1
        call.attempts += 1
        ticket.again = True
        began = self._on_wire[call.trial.number] = self._clock()
        usage: Usage | None = None  # until more is known, the worst
        try:
            try:
                async with asyncio.timeout(self.endpoint.timeout):
                    raw = await self._connection.post(call.url, call.content)
            finally:
                call.seconds += self._clock() - began
                del self._on_wire[call.trial.number]
            found = self._read(call, raw)
            usage = _billed(raw, found[0])
            self._learn(ticket, found[0], found[1], raw)
            return found
        except Exception as error:
            fault = self._read_exception(error)
            if fault is None:
                raise
            usage = NO_USAGE if fault.reason in NOT_SENT else None
            self._learn(ticket, None, fault, None)
            return None, fault, ""
        finally:
            call.charge(*self._meter.end(bill, usage))
            self.admission.leave(ticket)

    def _read(self, call: _Call[R], raw: Raw) -> tuple[R | None, Fault | None, str]:
        if not 200 <= raw.status < 300:
            secrets = self._connection.secrets
            headers = {name: scrub(value, secrets) for name, value in raw.header_lines().items()}
            words = scrub(raw.content.decode(errors="replace"), secrets)
            return None, read_status(raw.status, headers, words), words
        try:
            value = call.read(raw.json())
        except CutShort:
            return None, Fault("unreachable", "answer cut short"), ""
        except (ValueError, RecursionError):
            return None, Fault("transient", _no_json(raw.content)), ""
        return value, value.fault, ""

    def _learn(self, ticket: Ticket, value: _Readable | None, fault: Fault | None, raw: Raw | None) -> None:
        """What an exchange says about how much the endpoint bears; before the next one is let out."""
        admission = self.admission
        rates = admission.rates
        kind = fault.kind if fault else ""
        if kind not in SILENT_COSTS:
            self._probes = 0
            admission.limit.answered(admission.in_flight)
            admission.resume()
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
            return Fault("slow", f"no complete answer within {self.endpoint.timeout:g} s")
        return read_exception(error)

    def _judge(self, call: _Call[Any], fault: Fault, words: str) -> str:
        """Why the item has no answer; or raises: to try again, or because the endpoint is at fault."""
        if fault.kind != "permanent":
            self._check(call)
        reason = scrub(fault.reason, self._connection.secrets)
        now = self._clock()
        at_work = now - next(iter(self._on_wire.values()), now) > CONNECT_TIMEOUT
        verdict = self._health.judge(call.trial, fault, words, now, at_work)
        if verdict is Verdict.RETRY and (fault.retry_after or 0) > LONGEST_RETRY_AFTER:
            reason, verdict = f"{reason}, come back in {fault.retry_after:.0f} s", Verdict.DOWN
        if verdict is Verdict.RETRY:
            silent = self._health.patience_left(now) is not None
            self.trouble = f"{self._connection.address}: {reason}" if silent else ""
            self._break(fault)
            raise _AgainError
        if verdict is Verdict.GIVE_UP:
            return reason if fault.kind == "permanent" else f"gave up after {call.attempts} attempts: {reason}"
        raise self._condemn(fault, reason, verdict)

    def _break(self, fault: Fault) -> None:
        """Stop sending to an endpoint that answers nobody: from now on, one at a time finds out whether it is back.

        A server that turns some away while it works on others is not silent; its limit is found by admission.
        """
        if fault.kind not in SILENT_COSTS:
            return
        alone = fault.kind == "unreachable" or not self.admission.in_flight
        if self.admission.paused or (alone and self._health.silent >= SILENCE):
            wait = min(MOST_PROBE_WAIT, FIRST_WAIT * 2 ** min(self._probes, 16)) * random.uniform(0.5, 1.0)
            self._probes += 1
            self.admission.pause(self._within_patience((fault.retry_after or 0.0) + wait))

    def _condemn(self, fault: Fault, reason: str, verdict: Verdict) -> EndpointError:
        """The endpoint is at fault: wake everyone who waits. What is on the wire may still come home."""
        where = self._where()
        if fault.kind == "fatal":
            self._refused = f"{where} {reason}. {remedy(fault)}"
        elif verdict is Verdict.REFUSED:
            self._refused = f"{where} turns every request away, the last with: {reason}. {remedy(fault)}"
        else:
            self._down = f"{where} gives no answer ({reason}). {remedy(fault)}"
            self._outages += 1
            self._health.forget()
            self.admission.pause(MOST_PROBE_WAIT)
        self.admission.dismiss()
        waiting, self._waiting = self._waiting, set()
        for scope in waiting:
            scope.reschedule(0)
        return EndpointRefused(self._refused) if self._refused else self._is_down()

    def _where(self) -> str:
        return f"Endpoint {self.name} at {self._connection.address}"

    def _is_down(self) -> EndpointDown:
        """An endpoint that has never answered is more likely misnamed than resting: no task is tried again for it."""
        error = EndpointDown(self._down)
        error.transient = self._health.answers > 0
        return error

    def _check(self, call: _Call[Any]) -> None:
        """Raise what is known about the endpoint. An outage ends the calls that saw it; later ones try anew."""
        if self._refused:
            raise EndpointRefused(self._refused)
        if call.outages != self._outages:
            raise self._is_down()

    def _seconds_to_wait(self, call: _Call[Any]) -> float:
        """What the server asked for and a random share on top, so that those who fail together come back apart.

        Nothing, where the endpoint is silent: then those who wait stand in its queue.
        """
        if self.admission.paused:
            return 0.0
        trial = call.trial
        asked = trial.last.retry_after if trial.last else None
        jitter = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(trial.failures - 1, 16)))
        return self._within_patience((asked or 0.0) + jitter)

    def _within_patience(self, seconds: float) -> float:
        left = self._health.patience_left(self._clock())
        return min(seconds, left) if left else seconds

    async def _pause(self, seconds: float) -> None:
        self.retries += 1
        if not seconds:
            return
        try:
            with self._wakeable() as scope:
                async with scope:
                    await self._sleep(seconds)
        except TimeoutError:
            return  # woken early: the next attempt's first look says why

    @contextmanager
    def _wakeable(self) -> Iterator[asyncio.Timeout]:
        scope = asyncio.timeout(None)
        self._waiting.add(scope)
        try:
            yield scope
        finally:
            self._waiting.discard(scope)


def _limits(endpoint: Endpoint) -> dict[str, float]:
    """The limits per minute that the settings name."""
    named = {"requests": endpoint.rpm, "input": endpoint.input_tpm, "output": endpoint.output_tpm}
    return {kind: most for kind, most in named.items() if most is not None}


class _AgainError(Exception):
    """An attempt failed and the next one may succeed."""


class _Readable(Protocol):
    """What a 200 was read as."""

    @property
    def usage(self) -> Usage: ...

    @property
    def fault(self) -> Fault | None: ...


R = TypeVar("R", bound=_Readable)


@dataclass(slots=True)
class _Call(Generic[R]):
    """One call on its way: what is sent, how its answer is read, and what it has been through."""

    url: str
    make: Callable[[], dict[str, Any]]
    """The body as the endpoint is now known to take it."""
    read: Callable[[object], R]
    own: Mapping[str, Any]
    """Fields of the body that the user asked for."""
    trial: Trial
    outages: int
    """Outages of the endpoint that were known when the call began."""
    ticket: Ticket = field(default_factory=Ticket)
    body: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""
    attempts: int = 0
    seconds: float = 0.0
    usage: Usage = NO_USAGE
    cost: float | None = None
    presumed: int = 0

    @property
    def most_output(self) -> int:
        """Tokens that an answer may have at most, all choices together."""
        return most_output(self.body)

    def charge(self, cost: float | None, presumed: int) -> None:
        """Count what an attempt cost."""
        self.cost = self.cost if cost is None else (self.cost or 0.0) + cost
        self.presumed += presumed

    def word(self) -> None:
        """Make what is sent."""
        self.body = self.make()
        self.content = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        self.ticket.size = len(self.content)


def _billed(raw: Raw, value: _Readable | None) -> Usage | None:
    """What a server takes for an answer; None where it was at work and does not say. Nobody bills an error."""
    if not 200 <= raw.status < 300 or (value is None and _is_html(raw.content)):
        return NO_USAGE
    return value.usage if value is not None and value.usage.input + value.usage.output else None


def _is_html(content: bytes) -> bool:
    return content[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))


def _no_json(content: bytes) -> str:
    if _is_html(content):
        return "an HTML page instead of JSON"
    return "malformed JSON" if content.strip() else "an empty body"


NOT_SENT = frozenset({"proxy not reached", "host name not found", "connection refused", "TLS failed"})
"""Faults of an attempt that never reached the server, so that nobody can bill it."""
