"""Answers that are letters of choices: one, or several."""

from __future__ import annotations

import re

from tasks.answers.reading import ReadAnswer
from tasks.answers.verdict import Outcome

_LEAD = re.compile(r"(?:(?:only|just|both|the|options?|choices?|answers?|选项|选)(?![A-Za-z])\s*:?\s*)+", re.IGNORECASE)
_ONE = re.compile(r"(?:\(([A-Ja-j])\)|([A-J])(?=\s*(?:[.):]|$))|([a-j])(?=\)|\.\s))(?:\s*[.):])?")
_ARITHMETIC = re.compile(r"\s*(?:[+*/^=<>!_|'-]|\\(?!\$|frac|sqrt|text)|,|;|&|\(|\{|\[|and\b|or\b|nor\b|和|或)")
_SEVERAL = re.compile(r"\s*(?:,\s*and\b|,|;|&|\band\b|和|、|)\s*")
_EITHER = re.compile(r"\s*(?:,?\s*\bor\b|或)\s*")
_LETTER = re.compile(r"\(([A-Ja-j])\)|([A-J])(?![A-Za-z'(_^])")
_TOGETHER = re.compile(r"[A-J]{2,6}")
_CONSTANTS = ("e", "i")
_DENIED = re.compile(r"\b(?:not|isn't|wrong|false|incorrect|neither|nor|except|none)\b|错|不", re.IGNORECASE)
_AFFIRMED = re.compile(r"\s*(?:is|are)\s+(?:correct|true|right)\s*", re.IGNORECASE)
_CHOSEN = re.compile(r"\(?[A-J]\)?(?![A-Za-z])")


def choices(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`(B)`, `B.`, `b)`, `Option B`, `(B) 12` are one letter, `AC` and `(A) and (C)` two; other letters differ."""
    left, right = chosen(a.tidied), chosen(b.tidied)
    if left and right:
        return "same" if left == right else "different"
    if not left and not right:
        return None
    letters, other = (left, b) if left else (right, a)
    if other.tidied.isalpha() and "".join(sorted(letters or ())) == other.tidied.upper():
        # `e` may be the constant or the choice
        return "same" if "(" in (a if left else b).tidied and other.tidied not in _CONSTANTS else "unknown"
    if _DENIED.search(other.tidied) and _CHOSEN.search(other.tidied):
        return "different"
    return "different" if other.number is not None else None


def chosen(text: str) -> frozenset[str] | None:
    """The letters that a text chooses, where it is a choice."""
    lead = _LEAD.match(text)
    rest = text[lead.end() :] if lead else text
    if _TOGETHER.fullmatch(rest):
        return frozenset(rest) if list(rest) == sorted(set(rest)) else None
    either = [_several(part) for part in _EITHER.split(rest)]
    if len(either) > 1:  # one of them, nobody knows which
        return (
            None if None in either else frozenset({" or ".join(sorted("".join(sorted(part or ())) for part in either))})
        )
    return _several(_AFFIRMED.sub("", rest)) or _one(rest)


def _several(text: str) -> frozenset[str] | None:
    """Letters with commas or `and` between them, and nothing else."""
    found: list[str] = []
    at = 0
    while at < len(text):
        between = _SEVERAL.match(text, at) if found else None
        match = _LETTER.match(text, between.end() if between else at)
        if match is None:
            return None
        found.append((match[1] or match[2]).upper())
        at = match.end()
    return frozenset(found) if found else None


def _one(text: str) -> frozenset[str] | None:
    """One letter, and the option's text behind it; `(a)(b)`, `(a)^2` and `a:b` are expressions."""
    match = _ONE.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    if _ARITHMETIC.match(rest) and not re.match(r"\s+-?[\d\\(\[{]", rest):
        return None
    if rest[:1].isalpha() and match[0][-1:].isalnum():
        return None
    if (":" in match[0] and not rest.startswith(" ")) or _DENIED.search(rest) or re.match(r"\s*(?:is|are)\b", rest):
        return None
    return frozenset((match[1] or match[2] or match[3]).upper())
