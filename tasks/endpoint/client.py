"""One client per endpoint: the only door through which a request leaves.

It owns the retries of transport and load, the limit of requests in flight, the deadline of an attempt, and the
knowledge that an endpoint is down. It does not judge text, count money or write anything down. What a caller sees:

    a Reply without fault     an answer to parse
    a Reply with a fault      this item can have no answer; write the reason down and go on
    EndpointDown              nobody gets an answer now; the same call may work later
    EndpointRefused           nobody will, until a person mends key, model, address or account

Importing this module imports openai (about a second); commands that call no model should not.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import httpx2
from openai import APIStatusError
from tenacity import AsyncRetrying, retry_if_exception_type

from graph.errors import EndpointDown, EndpointError, EndpointRefused
from tasks.endpoint.answers import NO_USAGE, Answer, ChatRequest, Reply, Usage, read_answer, read_vectors, well_formed
from tasks.endpoint.config import Endpoint
from tasks.endpoint.connection import CONNECT_TIMEOUT, connect
from tasks.endpoint.faults import Fault, read_exception, read_status, remedy, scrub
from tasks.endpoint.health import Health, Trial, Verdict

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds: between two attempts lies anything from 0 to 1, 2, 4, ... 30."""

LONGEST_RETRY_AFTER = 900.0
"""Seconds. A server that asks for more has closed for the day, and waiting in silence would hide that."""


