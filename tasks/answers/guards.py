r"""What is kept away from math-verify, and why.

`refusal` names the reason why a comparison is not worth or not safe to ask (the verdict is then unknown);
`prepared` writes an answer so that math-verify reads what was meant. Both are pure and linear.

Known false positives of math-verify 0.9.0 that are kept out here or in `tasks/answers/algebra.py`:
- units are dropped (`5 cm` = `5 m`): units are taken off here, and two that differ never get this far;
- `9` = `9\%`: a percent sign becomes a division by 100;
- a missing base (`1011_2` = `1011`): a numeral with a base is refused;
- prose is read as a product of letters (`listen` = `silent`): runs of letters that name nothing are refused;
- two boxes are read as a set: the last one is taken before;
- tiny magnitudes (`1/2^99` = `1/2^98`, `10^{-20}x` = `2 \cdot 10^{-20}x`): a "same" is checked relatively there.

Does not protect against: everything slow. What the bounds miss is killed by the pool.
"""

from __future__ import annotations

import re

from tasks.answers.expression import MAX_DIGITS
from tasks.answers.reading import ReadAnswer

MAX_LENGTH = 4096
"""Characters of one answer."""
MAX_NESTING = 24
MAX_ARGUMENT = 1000
"""Largest argument of a factorial or a binomial, in a text that is not exactly rational."""
MAX_EXPONENT = 1000
MAX_TERMS = 400
"""Numbers, words and signs of one answer."""

_OPENING = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_DIGIT_RUN = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")
_LETTERS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_SHORT_WORD = re.compile(r"(?<![\\A-Za-z])(?:by|of|to|or|if)(?![A-Za-z])")
_FUNCTION_NAMES = (
    "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log exp max min gcd lcm mod det lim deg dim ker arg "
    "pmatrix bmatrix vmatrix matrix cases array aligned"
)
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_NUMERIC_POWER = re.compile(r"\^\s*(?:\{\s*)?-?(\d+)")
_TOWER = re.compile(
    r"[\d)}]\s*\^\s*\{?\s*\(?\s*-?[\d.]+\s*\)?\s*\}?\s*\^|!\s*!|\^\s*\{?[^{}]*\d\s*!|\^\s*\{[^{}]*\d\s*\^\s*\{?\s*-?\d"
)
_FACTORIAL = re.compile(r"(\d+|[)}])\s*!")
_BINOMIAL = re.compile(r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}|(?<![A-Za-z])[CP]\s*\(\s*([^,()]*),([^,()]*)\)")
_UNEVALUATED = re.compile(
    r"\\(?:iint|oint|sum|prod|Gamma|gcd|operatorname|partial|d{1,3}ot|ldots)(?![A-Za-z])|\\zeta|\\frac\{d|'"
)
_BASED = re.compile(r"(?<![A-Za-z_\d{])\d[0-9A-F]*_\{?\d")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_TERM = re.compile(r"\\?[A-Za-z]+|\d+|[^\s\w]")


def oversized(text: str) -> str | None:
    """The bounds that hold before anything else looks at the text, cheap tiers included."""
    if len(text) > MAX_LENGTH:
        return "length"
    if _DIGIT_RUN.search(text):
        return "digits"
    depth = deepest = 0
    for character in text:
        depth += _OPENING.get(character, 0)
        deepest = max(deepest, depth)
    return "nesting" if deepest > MAX_NESTING else None


def refusal(answer: ReadAnswer) -> str | None:
    """Why math-verify is not asked about this answer, or None."""
    text = answer.value
    for reason, refuses in REFUSALS.items():
        if refuses(text):
            return reason
    return None


def _is_prose(text: str) -> bool:
    """Runs of three letters or more that name no function: math-verify would multiply the letters."""
    return bool(_FOREIGN.search(text) or _SHORT_WORD.search(text)) or any(
        word not in _FUNCTIONS for word in _LETTERS.findall(text)
    )


def _is_tower(text: str) -> bool:
    return bool(_TOWER.search(text)) or any(int(n[:9]) > MAX_EXPONENT for n in _NUMERIC_POWER.findall(text))


def _is_large_factorial(text: str) -> bool:
    arguments = _FACTORIAL.findall(text)
    brackets = any(not argument.isdigit() for argument in arguments)
    return (brackets and bool(re.search(r"\d{3}|\^", text))) or any(
        int(n) > MAX_ARGUMENT for n in arguments if n.isdigit()
    )


def _is_large_binomial(text: str) -> bool:
    found = [part for groups in _BINOMIAL.findall(text) for part in groups if part]
    return any(
        "^" in part or "!" in part or any(int(n) > MAX_ARGUMENT for n in re.findall(r"\d+", part)) for part in found
    )


def _has_many_terms(text: str) -> bool:
    return len(_TERM.findall(text)) > MAX_TERMS


def _is_large_matrix(text: str) -> bool:
    return text.count("&") > 36


_ODD_ROOT = re.compile(r"\\sqrt\[([3579])\]\{-(\d+)\}")


def prepared(answer: ReadAnswer, other: ReadAnswer) -> str:
    r"""The answer for math-verify's LaTeX reader, between dollars: percent, degrees and odd roots as plain numbers.

    The unit is taken off where the other side has none or the same, and becomes a factor where it has another size.
    Degrees meet radians only where the other side speaks of \pi.
    """
    text = re.sub(r"\\?%$", "", answer.value)
    if text != answer.value:
        text = rf"\frac{{{text}}}{{100}}"
    text = re.sub(r"(\d+(?:\.\d+)?)\s*\^\{\\circ\}", r"(\1 \\cdot \\frac{\\pi}{180})", text)
    text = _ODD_ROOT.sub(r"(-\\sqrt[\1]{\2})", text)
    text = _scaled(text, answer, other)
    if answer.label and "=" not in text:
        text = f"{answer.label}={text}"
    return f"${text}$"


def _scaled(text: str, answer: ReadAnswer, other: ReadAnswer) -> str:
    if answer.unit is None:
        return text
    if answer.unit.name == "degree" and other.unit is None and r"\pi" in other.value:
        return rf"({text}) \cdot \frac{{\pi}}{{180}}"
    if other.unit is None or other.unit.size == answer.unit.size:
        return text
    size = answer.unit.size
    return rf"\frac{{{size.numerator}}}{{{size.denominator}}} \cdot ({text})"


_CALCULUS = re.compile(r"\\(?:int|lim)(?![A-Za-z])")
_LARGE = re.compile(r"\d{4}")


def _is_large_calculus(text: str) -> bool:
    """Integrals and limits are for small texts: more than one, or large numbers in one, take their time."""
    found = len(_CALCULUS.findall(text))
    return found > 1 or (found == 1 and (len(text) > 120 or bool(_LARGE.search(text))))


REFUSALS = {
    "prose": _is_prose,
    "tower": _is_tower,
    "factorial": _is_large_factorial,
    "binomial": _is_large_binomial,
    "base": lambda text: bool(_BASED.search(text)),
    "unevaluated": lambda text: bool(_UNEVALUATED.search(text)),
    "calculus": _is_large_calculus,
    "percent": lambda text: bool(re.search(r"%\s*\S", text)),
    "terms": _has_many_terms,
    "matrix": _is_large_matrix,
}
