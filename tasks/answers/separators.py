r"""Separators of thousands: `1,234`, `1{,}234`, `1,\!234`, `1\,234` and `1 234` as `1234`.

A comma between digits is one only outside of brackets: `(100,200)`, `S=\{120,180\}` and `x\in[100,200]` hold two
numbers each, as `[100 200]` does. The braces of LaTeX's own arguments, as in `\frac{1,000}{3}`, are no brackets. Nor is
one where no thousands can be: `0{,}125`, `1234{,}567`, `2.5{,}100`, `3^2{,}100` and `1 125/128` stay as they are.
Does not protect against: lists without brackets. `100,200` is read as one number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

_START = r"(?<![\d.,^_])[1-9]\d{0,2}"
"""The digits before the first separator: none of a decimal, and no exponent or index, which is one digit."""
_THIN = r"(?: *,? *\\! *| *\\, *|\\!,|\{,\})+"
_THIN_GROUPS = re.compile(rf"{_START}(?:{_THIN}\d{{3}})+(?!\d)|(?<=\d\.)\d{{3}}(?: *\\, *\d{{3}})+(?!\d)")
"""Of whole numbers, and of the digits behind a point, where a comma is none of these marks."""
_THIN_MARK = re.compile(_THIN)
_SPACED_GROUPS = re.compile(
    r"(?<![\w.,}\])] )(?<![\w.,^])[1-9]\d{0,2}(?:(?: *\\[;: ] *| )\d{3})+(?![\w,]| ?/|(?: *\\[;: ] *| )[\d\\(])"
)
_SPACE = re.compile(r"\\?[;: ]")
_THOUSANDS = re.compile(r"(?<![\d.,^_])([1-9]\d{0,2})((?:,\d{3})+)(?![\d]|,\d)")

_ARGUMENT = r"(?:\\(?:sqrt(?:\[[^\[\]]{0,9}\])?|boxed|underline|(?:text|math)[a-z]*|mbox|hbox)\s*|\^)\{"
_FRACTION = r"\\(?:[dtc]?frac|[dt]?binom)\s*\{"
_OPENING = r"\\\{|\\(?:langle|lbrace|lbrack|lparen|begin)(?![A-Za-z])|[(\[{⟨（【]|<(?=[-+\s\d.,]*>)"
_CLOSING = r"\\\}|\\(?:rangle|rbrace|rbrack|rparen|end)(?![A-Za-z])|[)\]}⟩）】]|(?<=[\d\s.])>"
_BRACKET = re.compile(
    rf"(?P<argument>{_ARGUMENT})|(?P<fraction>{_FRACTION})|(?P<second>(?<!\\)\}}\s*\{{)"
    rf"|(?P<opening>{_OPENING})|(?P<closing>{_CLOSING})"
)


def without_separators(text: str) -> str:
    """A text whose numbers have no separators of thousands."""
    return without_thousands(joined_groups(text))


def joined_groups(text: str) -> str:
    """A text without the marks and spaces that separate thousands; spaces do so outside of brackets only."""
    text = _THIN_GROUPS.sub(lambda found: _THIN_MARK.sub("", found[0]), text)
    if not _SPACED_GROUPS.search(text):
        return text
    is_one = _outside_brackets(text)
    return _SPACED_GROUPS.sub(lambda found: _SPACE.sub("", found[0]) if is_one(found.start()) else found[0], text)


def without_thousands(text: str) -> str:
    """`1,234,567` as `1234567`, outside of brackets; in a list with spaces behind its commas, in arguments only."""
    if "," not in text:
        return text
    is_one = _outside_brackets(text, ", " in text)
    return _THOUSANDS.sub(lambda found: found[0].replace(",", "") if is_one(found.start()) else found[0], text)


def _outside_brackets(text: str, in_list: bool = False) -> Callable[[int], bool]:
    """Whether a position of a text is within no brackets, and where it is in a list, within an argument."""
    starts, outside = [0], [not in_list]
    opened: list[str] = []
    brackets = 0
    for mark in _BRACKET.finditer(text):
        kind = mark.lastgroup or ""
        if mark[0] == "]" and not opened:
            kind = "opening"  # As in `]100,200[`.
        closed = opened.pop() if kind in ("closing", "second") and opened else ""
        if kind == "second":
            kind = "argument" if closed == "fraction" else "opening"
        if kind != "closing":
            opened.append(kind)
        brackets += (kind == "opening") - (closed == "opening")
        starts.append(mark.end())
        outside.append(not brackets and (bool(opened) or not in_list))
    return lambda position: outside[bisect_right(starts, position) - 1]
