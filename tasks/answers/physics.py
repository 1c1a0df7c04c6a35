r"""Answers of physics: a number with a unit, compared in SI units and by significant figures.

Two quantities are the same when their units have one dimension and their numbers, in base units, agree to the last
digit of the one that is given less precisely; a number of fewer digits than `Policy.figures` is exact: 9.8 is 9.81,
and 2 is not 2.4. A quantity is not its bare number. Whatever is no number with a unit of the SI goes to mathematics.

It knows neither the problem nor what was measured, so it cannot tell a rounded 9.8 from another 9.8.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from tasks.answers.equivalence import Comparison, Equivalence
from tasks.answers.si_units import ONE, SIUnit, read_unit
from tasks.answers.verdict import Outcome, Verdict
from tasks.settings.policy import DEFAULT_POLICY

LONGEST = 200
LARGEST_EXPONENT = 60
_NUMBER = re.compile(
    r"""^(?P<sign>[+-]?)\s*(?:
        (?P<whole>\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.(?P<part>\d{0,30}))?|\.(?P<only>\d{1,30})
        |\\[dt]?frac\{(?P<top>\d{1,12})\}\{(?P<bottom>\d{1,12})\})
        (?:\s*(?:[eE]\s*|(?:\\times|\\cdot|×|·|x|\*)\s*10\s*\^\s*)\{?\s*(?P<power>[+-]?\d{1,3})\s*\}?)?""",
    re.VERBOSE,
)
_LEAD = re.compile(
    r"^\$?\s*(?:\\?[A-Za-z]\w{0,5}(?:_\{?\w{1,12}\}?)?\s*(?:=|\\approx|≈)\s*)?(?:\\approx|≈|about|approximately)?\s*"
)


class Quantity(NamedTuple):
    """A number, its last digit's worth (0 for one that is exact), and its unit."""

    value: Fraction
    last: Fraction
    unit: SIUnit | None


class PhysicsEquivalence(Equivalence):
    """The checker of physics: quantities first, and mathematics for all else."""

    def _at_once(self, asked: Comparison) -> Verdict | None:
        outcome = compare_quantities(asked.a, asked.b, self._rule.figures)
        return Verdict(outcome, "quantity") if outcome is not None else super()._at_once(asked)


def compare_quantities(a: str, b: str, figures: int = DEFAULT_POLICY.figures) -> Outcome | None:
    """The outcome for two answers of which at least one has a unit of the SI; None to leave it to mathematics.

    A number of at least `figures` significant figures may be a rounded one; with 0 none is.
    """
    one, other = read_quantity(a, figures), read_quantity(b, figures)
    if one is None or other is None or (one.unit in (None, ONE) and other.unit in (None, ONE)):
        return None
    left, right = one.unit or ONE, other.unit or ONE
    if left.powers != right.powers or (one.unit is None) != (other.unit is None):
        return "different"
    last = max(one.last * left.size, other.last * right.size)
    return "same" if abs(one.value * left.size - other.value * right.size) <= last / 2 else "different"


def read_quantity(text: str, figures: int = DEFAULT_POLICY.figures) -> Quantity | None:
    """A number with or without a unit; None for anything else."""
    if len(text) > LONGEST:
        return None
    plain = text.strip().replace("{,}", ",").replace("−", "-").replace("\\!", "").replace("\\,", " ").strip("$ ")
    plain = _LEAD.sub("", plain).strip()
    found = _NUMBER.match(plain)
    if found is None:
        return None
    number = _number(found, figures)
    rest = plain[found.end() :].strip().strip("~").rstrip("$. ").strip()
    if number is None or rest[:1] in tuple("^_,%°'\""):
        return None
    if not rest:
        return Quantity(*number, None)
    unit = read_unit(rest)
    return None if unit is None else Quantity(*number, unit)


def _number(found: re.Match[str], least: int) -> tuple[Fraction, Fraction] | None:
    sign = -1 if found["sign"] == "-" else 1
    power = int(found["power"] or 0)
    if abs(power) > LARGEST_EXPONENT:
        return None
    scale = Fraction(10) ** power
    if found["top"]:
        top, bottom = sign * int(found["top"]), int(found["bottom"])
        return (Fraction(top, bottom) * scale, Fraction(0)) if bottom else None
    whole, part = (found["whole"] or "0").replace(",", ""), found["part"] or found["only"] or ""
    figures = len((whole + part).lstrip("0"))
    value = sign * Fraction(int(whole + part), 10 ** len(part)) * scale
    return value, scale / 10 ** len(part) if 0 < least <= figures else Fraction(0)
