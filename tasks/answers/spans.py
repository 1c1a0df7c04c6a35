r"""Sets of real numbers as intervals: relations, distances, unions, conditions, all but some points.

Knows: `x > 2`, `1 \le x < 4`, `|x - 1| < 2`, `x \ge 1, x \le 3`, `[0,3] \cup [3,5]`, `\{x : x > 2\}`, `x \ne 2`,
`\mathbb{R} \setminus \{2\}`; relations that are linear in one letter, with rational
ends. It passes on others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from tasks.answers.expression import Tree, letters, negative, substituted, tree_of
from tasks.answers.forms import form_of, rational
from tasks.answers.normal import close_up
from tasks.answers.reading import ReadAnswer
from tasks.answers.verdict import Outcome

_INFINITY = Fraction(10**400)
"""Larger than what an answer of bounded length states as an end."""


class Interval(NamedTuple):
    """The numbers between two ends; a closed end belongs to them. Infinite ends are open."""

    low: Fraction
    open_below: bool
    high: Fraction
    open_above: bool


Spans = tuple[Interval, ...]
"""In order, apart from each other."""

_ALL: Spans = (Interval(-_INFINITY, True, _INFINITY, True),)


class _Found(NamedTuple):
    spans: Spans
    about: str
    """The letter of the relations; empty where there is none."""
    stated: bool
    """Whether it can be nothing but a set of numbers: a bare `(1, 2)` may be a point."""


def spans(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Two sets of numbers, of which one at least is clearly meant as such."""
    if not (_SIGNS.search(a.tidied) or _SIGNS.search(b.tidied)):
        return None
    left, right = spans_of(a.tidied), spans_of(b.tidied)
    if left is None or right is None or not (left.stated or right.stated):
        return None
    if left.about and right.about and left.about != right.about:
        return "different"
    return "same" if left.spans == right.spans else "different"


_SIGNS = re.compile(r"[<>|]|\\(?:[lgn]e|cup|cap|setminus|mid)(?![A-Za-z])|^\]|\[$")
_OR = re.compile(r"\s*(?:\\cup(?![A-Za-z])|\\lor(?![A-Za-z])|\bor\b|或)\s*")
_AND = (re.compile(r"\s*(?:\\cap(?![A-Za-z])|\\land(?![A-Za-z])|\band\b|且)\s*"), re.compile(r"\s*,\s*"))
_CONDITION = re.compile(
    r"\\\{\s*[A-Za-z]\s*(?:\\in\s*(?:\\mathbb\s*\{?\s*R\s*\}?|R)\s*)?(?::|\||\\mid(?![A-Za-z]))(?P<condition>.*)\\\}"
)
_MEMBER = re.compile(r"(?P<name>[A-Za-z])\s*\\in(?![A-Za-z])\s*(?P<rest>.+)")
_WITHOUT = re.compile(
    r"(?:\\mathbb\s*\{\s*R\s*\}|R)\s*(?:\\setminus(?![A-Za-z])|-|\\backslash)\s*\\\{(?P<points>.*)\\\}"
)
_BETWEEN = re.compile(r"(?P<opening>[(\[\]])\s*(?P<low>[^,;\[\]]+)[,;](?P<high>[^,;\[\]]+)(?P<closing>[)\]\[])")
_RELATION = re.compile(r"(<|>|\\[lg]e(?![A-Za-z]))")
_DISTANCE = re.compile(r"\|(?P<inner>[^|]+)\|")
_NOT_EQUAL = re.compile(r"(?P<name>[A-Za-z])\s*\\ne(?![A-Za-z])\s*(?P<point>.+)")


def spans_of(text: str) -> _Found | None:
    """The set of real numbers that a tidied text states, or None."""
    text = text.strip()
    condition = _CONDITION.fullmatch(text)
    if condition:
        return _stated(spans_of(condition["condition"]))
    member = _MEMBER.fullmatch(text)
    if member:
        found = spans_of(member["rest"])
        return found and found._replace(about=member["name"])
    without = _WITHOUT.fullmatch(text)
    if without:
        points = [_end(point) for point in without["points"].split(",")]
        return _Found(_all_but(points), "", True) if None not in points else None
    alternatives = _OR.split(text)
    if len(alternatives) > 1:
        return _joined([spans_of(part) for part in alternatives], _union)
    conditions = _split_conditions(text)
    if len(conditions) > 1:
        return _joined([spans_of(part) for part in conditions], _intersection)
    return _between(text) or _relation(text)


def _stated(found: _Found | None) -> _Found | None:
    return found and found._replace(stated=True)


def _split_conditions(text: str) -> list[str]:
    """Parts with a relation each; the comma of an interval separates none."""
    if not _RELATION.search(text) and r"\ne" not in text and r"\cap" not in text:
        return [text]
    for separator in _AND:
        parts = separator.split(text)
        if len(parts) > 1 and all(_RELATION.search(x) or r"\ne" in x or _BETWEEN.fullmatch(x) for x in parts):
            return parts
    return [text]


def _joined(parts: Sequence[_Found | None], join: Callable[[Iterable[Spans]], Spans]) -> _Found | None:
    found = [part for part in parts if part]
    names = {part.about for part in found} - {""}
    if len(found) < len(parts) or len(names) > 1:
        return None
    return _Found(join([part.spans for part in found]), names.pop() if names else "", True)


