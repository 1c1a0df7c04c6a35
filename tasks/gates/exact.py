r"""The exact rational value of an answer, where it has one that is cheap to find.

Knows: integers, decimals (also repeating: `0.\overline{3}`), fractions, mixed numbers, powers, products, sums,
scientific notation, numerals with a base (`1011_2` = 11), percent. Arithmetic is `Fraction`, never floating point.
Does not know: roots, letters, functions. `exact_value` is then None, which says nothing about the answer.
Protects itself: no intermediate value over 4,096 bits, no numeral over 256 digits, 64 levels of brackets; no `eval`.

Percent policy: `%` divides by one hundred. `25\%`, `0.25` and `1/4` are one value; `9\%` and `9` are not.
"""

from __future__ import annotations

import re
from fractions import Fraction

from tasks.gates.normal import normal_answer

MAX_BITS = 4096
MAX_DIGITS = 256
MAX_DEPTH = 64

_TOKEN = re.compile(
    r"\s*(?:(?P<based>[0-9A-Fa-f]+)_\{(?P<base>\d{1,2})\}"
    r"|(?P<repeating>\d*\.\d*)\\overline\{(?P<cycle>\d+)\}"
    r"|(?P<number>\d+(?:\.\d*)?|\.\d+)(?:[eE](?P<power>[-+]?\d{1,3})(?![\d.]))?"
    r"|(?P<frac>\\frac(?=\{))|(?P<percent>\\?%)|(?P<times>\\times|\\cdot|\*)|(?P<over>/|\\div)|(?P<op>[-+^(){}!\[\]]))"
)
_MIXED = re.compile(r"([-+]?)(\d+)(?:\s+(\d+)/(\d+)|\s*\\frac\{(\d+)\}\{(\d+)\})")
_NUMERIC = re.compile(r"[-+0-9.eE_{}()\[\]/*^%!\\ A-Fa-z]+")


class _NotRationalError(Exception):
    """The text is not a rational expression, or a bound was passed."""


def exact_value(text: str) -> Fraction | None:
    """The answer's value as a fraction, or None when it is not a bounded rational expression."""
    return value_of(normal_answer(text))


def value_of(text: str) -> Fraction | None:
    """`exact_value` of a text that is already in normal form."""
    if not text or len(text) > 4 * MAX_DIGITS or not _NUMERIC.fullmatch(text):
        return None
    mixed = _MIXED.fullmatch(text)
    try:
        if mixed:
            return _mixed(mixed)
        reader = _Reader(text)
        value = reader.sum(0)
        return value if reader.done() else None
    except (_NotRationalError, ZeroDivisionError):
        return None


def _mixed(match: re.Match[str]) -> Fraction:
    """`2 1/2` and `2\\frac{1}{2}` are two and a half: in an answer that is never a product."""
    top, bottom = match[3] or match[5], match[4] or match[6]
    value = _integer(match[2]) + Fraction(_integer(top), _integer(bottom))
    return -value if match[1] == "-" else value


def _integer(digits: str, base: int = 10) -> int:
    if len(digits) > MAX_DIGITS:
        raise _NotRationalError
    return int(digits, base)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise _NotRationalError
    return value


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _NotRationalError
            self.tokens.append(match)
            position = match.end()
        self.at = 0

    def done(self) -> bool:
        return self.at == len(self.tokens)

    def _peek(self) -> tuple[str, str]:
        if self.done():
            return "", ""
        match = self.tokens[self.at]
        kind = match.lastgroup or ""
        return {"base": "based", "cycle": "repeating", "power": "number"}.get(kind, kind), match[0].strip()

    def _take(self, mark: str) -> bool:
        if self._peek()[1] != mark:
            return False
        self.at += 1
        return True

    def sum(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise _NotRationalError
        value = self._product(depth)
        while self._peek()[1] in ("+", "-"):
            sign = 1 if self._take("+") else -1 if self._take("-") else 0
            value = _bounded(value + sign * self._product(depth))
        return value

    def _product(self, depth: int) -> Fraction:
        value = self._signed(depth)
        while True:
            kind, mark = self._peek()
            if kind == "times":
                self.at += 1
                value = value * self._signed(depth)
            elif kind == "over":
                self.at += 1
                value = value / self._signed(depth)
            elif mark in ("(", "{") and self.at:
                value = value * self._power(depth)
            elif kind in ("number", "frac", "based", "repeating"):
                raise _NotRationalError  # `2 3` and `2\frac{1}{2}x` are ambiguous side by side
            else:
                return value
            value = _bounded(value)

    def _signed(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise _NotRationalError
        if self._take("-"):
            return -self._signed(depth + 1)
        if self._take("+"):
            return self._signed(depth + 1)
        return self._power(depth)

    def _power(self, depth: int) -> Fraction:
        value = self._atom(depth)
        while True:
            if self._peek()[0] == "percent":
                self.at += 1
                value = value / 100
            elif self._take("!"):
                value = _factorial(value)
            elif self._take("^"):
                return _raised(value, self._signed(depth + 1))
            else:
                return value

    def _atom(self, depth: int) -> Fraction:
        for opening, closing in (("(", ")"), ("{", "}")):
            if self._take(opening):
                value = self.sum(depth + 1)
                if not self._take(closing):
                    raise _NotRationalError
                return value
        kind, _ = self._peek()
        match = self.tokens[self.at] if kind else None
        self.at += 1
        if match is not None and kind == "frac":
            return _bounded(self._atom(depth + 1) / self._atom(depth + 1))
        if match is not None and kind in _LITERALS:
            return _LITERALS[kind](match)
        raise _NotRationalError


def _number(match: re.Match[str]) -> Fraction:
    if len(match["number"]) > MAX_DIGITS:
        raise _NotRationalError
    whole, _, decimals = match["number"].partition(".")
    value = Fraction(int((whole + decimals) or "0"), 10 ** len(decimals))
    return _bounded(value * Fraction(10) ** int(match["power"] or 0))


def _based(match: re.Match[str]) -> Fraction:
    try:
        return Fraction(_integer(match["based"], int(match["base"])))
    except ValueError:
        raise _NotRationalError from None


def _repeating(match: re.Match[str]) -> Fraction:
    whole, _, fixed = match["repeating"].partition(".")
    cycle = match["cycle"]
    nines = Fraction(_integer(cycle), (10 ** len(cycle) - 1) * 10 ** len(fixed))
    return Fraction(_integer((whole + fixed) or "0"), 10 ** len(fixed)) + nines


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    """`base ** exponent` when it is rational and its size, known beforehand, is within the bound."""
    if exponent.denominator != 1:
        raise _NotRationalError
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size > 1 and size * abs(exponent) > MAX_BITS:
        raise _NotRationalError
    power: Fraction = base ** int(exponent)
    return power


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= 400:
        raise _NotRationalError
    result = 1
    for factor in range(2, int(value) + 1):
        result *= factor
    return _bounded(Fraction(result))


_LITERALS = {"number": _number, "based": _based, "repeating": _repeating}
