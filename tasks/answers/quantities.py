r"""Answers that are numbers, quantities, formulas or equations, compared exactly.

Each tier takes two answers and gives a verdict, or None to pass. All are symmetric.
"""

from __future__ import annotations

import re
from fractions import Fraction

from tasks.answers.expression import DEGREE, negative, substituted, tree_of
from tasks.answers.forms import compare, proportional
from tasks.answers.naming import renamed
from tasks.answers.normal import close_up
from tasks.answers.numeric import apart, solved_apart
from tasks.answers.reading import Formula, ReadAnswer
from tasks.answers.units import COUNT, TEMPERATURES, MeasureUnit
from tasks.answers.verdict import Outcome


def units(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Two units by the policy: of one kind they are converted, of two they differ; an unknown word leaves it open."""
    if a.unit == b.unit:
        return None
    if a.unit is None or b.unit is None:
        return _unit_on_one_side(a, b)
    if not (a.unit.known and b.unit.known):
        return "unknown"
    kinds = {a.unit.kind, b.unit.kind}
    if kinds == {COUNT}:
        return _counts(a, b)
    if len(kinds) == 1 or kinds == _ANGLES:
        return None if a.formula and b.formula else "different" if a.value == b.value else None
    if a.number is not None and a.number == b.number and "angle" in kinds and not kinds.isdisjoint(TEMPERATURES):
        return "same"  # of 20° the scale is left out
    return "unknown" if kinds in _UNEVEN and a.number != b.number else "different"


def _unit_on_one_side(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    unit = a.unit or b.unit
    if unit is not None and not unit.known:
        return "unknown"
    if a.rule.units == "required" and not _is_angle(unit):
        return "different" if a.formula and b.formula else None
    return None


def _counts(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Two counted things: other numbers differ, and whether students are people nobody can tell."""
    if a.unit is None or b.unit is None:
        return None
    names = sorted((a.unit.name, b.unit.name), key=len)
    if names[1].split()[-1:] == names[0].split():
        return None  # `12 red balls` and `12 balls`
    return "different" if a.number is not None and b.number is not None and a.number != b.number else "unknown"


_UNEVEN: tuple[set[str], ...] = ({"calendar", "time"},)
"""Kinds between which no fixed factor leads: a month has 28 to 31 days."""


def _is_angle(unit: MeasureUnit | None) -> bool:
    return unit is not None and unit.kind in _ANGLES


_ANGLES = {"angle", "radian"}


def numbers(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Exact rational values, with their units."""
    if a.number is None or b.number is None or _in_other_letters(a, b):
        return None
    if a.unit and b.unit and a.unit.kind != b.unit.kind:
        return None
    left, right = (x * size for x, size in zip((a.number, b.number), _sizes(a, b), strict=True))
    if left == right or _close(left, right, a.rule.tolerance):
        return "same"
    return "same" if left == a.number and right == b.number and _one_is_rounded(a, b) else "different"


def _sizes(a: ReadAnswer, b: ReadAnswer) -> tuple[Fraction, Fraction]:
    """Factors that bring two answers to one unit; 1 where at most one has any."""
    if a.unit is None or b.unit is None:
        return Fraction(1), Fraction(1)
    return a.unit.size, b.unit.size


_FUNCTION = re.compile(r"([A-Za-z])('*)\(([A-Za-z])\)")


def one_function(a: str, b: str) -> bool:
    """Whether two labels name one function: `y` and `f(x)`, `f(x)` and `f(t)`."""
    left, right = _FUNCTION.fullmatch(a), _FUNCTION.fullmatch(b)
    if left and right:
        return left.group(1, 2) == right.group(1, 2)
    match, other = (left, b) if left else (right, a)
    return match is not None and other == "y" + match[2]


def _in_other_letters(a: ReadAnswer, b: ReadAnswer) -> bool:
    """Whether the two are about different things: `x = …` and `y = …`."""
    return bool(a.label and b.label and not one_function(a.label, b.label) and a.label != b.label)


def _close(left: Fraction, right: Fraction, tolerance: float) -> bool:
    """Whether two numbers agree within the relative tolerance; 0 allows none."""
    return tolerance > 0 and abs(left - right) <= Fraction(tolerance) * max(abs(left), abs(right))


_DECIMAL = re.compile(r"[-+]?(\d*)\.(\d+)")
_LONG_DECIMAL = re.compile(r"\.\d{6,}")


def _one_is_rounded(a: ReadAnswer, b: ReadAnswer) -> bool:
    return _is_rounded(a, b) or _is_rounded(b, a)


def _is_rounded(a: ReadAnswer, b: ReadAnswer) -> bool:
    """Whether `a` is `b` rounded to `a`'s own decimals: as many as the rule wants, all of them significant."""
    match = _DECIMAL.fullmatch(a.value)
    if match is None or a.number is None or b.formula is None:
        return False
    decimals = match[2]
    if len(decimals.lstrip("0") if not match[1].strip("0") else decimals) < a.rule.rounded_decimals:
        return False
    longer = _DECIMAL.fullmatch(b.value)
    if re.fullmatch(r"[-+]?\d*\.?\d*", b.value) and (longer is None or len(longer[2]) <= len(decimals)):
        return False
    exact = b.number if b.number is not None else _real(b.formula)
    return exact is not None and abs(a.number - exact) * 2 * 10 ** len(decimals) <= 1


def _real(formula: Formula) -> Fraction | None:
    """The value of a formula without letters, to some fifteen digits."""
    near = None if formula.letters else formula.near
    return Fraction(near[0].real) if near and abs(near[0].imag) <= near[1] else None


def formulas(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Formulas by their exact forms; what differs there, or clearly in value, differs, unless a decimal is rounded."""
    left = _of_one_argument(_scaled(a, b), a.label, b.label)
    right = _of_one_argument(_scaled(b, a), b.label, a.label)
    if left is None or right is None or _in_other_letters(a, b):
        return None
    equal = compare(left.form, right.form) if left.form and right.form else None
    if not equal and renamed(left, right, bool(a.integer or b.integer)):
        return "same"
    if equal or _one_is_rounded(a, b) or _within_tolerance(left, right, a.rule.tolerance):
        return "same"
    if any(_LONG_DECIMAL.search(x.value) and formula.letters for x, formula in ((a, left), (b, right))):
        return None
    return "different" if equal is False or (left.near and right.near and apart(left.near, right.near)) else None


def _of_one_argument(formula: Formula | None, ours: str, theirs: str) -> Formula | None:
    """The formula of `f(t) = …` against that of `f(x) = …`: their arguments get one name that no letter has."""
    own, other = _FUNCTION.fullmatch(ours), _FUNCTION.fullmatch(theirs)
    if formula is None or own is None or other is None or own[3] == other[3]:
        return formula
    return Formula(substituted(formula.tree, own[3], ("name", "@")))


def _within_tolerance(left: Formula, right: Formula, tolerance: float) -> bool:
    x, y = (_real(formula) if tolerance else None for formula in (left, right))
    return x is not None and y is not None and _close(x, y, tolerance)


def _scaled(answer: ReadAnswer, other: ReadAnswer) -> Formula | None:
    """The answer's formula in the other's unit; degrees meet radians only where the other side speaks of pi."""
    formula = answer.formula
    if formula is None or answer.unit is None:
        return formula
    if other.unit is None:
        return formula.times(DEGREE) if answer.unit.kind == "angle" and r"\pi" in other.value else formula
    if answer.unit.kind != other.unit.kind:
        return formula.times(DEGREE) if answer.unit.kind == "angle" else formula
    return formula if answer.unit.size == other.unit.size else formula.times(("number", answer.unit.size))


def equations(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`2x + y = 3` is `y = 3 - 2x`, terms moved across and a factor aside; two with other solutions differ."""
    left, right = _moved(a), _moved(b)
    if left is None or right is None:
        return None
    if left.form and right.form and proportional(left.form, right.form):
        return "same"
    return "different" if solved_apart(left.tree, right.tree) else None


def _moved(answer: ReadAnswer) -> Formula | None:
    """Left minus right."""
    sides = [tree_of(close_up(side)) for side in answer.tidied.split("=")]
    if len(sides) != 2 or sides[0] is None or sides[1] is None:
        return None
    return Formula(("+", sides[0], negative(sides[1])))


_RESIDUE = re.compile(
    r"(?:[A-Za-z]\s*\\equiv(?![A-Za-z])\s*)?(-?\d{1,18})\s*\(?\s*\\?[pb]?mod(?:ulo)?(?![A-Za-z])\s*\{?\s*(\d{1,18})\s*\}?\s*\)?"
)


def residues(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    r"""`3 \pmod 5` is `8 \bmod 5`; whether a bare number is meant as a residue nobody can tell."""
    left, right = (_RESIDUE.fullmatch(x.tidied) for x in (a, b))
    if left is None or right is None or left[2] != right[2] or not int(left[2]):
        return "different" if left and right else "unknown" if left or right else None
    return "same" if (int(left[1]) - int(right[1])) % int(left[2]) == 0 else "different"


_PROBABILITY = re.compile(r"P\((?P<event>[^()]+)\)")
_EVENT = re.compile(r"[A-Z](?:'|\^\{c\})?|\\(?:overline|bar)\{[A-Z]\}")
_TOGETHER = re.compile(r"(\\c[au]p)(?![A-Za-z])")


def probabilities(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    r"""`P(A \cap B)` is `P(B \cap A)`; a condition has a direction."""
    left, right = _event(a), _event(b)
    return None if left is None or right is None else "same" if left == right else "different"


def _event(answer: ReadAnswer) -> tuple[str, ...] | None:
    """The events and what joins them, in one order; None for other than one operation on named events."""
    match = _PROBABILITY.fullmatch(answer.value)
    if match is None:
        return None
    condition = re.split(r"\||\\mid(?![A-Za-z])", match["event"])
    written = []
    for part in condition:
        pieces = [piece.strip() for piece in _TOGETHER.split(part)]
        signs = set(pieces[1::2])
        if len(signs) > 1 or not all(_EVENT.fullmatch(event) for event in pieces[::2]):
            return None
        written.append(" ".join((*sorted(signs), *sorted(pieces[::2]))))
    return tuple(written)


def infinities(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Infinity with a sign against a number, or against the other sign, is different."""
    left, right = _INFINITIES.get(a.value), _INFINITIES.get(b.value)
    if left is not None and right is not None:
        return "same" if left == right else "different"
    number = b.number if left is not None else a.number if right is not None else None
    return "different" if number is not None else None


_INFINITIES = {r"\infty": 1, r"+\infty": 1, "infinity": 1, "Infinity": 1, r"-\infty": -1, "-infinity": -1}
