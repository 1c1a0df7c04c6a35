r"""Answers in words: yes and no, "no solution", and plain words.

Each tier takes two answers and gives a verdict, or None to pass. All are symmetric.
"""

from __future__ import annotations

import re

from tasks.answers.groups import group_of
from tasks.answers.reading import ReadAnswer
from tasks.answers.verdict import Outcome

_POLARITY = {
    **dict.fromkeys(("yes", "true", "correct", "是", "对", "正确", "是的", "成立"), True),
    **dict.fromkeys(("no", "false", "incorrect", "not true", "否", "不是", "错", "错误", "不成立", "不对"), False),
}


def yes_or_no(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Yes and true are one answer, no and false the other; one of them against a number is different."""
    left, right = _POLARITY.get(a.tidied.casefold()), _POLARITY.get(b.tidied.casefold())
    if left is None or right is None:
        number = a.number if left is None else b.number
        return "different" if number is not None and (left, right) != (None, None) else None
    return "same" if left == right else "different"


_WORD = re.compile(r"(?:(?:a|an|the)\s+)?([a-z]{3,}|[\u4e00-\u9fff]+)")
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+")
_PROSE = re.compile(r"[a-z][a-z' -]{5,}")
_SHORT = {
    **{day[:3]: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
    "tues": "tuesday",
    "wednes": "wednesday",
    "thur": "thursday",
    "thurs": "thursday",
}


def words(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """Plain words: equal but for case and articles; two single words differ unless a product of the same letters."""
    left, right = (_SHORT.get(x.tidied.casefold(), x.tidied.casefold()) for x in (a, b))
    one, other = _WORD.fullmatch(left), _WORD.fullmatch(right)
    if one and other:
        if one[1] == other[1]:
            return "same"
        return None if sorted(one[1]) == sorted(other[1]) else "different"
    if _PROSE.fullmatch(left) and _ARTICLE.sub("", left) == _ARTICLE.sub("", right):
        return "same"
    number = b.number if one else a.number if other else None
    return "different" if number is not None else None


_MEANINGS = {
    "nothing": (
        "no solution", "no solutions", "no real solution", "no real solutions", "none", "no such number",
        "empty set", "the empty set", r"\emptyset", r"\{\}", r"\{ \}", "无解", "没有解", "空集", "无实数解", "不存在解",
    ),
    "undefined": (
        "undefined", "does not exist", "dne", "doesn't exist", "not defined", "no limit", "不存在", "无意义", "未定义",
    ),
    "many": ("infinitely many", "infinitely many solutions", "infinite solutions", "无穷多", "无数个", "无穷多解"),
    "all": (
        "all real numbers", "all reals", "the real numbers", "real numbers", r"\mathbb{r}", r"(-\infty,\infty)",
        r"(-\infty,+\infty)", "全体实数", "所有实数", "实数集",
    ),
}  # fmt: skip
_MEANING = {phrase: meaning for meaning, phrases in _MEANINGS.items() for phrase in phrases}
_NO_NUMBER = {"nothing", "undefined"}


def nothing_or_all(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`no solution` is the empty set, `DNE` is undefined; whether the one is the other is left open."""
    left, right = _meaning(a), _meaning(b)
    if left and right:
        return "same" if left == right else "unknown" if {left, right} == _NO_NUMBER else "different"
    if not left and not right:
        return None
    return "different" if _is_something(b if left else a, left or right) else None


def _meaning(answer: ReadAnswer) -> str | None:
    return _MEANING.get(answer.tidied.casefold()) or _MEANING.get(answer.body.casefold())


def _is_something(answer: ReadAnswer, meaning: str | None) -> bool:
    """Whether the answer is a value or a collection with something in it; infinity may mean infinitely many."""
    infinite = answer.value.lstrip("+-") == r"\infty" and meaning in _NO_NUMBER
    return bool(infinite or answer.formula or group_of(answer.tidied))
