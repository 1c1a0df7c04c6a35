r"""Whether two final answers are the same, as far as text and exact algebra can tell.

Knows: normal forms, exact values and formulas, units, letters of choices, yes and no, lists, sets, tuples, intervals
and matrices, ratios and times of day. Does not know: relations, identities of functions, calculus; then
`compare_cheaply` is None and math-verify is asked. Everything is pure, symmetric, bounded, and evaluates no model text.

Policies, where people differ; the first three are settings (`EquivalenceRule`), told here with their defaults:
- `%` divides by one hundred: `25\%` = `0.25`, `9\%` != `9`.
- A unit on one side only is dropped (`5 cm` = `5`); on both sides it counts (`5 cm` != `5 m`, `100 cm` = `1 m`).
- A decimal is what it says: `0.33` != `1/3`. From six significant decimals on it is read as a rounded value.
- Sets and bare lists have no order, tuples and intervals do: `1, 2` = `2, 1`, `(1, 2)` != `(2, 1)`.
- A number's base is part of it: `1011_2` = `11`, and != `1011`.
- A label on one side only is dropped (`x = 5` = `5`); two labels must agree (`x = 5` != `y = 5`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from tasks.gates.expression import DEGREE, Tree, letters, negative, tree_of
from tasks.gates.forms import compare, form_of, proportional, rational
from tasks.gates.groups import Group, Outcome, compare_groups, group_of
from tasks.gates.normal import Unit, close_up, label, split_unit, tidy, without_thousands
from tasks.gates.numeric import apart, solved_apart, value_of
from tasks.settings import EquivalenceRule

MAX_DEPTH = 4
"""Lists within lists that are compared element by element."""

DEFAULT = EquivalenceRule()


@dataclass(frozen=True)
class Answer:
    """One answer, read once for all tiers."""

    rule: EquivalenceRule
    tidied: str
    label: str
    body: str
    """Without label and thousands commas, in normal form, unit included."""
    value: str
    """`body` without its unit."""
    unit: Unit | None

    @cached_property
    def tree(self) -> Tree | None:
        """`value` as a formula."""
        return tree_of(self.value)

    @cached_property
    def number(self) -> Fraction | None:
        """`value` where it is a rational number."""
        form = form_of(self.tree) if self.tree else None
        return rational(form) if form else None


@lru_cache(maxsize=4096)
def read(text: str, rule: EquivalenceRule = DEFAULT) -> Answer:
    """Take an answer apart; pure text work. What is long has been refused before (`guards.oversized`)."""
    tidied = without_thousands(tidy(text))
    if rule.percent == "ignored":
        tidied = _PERCENT.sub("", tidied)
    name, rest = label(tidied)
    bare, unit = split_unit(rest)
    return Answer(rule, tidied, name, close_up(rest), close_up(without_thousands(bare)), unit)


_PERCENT = re.compile(r"\s*(?:\\?%|percent)$")


def compare_cheaply(a: str, b: str, rule: EquivalenceRule = DEFAULT) -> Outcome | None:
    """The first tier's verdict, or None when every tier passes. Symmetric."""
    found = first_tier(a, b, rule)
    return found[1] if found else None


def first_tier(a: str, b: str, rule: EquivalenceRule = DEFAULT, depth: int = 0) -> tuple[str, Outcome] | None:
    """The name of the first tier with a verdict, and the verdict."""
    left, right = read(a, rule), read(b, rule)
    if not left.body or not right.body:
        return ("empty", "unknown")
    for name, tier in TIERS.items():
        outcome = tier(left, right, depth)
        if outcome is not None:
            return (name, outcome)
    return None


# --- tiers: (left, right, depth) -> verdict, or None to pass ----------------------------------------------------------


