r"""What a formula is exactly: a quotient of polynomials over the rationals, so that equal formulas are found equal.

Knows: letters, $\pi$, $e$ and $i$, roots of rationals (as prime powers with exponents below one: these are linearly
independent over the rationals, so two such numbers are equal only when they look equal), logarithms of rationals,
powers with a letter in the exponent, split by the laws of powers.
Does not know: other functions and other roots. They are opaque: a letter of their own for each argument. Two forms
that differ only if no such letters are in them do differ; where there are some, `compare` passes (None).
Reads a square root as the positive one, an odd root of a negative number as the real one, `i` as the imaginary unit.
Protects itself: `MAX_WORK` products of terms, `MAX_BITS` of a coefficient; beyond them there is no form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from tasks.answers.expression import Tree
from tasks.answers.polynomials import (
    MAX_POWER,
    ONE,
    Exponent,
    NoFormError,
    Polynomial,
    Term,
    added,
    bounded,
    content_of,
    factors_of,
    is_constant,
    is_opaque,
    is_positive_term,
    merged,
    reduced,
    term_power,
    tidied,
)

MAX_WORK = 5_000
MAX_INDEX = 12
MAX_FACTORIAL = 400
MAX_BINOMIAL = 1000


class Form(NamedTuple):
    """A quotient of two polynomials, not reduced; the lower one is not zero."""

    top: Polynomial
    bottom: Polynomial


def form_of(tree: Tree) -> Form | None:
    """The form of a tree, or None where it has none within the bounds."""
    try:
        return _Reduction().form(tree)
    except (NoFormError, ZeroDivisionError, OverflowError):
        return None


def rational(form: Form) -> Fraction | None:
    """The form's value when it is a rational number without further thought."""
    if not form.top:
        return Fraction(0)
    if len(form.top) == 1 and len(form.bottom) == 1 and () in form.top and () in form.bottom:
        return form.top[()] / form.bottom[()]
    return None


def compare(a: Form, b: Form) -> bool | None:
    """Whether two forms are equal; None when they look different and hold something opaque."""
    try:
        work = _Reduction()
        if work.times(a.top, b.bottom) == work.times(b.top, a.bottom):
            return True
    except NoFormError:
        return None
    return None if any(is_opaque(polynomial) for form in (a, b) for polynomial in form) else False


def proportional(a: Form, b: Form) -> bool:
    """Whether one numerator is a rational multiple of the other: the same equation, when each is set to zero."""
    if a.top.keys() != b.top.keys() or not a.top:
        return False
    return len({a.top[term] / b.top[term] for term in a.top}) == 1


def _atom(generator: str, exponent: Exponent = 1) -> Form:
    return Form({((generator, exponent),): Fraction(1)}, ONE)


def _number(value: Fraction | int) -> Form:
    return Form({(): Fraction(value)} if value else {}, ONE)


