"""When a request may leave: one queue per endpoint, opened by its limits.

A request waits until fewer are out than the endpoint bears (`limit`), until its minute has room (`rates`), and while
the endpoint is silent, until it is its turn to probe. Those who wait go by stage, later ones first, so that pairs
finish; but every fourth turn goes round the other stages that wait, so that judges starve nobody.

It does no I/O; its only clock and sleep are given. It knows nothing of answers: its owner says what became of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tasks.endpoint.load.concurrency import Limit
from tasks.endpoint.load.rates import Cost, Rates

STAGES = ("screen", "grade", "solve", "review", "compose", "connect", "extract")
"""First those that are closest to a finished pair."""

RANKS = {stage: rank for rank, stage in enumerate(STAGES)}

SHARE = 4
"""Every so many turns, one goes to a stage that would otherwise wait."""

MOST_PROBE_WAIT = 5.0
"""Seconds between two probes of a silent endpoint, at most, unless it asked for more."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One request's place: what it needs to leave, and when it left."""

    rank: int = len(STAGES)
    size: int = 0
    """Bytes of its body."""
    max_tokens: int | None = None
    movable: bool = False
    """Whether another endpoint could take it, so that it does not wait for a silent one."""
    again: bool = False
    """Whether it has been out before; then it goes before those of its stage that have not."""
    number: int = 0
    sent_at: float = 0.0
    cost: Cost | None = None


class Admission:
    """The queue before one endpoint. All of it happens in one event loop."""

    def __init__(
        self, limit: Limit, rates: Rates, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self.limit, self.rates = limit, rates
        self.in_flight = 0
        self.waiting = 0
        self.paused = False
        """Whether the endpoint is silent: nobody leaves but one probe at a time."""
        self._clock, self._sleep = clock, sleep
        self._queues: tuple[deque[tuple[Ticket, asyncio.Future[bool]]], ...]
        self._queues = tuple(deque() for _ in range(len(STAGES) + 1))
        self._turns = self._shared = 0
        self._probe: Ticket | None = None
        self._probe_at = 0.0
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = 0.0

    @property
    def load(self) -> float:
        """Requests out and waiting, as a share of what the endpoint bears."""
        return (self.in_flight + self.waiting) / self.limit.value

    @property
    def opens_in(self) -> float:
        """Seconds until the next waiting request may leave; 0 when none waits for a known moment."""
        return max(0.0, self._timer_at - self._clock()) if self.waiting and self._timer is not None else 0.0

    @property
    def probe_due(self) -> bool:
        """Whether the endpoint is silent and nobody is finding out whether it is back, though it is time."""
        idle = self.paused and self._probe is None and not self.waiting
        return idle and self._clock() >= self._probe_at

    async def enter(self, ticket: Ticket) -> bool:
        """Wait for a place; False when all waiting requests are dismissed. After True, `leave` must be called."""
        if not self.waiting and self._wait(ticket) == 0.0:
            self._let_out(ticket)
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        queue = self._queues[ticket.rank]
        (queue.appendleft if ticket.again else queue.append)((ticket, turn))
        self.waiting += 1
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave(ticket)
            raise

    def leave(self, ticket: Ticket) -> None:
        """A request has ended, with or without an answer."""
        self.in_flight -= 1
        if self._probe is ticket:
            self._probe = None
        if self.waiting:
            self._admit()

    def pause(self, seconds: float) -> None:
        """Let no request out for so long, and then one at a time. Movable requests are dismissed."""
        if not self.paused:
            self.paused = True
            self.limit.stop()
            self.dismiss(lambda ticket: ticket.movable)
        self._probe_at = self._clock() + seconds
        self._admit()

    def resume(self) -> None:
        """The endpoint answered."""
        if self.paused:
            self.paused, self._probe = False, None
            self._admit()

    def dismiss(self, which: Callable[[Ticket], bool] = lambda _: True) -> None:
        """Dismiss waiting requests."""
        for queue in self._queues:
            for entry in [entry for entry in queue if which(entry[0])]:
                queue.remove(entry)
                self.waiting -= 1
                if not entry[1].done():
                    entry[1].set_result(False)

    async def close(self) -> None:
        """Dismiss all waiting requests and stop the timer."""
        self.dismiss()
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)

    def _admit(self) -> None:
        """Let out the requests that may leave, and set a timer for the next one."""
        while self.waiting:
            queue = self._queues[self._next()]
            ticket, turn = queue[0]
            if not turn.done():
                wait = self._wait(ticket)
                if wait is None:
                    return  # one in flight must end first
                if wait > 0.0:
                    self._come_back(wait)
                    return
                self._let_out(ticket)
                self._took_turn()
                turn.set_result(True)
            queue.popleft()
            self.waiting -= 1

    def _wait(self, ticket: Ticket) -> float | None:
        """Seconds until this request may leave; None while too many are out."""
        if self.in_flight >= int(self.limit.value) or self._probe is not None:
            return None
        if not self.paused and not self.rates.buckets:
            return 0.0
        now = self._clock()
        wait = max(0.0, self._probe_at - now) if self.paused else 0.0
        if self.rates.buckets:
            ticket.cost = self.rates.guess(ticket.size, ticket.max_tokens)
            wait = max(wait, self.rates.wait(ticket.cost, now))
        return wait

    def _let_out(self, ticket: Ticket) -> None:
        self.in_flight += 1
        ticket.number = self.limit.send()
        ticket.sent_at = now = self._clock()
        if self.rates.buckets and ticket.cost is not None:
            self.rates.take(ticket.cost, now)
        if self.paused:
            self._probe = ticket

    def _next(self) -> int:
        """The queue whose turn it is: the latest stage, or in every `SHARE`th turn the next of the others."""
        waiting = [rank for rank, queue in enumerate(self._queues) if queue]
        if len(waiting) > 1 and self._turns % SHARE == SHARE - 1:
            return waiting[1 + self._shared % (len(waiting) - 1)]
        return waiting[0]

    def _took_turn(self) -> None:
        self._shared += self._turns % SHARE == SHARE - 1
        self._turns += 1

    def _come_back(self, seconds: float) -> None:
        at = self._clock() + seconds
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().create_task(self._admit_later(seconds))

    async def _admit_later(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._timer = None
        self._admit()
