r"""Numbers in words, and words that are part of a number: `two thirds`, `3 million`, `5 out of 8`, 三分之二, 3万.

Knows: English and Chinese numerals, scales, fractions, shares and `choose`. Writes them as mathematics; what is no
number stays as it is. Does not know: what is counted (`tasks/answers/units.py`). Pure, and linear in the text.
"""

from __future__ import annotations

import re
from fractions import Fraction

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_COUNTS = {word: n for n, word in enumerate(_SMALL.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "score": 20, "gross": 144, "lakh": 10**5, "crore": 10**7,
}  # fmt: skip
PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "sixteenth": 16, "twentieth": 20, "hundredth": 100,
    "thousandth": 1000,
}  # fmt: skip
_SCALE_WORD = "|".join(SCALES)
_PART_WORD = "|".join(PARTS)
_NUMBER = r"\d+(?:\.\d+)?"
_SCALED = re.compile(rf"(?<![\w.])({_NUMBER})[\s-]*({_SCALE_WORD})s?\b", re.IGNORECASE)
_PARTED = re.compile(rf"(?<![\w./])(\d+)[\s-]*({_PART_WORD})s?\b(?!\s+of\b)", re.IGNORECASE)
_AND_PART = re.compile(
    rf"(?<![\w./])(\d+)\s+and\s+(an?|\d+|{_SMALL.replace(' ', '|')})[\s-]+({_PART_WORD})s?\b(?!\s+of\b)", re.IGNORECASE
)
_SHARE = re.compile(rf"(?<![\w.])({_NUMBER})\s+(?:out\s+of|in)\s+({_NUMBER})(?![\w.])")
_CHOOSE = re.compile(r"(?<![\w.])(\d+)\s+choose\s+(\d+)(?![\w.])")
_RAISED = re.compile(r"(?<![\w.])(\d+|[a-z])\s+(squared|cubed)(?![\w.])")
_SIGNED = re.compile(r"(?<=[\w)}])\s+(plus|minus)\s+(?=[\w({\\])")
_PERCENT = re.compile(r"(?<=[\d}])\s*per\s?cent(?:age)?\b")
_SPOKEN = re.compile(r"[a-z]+(?:[\s-]+(?:and\s+)?[a-z]+)*", re.IGNORECASE)
MAX_WORDS = 16
"""Words of one number."""
_LETTER = re.compile(r"[a-z]{3}", re.IGNORECASE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def spoken(text: str) -> str:
    """The text with its numbers in words as mathematics."""
    if not text.isascii() and _CHINESE.search(text):
        text = _chinese(text)
    if not _LETTER.search(text) and " in " not in text:
        return text
    text = _AND_PART.sub(lambda m: f"{m[1]} {_digits(m[2])}/{_part(m[3].lower())}", _beginning(text))
    text = _SCALED.sub(lambda m: _decimal(Fraction(m[1]) * SCALES[m[2].lower()]), text)
    text = _SCALED.sub(lambda m: _decimal(Fraction(m[1]) * SCALES[m[2].lower()]), text)
    text = _PARTED.sub(lambda m: rf"\frac{{{m[1]}}}{{{_part(m[2].lower())}}}", text)
    text = _CHOOSE.sub(r"\\binom{\1}{\2}", _SHARE.sub(r"\\frac{\1}{\2}", text))
    text = _SIGNED.sub(lambda m: "+" if m[1] == "plus" else "-", text)
    text = _PERCENT.sub(r"\\%", text)
    return _RAISED.sub(lambda m: f"{m[1]}^{{{2 if m[2] == 'squared' else 3}}}", text)


def _decimal(value: Fraction) -> str:
    """A whole number as such; else a decimal, which ends since only decimals are scaled."""
    if value.denominator == 1:
        return str(value.numerator)
    places = next(n for n in range(1, 400) if 10**n % value.denominator == 0)
    whole = abs(value.numerator) * 10**places // value.denominator
    digits = str(whole).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _digits(word: str) -> str:
    return word if word.isdigit() else str(_COUNTS.get(word.lower(), 1))


def _beginning(text: str) -> str:
    """The number in words that a text begins with, as digits; the longest one counts."""
    match = _SPOKEN.match(text)
    if match is None:
        return text
    run = list(re.finditer(r"[A-Za-z]+", match[0]))[:MAX_WORDS]
    for last in reversed(run):
        said = match[0][: last.end()].lower()
        value = number_in_words(said)
        if value is not None:
            written = str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
            return written + text[last.end() :]
    return text


def number_in_words(text: str) -> Fraction | None:
    """`twenty-five`, `one hundred and two`, `three quarters`, `a half`."""
    said = ["one" if word in ("a", "an") else word for word in re.split(r"[\s-]+", text) if word != "and"]
    if text.split() in (["a"], ["an"]) or text.endswith(" and"):
        return None
    said = ["one", *said] if said == ["half"] else said
    part = _part(said[-1]) if len(said) > 1 else None
    whole = _count(said[:-1] if part else said)
    return None if whole is None else Fraction(whole, part or 1)


def _part(word: str) -> int | None:
    return PARTS.get(word) or PARTS.get(word.removesuffix("s"))


def _count(said: list[str]) -> int | None:
    """The whole number that the words say, or None where one of them is no number."""
    total = current = 0
    for word in said:
        if word in _COUNTS:
            if current % 100 and (current % 10 or current % 100 < 20 or _COUNTS[word] > 9):
                return None  # `five six` is two numbers
            current += _COUNTS[word]
        elif word in ("hundred", "dozen", "score"):
            current = SCALES[word] * (current or 1)
        elif word in SCALES:
            total, current = total + (current or 1) * SCALES[word], 0
        else:
            return None
    return total + current if said else None


# --- Chinese ----------------------------------------------------------------------------------------------------------

_DIGITS = {character: n for n, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GREAT = {"万": 10**4, "亿": 10**8}
_NUMERAL = rf"[{''.join(_DIGITS)}{''.join(_UNITS)}{''.join(_GREAT)}]+"
_OVER = re.compile(rf"(?P<below>{_NUMERAL}|\d+)分之(?P<above>{_NUMERAL}|{_NUMBER})")
_DIGITS_SCALED = re.compile(rf"({_NUMBER})\s*([百千]?[万亿]|[百千])(?![{''.join(_DIGITS)}\d])")
_POINT = re.compile(rf"(?P<whole>{_NUMERAL})点(?P<rest>[{''.join(_DIGITS)}]+)(?![{''.join(_UNITS)}{''.join(_GREAT)}])")
_WHOLE = re.compile(rf"(?<![\u4e00-\u9fff])({_NUMERAL})")


def _chinese(text: str) -> str:
    """Numerals in Chinese characters as digits and fractions, at the beginning or after something else."""
    text = _OVER.sub(_fraction, text)
    text = _DIGITS_SCALED.sub(lambda m: _decimal(Fraction(m[1]) * _scale(m[2])), text)
    text = _POINT.sub(_with_point, text)
    return _WHOLE.sub(lambda m: m[0] if (value := chinese_count(m[1])) is None else str(value), text)


def _fraction(match: re.Match[str]) -> str:
    below, above = (part if part[0].isascii() else chinese_count(part) for part in match.group("below", "above"))
    return match[0] if below is None or above is None else rf"\frac{{{above}}}{{{below}}}"


def _with_point(match: re.Match[str]) -> str:
    whole = chinese_count(match["whole"])
    return match[0] if whole is None else f"{whole}." + "".join(str(_DIGITS[digit]) for digit in match["rest"])


def _scale(characters: str) -> int:
    product = 1
    for character in characters:
        product *= (_UNITS | _GREAT)[character]
    return product


def chinese_count(text: str) -> int | None:
    """二十五, 两千零五, 一亿: a whole number in characters; digits without a scale stand for themselves (二〇二四)."""
    if len(text) > MAX_WORDS * 2:
        return None
    if all(character in _DIGITS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text))
    total = section = 0
    digit: int | None = None
    for character in text:
        if character in _DIGITS:
            if digit:
                return None  # two digits side by side
            digit = _DIGITS[character]
        elif character in _UNITS:
            section += (1 if digit is None else digit or 1) * _UNITS[character]
            digit = None
        else:
            total = (total + section + (digit or 0) or 1) * _GREAT[character]
            section, digit = 0, None
    return total + section + (digit or 0)