class _Reduction:
    """One walk over a tree, with its budget of work."""

    def __init__(self) -> None:
        self.work = 0

    def form(self, tree: Tree) -> Form:
        """The tree's form; raises when there is none."""
        kind = tree[0]
        if kind == "number":
            return _number(bounded(tree[1]))
        if kind == "name":
            return _atom(tree[1])
        if kind in ("+", "*", "/", "^"):
            return _OPERATIONS[kind](self, self.form(tree[1]), self.form(tree[2]))
        if kind == "root":
            return self.power(self.form(tree[2]), _number(Fraction(1, tree[1])))
        if kind == "!":
            return _factorial(self.form(tree[1]))
        if kind == "binomial":
            return _binomial(self.form(tree[1]), self.form(tree[2]))
        if kind == "log":
            return self.over(_logarithm("ln", self.form(tree[2])), _logarithm("ln", self.form(tree[1])))
        return self.call(tree[1], self.form(tree[2]))

    def times(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """The product of two polynomials, within the budget."""
        if a is ONE or b is ONE:
            return b if a is ONE else a
        self.work += len(a) * len(b)
        if self.work > MAX_WORK:
            raise NoFormError
        product: Polynomial = {}
        for left, x in a.items():
            for right, y in b.items():
                factor, term = merged(left, right)
                product[term] = bounded(product.get(term, 0) + x * y * factor)
        return {term: value for term, value in product.items() if value}

    def plus(self, a: Form, b: Form) -> Form:
        if a.bottom == b.bottom:
            return Form(added(a.top, b.top), a.bottom)
        return Form(added(self.times(a.top, b.bottom), self.times(b.top, a.bottom)), self.times(a.bottom, b.bottom))

    def product(self, a: Form, b: Form) -> Form:
        return Form(self.times(a.top, b.top), self.times(a.bottom, b.bottom))

    def over(self, a: Form, b: Form) -> Form:
        if not b.top:
            raise ZeroDivisionError
        if b.bottom is ONE and is_constant(b.top):
            inverse = 1 / b.top[()]
            return Form({term: bounded(value * inverse) for term, value in a.top.items()}, a.bottom)
        return Form(self.times(a.top, b.bottom), self.times(a.bottom, b.top))

    def power(self, base: Form, exponent: Form) -> Form:
        """Integer powers by multiplication, roots of rationals by their primes, letters in exponents as generators."""
        value = rational(exponent)
        if value is None:
            return self._symbolic(base, exponent)
        if value.denominator == 1:
            return self._whole(base, int(value))
        if value.denominator > MAX_INDEX:
            raise NoFormError
        number = rational(base)
        if number is not None:
            return self._whole(_root(number, value.denominator), value.numerator)
        return self._root_of_letters(base, value)

    def _whole(self, base: Form, exponent: int) -> Form:
        if exponent < 0:
            return self._whole(self.over(Form(ONE, ONE), base), -exponent)
        if len(base.top) <= 1 and len(base.bottom) == 1:
            return Form(term_power(base.top, exponent), term_power(base.bottom, exponent))
        if exponent > MAX_POWER:
            raise NoFormError
        result = Form(ONE, ONE)
        for _ in range(exponent):
            result = self.product(result, base)
        return result

    def _root_of_letters(self, base: Form, exponent: Fraction) -> Form:
        """`x^{3/2}` as a power of the letter; roots of other things are opaque, but for their rational factor."""
        if base.bottom != ONE and all(is_positive_term(part) for part in base):
            return self.over(*(self.power(Form(part, ONE), _number(exponent)) for part in base))
        if base.bottom != ONE:
            return self._whole(_atom(f"?{_key(base)}^1/{exponent.denominator}"), exponent.numerator)
        content = content_of(base.top)
        outer = self._whole(_root(content, exponent.denominator), exponent.numerator)
        inner = {term: value / content for term, value in base.top.items()}
        (term, value), *more = inner.items()
        if not more and value == 1 and len(term) == 1 and not term[0][0].startswith(("?", "#", "i")) and term[0][1] % 2:
            return self.product(outer, _atom(term[0][0], tidied(term[0][1] * exponent)))
        atom = _atom(f"?{_key(Form(inner, ONE))}^1/{exponent.denominator}")
        return self.product(outer, self._whole(atom, exponent.numerator))

    def _symbolic(self, base: Form, exponent: Form) -> Form:
        """`2^{n+1}` as twice `2^{n}`, `4^{n}` as the square of `2^{n}`, `e^{-x}` as one over `e^{x}`."""
        if exponent.bottom != ONE or not base.top:
            raise NoFormError
        fixed = exponent.top.get((), Fraction(0))
        if fixed.denominator != 1:
            raise NoFormError
        rest = {term: value for term, value in exponent.top.items() if term}
        leading = rest[min(rest)]
        times = int(content_of(rest).numerator) * (1 if leading > 0 else -1)
        unit = _key(Form({term: value / times for term, value in rest.items()}, ONE))
        number = rational(base)
        if number is not None and number > 0:
            powers = [(f"#{prime}", count) for prime, count in factors_of(number).items()]
        else:
            powers = [(_key(base), 1)]
        result = self._whole(base, int(fixed))
        for name, count in powers:
            result = self.product(result, self._whole(_atom(f"?{name}^{unit}"), times * count))
        return result

    def call(self, function: str, argument: Form) -> Form:
        """A named function: e to a power, a logarithm, or something opaque."""
        if function == "exp":
            return self.power(_atom("e"), argument)
        if function in ("ln", "log"):
            return _logarithm(function, argument)
        turns = _turns(argument) if function in _BY_SINE_AND_COSINE else None
        if turns is not None:
            above, below = _BY_SINE_AND_COSINE[function](_sine(turns), _sine(turns + Fraction(1, 2)))
            if above is not None and below is not None:
                return self.over(above, below)
        return _atom(f"?{function}{_key(argument)}")


def _turns(argument: Form) -> Fraction | None:
    r"""The argument in half turns where it is a rational multiple of \pi."""
    if not argument.top:
        return Fraction(0)
    ((term, value), *more), bottom = argument.top.items(), argument.bottom
    if more or term != ((r"\pi", 1),) or not is_constant(bottom):
        return None
    return value / bottom[()]


def _sine(turns: Fraction) -> Form | None:
    r"""The sine of a multiple of \pi, where it is a known surd."""
    turns %= 2
    if turns > 1:
        below = _sine(turns - 1)
        return below and Form({term: -value for term, value in below.top.items()}, ONE)
    value = _SINES.get(min(turns, 1 - turns))
    return None if value is None else Form(value, ONE)


_TWO: Term = (("#2", Fraction(1, 2)),)
_THREE: Term = (("#3", Fraction(1, 2)),)
_SIX: Term = (("#2", Fraction(1, 2)), ("#3", Fraction(1, 2)))
_SINES: dict[Fraction, Polynomial] = {
    Fraction(0): {},
    Fraction(1, 12): {_SIX: Fraction(1, 4), _TWO: Fraction(-1, 4)},
    Fraction(1, 6): {(): Fraction(1, 2)},
    Fraction(1, 4): {_TWO: Fraction(1, 2)},
    Fraction(1, 3): {_THREE: Fraction(1, 2)},
    Fraction(5, 12): {_SIX: Fraction(1, 4), _TWO: Fraction(1, 4)},
    Fraction(1, 2): {(): Fraction(1)},
}
_UNIT = Form(ONE, ONE)
_BY_SINE_AND_COSINE: dict[str, Callable[[Form | None, Form | None], tuple[Form | None, Form | None]]] = {
    "sin": lambda sine, cosine: (sine, _UNIT),
    "cos": lambda sine, cosine: (cosine, _UNIT),
    "tan": lambda sine, cosine: (sine, cosine),
    "cot": lambda sine, cosine: (cosine, sine),
    "sec": lambda sine, cosine: (_UNIT, cosine),
    "csc": lambda sine, cosine: (_UNIT, sine),
}


_OPERATIONS: dict[str, Callable[[_Reduction, Form, Form], Form]] = {
    "+": _Reduction.plus,
    "*": _Reduction.product,
    "/": _Reduction.over,
    "^": _Reduction.power,
}


def _root(value: Fraction, index: int) -> Form:
    """The principal root of a rational number; the real one where index and number allow."""
    if value < 0 and index % 2:
        return Form({term: -factor for term, factor in _root(-value, index).top.items()}, ONE)
    if value < 0 and index != 2:
        raise NoFormError
    if not value:
        return _number(0)
    exponents: dict[str, Exponent] = {f"#{p}": Fraction(e, index) for p, e in factors_of(abs(value)).items()}
    if value < 0:
        exponents["i"] = 1
    factor, term = reduced(exponents)
    return Form({term: bounded(Fraction(factor))}, ONE)


def _key(form: Form) -> str:
    """A writing of the form that does not depend on how it was built, where it is a polynomial."""
    scale = form.bottom[min(form.bottom)]
    top, bottom = (
        " ".join(
            f"{value / scale}" + "".join(f"{generator}^{exponent}" for generator, exponent in term)
            for term, value in sorted(polynomial.items())
        )
        for polynomial in form
    )
    return f"({top})" if bottom == "1" else f"({top} over {bottom})"


def _logarithm(function: str, argument: Form) -> Form:
    value = rational(argument)
    if value is None:
        return _atom(f"?{function}{_key(argument)}")
    if value <= 0:
        raise NoFormError
    terms: Polynomial = {((f"?{function}#{prime}", 1),): Fraction(count) for prime, count in factors_of(value).items()}
    return Form(terms, ONE)


def _whole_number(form: Form, largest: int) -> int | None:
    value = rational(form)
    if value is None:
        return None
    if value.denominator != 1 or not 0 <= value <= largest:
        raise NoFormError
    return int(value)


def _factorial(form: Form) -> Form:
    value = _whole_number(form, MAX_FACTORIAL)
    return _atom(f"?{_key(form)}!") if value is None else _number(bounded(Fraction(math.factorial(value))))


def _binomial(above: Form, below: Form) -> Form:
    n, k = (_whole_number(form, MAX_BINOMIAL) for form in (above, below))
    if n is None or k is None:
        return _atom(f"?binomial{_key(above)}{_key(below)}")
    return _number(bounded(Fraction(math.comb(n, k))))
