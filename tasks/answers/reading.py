r"""One answer, taken apart once: its label, its value, its unit, and the formula and number that the value is.

Pure text work and bounded arithmetic. What is long has been refused before (`tasks/answers/guards.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from tasks.answers.expression import Tree, letters, named_operations, tree_of
from tasks.answers.forms import Form, form_of, rational
from tasks.answers.normal import close_up, label, tidy, without_domain
from tasks.answers.numeric import Value, value_of
from tasks.answers.separators import without_thousands
from tasks.answers.spoken import spoken
from tasks.answers.units import MeasureUnit, split_unit
from tasks.settings.policy import DEFAULT_POLICY, Policy


@dataclass(frozen=True)
class Formula:
    """A formula's tree, with what is computed of it when it is first wanted."""

    tree: Tree

    @cached_property
    def form(self) -> Form | None:
        """What it is exactly."""
        return form_of(self.tree)

    @cached_property
    def near(self) -> Value | None:
        """What it is worth nearly."""
        return value_of(self.tree)

    @cached_property
    def letters(self) -> set[str]:
        """The names in it that are no constants."""
        return letters(self.tree)

    def times(self, factor: Tree) -> Formula:
        """The product with a factor."""
        return Formula(("*", self.tree, factor))


@dataclass(frozen=True)
class ReadAnswer:
    """One answer, read once for all tiers."""

    rule: Policy
    question: str
    """What was asked, where it is known: it tells of percent and of what is counted."""
    tidied: str
    label: str
    body: str
    """Without label and thousands commas, in normal form, unit included."""
    value: str
    """`body` without its unit."""
    unit: MeasureUnit | None
    integer: str
    """The letter that is said to be any whole number."""

    @cached_property
    def formula(self) -> Formula | None:
        """`value` as a formula."""
        tree = tree_of(named_operations(self.value))
        return Formula(tree) if tree else None

    @cached_property
    def number(self) -> Fraction | None:
        """`value` where it is a rational number."""
        return rational(self.formula.form) if self.formula and self.formula.form else None


@lru_cache(maxsize=1024)
def read(text: str, rule: Policy = DEFAULT_POLICY, question: str = "") -> ReadAnswer:
    """Take an answer apart; the latest are remembered, since every vote is compared more than once."""
    tidied = spoken(without_thousands(tidy(text)))
    if rule.percent == "ignored":
        tidied = _PERCENT.sub("", tidied)
    tidied, whole = without_domain(tidied)
    name, rest = label(tidied)
    bare, unit = split_unit(rest, question)
    value = close_up(without_thousands(bare))
    return ReadAnswer(rule, question, tidied, name, close_up(rest), value, unit, whole)


_PERCENT = re.compile(r"\s*\\?%(?=$|\s*[,;)\]}]|\s+(?:and|or)\b)")
