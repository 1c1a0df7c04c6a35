"""The budget: no call is sent that could overspend it, and every call is accounted for.

A call reserves its worst case before it is sent and settles at its real usage. What a run may have spent at most is
committed ahead, in blocks (a *lease*), so that after a crash the part of it that no row of the ledger explains counts
as spent. An attempt that was sent and whose outcome is unknown counts at its worst case too.

Knows nothing of HTTP or of DuckDB: committing a lease is a function it is given. Does not protect against a server
that bills more than it was allowed to; that is an overrun, which is reported and stops the run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from graph.errors import BudgetOverrun, BudgetReached
from tasks.settings.amounts import Budget, BudgetUnit

BLOCKS, AHEAD = 50, 0.05
"""A lease is taken ahead by a share of what is set aside, at most by the budget's fiftieth: fewer commits, and a crash
counts hardly more as lost than what was in flight at its worst case."""


class BudgetAccount:
    """What is spent, reserved and left. One instance serves all endpoints of one event loop.

    At any moment spent + reserved <= the budget, whatever callers do at the same time.
    """

    def __init__(
        self, budget: Budget | None, spent: float = 0.0, lease: Callable[[float], Awaitable[None]] | None = None
    ) -> None:
        """`spent` is what earlier runs spent or lost. `lease` commits how much this run may have spent at most."""
        self.budget = budget
        self.before = spent
        self.spent = 0.0
        """What this run's calls cost, in the budget's unit, as far as they have ended."""
        self.reserved = 0.0
        self.leased = 0.0
        self.largest = 0.0
        """The largest worst case so far: about what is left when nothing more fits."""
        self.reached = False
        """Whether a call did not fit although nothing was under way: nothing more is bought."""
        self.overrun = ""
        self._lease = lease
        self._leasing = asyncio.Lock()
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def unit(self) -> BudgetUnit:
        """What the account counts."""
        return self.budget.unit if self.budget else "USD"

    @property
    def unspent(self) -> float:
        """What calls that have ended leave of the budget; infinite without one."""
        return float("inf") if self.budget is None else self.budget.amount - self.before - self.spent

    @property
    def left(self) -> float:
        """What may still be reserved; infinite without a budget."""
        return self.unspent - self.reserved

    async def reserve(self, worst: float, standing: bool = False) -> None:
        """Set `worst` aside, waiting for others to settle where there is not enough.

        What is `standing` ends with others and not by itself, so nobody waits for it. Raises BudgetReached when there
        never will be enough, BudgetOverrun when a server has billed beyond its limit.
        """
        if self.budget is None:
            return
        self.largest = max(self.largest, worst)
        while self._must_wait(worst):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    self._wake()  # its turn had come: pass it on
                raise
        self.reserved += worst
        self._open += not standing
        try:
            await self._extend()
        except BaseException:
            self.settle(worst, 0.0, standing)
            raise
        self._wake()

    def settle(self, worst: float, real: float, standing: bool = False) -> None:
        """Give back what was set aside and count what was spent."""
        if self.budget is None:
            return
        self.spent += real
        self.reserved = max(0.0, self.reserved - worst)
        self._open -= not standing
        self._wake()

    async def take_over(self, amount: float) -> None:
        """Set aside what counts as spent by an earlier run, because it is now known to be under way."""
        if self.budget is not None:
            self.before -= amount
            self.hold(amount)
            await self._extend()

    def hold(self, amount: float) -> None:
        """Set aside again what was just given back, before any waiting call can take it."""
        self.reserved += amount if self.budget else 0.0

    def spend(self, real: float) -> None:
        """Count what time costs while something else is set aside for it."""
        self.spent += real if self.budget else 0.0

    def close(self) -> None:
        """Buy nothing more: what is left does not pay for another call."""
        self.reached = True
        self._wake_all()

    def blame(self, message: str) -> None:
        """A server billed beyond its limit: nothing more is bought."""
        if self.budget and not self.overrun:
            self.overrun = message
            self._wake_all()

    def _must_wait(self, worst: float) -> bool:
        if self.overrun:
            raise BudgetOverrun(self.overrun)
        if not self.reached and worst <= self.left:
            return False
        if self.reached or not self._open:
            self.close()
            raise BudgetReached(
                f"The budget of {self.budget} is reached: raise `budget` and run the same command again to go on."
            )
        return True

    async def _extend(self) -> None:
        """Commit a larger lease when what is spent and set aside is beyond the one there is."""
        if self._lease is None or self.budget is None:
            return
        async with self._leasing:
            needed = self.spent + self.reserved
            if needed > self.leased:
                most = self.budget.amount - self.before
                leased = min(most, needed + min(self.budget.amount / BLOCKS, AHEAD * self.reserved))
                await self._lease(leased)
                self.leased = leased

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _wake_all(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        self._waiting.clear()
