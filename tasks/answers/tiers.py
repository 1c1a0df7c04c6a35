r"""Whether two final answers are the same, as far as text and exact algebra can tell.

Knows: normal forms, exact values and formulas, units, letters of choices, yes and no, lists, sets, tuples, intervals
and matrices, ratios and times of day. Does not know: relations, identities of functions, calculus; then
`compare_cheaply` is None and math-verify is asked. Everything is pure, symmetric, bounded, and evaluates no model text.

Policies, where people differ; the first three are settings (`Policy`), told here with their defaults:
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

from tasks.answers.clock import dates, ratios, times
from tasks.answers.groups import Group, compare_groups, group_of
from tasks.answers.letters import choices
from tasks.answers.phrases import nothing_or_all, words, yes_or_no
from tasks.answers.quantities import (
    equations,
    formulas,
    infinities,
    numbers,
    one_function,
    probabilities,
    residues,
    units,
)
from tasks.answers.reading import ReadAnswer, read
from tasks.answers.spans import spans
from tasks.answers.verdict import Outcome
from tasks.settings.policy import DEFAULT_POLICY, Policy

MAX_DEPTH = 4
"""Lists within lists that are compared element by element."""


def compare_cheaply(a: str, b: str, rule: Policy = DEFAULT_POLICY) -> Outcome | None:
    """The first tier's verdict, or None when every tier passes. Symmetric."""
    found = first_tier(a, b, rule)
    return found[1] if found else None


def first_tier(a: str, b: str, rule: Policy, depth: int = 0, question: str = "") -> tuple[str, Outcome] | None:
    """The name of the first tier with a verdict, and the verdict."""
    left, right = read(a, rule, question), read(b, rule, question)
    if not left.body or not right.body:
        return ("empty", "unknown")
    for name, tier in TIERS.items():
        # Of the tiers, these alone look into their parts with all tiers again.
        outcome = collections(left, right, depth) if tier is collections else tier(left, right)
        if outcome is not None:
            return (name, outcome)
    return None


# --- tiers: (left, right) -> verdict, or None to pass -----------------------------------------------------------------


def same_text(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Equal normal forms, labels and units included."""
    if a.body == b.body and (a.label == b.label or not a.label or not b.label):
        return "same"
    return None


def labels(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`x = 5` and `y = 5` say different things; `y = …` and `f(x) = …` name one function, so they pass."""
    if not a.label or not b.label or a.label == b.label:
        return None
    if one_function(a.label, b.label):
        return compare_cheaply(a.body, b.body, a.rule) if "y" in (a.label[0], b.label[0]) else None
    if a.label.count("'") != b.label.count("'"):
        return "different"
    return "different" if a.number is not None and b.number is not None else None


_DERIVED = re.compile(r"'(?:_\{[a-z]\})?|\\d{1,3}ot(?![A-Za-z])\s*|\\partial\s*(?:\^\{\d\})?")
_BRACED_LETTER = re.compile(r"\{([A-Za-z])\}")


def derivatives(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """What differs in nothing but the marks of derivatives (`f'`, a dot) differs."""
    marks = [_DERIVED.findall(x.tidied) for x in (a, b)]
    if marks[0] == marks[1]:
        return None
    left, right = (_BRACED_LETTER.sub(r"\1", _DERIVED.sub("", x.tidied)).replace(" ", "") for x in (a, b))
    return "different" if left == right else None


def collections(a: ReadAnswer, b: ReadAnswer, depth: int = 0) -> Outcome | None:
    """Sets, lists, tuples, intervals and unions, element by element."""

    def element(x: str, y: str) -> Outcome | None:
        found = first_tier(x, y, a.rule, depth + 1, a.question)
        return found[1] if found and found[1] != "unknown" else None

    left, right = group_of(a.tidied), group_of(b.tidied)
    if left is not None and right is not None and depth < MAX_DEPTH:
        outcome = compare_groups(left, right, element)
        return "unknown" if outcome is None and (_holds_sets(left) or _holds_sets(right)) else outcome
    if _several(left, b) or _several(right, a):
        return "different"
    return "unknown" if "" in {group.opening for group in (left, right) if group} else None


def _holds_sets(group: Group) -> bool:
    r"""Whether a set or tuple has a set in it: `\{\{1\}, 2\}` is not `\{1, 2\}`; math-verify drops the inner braces."""
    return group.opening in (r"\{", "(", "[") and any(element.startswith(r"\{") for element in group.elements)


def _several(group: Group | None, other: ReadAnswer) -> bool:
    """Whether the group is a pair or more, or has several different numbers, while the other is one value."""
    if group is None or other.formula is None or other.formula.letters:
        return False
    if group.opening in ("(", "["):
        return len(group.elements) > 1
    return len({read(element, other.rule).number for element in group.elements} - {None}) > 1


TIERS: dict[str, Callable[[ReadAnswer, ReadAnswer], Outcome | None]] = {
    "normal form": same_text,
    "yes or no": yes_or_no,
    "choice": choices,
    "nothing or all": nothing_or_all,
    "date": dates,
    "time": times,
    "ratio": ratios,
    "derivative": derivatives,
    "residue": residues,
    "label": labels,
    "probability": probabilities,
    "unit": units,
    "number": numbers,
    "infinity": infinities,
    "set of numbers": spans,
    "collection": collections,
    "words": words,
    "formula": formulas,
    "equation": equations,
}
"""All tiers, in their order."""
