"""Exact answers in all the forms in which the rehearsal writes them, and how it compares a boxed answer with one.

This is not the pipeline's equivalence check and must not become it: it only has to know the sandbox's own variety.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

Rational = int | Fraction


@dataclass(frozen=True, slots=True)
class SandboxAnswer:
    """A truth and its equal spellings; the first is the plain one."""

    forms: tuple[str, ...]

    @property
    def text(self) -> str:
        """The plain form, as LaTeX."""
        return self.forms[0]


def _decimal(value: Fraction) -> str | None:
    """The terminating decimal, when it has at most four places."""
    if 10_000 % value.denominator or value.denominator == 1:
        return None
    scaled = abs(value.numerator) * (10_000 // value.denominator)
    digits = f"{scaled // 10_000}.{scaled % 10_000:04d}".rstrip("0")
    return ("-" if value < 0 else "") + digits


def _rational_forms(value: Rational) -> tuple[str, ...]:
    value = Fraction(value)
    sign, top, bottom = "-" if value < 0 else "", abs(value.numerator), value.denominator
    if bottom == 1:
        forms = [f"{sign}{top}"]
        if top >= 1000:
            forms += [f"{sign}{top:,}", f"{sign}{top:,}".replace(",", "{,}")]
        return tuple(forms)
    forms = [f"{sign}\\frac{{{top}}}{{{bottom}}}", f"{sign}\\dfrac{{{top}}}{{{bottom}}}", f"{sign}{top}/{bottom}"]
    decimal = _decimal(value)
    return (*forms, decimal) if decimal else tuple(forms)


def number(value: Rational) -> SandboxAnswer:
    """An integer or fraction."""
    return SandboxAnswer(_rational_forms(value))


def decimal(value: Rational) -> SandboxAnswer:
    """A number that terminates, written as a decimal first (an average, a length)."""
    short = _decimal(Fraction(value))
    forms = _rational_forms(value)
    return SandboxAnswer((short, *(f for f in forms if f != short))) if short else SandboxAnswer(forms)


def money(cents: Rational) -> SandboxAnswer:
    """An amount in dollars, from cents."""
    value = Fraction(cents) / 100
    if value.denominator == 1:
        return SandboxAnswer((*_rational_forms(value), f"{value}.00", f"\\${value}"))
    rounded = f"{float(value):.2f}"
    return SandboxAnswer((rounded, f"\\${rounded}"))


def percent(value: Rational) -> SandboxAnswer:
    """A percentage, with its sign."""
    short = _decimal(Fraction(value)) or _rational_forms(value)[0]
    return SandboxAnswer((f"{short}\\%", f"{short} \\%", f"{short}\\,\\%"))


def degrees(value: Rational) -> SandboxAnswer:
    """An angle in degrees."""
    short = _rational_forms(value)[0] if Fraction(value).denominator == 1 else _decimal(Fraction(value))
    return SandboxAnswer((f"{short}^\\circ", f"{short}^{{\\circ}}"))


def quantity(value: Rational, unit: str, *others: tuple[Rational, str]) -> SandboxAnswer:
    """A number with its unit, and the same in other units where the number ends."""
    forms = []
    for size, name in ((value, unit), *others):
        size = Fraction(size)
        shown = str(size.numerator) if size.denominator == 1 else _decimal(size)
        if shown:
            forms += [f"{shown}\\,\\text{{{name}}}", f"{shown} \\mathrm{{{name}}}", f"{shown} {name}"]
    if not forms:
        raise ValueError("the number does not end")
    return SandboxAnswer(tuple(forms))


def surd(coefficient: Rational, radicand: int) -> SandboxAnswer:
    """`coefficient` times the root of `radicand`, in simplest form, with the unsimplified root as another form."""
    outside, inside = 1, radicand
    for k in range(isqrt(radicand), 1, -1):
        if radicand % (k * k) == 0:
            outside, inside = k, radicand // (k * k)
            break
    value = Fraction(coefficient) * outside
    if inside == 1:
        return number(value)
    top, bottom = abs(value.numerator), value.denominator
    sign = "-" if value < 0 else ""
    root = f"\\sqrt{{{inside}}}" if top == 1 else f"{top}\\sqrt{{{inside}}}"
    if bottom > 1:
        return SandboxAnswer((f"{sign}\\frac{{{root}}}{{{bottom}}}", f"{sign}\\dfrac{{{root}}}{{{bottom}}}"))
    forms = [sign + root]
    if top > 1:
        forms += [f"{sign}{top} \\sqrt{{{inside}}}", f"{sign}\\sqrt{{{top * top * inside}}}"]
    return SandboxAnswer(tuple(forms))


def pi(value: Rational) -> SandboxAnswer:
    """A multiple of pi."""
    value = Fraction(value)
    top = "\\pi" if value.numerator == 1 else f"{value.numerator}\\pi"
    if value.denominator == 1:
        return SandboxAnswer((top, top.replace("\\pi", " \\pi").strip()))
    return SandboxAnswer((f"\\frac{{{top}}}{{{value.denominator}}}", f"\\dfrac{{{top}}}{{{value.denominator}}}"))


def point(*values: Rational) -> SandboxAnswer:
    """A tuple: a point, a vector, a solution of a system."""
    inner = ", ".join(_rational_forms(v)[0] for v in values)
    return SandboxAnswer((f"({inner})", f"\\left({inner}\\right)", f"({inner})".replace(", ", ",")))


def interval(low: Rational, high: Rational, *, closed: bool) -> SandboxAnswer:
    """An interval with both ends of one kind."""
    left, right = "[]" if closed else "()"
    inner = f"{_rational_forms(low)[0]}, {_rational_forms(high)[0]}"
    return SandboxAnswer(
        (f"{left}{inner}{right}", f"\\left{left}{inner}\\right{right}", f"{left}{inner}{right}".replace(" ", ""))
    )


def choice(letter: str) -> SandboxAnswer:
    """A multiple-choice letter."""
    return SandboxAnswer((letter, f"\\text{{{letter}}}", f"\\textbf{{({letter})}}", f"({letter})"))


def expression(*forms: str) -> SandboxAnswer:
    """An expression in the forms that the kind gives."""
    return SandboxAnswer(forms)


def signed(value: int, symbol: str = "", *, first: bool = False) -> str:
    """One term of a sum: `signed(-3, "x")` is ` - 3x`; zero is nothing; a coefficient of one is not written."""
    if value == 0:
        return ""
    size = "" if abs(value) == 1 and symbol else str(abs(value))
    if first:
        return f"{'-' if value < 0 else ''}{size}{symbol}"
    return f" {'-' if value < 0 else '+'} {size}{symbol}"


def loose_form(text: str) -> str:
    """A boxed answer without the differences that the sandbox itself writes."""
    text = re.sub(r"\\(left|right|,|;|!|\$)|[\s$]|\{,\}", "", text).replace("\\dfrac", "\\frac")
    text = re.sub(r"\\text(?:bf)?\{\(?([A-E])\)?\}", r"\1", text).replace("^{\\circ}", "^\\circ")
    return text[:-1] if text.endswith(".") else text


def agrees(answer: SandboxAnswer, boxed: str) -> bool:
    """Whether a boxed answer is one of the truth's forms."""
    wanted = loose_form(boxed)
    return any(loose_form(form) == wanted for form in answer.forms)


def last_box(text: str) -> str | None:
    """The content of the last `\\boxed{…}`, by counting braces."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for i in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[start + 7 : i]
    return None
