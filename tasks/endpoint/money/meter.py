"""What the attempts at an endpoint cost, and what they may cost at most: the meter between calls and the budget.

An attempt sets aside its worst case in the account (`budget`) before it is sent, and settles at its real usage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.prices import Price
from tasks.endpoint.replies import Usage

HIDDEN_TOKENS = 512
"""Input tokens a server may add to ours: chat templates, system prompts of its own."""


@dataclass
class Bill:
    """What one attempt has set aside."""

    model: str
    most: Usage
    worst: float
    began: float
    """The meter's reading when it began."""
    alone: bool = False
    """Whether others wait for what it is billed."""


class Meter:
    """What the attempts at one endpoint cost, by its prices.

    A server that is paid by the hour costs the same whatever number of calls it works on, so each moment's cost is
    shared by the calls that are under way in it: the meter runs at the price a second divided by their number.
    """

    def __init__(
        self,
        name: str,
        prices: Mapping[str, Price | None],
        account: BudgetAccount,
        timeout: float,
        clock: Callable[[], float],
        together: bool = False,
    ) -> None:
        """`prices` are by model; `timeout` is how long an attempt can take at most, in seconds.

        `together`: attempts do not wait until one has shown what the server bills, because they travel as one.
        """
        self.name = name
        self._prices, self._account, self._clock = prices, account, clock
        self._second = max((price.second for price in prices.values() if price), default=0.0)
        # As long as anything is under way, it ends within the timeout, and until then time costs this much at most.
        self._standing = self._second * timeout if account.unit == "USD" else 0.0
        self._stands = False
        self._standing_up = asyncio.Lock()
        self._users = 0
        self._under_way = 0
        by_time = account.unit == "USD" and all(price and not price.most(1, 1) for price in prices.values())
        self._has_told = account.budget is None or together or by_time
        """Whether an answer has shown what this server bills; until then, calls go one at a time."""
        self._first = asyncio.Lock()
        self._reading = 0.0
        self._read_at = 0.0

    async def begin(self, model: str, content: int, most_output: int) -> Bill:
        """Set aside the worst case of an attempt of `content` bytes; no text has more tokens than bytes.

        Raises BudgetReached or BudgetOverrun.
        """
        alone = not self._has_told and await self._alone()
        try:
            bill = await self._begin(model, content, most_output)
        except BaseException:
            if alone:
                self._first.release()
            raise
        bill.alone = alone
        return bill

    async def _alone(self) -> bool:
        """Whether this attempt goes alone, because no answer has yet shown what the server bills."""
        await self._first.acquire()
        if self._has_told:
            self._first.release()
        return not self._has_told

    async def _begin(self, model: str, content: int, most_output: int) -> Bill:
        most = Usage(content + HIDDEN_TOKENS, 0, most_output, 0)
        worst = self._amount(model, most, worst=True)
        self._users += 1
        try:
            if self._standing:
                await self._stand()
            await self._account.reserve(worst)
        except BaseException:
            self._leave()
            raise
        self._tick()
        self._under_way += 1
        return Bill(model, most, worst, self._reading)

    def end(self, bill: Bill, usage: Usage | None) -> tuple[float | None, int]:
        """Settle. `usage` None: it was sent, and nobody knows what came of it; then its worst case counts.

        Returns what it cost in USD, None where nobody knows a price, and the tokens that are only presumed.
        """
        self._tick()
        self._under_way -= 1
        # Usage that is not told counts at the worst case, so waiting for it would teach nothing.
        self._has_told = self._has_told or usage is None or usage.input + usage.output > 0
        if bill.alone:
            self._first.release()
        counted = bill.most if usage is None else usage
        real = self._amount(bill.model, counted, worst=usage is None)
        self._account.settle(bill.worst, real)
        if real > bill.worst * (1 + 1e-9):
            self._account.blame(
                f"Endpoint {self.name} bills {counted.input:,} input and {counted.output:,} output tokens for a call "
                f"that could take {bill.most.input:,} and {bill.most.output:,} at most: no budget can hold such a "
                "server. Check that it obeys the limit of output tokens, or run without a budget."
            )
        share = self._reading - bill.began
        self._leave()
        price = self._prices.get(bill.model)
        return None if price is None else price.of(counted) + share, 0 if usage else counted.input + counted.output

    async def _stand(self) -> None:
        """Set aside what time may cost until everything under way has ended; once for all calls."""
        async with self._standing_up:
            if not self._stands:
                await self._account.reserve(self._standing, standing=True)
                self._stands = True

    def _leave(self) -> None:
        self._users -= 1
        if self._stands and not self._users:
            self._stands = False
            self._account.settle(self._standing, 0.0, standing=True)

    def _amount(self, model: str, usage: Usage, worst: bool) -> float:
        """What an attempt takes from the account, without its time."""
        if self._account.unit == "tokens":
            return float(usage.input + usage.output)
        price = self._prices.get(model) or Price()
        return price.most(usage.input, usage.output) if worst else price.of(usage)

    def _tick(self) -> None:
        now = self._clock()
        if self._under_way and self._second:
            passed = (now - self._read_at) * self._second
            self._reading += passed / self._under_way
            if self._account.unit == "USD":
                self._account.spend(passed)
        self._read_at = now


def most_output(body: Mapping[str, Any]) -> int:
    """Tokens that the answer to a request may have at most, all choices together; an embedding has none."""
    if "messages" not in body:
        return 0
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or UNLIMITED
    return int(limit) * int(body.get("n") or 1)


UNLIMITED = 131_072
"""Tokens of output that a call without a limit is thought able to have."""
