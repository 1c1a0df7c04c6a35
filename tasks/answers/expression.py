r"""An answer's formula as a tree: numbers, letters, sums, products, powers, roots and named functions.

Knows: LaTeX and plain writings of arithmetic, repeating decimals, mixed numbers, numerals with a base, percent,
degrees, binomials. Does not know: what is equal to what; `tasks/answers/forms.py` and `tasks/answers/numeric.py` do.
Refuses (None) what people read in two ways: `1/2x`, `2 3`, `f(x)`, `\sin x y`, words, bars. A refusal says nothing
about the answer. Protects itself: at most `MAX_TOKENS` tokens and `MAX_DEPTH` levels; no `eval`.

A tree is a tuple: ("number", Fraction), ("name", text), ("+", a, b), ("*", a, b), ("/", a, b), ("^", a, b),
("root", index, a), ("!", a), ("binomial", a, b) or ("call", function, a); `\log_{b}a` is ("log", b, a).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

Tree = tuple[Any, ...]

MAX_DIGITS = 256
MAX_TOKENS = 400
MAX_DEPTH = 48
MAX_TEXT = 1024

_TOKEN = re.compile(
    r"\s*(?:(?P<based>[0-9A-Fa-f]+)_\{(?P<base>\d{1,2})\}"
    r"|(?P<repeating>\d*\.\d*)\\overline\{(?P<cycle>\d+)\}"
    r"|(?P<number>\d+(?:\.\d*)?|\.\d+)(?:[eE](?P<power>[-+]?\d{1,3})(?![\d.]))?"
    r"|(?P<degrees>\^\{\\circ\})|(?P<percent>\\?%)|(?P<times>\\times(?![A-Za-z])|\\cdot(?![A-Za-z])|\*)"
    r"|(?P<over>/|\\div(?![A-Za-z]))|(?P<index>\\sqrt\[(?:\d)\](?=\{))"
    r"|(?P<word>\\?[A-Za-z]+)(?P<primes>'*)(?:_(?P<below>\{[A-Za-z0-9]+\}))?|(?P<mark>[-+^(){}!\[\]]))"
)
_MIXED = re.compile(r"([-+]?)(\d{1,18})(?:\s+(\d{1,18})/(\d{1,18})|\s*\\frac\{(\d{1,18})\}\{(\d{1,18})\})")
_FUNCTION_NAMES = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh exp ln log"
FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_COMMANDS = FUNCTIONS | {"sqrt", "frac", "binom"}
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon theta lambda mu nu xi pi rho sigma phi varphi omega tau eta kappa chi psi "
    "Delta Gamma Theta Lambda Sigma Phi Psi Omega"
)
_GREEK = frozenset(_GREEK_NAMES.split())
_CALLED = frozenset("fghpqEFGHPQVT")
"""Letters that before a bracket may be the name of a function."""
_HUNDRED = ("number", Fraction(100))
_PI = ("name", r"\pi")
DEGREE: Tree = ("/", _PI, ("number", Fraction(180)))
_BEGINNINGS = _COMMANDS | {"number", "name", "(", "[", "{", "index"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class _RefusedError(Exception):
    """The text has no reading, or several."""


def tree_of(text: str) -> Tree | None:
    """The tree of a text in normal form, or None."""
    if not text or len(text) > MAX_TEXT:
        return None
    mixed = _MIXED.fullmatch(text)
    repeated = _REPEATED.fullmatch(text) if text.startswith(("\\sum", "\\prod")) else None
    try:
        return _mixed(mixed) if mixed else _repeated(repeated) if repeated else _tree(text)
    except _RefusedError:
        return None


def _tree(text: str) -> Tree:
    reader = _Reader(text)
    tree = reader.sum(0)
    if not reader.done():
        raise _RefusedError
    return tree


_REPEATED = re.compile(
    r"\\(?P<kind>sum|prod)_\{(?P<name>[a-z])=(?P<low>-?\d{1,4})\}\^\{(?P<high>-?\d{1,4})\}(?P<body>.+)"
)
MAX_REPEATED = 60
"""Terms of a sum or a product that is written out."""


def _repeated(match: re.Match[str]) -> Tree:
    r"""`\sum_{k=1}^{10} k` written out; what follows is one term, so a bare sum is refused."""
    steps = range(int(match["low"]), int(match["high"]) + 1)
    body = _tree(match["body"])
    indexed = any(f"{{{match['name']}}}" in letter for letter in letters(body))
    if not 0 < len(steps) <= MAX_REPEATED or indexed or (body[0] == "+" and not _is_bracketed(match["body"])):
        raise _RefusedError
    terms = [substituted(body, match["name"], ("number", Fraction(step))) for step in steps]
    tree = terms[0]
    for term in terms[1:]:
        tree = ("+" if match["kind"] == "sum" else "*", tree, term)
    return tree


def _is_bracketed(text: str) -> bool:
    """Whether the first bracket closes at the end."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return place == len(text) - 1 and text[0] == "("
    return False


def substituted(tree: Tree, name: str, by: Tree) -> Tree:
    """The tree with another in the place of a letter."""
    if tree[0] == "name":
        return by if tree[1] == name else tree
    return (tree[0], *(substituted(part, name, by) if isinstance(part, tuple) else part for part in tree[1:]))


_DIVISORS = re.compile(r"\\?\b(gcd|lcm|GCD|LCM)\s*\(((?:\d{1,18},)+\d{1,18})\)")
_COMBINATIONS = re.compile(
    r"(?<![\\A-Za-z])C\((\d{1,4}),(\d{1,4})\)|\{\}_\{(\d{1,4})\}C_\{(\d{1,4})\}|(?<![\w}])(\d{1,4})C(\d{1,4})(?![\w^])"
)


def named_operations(text: str) -> str:
    r"""`\gcd(12,18)` as its value, `C(7,3)` and `7C3` as binomials."""
    if "(" not in text and "C" not in text:
        return text
    text = _DIVISORS.sub(lambda m: str(_divisor(m[1].lower(), [int(part) for part in m[2].split(",")])), text)
    return _COMBINATIONS.sub(lambda m: rf"\binom{{{m[1] or m[3] or m[5]}}}{{{m[2] or m[4] or m[6]}}}", text)


def _divisor(name: str, numbers: Sequence[int]) -> int:
    return math.gcd(*numbers) if name == "gcd" else math.lcm(*numbers)


def _mixed(match: re.Match[str]) -> Tree:
    """`2 1/2` and `2\\frac{1}{2}` are two and a half: in an answer that is never a product."""
    bottom = int(match[4] or match[6])
    if not bottom:
        raise _RefusedError
    value = int(match[2]) + Fraction(int(match[3] or match[5]), bottom)
    return ("number", -value if match[1] == "-" else value)


def negative(tree: Tree) -> Tree:
    """The tree with its sign turned."""
    return ("number", -tree[1]) if tree[0] == "number" else ("*", ("number", Fraction(-1)), tree)


CONSTANTS = frozenset((r"\pi", "e", "i"))


def letters(tree: Tree) -> set[str]:
    """The names in the tree but for those of constants."""
    if tree[0] == "name":
        return {tree[1]} - CONSTANTS
    return {name for part in tree[1:] if isinstance(part, tuple) for name in letters(part)}


class _Reader:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0

    def done(self) -> bool:
        return self.at == len(self.tokens)

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _take(self, kind: str) -> bool:
        if self._kind() != kind:
            return False
        self.at += 1
        return True

    def sum(self, depth: int) -> Tree:
        """Terms with signs between them; the outermost level of a formula."""
        if depth > MAX_DEPTH:
            raise _RefusedError
        tree = self._product(depth)
        while self._kind() in ("+", "-"):
            minus = self._take("-") or not self._take("+")
            right = self._product(depth)
            tree = ("+", tree, negative(right) if minus else right)
        return tree

    def _product(self, depth: int) -> Tree:
        tree, _ = self._side_by_side(depth)
        while self._kind() in ("*", "/"):
            over = self._take("/") or not self._take("*")
            right, factors = self._side_by_side(depth)
            if over and factors > 1:
                raise _RefusedError  # `1/2x`
            tree = ("/" if over else "*", tree, right)
        return tree

    def _side_by_side(self, depth: int) -> tuple[Tree, int]:
        """Factors without a sign between them, and how many they are."""
        if self._kind() in ("+", "-"):
            if depth > MAX_DEPTH:
                raise _RefusedError
            minus = self._take("-") or not self._take("+")
            tree, factors = self._side_by_side(depth + 1)
            return (negative(tree) if minus else tree), factors
        first, tree, factors = self.at, self._power(depth), 1
        while self._kind() in _BEGINNINGS:
            if self._is_read_in_two_ways(first):
                raise _RefusedError
            first = self.at
            tree, factors = ("*", tree, self._power(depth)), factors + 1
        return tree, factors

    def _is_read_in_two_ways(self, first: int) -> bool:
        """`x2`, `2 3`, `2\\frac{1}{2}x`, `f(x)`: whether the factor at `first` and the next are no clear product."""
        kind, before = self._kind(), self.tokens[first]
        if kind == "frac":
            return before[0] == "number" and self.at == first + 1
        return kind == "number" or (kind == "(" and before[0] == "name" and before[1].rstrip("'") in _CALLED)

    def _power(self, depth: int) -> Tree:
        tree = self._atom(depth)
        while True:
            if self._take("%"):
                tree = ("/", tree, _HUNDRED)
            elif self._take("degrees"):
                tree = ("*", tree, DEGREE)
            elif self._take("!"):
                tree = ("!", tree)
            elif self._take("^"):
                return ("^", tree, self._exponent(depth + 1))
            else:
                return tree

    def _exponent(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise _RefusedError
        return negative(self._exponent(depth + 1)) if self._take("-") else self._power(depth)

    def _atom(self, depth: int) -> Tree:
        kind = self._kind()
        if not kind or depth > MAX_DEPTH:
            raise _RefusedError
        value = self.tokens[self.at][1]
        if kind in _CLOSING:
            return self._within(kind, depth)
        self.at += 1
        if kind in ("number", "name"):
            return (kind, value)
        if kind in ("frac", "binom"):
            return ("/" if kind == "frac" else "binomial", self._within("{", depth), self._within("{", depth))
        if kind in ("sqrt", "index"):
            return ("root", value or 2, self._within("(" if self._kind() == "(" else "{", depth))
        if kind in FUNCTIONS:
            return self._call(kind, value, depth)
        raise _RefusedError

    def _within(self, opening: str, depth: int) -> Tree:
        """What stands in brackets of one kind."""
        if not self._take(opening):
            raise _RefusedError
        tree = self.sum(depth + 1)
        if not self._take(_CLOSING[opening]):
            raise _RefusedError
        return tree

    def _call(self, function: str, below: str, depth: int) -> Tree:
        r"""`\sin x`, `\sin^{2}(x)`, `\log_{2}8`; `\sin^{-1}` is no power and means one thing here and another there."""
        power = self._exponent(depth + 1) if self._take("^") else None
        if power is not None and (power[0] != "number" or power[1] < 1):
            raise _RefusedError
        bracket = self._kind() if self._kind() in ("(", "{") else ""
        argument = self._within(bracket, depth + 1) if bracket else self._bare_argument(depth + 1)
        base = ("number", Fraction(below)) if below.isdigit() else ("name", below)
        tree = ("log", base, argument) if below else ("call", function, argument)
        return ("^", tree, power) if power is not None else tree

    def _bare_argument(self, depth: int) -> Tree:
        """One factor, or a number and one factor; more would leave open where the argument ends."""
        first = self._kind()
        tree = self._power(depth)
        if first == "number" and self._kind() in ("name", "sqrt"):
            tree = ("*", tree, self._power(depth))
        if self._kind() in _BEGINNINGS - FUNCTIONS:
            raise _RefusedError
        return tree


def _tokens(text: str) -> Iterator[tuple[str, Any]]:
    """Kind and value of every token; a mark is its own kind."""
    position = 0
    for _ in range(MAX_TOKENS):
        if position == len(text):
            return
        match = _TOKEN.match(text, position)
        if match is None:
            raise _RefusedError
        position = match.end()
        kind = match.lastgroup or ""
        if match["word"]:
            yield from _word(match["word"], match["primes"], match["below"] or "")
        elif kind in _NUMERALS:
            yield "number", _NUMERALS[kind](match)
        elif kind == "index":
            yield "index", int(match["index"][6])
        else:
            yield _SAME_MARK.get(kind) or match["mark"], None
    raise _RefusedError


_SAME_MARK = {"percent": "%", "times": "*", "over": "/", "degrees": "degrees"}


def _word(word: str, primes: str, below: str) -> Iterator[tuple[str, str]]:
    r"""A command, or a run of letters: a function or a Greek letter by its name, one or two letters as factors."""
    plain = word.removeprefix("\\")
    if plain in _COMMANDS:
        if primes or (below and (plain != "log" or not (below[1:-1].isdigit() or len(below) == 3))):
            raise _RefusedError
        yield plain, below[1:-1]
    elif plain in _GREEK and (word != plain or plain == "pi" or len(plain) > 2):
        yield "name", f"\\{plain}{primes}{below}"
    elif word == plain and len(plain) <= 2:
        yield from (("name", letter) for letter in plain[:-1])
        yield "name", plain[-1] + primes + below
    else:
        raise _RefusedError


def _integer(digits: str, base: int = 10) -> int:
    if len(digits) > MAX_DIGITS:
        raise _RefusedError
    return int(digits or "0", base)


def _plain(match: re.Match[str]) -> Fraction:
    whole, _, decimals = match["number"].partition(".")
    if not decimals and not match["power"]:
        return Fraction(_integer(whole))
    return Fraction(_integer(whole + decimals), 10 ** len(decimals)) * Fraction(10) ** int(match["power"] or 0)


def _based(match: re.Match[str]) -> Fraction:
    try:
        return Fraction(_integer(match["based"], int(match["base"])))
    except ValueError:
        raise _RefusedError from None


def _repeating(match: re.Match[str]) -> Fraction:
    whole, _, fixed = match["repeating"].partition(".")
    cycle = match["cycle"]
    nines = Fraction(_integer(cycle), (10 ** len(cycle) - 1) * 10 ** len(fixed))
    return Fraction(_integer(whole + fixed), 10 ** len(fixed)) + nines


_NUMERALS = {"number": _plain, "power": _plain, "based": _based, "base": _based, "cycle": _repeating}
