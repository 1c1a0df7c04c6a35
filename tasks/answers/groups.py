r"""Answers of several parts: sets, lists, tuples, intervals, unions, vectors and matrices.

Knows: where the parts begin and end, and which kinds have an order. Does not know what a part means; it is handed
the comparison of two parts. Linear in the text, quadratic in the parts of an unordered kind, up to `MAX_ELEMENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from tasks.answers.normal import label, split_unit

Outcome = Literal["same", "different", "unknown"]
ElementTier = Callable[[str, str], Outcome | None]
MAX_ELEMENTS = 64


class Group(NamedTuple):
    """The elements of a collection and its brackets; a bare list has none."""

    opening: str
    closing: str
    elements: tuple[str, ...]
    about: str = ""
    """The letter of the relation that it comes of."""


_PAIRS = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle"}
_MARK = re.compile(
    r"\\[{}]|\\[lr]angle(?![A-Za-z])|\\cup(?![A-Za-z])|\\.|[()\[\]{},;]|\b(?:and|or)\b|[和或]", re.DOTALL
)
_MATRIX = re.compile(r"\\begin\{([pb]matrix)\}(.*)\\end\{\1\}", re.DOTALL)
_PLUS_MINUS = re.compile(r"\\pm(?![A-Za-z])\s*")


def compare_groups(left: Group, right: Group, element: ElementTier) -> Outcome | None:
    """Compare part by part; None where the parts leave it open.

    A bare list against a tuple is the tuple without its brackets when the order agrees, and open otherwise. Parts
    with several labels (`x = 1, y = 2`) keep their order against parts without.
    """
    if max(len(left.elements), len(right.elements)) > MAX_ELEMENTS:
        return None
    if left.about and right.about and left.about != right.about:
        return "different"
    kinds = {left.opening, right.opening}
    ordered = not kinds <= _UNORDERED
    one_is_bare = ordered and "" in kinds
    if one_is_bare or (not ordered and _labelled(left) != _labelled(right)):
        return "same" if _in_order(left.elements, right.elements, element) == "same" else None
    if ordered and (left.opening, left.closing) != (right.opening, right.closing):
        return "different"
    return (_in_order if ordered else _any_order)(left.elements, right.elements, element)


_UNORDERED = {"", r"\{", r"\cup"}


def _labelled(group: Group) -> bool:
    return len({label(element)[0] for element in group.elements} - {""}) > 1


def group_of(text: str) -> Group | None:
    """The collection that a tidied text is, or None for a single value."""
    bare, _ = split_unit(text)
    text = label(bare)[1].strip()
    if _RELATION_SIGN.search(text):
        return _rays(text)
    if text.startswith("-("):
        turned = group_of(text[1:])
        return turned and turned._replace(elements=tuple(f"-({element})" for element in turned.elements))
    parts = _split(text, ",;")
    if len(parts) == 1 and r"\cup" in text:
        parts = _split(text, "\\cup")
        return Group(r"\cup", "", tuple(parts)) if len(parts) > 1 else None
    if len(parts) > 1 or (r"\pm" in text and not text.startswith(("(", "[", r"\{"))):
        elements = tuple(signed for part in parts for signed in _both_signs(part))
        return Group("", "", elements) if len(elements) > 1 else None
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        return _matrix(matrix[2])
    for opening, closing in _PAIRS.items():
        inner = _inside(text, opening)
        if inner is not None:
            elements = tuple(_split(inner[0], ",;"))
            if opening == r"\{":
                elements = tuple(signed for part in elements for signed in _both_signs(part))
            if opening == r"\langle":
                opening, inner = "(", (inner[0], ")")
            if len(elements) > 1 or opening == r"\{":
                return Group(opening, inner[1] or closing, elements)
    return None


_RELATION_SIGN = re.compile(r"[<>]|\\[lg]e(?![A-Za-z])")
_RELATION = re.compile(
    r"(?:(?P<left>[^<>=\\A-Za-z]+|[^<>=A-Za-z]*\\(?:frac|sqrt|pi)[^<>=A-Za-z]*)(?P<first><|>|\\[lg]e(?![A-Za-z])))?\s*"
    r"(?P<name>[A-Za-z])\s*(?:(?P<second><|>|\\[lg]e(?![A-Za-z]))(?P<right>[^<>=\\A-Za-z]+|[^<>=A-Za-z]*\\(?:frac|sqrt|pi)[^<>=A-Za-z]*))?"
)
_TURNED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}


def _rays(text: str) -> Group | None:
    """The intervals that relations of one letter with numbers stand for: `x > 2`, `1 \\le x < 4`, `x < 2 or x > 5`."""
    intervals = [_interval(part) for part in re.split(r"\s+or\s+|\\cup(?![A-Za-z])|或", text)]
    found = [interval for interval in intervals if interval]
    if len(found) < len(intervals) or len({interval.about for interval in found}) > 1:
        return None
    if len(found) == 1:
        return found[0]
    ends = tuple(f"{interval.opening}{','.join(interval.elements)}{interval.closing}" for interval in found)
    return Group(r"\cup", "", ends, found[0].about)


def _interval(text: str) -> Group | None:
    match = _RELATION.fullmatch(text.strip())
    if match is None or not (match["first"] or match["second"]):
        return None
    bounds = {"low": (r"-\infty", "("), "high": (r"\infty", ")")}
    for sign, value in ((_TURNED.get(match["first"]), match["left"]), (match["second"], match["right"])):
        if sign is not None:
            side, brackets = ("high", ")]") if sign in ("<", r"\le") else ("low", "([")
            bounds[side] = (value.strip(), brackets[sign in (r"\le", r"\ge")])
    if match["first"] and match["second"] and r"\infty" in (bounds["low"][0].lstrip("-"), bounds["high"][0]):
        return None  # `1 < x > 2` bounds one side twice
    (low, opening), (high, closing) = bounds["low"], bounds["high"]
    return Group(opening, closing, (low, high), match["name"])


def _matrix(inner: str) -> Group | None:
    """Rows of equal length, entry by entry; a column or a row is a vector, and no other matrix has its brackets."""
    rows = [[entry.strip() for entry in row.split("&")] for row in inner.split(r"\\") if row.strip()]
    entries = tuple(entry for row in rows for entry in row)
    if not rows or r"\begin" in inner or not all(entries) or len({len(row) for row in rows}) > 1:
        return None
    if 1 in (len(rows), len(rows[0])):
        return Group("(", ")", entries)
    return Group(f"{len(rows)} rows", "", entries)


def _both_signs(text: str) -> tuple[str, ...]:
    r"""`1 \pm \sqrt{2}` as its two values; two signs in one expression are correlated and stay as they are."""
    if len(_PLUS_MINUS.findall(text)) != 1:
        return (text,)
    plus = _PLUS_MINUS.sub("+", text)
    return (plus.removeprefix("+"), _PLUS_MINUS.sub("-", text))


def _inside(text: str, opening: str) -> tuple[str, str] | None:
    """What stands between the first bracket and the last, when they belong together, and the closing bracket."""
    if not text.startswith(opening):
        return None
    closings = (")", "]") if opening in "([" else (_PAIRS[opening],)
    closing = next((c for c in closings if text.endswith(c)), None)
    if closing is None:
        return None
    inner = text[len(opening) : -len(closing)].strip()
    depth = 0
    for match in _MARK.finditer(inner):
        depth += _step(match[0])
        if depth < 0:
            return None
    return (inner, closing) if depth == 0 else None


def _step(mark: str) -> int:
    if mark in ("(", "[", "{", r"\{", r"\langle"):
        return 1
    return -1 if mark in (")", "]", "}", r"\}", r"\rangle") else 0


def _split(text: str, separators: str) -> list[str]:
    """Split at the top level at any of the separators; `and`, `or`, 和 and 或 count as commas."""
    words = ("and", "or", "和", "或") if "," in separators else ()
    parts, depth, start = [], 0, 0
    for match in _MARK.finditer(text):
        depth += _step(match[0])
        if depth == 0 and (
            match[0] in words or match[0] == separators or (match[0] in separators and len(match[0]) == 1)
        ):
            parts.append(text[start : match.start()].strip())
            start = match.end()
    return [part for part in (*parts, text[start:].strip()) if part]


def _in_order(left: Sequence[str], right: Sequence[str], element: ElementTier) -> Outcome | None:
    if len(left) != len(right):
        return "different"
    outcomes = {element(x, y) for x, y in zip(left, right, strict=True)}
    return "different" if "different" in outcomes else "same" if outcomes == {"same"} else None


def _any_order(left: Sequence[str], right: Sequence[str], element: ElementTier) -> Outcome | None:
    """Two sets are the same when each element has a partner; different when one can have none."""
    undecided = False
    for some, others in ((left, right), (right, left)):
        for one in some:
            outcomes: set[Outcome | None] = set()
            for other in others:
                outcomes.add(element(one, other))
                if "same" in outcomes:
                    break
            else:
                if outcomes <= {"different"}:
                    return "different"
                undecided = True
    return None if undecided else "same"