class Client:
    """Calls one endpoint. One instance serves any number of tasks of one event loop.

    `sleep` and `clock` (seconds, monotonic) are parameters so that tests never wait.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        key: str | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is sent yet. Raises SettingsError when a header's variable or the CA file is missing."""
        self.name = name
        self.endpoint = endpoint
        self.served = 0
        """Calls that ended, with or without a usable answer."""
        self.attempts = 0
        """Requests sent."""
        self.retries = 0
        """Attempts that were followed by another one."""
        self.wait_seconds = 0.0
        """Time that calls were told to wait before another attempt, summed over all."""
        self.trouble = ""
        """Why nobody has had an answer lately, while there is still patience."""
        self._connection = connect(endpoint, key)
        self._post, self._options = self._connection.sdk.post, self._connection.options
        self._chat_url = self._connection.url("/chat/completions")
        self._embeddings_url = self._connection.url("/embeddings")
        self._sleep, self._clock = sleep, clock
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._health = Health(attempts=endpoint.attempts, patience=endpoint.outage_patience)
        self._calls = 0
        self._outages = 0
        self._down = ""
        self._refused = ""
        self._waiting: set[asyncio.Timeout] = set()
        self._on_wire: dict[int, float] = {}

    @property
    def in_flight(self) -> int:
        """Requests on the wire now."""
        return len(self._on_wire)

    def __repr__(self) -> str:
        return f"Client({self.name!r}, {self._connection.address!r})"

    async def complete(self, request: ChatRequest) -> Reply:
        """One chat completion. Raises EndpointDown or EndpointRefused; all else is a Reply."""
        call = _Call(self._chat_url, self._chat_body(request), read_answer, self._trial(), self._outages)
        value, fault = await self._run(call)
        return self._reply(call, value or Answer(), fault)

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any] | None = None
    ) -> tuple[list[list[float]], Reply]:
        """One vector per text, in order, or none when the reply has a fault. Raises as `complete` does.

        `extra_body` holds further fields of the body, such as `dimensions`; they win over the endpoint's own.
        """
        body = {"model": model, "input": [well_formed(text) for text in texts], "encoding_format": "float"}
        body |= {**self.endpoint.extra_body, **(extra_body or {})}
        read = lambda parsed: read_vectors(parsed, len(texts))  # noqa: E731
        call = _Call(self._embeddings_url, body, read, self._trial(), self._outages)
        value, fault = await self._run(call)
        return (value.vectors if value and not fault else []), self._reply(call, Answer(), fault)

    async def close(self) -> None:
        """Close the connections; must be awaited before the event loop ends."""
        await self._connection.close()

    def _chat_body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{name: well_formed(text) for name, text in m.items()} for m in request.messages],
        }
        optional = (
            ("temperature", request.temperature),
            ("top_p", request.top_p),
            (self.endpoint.token_limit_parameter, request.max_tokens),
            ("seed", request.seed),
        )
        body.update((name, value) for name, value in optional if value is not None)
        body.update(self.endpoint.extra_body)
        body.update(request.extra_body)
        return body

    def _trial(self) -> Trial:
        self._calls += 1
        return Trial(self._calls, self._health.answers)

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
        )

    async def _run(self, call: _Call[R]) -> tuple[R | None, str | None]:
        """Attempts until there is a value, a fault of the item, or an error of the endpoint."""
        try:
            return await self._first(call)
        except EndpointError as error:
            raise self._spent(call, error) from error.__cause__
        finally:
            self.served += 1

    async def _first(self, call: _Call[R]) -> tuple[R | None, str | None]:
        try:
            return await self._attempt(call)
        except _AgainError:
            return await self._retry(call)

    def _spent(self, call: _Call[Any], error: EndpointError) -> EndpointError:
        """The error, with what the call used up: requests that were sent belong into somebody's books."""
        error.spent = self._reply(call, Answer(), "endpoint failed") if call.attempts else None
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
        await self._enter(call)
        value, fault, words = await self._exchange(call)
        if value is not None:
            call.usage = Usage(*(a + b for a, b in zip(call.usage, value.usage, strict=True)))
            fault = value.fault
        if fault is None:
            self.trouble = ""
            self._health.usable()
            return value, None
        return value, self._judge(call, fault, words)

    async def _enter(self, call: _Call[Any]) -> None:
        """Wait for a slot. Those who wait leave with the error when the endpoint turns out to be down."""
        self._check(call)
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            with self._wakeable() as scope:
                async with scope:
                    await self._slots.acquire()
        except TimeoutError:
            self._check(call)
            raise
        try:
            self._check(call)  # the one who left the slot may have brought bad news
        except EndpointError:
            self._slots.release()
            raise

    async def _exchange(self, call: _Call[R]) -> tuple[R | None, Fault | None, str]:
        """One request in a slot: the value of a 200, or the fault and the words of anything else."""
        self.attempts += 1
        call.attempts += 1
        began = self._on_wire[call.trial.number] = self._clock()
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                response = await self._post(call.url, cast_to=httpx2.Response, body=call.body, options=self._options)
        except APIStatusError as error:
            return None, *self._read_status(error.response)
        except Exception as error:
            fault = self._read_exception(error)
            if fault is None:
                raise
            return None, fault, ""
        finally:
            call.seconds += self._clock() - began
            del self._on_wire[call.trial.number]
            self._slots.release()
        try:
            return call.read(json.loads(response.content)), None, ""
        except (ValueError, RecursionError):
            return None, Fault("transient", _no_json(response.content)), ""

    def _read_status(self, response: httpx2.Response) -> tuple[Fault, str]:
        headers = {name.lower(): scrub(value, self._connection.secrets) for name, value in response.headers.items()}
        words = scrub(response.text, self._connection.secrets)
        return read_status(response.status_code, headers, words), words

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
            self.trouble = reason if self._health.patience_left(now) is not None else ""
            raise _AgainError
        if verdict is Verdict.GIVE_UP:
            return reason if fault.kind == "permanent" else f"gave up after {call.attempts} attempts: {reason}"
        raise self._condemn(fault, reason, verdict)

    def _condemn(self, fault: Fault, reason: str, verdict: Verdict) -> EndpointError:
        """The endpoint is at fault: wake everyone who waits. What is on the wire may still come home."""
        where = f"Endpoint {self.name} at {self._connection.address}"
        if fault.kind == "fatal":
            self._refused = f"{where} {reason}. {remedy(fault)}"
        elif verdict is Verdict.REFUSED:
            self._refused = f"{where} turns every request away, the last with: {reason}. {remedy(fault)}"
        else:
            self._down = f"{where} gives no answer ({reason}). {remedy(fault)}"
            self._outages += 1
            self._health.forget()
        waiting, self._waiting = self._waiting, set()
        for scope in waiting:
            scope.reschedule(0)
        return EndpointRefused(self._refused) if self._refused else EndpointDown(self._down)

    def _check(self, call: _Call[Any]) -> None:
        """Raise what is known about the endpoint. An outage ends the calls that saw it; later ones try anew."""
        if self._refused:
            raise EndpointRefused(self._refused)
        if call.outages != self._outages:
            raise EndpointDown(self._down)

    def _seconds_to_wait(self, call: _Call[Any]) -> float:
        """What the server asked for and a random share on top, so that those who fail together come back apart."""
        trial = call.trial
        asked = trial.last.retry_after if trial.last else None
        jitter = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(trial.failures - 1, 16)))
        seconds = (asked or 0.0) + jitter
        left = self._health.patience_left(self._clock())
        return min(seconds, left) if left else seconds

    async def _pause(self, seconds: float) -> None:
        self.retries += 1
        self.wait_seconds += seconds
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
    body: dict[str, Any]
    read: Callable[[object], R]
    trial: Trial
    outages: int
    """Outages of the endpoint that were known when the call began."""
    attempts: int = 0
    seconds: float = 0.0
    usage: Usage = NO_USAGE


def _no_json(content: bytes) -> str:
    start = content[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "an HTML page instead of JSON"
    return "malformed JSON" if start else "an empty body"