def same_text(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Equal normal forms, labels and units included."""
    if a.body == b.body and (a.label == b.label or not a.label or not b.label):
        return "same"
    return None


_FUNCTIONS = re.compile(r"[A-Za-z]\([A-Za-z]\)")


def labels(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """`x = 5` and `y = 5` say different things; `y = …` and `f(x) = …` name one function, so they pass."""
    if not a.label or not b.label or a.label == b.label:
        return None
    names = {a.label, b.label}
    if "y" in names and any(_FUNCTIONS.fullmatch(name) for name in names):
        return compare_cheaply(a.body, b.body, a.rule)
    return "different" if a.number is not None and b.number is not None else None


_CHOICE = re.compile(
    r"(?:(?:option|choice|answer|选项)\s*)?(?:\(([A-Ja-j])\)|([A-J])|([A-Ja-j])\s*[.):])\s*(.*)", re.IGNORECASE
)


def choices(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """`(B)`, `B.`, `b)`, `Option B`, `(B) 12`: one letter of a choice; two letters always differ."""
    left, right = _letter(a.tidied), _letter(b.tidied)
    if left is None or right is None:
        return None
    return "same" if left == right else "different"


def _letter(text: str) -> str | None:
    match = _CHOICE.fullmatch(text)
    if match is None:
        return None
    bare = match[2]
    if match[4] and (bare or not match[1]) and not re.match(r"[A-Ja-j]\s*[.):]", text):
        return None  # `B + 1` is an expression, `(B) 12` and `B. 12` are a choice and its text
    return (match[1] or bare or match[3] or "").upper()


_POLARITY = {
    **dict.fromkeys(("yes", "true", "correct", "是", "对", "正确", "是的", "成立"), True),
    **dict.fromkeys(("no", "false", "incorrect", "not true", "否", "不是", "错", "错误", "不成立", "不对"), False),
}


def yes_or_no(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Yes and true are one answer, no and false the other; one of them against a number is different."""
    left, right = _POLARITY.get(a.tidied.casefold()), _POLARITY.get(b.tidied.casefold())
    if left is None or right is None:
        number = a.number if left is None else b.number
        return "different" if number is not None and (left, right) != (None, None) else None
    return "same" if left == right else "different"


_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(?:([ap])\.?\s?m\b\.?)?", re.IGNORECASE)


def times(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """`8:34 PM` = `20:34`; without am or pm on one side the twelve-hour reading also counts."""
    left, right = _time(a.tidied), _time(b.tidied)
    if left is None or right is None or not (left[1] or right[1] or a.tidied.count(":") == 2):
        return None
    if left[0] == right[0]:
        return "same"
    half_known = left[1] != right[1]
    return "same" if half_known and abs(left[0] - right[0]) == 43200 and _early(left, right) else "different"


def _time(text: str) -> tuple[int, bool] | None:
    """Seconds since midnight and whether am or pm was said."""
    match = _TIME.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * 3600 + minute * 60 + second, bool(match[4])


def _early(left: tuple[int, bool], right: tuple[int, bool]) -> bool:
    """Whether the side without am or pm is before one o'clock in the afternoon, so that it may be either half."""
    return (right if left[1] else left)[0] < 13 * 3600


_RATIO = re.compile(r"\d{1,18}(?:\s*:\s*\d{1,18})+")


def ratios(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """`6:4` = `3:2`. Where both could be times of day (`2:10`, `1:05`) the text alone does not tell: unknown."""
    if not (_RATIO.fullmatch(a.tidied) and _RATIO.fullmatch(b.tidied)):
        return None
    left, right = ([int(part) for part in x.tidied.split(":")] for x in (a, b))
    if len(left) != len(right):
        return "different"
    equal = all(x * right[0] == y * left[0] for x, y in zip(left, right, strict=True))
    if _time(a.tidied) is not None and _time(b.tidied) is not None:
        return "same" if _time(a.tidied) == _time(b.tidied) else "unknown" if equal else "different"
    return "same" if equal else "different"


def units(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Two units by the policy above: of one kind they are converted, of two kinds they differ."""
    if (a.unit is None) != (b.unit is None) and a.rule.units == "required" and not _is_angle(a.unit or b.unit):
        return "different" if a.tree and b.tree else None
    if a.unit is None or b.unit is None or a.unit == b.unit:
        return None
    if a.unit.kind == b.unit.kind:
        return None if a.tree and b.tree else "different" if a.value == b.value else None
    if a.number is not None and b.number is not None and a.number != b.number:
        return "different"
    known = all(unit.name != unit.kind or unit.kind in _LONE_KINDS for unit in (a.unit, b.unit))
    return "different" if known else "unknown"


def _is_angle(unit: Unit | None) -> bool:
    return unit is not None and unit.kind in ("angle", "radian")


_LONE_KINDS = {"euro", "yuan", "year", "month"}


def numbers(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Exact rational values, with their units."""
    if a.number is None or b.number is None or _in_other_letters(a, b):
        return None
    left, right = (x * size for x, size in zip((a.number, b.number), _sizes(a, b), strict=True))
    if left == right or _close(left, right, a.rule.tolerance):
        return "same"
    return "same" if left == a.number and right == b.number and _one_is_rounded(a, b) else "different"


def _sizes(a: Answer, b: Answer) -> tuple[Fraction, Fraction]:
    """Factors that bring two answers to one unit; 1 where at most one has any."""
    if a.unit is None or b.unit is None:
        return Fraction(1), Fraction(1)
    return a.unit.size, b.unit.size


def _in_other_letters(a: Answer, b: Answer) -> bool:
    """Whether the two are about different things: `x = …` and `y = …`."""
    return bool(a.label and b.label and a.label != b.label)


def _close(left: Fraction, right: Fraction, tolerance: float) -> bool:
    """Whether two numbers agree within the relative tolerance; 0 allows none."""
    return tolerance > 0 and abs(left - right) <= Fraction(tolerance) * max(abs(left), abs(right))


_DECIMAL = re.compile(r"[-+]?(\d*)\.(\d+)")
_LONG_DECIMAL = re.compile(r"\.\d{6,}")


def _one_is_rounded(a: Answer, b: Answer) -> bool:
    return _is_rounded(a, b) or _is_rounded(b, a)


def _is_rounded(a: Answer, b: Answer) -> bool:
    """Whether `a` is `b` rounded to `a`'s own decimals: as many as the rule wants, all of them significant."""
    match = _DECIMAL.fullmatch(a.value)
    if match is None or a.number is None or b.tree is None:
        return False
    decimals = match[2]
    if len(decimals.lstrip("0") if not match[1].strip("0") else decimals) < a.rule.rounded_decimals:
        return False
    longer = _DECIMAL.fullmatch(b.value)
    if re.fullmatch(r"[-+]?\d*\.?\d*", b.value) and (longer is None or len(longer[2]) <= len(decimals)):
        return False
    exact = b.number if b.number is not None else _real(b.tree)
    return exact is not None and abs(a.number - exact) * 2 * 10 ** len(decimals) <= 1


def _real(tree: Tree) -> Fraction | None:
    """The value of a formula without letters, to some fifteen digits."""
    near = None if letters(tree) else value_of(tree)
    return Fraction(near[0].real) if near and abs(near[0].imag) <= near[1] else None


def formulas(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Formulas by their exact forms; what differs there, or clearly in value, differs, unless a decimal is rounded."""
    left, right = _scaled(a, b), _scaled(b, a)
    if left is None or right is None or _in_other_letters(a, b):
        return None
    one, other = form_of(left), form_of(right)
    equal = compare(one, other) if one and other else None
    if equal or _one_is_rounded(a, b):
        return "same"
    if a.rule.tolerance:
        x, y = _real(left), _real(right)
        if x is not None and y is not None and _close(x, y, a.rule.tolerance):
            return "same"
    if any(_LONG_DECIMAL.search(x.value) and letters(tree) for x, tree in ((a, left), (b, right))):
        return None
    return "different" if equal is False or apart(left, right) else None


def _scaled(answer: Answer, other: Answer) -> Tree | None:
    """The answer's formula in the other's unit; degrees meet radians only where the other side speaks of pi."""
    tree = answer.tree
    if tree is None or answer.unit is None:
        return tree
    if other.unit is None:
        return ("*", tree, DEGREE) if answer.unit.name == "degree" and r"\pi" in other.value else tree
    return tree if answer.unit.size == other.unit.size else ("*", tree, ("number", answer.unit.size))


def equations(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """`2x + y = 3` is `y = 3 - 2x`, terms moved across and a factor aside; two with other solutions differ."""
    left, right = _moved(a), _moved(b)
    if left is None or right is None:
        return None
    one, other = form_of(left), form_of(right)
    if one and other and proportional(one, other):
        return "same"
    return "different" if solved_apart(left, right) else None


def _moved(answer: Answer) -> Tree | None:
    """Left minus right."""
    sides = [tree_of(close_up(side)) for side in answer.tidied.split("=")]
    if len(sides) != 2 or sides[0] is None or sides[1] is None:
        return None
    return ("+", sides[0], negative(sides[1]))


def infinities(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Infinity with a sign against a number, or against the other sign, is different."""
    signs = {r"\infty": 1, r"+\infty": 1, r"-\infty": -1}
    left, right = signs.get(a.value), signs.get(b.value)
    if left is not None and right is not None:
        return "same" if left == right else "different"
    number = b.number if left is not None else a.number if right is not None else None
    return "different" if number is not None else None


def collections(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Sets, lists, tuples, intervals and unions, element by element."""

    def element(x: str, y: str) -> Outcome | None:
        found = first_tier(x, y, a.rule, depth + 1)
        return found[1] if found and found[1] != "unknown" else None

    left, right = group_of(a.tidied), group_of(b.tidied)
    if left is not None and right is not None and depth < MAX_DEPTH:
        return compare_groups(left, right, element)
    return "different" if _several(left, b) or _several(right, a) else None


def _several(group: Group | None, other: Answer) -> bool:
    """Whether the group is a pair or more, or has several different numbers, while the other is one number."""
    if group is None or other.number is None:
        return False
    if group.opening in ("(", "["):
        return len(group.elements) > 1
    return len({read(element, other.rule).number for element in group.elements} - {None}) > 1


_WORD = re.compile(r"(?:(?:a|an|the)\s+)?([a-z]{3,}|[\u4e00-\u9fff]+)")
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+")
_PROSE = re.compile(r"[a-z][a-z' -]{5,}")
_COUNTING = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBER_WORDS = {word: Fraction(n) for n, word in enumerate(_COUNTING.split())}


def words(a: Answer, b: Answer, depth: int) -> Outcome | None:
    """Plain words: equal but for case and articles; two single words differ unless a product of the same letters."""
    left, right = a.tidied.casefold(), b.tidied.casefold()
    one, other = _WORD.fullmatch(left), _WORD.fullmatch(right)
    if one and other:
        if one[1] == other[1]:
            return "same"
        return None if sorted(one[1]) == sorted(other[1]) else "different"
    if _PROSE.fullmatch(left) and _ARTICLE.sub("", left) == _ARTICLE.sub("", right):
        return "same"
    word, number = (one, b.number) if one else (other, a.number)
    if word is None or number is None:
        return None
    return "same" if _NUMBER_WORDS.get(word[1]) == number else "different"


TIERS: dict[str, Callable[[Answer, Answer, int], Outcome | None]] = {
    "normal form": same_text,
    "yes or no": yes_or_no,
    "choice": choices,
    "time": times,
    "ratio": ratios,
    "label": labels,
    "unit": units,
    "number": numbers,
    "infinity": infinities,
    "collection": collections,
    "words": words,
    "formula": formulas,
    "equation": equations,
}
