r"""Answers of several parts: sets, lists, tuples, intervals, unions, vectors and matrices.

Knows: where the parts begin and end, and which kinds have an order. Does not know what a part means; it is handed
the comparison of two parts. Linear in the text, quadratic in the parts of an unordered kind, up to `MAX_ELEMENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tasks.answers.normal import label
from tasks.answers.units import COUNT, NOT_UNITS, UNKNOWN, split_unit
from tasks.answers.verdict import Outcome

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
    """Compare part by part; None where the parts leave it open, "unknown" where nothing else could tell either.

    Parts that carry names (`x = 1`, `5 boys`, `Anna: 5`) are compared name by name. A bare list against a tuple is the
    tuple without its brackets when the order agrees, and so are named parts against parts without names.
    """
    if max(len(left.elements), len(right.elements)) > MAX_ELEMENTS:
        return "unknown"
    if left.about and right.about and left.about != right.about:
        return "different"
    names = named(left), named(right)
    if names[0] and names[1]:
        return _by_name(names[0], names[1], element)
    if names[0] or names[1]:
        return _named_and_bare(names[0] or names[1] or {}, right if names[0] else left, element)
    kinds = {left.opening, right.opening}
    ordered = not kinds <= _UNORDERED
    if ordered and "" in kinds:
        return _perhaps_in_order(left.elements, right.elements, element)
    if ordered and (left.opening, left.closing) != (right.opening, right.closing):
        return "different"
    if ordered:
        return _in_order(left.elements, right.elements, element)
    if kinds == {""}:
        return _as_multisets(left.elements, right.elements, element)
    outcome = _as_sets(left.elements, right.elements, element)
    if outcome == "same" and "" in kinds and len(left.elements) != len(right.elements):
        return "unknown"  # whether `2, 2, 3` is meant as a set
    return outcome


_UNORDERED = {"", r"\{", r"\cup"}


Names = dict[str, str]
"""Values by the name that each part carries, in the parts' order."""

_NAMED = re.compile(r"(?P<name>[A-Za-z][A-Za-z' -]*[A-Za-z])\s*[:=]?\s+(?P<value>(?:\\\$|[-+]?[\d(]|\\frac|\\sqrt).*)")
_NO_NAMES = NOT_UNITS - {"of"}
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z][A-Za-z' -]*|[\u4e00-\u9fff]+)\s*[:=]\s*(?P<value>[^=:]+)")


def named(group: Group) -> Names | None:
    """The parts' values by name, where every part has a name of its own; parts of one name are a list of its values."""
    if group.opening not in _UNORDERED or group.opening == r"\cup":
        return None
    pairs = [_name_of(element) for element in group.elements]
    found = {name: value for name, value in pairs if name}
    return found if len(found) == len(pairs) > 1 else None


def _name_of(text: str) -> tuple[str, str]:
    """A part's name and its value; a measure (`5 cm`) is no name, but what is counted is."""
    name, value = label(text)
    if name:
        return name, value
    for pattern in (_ASSIGNED, _NAMED):
        match = pattern.fullmatch(text)
        if match and not _NO_NAMES.intersection(match["name"].split()):
            return match["name"].strip().lower(), match["value"]
    value, unit = split_unit(text)
    return (unit.name, value) if unit and unit.kind in (COUNT, UNKNOWN) else ("", text)


def _by_name(left: Names, right: Names, element: ElementTier) -> Outcome | None:
    """Two named lists; other letters differ, while other words may be other words for the same."""
    if left.keys() != right.keys():
        letters = all(len(name) == 1 for name in left.keys() | right.keys())
        apart = _as_multisets(tuple(left.values()), tuple(right.values()), element) == "different"
        return "different" if letters or apart else "unknown"
    return _in_order(tuple(left.values()), tuple(right[name] for name in left), element)


def _named_and_bare(names: Names, bare: Group, element: ElementTier) -> Outcome | None:
    """Named parts against bare ones: letters go by the alphabet, words by their order."""
    values = tuple(names.values())
    others = {label(element)[0] for element in bare.elements} - {""}
    if others:
        return "unknown" if others == names.keys() else "different"
    if all(len(name) == 1 for name in names):
        sorted_values = tuple(names[name] for name in sorted(names))
        if bare.opening == "(":
            outcome = _in_order(sorted_values, bare.elements, element)
            given = _in_order(values, bare.elements, element) if values != sorted_values else None
            return "unknown" if outcome == "different" and given == "same" else outcome
        values = sorted_values
    return _perhaps_in_order(values, bare.elements, element)


def _perhaps_in_order(left: Sequence[str], right: Sequence[str], element: ElementTier) -> Outcome | None:
    """The same in this order; in another one nobody can tell, and with other parts they differ."""
    if _in_order(left, right, element) == "same":
        return "same"
    outcome = _as_multisets(left, right, element)
    return "unknown" if outcome == "same" else outcome


def group_of(text: str) -> Group | None:
    """The collection that a tidied text is, or None for a single value."""
    bare, _ = split_unit(text)
    assigned = _ASSIGNED_TUPLE.fullmatch(bare)
    if assigned:
        return _assigned(assigned["names"].split(","), group_of(assigned["values"]))
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


_ASSIGNED_TUPLE = re.compile(r"\((?P<names>[A-Za-z](?:\s*,\s*[A-Za-z])+)\)\s*=\s*(?P<values>\(.*\))")


def _assigned(names: Sequence[str], values: Group | None) -> Group | None:
    """`(x,y)=(1,2)` as `x=1, y=2`."""
    if values is None or values.opening != "(" or len(values.elements) != len(names):
        return None
    pairs = zip(names, values.elements, strict=True)
    return Group("", "", tuple(f"{name.strip()}={value}" for name, value in pairs))


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


def _as_multisets(left: Sequence[str], right: Sequence[str], element: ElementTier) -> Outcome | None:
    """The same when the parts pair up, each with one of its own; different when they cannot."""
    if len(left) != len(right):
        return "different"
    table = [[element(one, other) for other in right] for one in left]
    if _pairs_up([[outcome == "same" for outcome in row] for row in table]):
        return "same"
    return None if _pairs_up([[outcome != "different" for outcome in row] for row in table]) else "different"


def _pairs_up(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every row can have a column of its own that fits."""
    taken: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in seen:
                seen.add(column)
                if column not in taken or place(taken[column], seen):
                    taken[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))


def _as_sets(left: Sequence[str], right: Sequence[str], element: ElementTier) -> Outcome | None:
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
