r"""Answers in words: letters of choices, yes and no, "no solution", numbers in words, and plain words.

Each tier takes two answers and the depth of lists around them, and gives a verdict or None to pass. All are symmetric.
"""

from __future__ import annotations

import re
from fractions import Fraction

from tasks.answers.groups import Outcome, group_of
from tasks.answers.reading import ReadAnswer

_CHOICE = re.compile(
    r"(?:(?:option|choice|answer|选项)\s*)?(?:\(([A-Ja-j])\)|([A-J])|([A-Ja-j])\s*[.):])\s*(.*)", re.IGNORECASE
)


def choices(a: ReadAnswer, b: ReadAnswer, depth: int) -> Outcome | None:
    """`(B)`, `B.`, `b)`, `Option B`, `(B) 12`: one letter of a choice; two letters always differ."""
    left, right = _letter(a.tidied), _letter(b.tidied)
    if left is None or right is None:
        return None
    return "same" if left == right else "different"


_ARITHMETIC = re.compile(r"\)(?:\s*(?:[+*/^=<>!_]|-\s|\\(?:cdot|times|div|pm)(?![a-z]))|[-(\[{\\])")


def _letter(text: str) -> str | None:
    match = _CHOICE.fullmatch(text)
    if match is None or (match[1] and _ARITHMETIC.match(text, match.end(1))):
        return None  # `(a)(b)` and `(a)^2` are expressions
    bare = match[2]
    if match[4] and (bare or not match[1]) and not re.match(r"[A-Ja-j]\s*[.):]", text):
        return None  # `B + 1` is an expression, `(B) 12` and `B. 12` are a choice and its text
    return (match[1] or bare or match[3] or "").upper()


_POLARITY = {
    **dict.fromkeys(("yes", "true", "correct", "是", "对", "正确", "是的", "成立"), True),
    **dict.fromkeys(("no", "false", "incorrect", "not true", "否", "不是", "错", "错误", "不成立", "不对"), False),
}


def yes_or_no(a: ReadAnswer, b: ReadAnswer, depth: int) -> Outcome | None:
    """Yes and true are one answer, no and false the other; one of them against a number is different."""
    left, right = _POLARITY.get(a.tidied.casefold()), _POLARITY.get(b.tidied.casefold())
    if left is None or right is None:
        number = a.number if left is None else b.number
        return "different" if number is not None and (left, right) != (None, None) else None
    return "same" if left == right else "different"


_WORD = re.compile(r"(?:(?:a|an|the)\s+)?([a-z]{3,}|[\u4e00-\u9fff]+)")
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+")
_PROSE = re.compile(r"[a-z][a-z' -]{5,}")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_COUNTS = {word: n for n, word in enumerate(_SMALL.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
_CHINESE = {character: n for n, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_CHINESE_TENS = re.compile(r"([一二三四五六七八九]?)十([一二三四五六七八九]?)")


def number_in_words(text: str) -> Fraction | None:
    """`twenty-five`, `one hundred and two`, `three quarters`, `a half`, 二十五."""
    if text in _CHINESE:
        return Fraction(_CHINESE[text])
    chinese = _CHINESE_TENS.fullmatch(text)
    if chinese:
        return Fraction(10 * _CHINESE.get(chinese[1], 1) + _CHINESE.get(chinese[2], 0))
    spoken = ["one" if word in ("a", "an") else word for word in re.split(r"[\s-]+", text) if word != "and"]
    spoken = ["one", *spoken] if spoken == ["half"] else spoken
    part = _PARTS.get(spoken[-1]) if len(spoken) > 1 else None
    whole = _count(spoken[:-1] if part else spoken)
    return None if whole is None else Fraction(whole, part or 1)


def _count(spoken: list[str]) -> int | None:
    """The whole number that the words say, or None where one of them is no number."""
    total = current = 0
    for word in spoken:
        if word in _COUNTS:
            if current % 100 and (current % 10 or current % 100 < 20 or _COUNTS[word] > 9):
                return None  # `five six` is two numbers
            current += _COUNTS[word]
        elif word == "hundred":
            current = 100 * (current or 1)
        elif word in _SCALES:
            total, current = total + (current or 1) * _SCALES[word], 0
        else:
            return None
    return total + current if spoken else None


_SHORT = {
    **{day[:3]: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
    "tues": "tuesday",
    "wednes": "wednesday",
    "thur": "thursday",
    "thurs": "thursday",
}


def words(a: ReadAnswer, b: ReadAnswer, depth: int) -> Outcome | None:
    """Plain words: equal but for case and articles; two single words differ unless a product of the same letters."""
    left, right = (_SHORT.get(x.tidied.casefold(), x.tidied.casefold()) for x in (a, b))
    counted = _counted(left, a, right, b)
    if counted is not None:
        return counted
    one, other = _WORD.fullmatch(left), _WORD.fullmatch(right)
    if one and other:
        if one[1] == other[1]:
            return "same"
        return None if sorted(one[1]) == sorted(other[1]) else "different"
    if _PROSE.fullmatch(left) and _ARTICLE.sub("", left) == _ARTICLE.sub("", right):
        return "same"
    number = b.number if one else a.number if other else None
    return "different" if number is not None else None


def _counted(left: str, a: ReadAnswer, right: str, b: ReadAnswer) -> Outcome | None:
    """Where one side is a number in words: whether the other is the same number."""
    said = number_in_words(left), number_in_words(right)
    if said == (None, None):
        return None
    x, y = (word if word is not None else answer.number for word, answer in zip(said, (a, b), strict=True))
    return None if x is None or y is None else "same" if x == y else "different"


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


def nothing_or_all(a: ReadAnswer, b: ReadAnswer, depth: int) -> Outcome | None:
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
