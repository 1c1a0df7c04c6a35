"""What the requests of one call used up, whether they brought an answer or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Tokens, time and money of all attempts of a call, since all of them are paid."""

    endpoint: str
    attempts: int
    seconds: float = 0.0
    """On the wire; waits for a slot and between attempts are not in it."""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    presumed_tokens: int = 0
    """Tokens of attempts whose outcome is unknown, at their worst case."""
    cost: float | None = None
    """USD; None where nobody knows a price."""

    def plus(self, others: Sequence[Spending]) -> Self:
        """The same with what was spent on other endpoints added."""
        all_of_it: list[Spending] = [self, *others]
        costs = [one.cost for one in all_of_it if one.cost is not None]
        return replace(
            self,
            **{name: sum(getattr(one, name) for one in all_of_it) for name in ADDED},
            cost=sum(costs) if costs else None,
        )


ADDED = tuple(part.name for part in fields(Spending) if part.name not in ("endpoint", "cost"))
