"""The circuit breaker of an endpoint: it answers, is silent, or is unusable until a person fixes something.

It turns the verdict on one attempt into what the caller does: retry after a backoff, end the item with a reason, or
raise the endpoint's error. Calls wait here between attempts, and are woken when the endpoint is found to be down.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from graph.errors import EndpointDown, EndpointError, EndpointRefused
from tasks.endpoint.calls import CallAttempts
from tasks.endpoint.faults import Failure, Fault, gave_up, remedy, scrub
from tasks.endpoint.health import SILENT_COSTS, AttemptHistory, Consequence, Health
from tasks.endpoint.load.admission import MOST_PROBE_WAIT, Admission
from tasks.settings.endpoints import Endpoint

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds of backoff: a random time from 0 to 1, 2, 4, ... 30 between two attempts."""

LONGEST_RETRY_AFTER = 900.0
"""Seconds. A server that asks for more counts as down: waiting that long in silence would hide it."""

SILENCE = 10
"""Failures without an answer, in a row, after which an endpoint is only probed."""


class AgainError(Exception):
    """An attempt failed and the next one may succeed."""


class CircuitBreaker:
    """The state of one endpoint. Use it from one event loop only."""

    def __init__(
        self,
        name: str,
        address: str,
        secrets: tuple[str, ...],
        endpoint: Endpoint,
        admission: Admission,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.where = f"Endpoint {name} at {address}"
        """How messages name it."""
        self.trouble = ""
        """Why no call has been answered lately; empty once the patience has run out."""
        self.retries = 0
        """Attempts that were followed by another attempt."""
        self.outages = 0
        """How often it was found to be down."""
        self.resting_until = 0.0
        """The moment until which the server asked not to be called."""
        self.unanswered: list[UUID] = []
        """Calls that ended without an answer in a streak that turned out to be the endpoint's fault."""
        self._address, self._secrets = address, secrets
        self._admission, self._clock, self._sleep = admission, clock, sleep
        self._health = Health(attempts=endpoint.attempts, patience=endpoint.outage_patience)
        self._probes = 0
        self._calls = 0
        self._down = ""
        self._refused = ""
        self._waiting: set[asyncio.Timeout] = set()

    @property
    def out(self) -> bool:
        """Whether a person must fix something before any call is answered."""
        return bool(self._refused)

    def begin(self, model: str, call_id: UUID | None) -> AttemptHistory:
        """A new call begins."""
        self._calls += 1
        return AttemptHistory(self._calls, self._health.answers, model, call_id)

    def usable(self, history: AttemptHistory) -> None:
        """A call got an answer."""
        self.trouble = ""
        self._health.usable(history)

    def spoke(self) -> None:
        """The server responded, even if it refused: it is not silent."""
        self._probes = 0
        self._admission.resume()

    def check(self, outages: int) -> None:
        """Raise the endpoint's error, if any. An outage ends the calls that saw it; later calls try again."""
        if self._refused:
            raise EndpointRefused(self._refused)
        if outages != self.outages:
            raise self._is_down()

    def judge(self, call: CallAttempts[Any], fault: Fault, at_work: bool) -> Failure | None:
        """Why the item has no answer, None where a probe must tell; or raises: AgainError, or EndpointError.

        `at_work` says that the endpoint has taken in another request and may still answer it.
        """
        if fault.kind != "permanent":
            self.check(call.outages)
        verdict = self._health.judge(call.history, fault, self._clock(), at_work)
        return None if verdict is Consequence.PROBE else self._conclude(call, fault, verdict)

    def probes(self, history: AttemptHistory) -> int:
        """Probes of the model that have told something."""
        return self._health.record(history).probes

    def probed(self, call: CallAttempts[Any], own: Fault, found: Fault | None) -> Failure:
        """The same as `judge`, now that a probe met `found`, or was answered."""
        verdict = self._health.probed(call.history, found, self._clock())
        return self._conclude(call, found if found and verdict is Consequence.REFUSED else own, verdict)

    def probed_meanwhile(self, call: CallAttempts[Any], own: Fault) -> Failure:
        """The same, where the probe of another call has told."""
        self.check(call.outages)
        return self._conclude(call, own, self._health.probed_meanwhile(call.history))

    def _conclude(self, call: CallAttempts[Any], fault: Fault, verdict: Consequence) -> Failure:
        permanent = fault.kind == "permanent" or fault.code == "blocked"
        told = fault.reason if permanent and verdict is Consequence.GIVE_UP else _told(fault)
        reason, now = scrub(told, self._secrets), self._clock()
        if verdict is Consequence.RETRY and (fault.retry_after or 0) > LONGEST_RETRY_AFTER:
            reason, verdict = f"{reason}, come back in {fault.retry_after:.0f} s", Consequence.DOWN
        if verdict is Consequence.RETRY:
            if fault.retry_after:
                self.resting_until = max(self.resting_until, now + fault.retry_after)
            silent = self._health.patience_left(now) is not None
            self.trouble = f"{self._address}: {reason}" if silent else ""
            self._break(fault)
            raise AgainError
        if verdict is Consequence.GIVE_UP:
            return Failure(fault.code, reason) if permanent else gave_up(fault, call.history.failures, reason)
        self.unanswered += [call_id for _, call_id in self._health.record(call.history).unanswered if call_id]
        raise self._condemn(fault, reason, verdict)

    def _break(self, fault: Fault) -> None:
        """Stop sending to an endpoint that answers nobody: from now on, one at a time finds out whether it is back.

        A server that turns some away while it works on others is not silent; its limit is found by admission.
        """
        if fault.kind not in SILENT_COSTS:
            return
        alone = fault.kind == "unreachable" or not self._admission.in_flight
        if self._admission.paused or (alone and self._health.silent >= SILENCE):
            wait = min(MOST_PROBE_WAIT, FIRST_WAIT * 2 ** min(self._probes, 16)) * random.uniform(0.5, 1.0)
            self._probes += 1
            self._admission.pause(self._within_patience((fault.retry_after or 0.0) + wait))

    def _condemn(self, fault: Fault, reason: str, verdict: Consequence) -> EndpointError:
        """The endpoint is at fault: wake all waiting calls. Requests in flight may still be answered."""
        where = self.where
        if fault.kind == "fatal":
            self._refused = f"{where} {reason}. {remedy(fault)}"
        elif verdict is Consequence.REFUSED:
            does = "turns every request away" if fault.code == "request_refused" else "gives no answer that can be used"
            self._refused = f"{where} {does}, the last of many with: {reason}. {remedy(fault)}"
        else:
            self._down = f"{where} gives no answer ({reason}). {remedy(fault)}"
            self.outages += 1
            self._health.forget()
            self._admission.pause(MOST_PROBE_WAIT)
        self._admission.dismiss()
        waiting, self._waiting = self._waiting, set()
        for scope in waiting:
            scope.reschedule(0)
        return EndpointRefused(self._refused) if self._refused else self._is_down()

    def _is_down(self) -> EndpointDown:
        """An endpoint that has never answered is probably misnamed, so its error is not transient."""
        error = EndpointDown(self._down)
        error.transient = self._health.answers > 0
        return error

    def seconds_to_wait(self, history: AttemptHistory) -> float:
        """The wait that the server asked for plus jitter, so that calls that failed together retry apart.

        0 where the endpoint is silent: then the calls wait in the admission queue.
        """
        if self._admission.paused:
            return 0.0
        asked = history.last.retry_after if history.last else None
        jitter = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(history.failures - 1, 16)))
        return self._within_patience((asked or 0.0) + jitter)

    def _within_patience(self, seconds: float) -> float:
        left = self._health.patience_left(self._clock())
        return min(seconds, left) if left else seconds

    async def pause(self, seconds: float) -> None:
        """Wait for the next attempt, or until the endpoint is found to be down."""
        self.retries += 1
        if not seconds:
            return
        try:
            with self._wakeable() as scope:
                async with scope:
                    await self._sleep(seconds)
        except TimeoutError:
            return  # woken early: the next attempt checks why

    @contextmanager
    def _wakeable(self) -> Iterator[asyncio.Timeout]:
        scope = asyncio.timeout(None)
        self._waiting.add(scope)
        try:
            yield scope
        finally:
            self._waiting.discard(scope)


def _told(fault: Fault) -> str:
    """The reason, with the server's own words."""
    return f"{fault.reason}: {fault.words}" if fault.words and fault.words not in fault.reason else fault.reason
