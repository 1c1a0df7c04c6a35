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


def read_budget(text: object) -> Budget:
    """A budget such as "25 USD", "$25", "5M tokens" or "2_000_000 tokens". Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f'{text} has no unit; write "{text} USD" or "{text} tokens"')
    found = re.fullmatch(BUDGET, text)
    if found is None:
        raise ValueError(_what_is_wrong(text))
    dollars, dollar_scale, number, scale, unit = found.groups()
    amount = float((dollars or number).replace("_", "").replace(",", ""))
    return Budget(
        amount * SCALES[(dollar_scale or scale or "").lower()], "USD" if dollars or unit.upper() == "USD" else "tokens"
    )


def _what_is_wrong(text: str) -> str:
    if re.search(r"\d,\d", text) and re.fullmatch(BUDGET, text.replace(",", "")):
        return f'{text!r} is no budget: a comma only groups thousands, as in 1,500; write "1.5 USD" with a point'
    if re.fullmatch(BUDGET, f"{text} USD"):
        return f"{text!r} has no unit; write USD or tokens behind it"
    return f'{text!r} is no budget; write "25 USD" or "5M tokens"'


_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9][0-9_]*)(?:\.[0-9]+)?"
_SCALE = r"\s*([kKmMbB])?\s*"
_USD, _TOKENS = "[Uu][Ss][Dd]", "[Tt][Oo][Kk][Ee][Nn][Ss]?"

BUDGET = rf"^\s*(?=[^1-9]*[1-9])(?:\$\s*({_NUMBER}){_SCALE}(?:{_USD})?|({_NUMBER}){_SCALE}({_USD}|{_TOKENS}))\s*$"
"""The rule of a budget, which a browser's form and the reader both go by."""

SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
