"""Amounts that a person writes: budgets in money or tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

BudgetUnit = Literal["USD", "tokens"]


class Budget(NamedTuple):
    """A limit on what a workspace may spend, over all of its runs."""

    amount: float
    unit: BudgetUnit

    def __str__(self) -> str:
        return show(self.amount, self.unit)


def show(amount: float, unit: BudgetUnit) -> str:
    """An amount as a person reads it."""
    return f"{amount:,.2f} USD" if unit == "USD" else f"{amount:,.0f} tokens"


def read_budget(text: str) -> Budget:
    """A budget such as "25 USD", "$25", "5M tokens" or "2_000_000 tokens". Raises ValueError."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None or float(found["number"].replace("_", "").replace(",", "")) <= 0:
        raise ValueError(f'{text!r} is no budget; write "25 USD" or "5M tokens"')
    number = float(found["number"].replace("_", "").replace(",", "")) * SCALES[(found["scale"] or "").lower()]
    unit: BudgetUnit = "tokens" if (found["unit"] or "").lower().startswith("token") else "USD"
    if unit == "USD" and not (found["unit"] or found["sign"]):
        raise ValueError(f"{text!r} has no unit; write USD or tokens behind it")
    return Budget(number, unit)


AMOUNT = re.compile(
    r"(?P<sign>\$)?\s*(?P<number>\d[\d_,]*(?:\.\d+)?)\s*(?P<scale>[kKmMbB])?\s*(?P<unit>USD|usd|tokens?)?"
)

SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
