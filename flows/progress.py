"""How many combinations to feed next: decided by what is wanted, by the yield seen so far, and by the budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf

from flows.stages import SMALLEST_CHUNK, chunk_size
from tasks.reports.graph_verdict import EXPECTED_YIELD

FIRST_CHUNK = 250
"""Most combinations in a chunk until the first pairs are seen: enough to keep the endpoints busy."""
HOPELESS = 1000
"""Combinations without a single pair after which a run stops: something is wrong, and every further one costs."""
LATELY = 500
"""Combinations after which the yield is measured again, once quotas are full."""
MARGIN = 1.05
"""How much dearer than those before the next combinations may be, and still be finished within the budget."""
DOUBT = 50
"""Problems' worth of trust in `EXPECTED_YIELD` before what was seen outweighs it."""


@dataclass
class Progress:
    """How far production is; all that feeding decisions rest on."""

    target: int
    fed: int
    """Combinations before this position are in a chain, or were."""
    screened: int
    """Combinations before this position are finished and screened."""
    kept: int
    began: tuple[int, int] = (0, 0)
    """Combinations screened and pairs kept when the run began."""
    passed_over: int = 0
    """Combinations among those screened that were not paid for, because their quota was full."""
    funds: float = inf
    """What production could spend when it began, in the budget's unit."""
    spent: float = 0.0
    """What it has spent since."""
    held: float = 0.0
    """The worst case of a call: with less than that left, none is sent."""
    guess: float = 0.0
    """What a combination costs from composing to grading, by a guess that counts until some are finished."""
    lately: tuple[int, int] = (0, 0)
    """Combinations screened and pairs kept a while ago: the yield changes as quotas fill up."""
    asks: int = 1
    """Problems that a combination is asked for."""
    finished: dict[int, int] = field(default_factory=dict)
    """Start -> stop of chunks that are finished, but wait for an earlier one."""

    @property
    def rate(self) -> float:
        """Pairs to expect of a combination."""
        screened, kept = self.lately
        return (self.kept - kept + DOUBT * EXPECTED_YIELD) / (self.screened - screened + DOUBT / self.asks)

    @property
    def affordable(self) -> float:
        """Combinations beyond those fed that the budget lets finish: a problem without a verdict is money lost.

        What chains have spent on combinations that are not finished counts as the cost of those that are, so it errs
        on the cautious side while chains are at work, and is exact when none is.
        """
        if self.funds == inf:
            return inf
        ended = self.screened - self.began[0] - self.passed_over
        seen = self.spent / ended if ended else 0.0
        exact = ended >= DOUBT or (ended and self.fed == self.screened)
        cost = seen if exact else max(seen, self.guess)
        fed = self.fed - self.began[0] - self.passed_over
        if not cost:
            return max(0, SMALLEST_CHUNK - fed)
        return max(0, int((self.funds - self.held) / (cost * MARGIN)) - fed)

    def advance(self, screened: int, kept: int, passed_over: int) -> None:
        """Take note of what was screened."""
        # Quotas that fill up change the yield, so once some are full only what was seen lately counts.
        if passed_over > self.passed_over and self.screened - self.lately[0] > LATELY:
            self.lately = (self.screened, self.kept)
        self.screened, self.kept, self.passed_over = screened, kept, passed_over

    @property
    def wanted(self) -> int:
        """Combinations to feed now, beyond those that are in chains and their expected yield."""
        missing = self.target - self.kept - self.rate * (self.fed - self.screened)
        return ceil(missing / self.rate) if missing > 0 else 0

    @property
    def hopeless(self) -> bool:
        """Whether so many combinations have made no pair that no more should be paid for."""
        screened, kept = self.began
        return self.kept == kept and self.screened - screened - self.passed_over >= HOPELESS

    @property
    def chunk(self) -> int:
        """Combinations in the next chunk; 0 when no more are wanted now."""
        size = chunk_size(self.wanted) if self.wanted else 0
        return int(min(size, self.affordable, size if self.kept > self.began[1] else FIRST_CHUNK))

    @property
    def frontier(self) -> int:
        """Up to which position everything is finished."""
        position = self.screened
        while position in self.finished:
            position = self.finished[position]
        return position