def _union(sets: Iterable[Spans]) -> Spans:
    merged: list[Interval] = []
    for span in sorted((span for spans in sets for span in spans), key=lambda span: (span.low, span.open_below)):
        if merged and _touch(merged[-1], span):
            before = merged[-1]
            high, open_above = max((before.high, not before.open_above), (span.high, not span.open_above))
            merged[-1] = before._replace(high=high, open_above=not open_above)
        else:
            merged.append(span)
    return tuple(merged)


def _touch(before: Interval, span: Interval) -> bool:
    return span.low < before.high or (span.low == before.high and not (span.open_below and before.open_above))


def _intersection(sets: Iterable[Spans]) -> Spans:
    common = _ALL
    for spans in sets:
        parts = [_common(x, y) for x in common for y in spans]
        common = tuple(part for part in parts if part)
    return common


def _common(x: Interval, y: Interval) -> Interval | None:
    low, open_below = max((x.low, x.open_below), (y.low, y.open_below))
    high, closed = min((x.high, not x.open_above), (y.high, not y.open_above))
    holds = low < high or (low == high and not open_below and closed)
    return Interval(low, open_below, high, not closed) if holds else None


def _all_but(points: Iterable[Fraction | None]) -> Spans:
    ends = sorted({point for point in points if point is not None})
    lows, highs = [-_INFINITY, *ends], [*ends, _INFINITY]
    return tuple(Interval(low, True, high, True) for low, high in zip(lows, highs, strict=True))


def _between(text: str) -> _Found | None:
    r"""`[1,2)`, `]1,2[`, `(-\infty,3]`."""
    match = _BETWEEN.fullmatch(text)
    if match is None:
        return None
    low, high = _end(match["low"]), _end(match["high"])
    if low is None or high is None or low > high:
        return None
    open_below, open_above = match["opening"] != "[", match["closing"] != "]"
    if low == high and (open_below or open_above):
        return None
    turned = match["opening"] == "]" or match["closing"] == "["
    mixed = (match["opening"], match["closing"]) not in (("(", ")"), ("[", "]"))
    stated = turned or mixed or low == -_INFINITY or high == _INFINITY
    return _Found((Interval(low, open_below, high, open_above),), "", stated)


def _end(text: str) -> Fraction | None:
    text = close_up(text.strip())
    if text in (r"\infty", r"+\infty", r"-\infty"):
        return -_INFINITY if text.startswith("-") else _INFINITY
    tree = tree_of(text)
    form = form_of(tree) if tree else None
    return rational(form) if form else None


def _relation(text: str) -> _Found | None:
    """`x > 2`, `1 < x < 3`, `|x - 1| < 2`, `x != 2`."""
    excluded = _NOT_EQUAL.fullmatch(text)
    if excluded:
        point = _end(excluded["point"])
        return _Found(_all_but([point]), excluded["name"], True) if point is not None else None
    sides = _RELATION.split(text)
    if len(sides) == 3:
        return _distance(*sides) or _ray(*sides)
    if len(sides) == 5 and (sides[1] in _BELOW) == (sides[3] in _BELOW):
        rays = [_ray(*sides[:3]), _ray(*sides[2:])]
        found = _joined(rays, _intersection)
        return found if found and found.spans else None
    return None


def _distance(left: str, sign: str, right: str) -> _Found | None:
    """`|x - 1| < 2` as two relations."""
    if _DISTANCE.fullmatch(right.strip()):
        left, sign, right = right, _TURNED[sign], left
    match, size = _DISTANCE.fullmatch(left.strip()), _end(right)
    if match is None or size is None or size < 0:
        return None
    rays = [_ray(match["inner"], sign, right), _ray(match["inner"], _TURNED[sign], f"-({right})")]
    return _joined(rays, _intersection if sign in _BELOW else _union)


_BELOW = ("<", r"\le")
_TURNED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}


def _ray(left: str, sign: str, right: str) -> _Found | None:
    """A relation that is linear in its only letter."""
    sides = [tree_of(close_up(side.strip())) for side in (left, right)]
    if sides[0] is None or sides[1] is None:
        return None
    difference: Tree = ("+", sides[0], negative(sides[1]))
    names = letters(difference)
    if len(names) != 1:
        return None
    (name,) = names
    at = [_at(difference, name, Fraction(place)) for place in (0, 1, 2)]
    if at[0] is None or at[1] is None or at[2] is None or at[2] - at[1] != at[1] - at[0] or at[1] == at[0]:
        return None
    if not _is_linear(difference, name):
        return None
    slope = at[1] - at[0]
    end, weak = -at[0] / slope, sign in (r"\le", r"\ge")
    upward = (sign in (">", r"\ge")) == (slope > 0)
    span = Interval(end, not weak, _INFINITY, True) if upward else Interval(-_INFINITY, True, end, not weak)
    return _Found((span,), name, True)


def _at(tree: Tree, name: str, place: Fraction) -> Fraction | None:
    form = form_of(substituted(tree, name, ("number", place)))
    return rational(form) if form else None


def _is_linear(tree: Tree, name: str) -> bool:
    form = form_of(tree)
    if form is None or form.bottom.keys() != {()}:
        return False
    return form.top.keys() <= {(), ((name, 1),)}
