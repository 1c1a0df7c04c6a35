"""How many requests at once an endpoint can bear, learnt from what it refuses. Pure arithmetic on counts.

Additive increase, multiplicative decrease, with a memory of the wall: what was on the wire when a request was turned
away is what the server bears, so the limit goes back below that wall, stays there, and tries one more only now and
then. A burst of refusals is one piece of evidence and cuts once: later refusals of requests that were sent before the
cut only show where the wall is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

FIRST = 64
"""Requests at once before anything is known. A server with less room says so, one with more is found by doubling."""

REFUSED_FACTOR, SLOW_FACTOR = 0.9, 0.7
"""What a cut leaves of the limit: a refusal names the wall, a timeout only says that it is far below."""

PATIENCE_AT_WALL = 150
"""Answers after which one request more than the wall is tried, so that fewer than one call in a hundred is refused."""

BEYOND = 1.1
"""How far above the wall the limit must have come for the wall to be gone."""


@dataclass(slots=True)
class Limit:
    """Requests that may be on the wire at once, from 1 to `ceiling`."""

    ceiling: int
    first: int = FIRST
    value: float = 0.0
    steep: float = inf
    """Below this the limit grows by one an answer, which doubles it every round trip; above, by one a round trip."""
    wall: float = inf
    """Requests that were borne when one was last refused."""
    sent: int = 0
    """Requests sent so far; the number of the latest."""
    _cut_at: int = field(default=0, repr=False)
    """Requests up to this number belong to the burst that was last cut for."""
    _floor: float = field(default=1.0, repr=False)
    """What a burst may at most leave: it is measured while answers leave the wire, too."""

    def __post_init__(self) -> None:
        self.value = float(min(self.ceiling, self.first))

    def send(self) -> int:
        """Number the next request."""
        self.sent += 1
        return self.sent

    def answered(self, in_flight: int) -> None:
        """An answer came while `in_flight` requests were out, its own among them."""
        if self.value >= self.ceiling or in_flight < 0.8 * int(self.value):
            return
        if self.value < self.steep:
            self.value += 1
        elif self.value < self.wall:
            self.value += 1 / self.value
        elif self.value < BEYOND * self.wall + 1:
            self.value += 1 / max(self.value, PATIENCE_AT_WALL)
        else:
            self.wall = inf
        self.value = min(self.value, float(self.ceiling))

    def refused(self, number: int, left: int) -> None:
        """The server turned request `number` away and kept `left` others."""
        borne = max(1.0, float(left))
        if number > self._cut_at:
            self._cut_at = self.sent
            self._floor = max(1.0, self.value / 2)
            self.wall = borne
            self.value = max(1.0, min(REFUSED_FACTOR * self.value, REFUSED_FACTOR * (borne + 1), borne))
        else:
            self.wall = min(self.wall, max(borne, self._floor))
            self.value = min(self.value, max(borne, self._floor))
        self.steep = REFUSED_FACTOR * self.wall

    def timed_out(self, number: int) -> None:
        """Request `number` had no answer in time."""
        if number > self._cut_at:
            self._cut_at = self.sent
            self.value = max(1.0, SLOW_FACTOR * self.value)
            self.steep, self.wall = self.value, inf

    def stop(self) -> None:
        """Nobody is answered any more: once somebody is, begin with one request and double up to where it stood."""
        if self.value > 1:
            self._cut_at = self.sent
            self.steep, self.wall = max(self.value, min(self.wall, self.value)), inf
            self.value = 1.0
