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

Exponent = int | Fraction
Term = tuple[tuple[str, Exponent], ...]
"""Generators and their exponents, sorted: letters, primes (`#2`, exponents below one) and opaque ones (`?…`)."""
Polynomial = dict[Term, Fraction]

MAX_BITS = 4096
MAX_WORK = 5_000
MAX_POWER = 64
MAX_INDEX = 12
MAX_FACTORIAL = 400
MAX_BINOMIAL = 1000
_PRIMES = [n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_LARGEST = 1_000_000
"""What is left of an integer without divisors below 1,000 is a prime when it is below this."""


class Form(NamedTuple):
    """A quotient of two polynomials, not reduced; the lower one is not zero."""

    top: Polynomial
    bottom: Polynomial


class _NoFormError(Exception):
    """Undefined, or over a bound."""


_ONE: Polynomial = {(): Fraction(1)}


def form_of(tree: Tree) -> Form | None:
    """The form of a tree, or None where it has none within the bounds."""
    try:
        return _Reduction().form(tree)
    except (_NoFormError, ZeroDivisionError, OverflowError):
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
    except _NoFormError:
        return None
    return None if any(_is_opaque(polynomial) for form in (a, b) for polynomial in form) else False


def proportional(a: Form, b: Form) -> bool:
    """Whether one numerator is a rational multiple of the other: the same equation, when each is set to zero."""
    if a.top.keys() != b.top.keys() or not a.top:
        return False
    return len({a.top[term] / b.top[term] for term in a.top}) == 1


def _is_opaque(polynomial: Polynomial) -> bool:
    return any(generator.startswith("?") for term in polynomial for generator, _ in term)


def _is_constant(polynomial: Polynomial) -> bool:
    return polynomial.keys() <= {()}


def _atom(generator: str, exponent: Exponent = 1) -> Form:
    return Form({((generator, exponent),): Fraction(1)}, _ONE)


def _number(value: Fraction | int) -> Form:
    return Form({(): Fraction(value)} if value else {}, _ONE)


class _Reduction:
    """One walk over a tree, with its budget of work."""

    def __init__(self) -> None:
        self.work = 0

    def form(self, tree: Tree) -> Form:
        """The tree's form; raises when there is none."""
        kind = tree[0]
        if kind == "number":
            return _number(_bounded(tree[1]))
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
        if a is _ONE or b is _ONE:
            return b if a is _ONE else a
        self.work += len(a) * len(b)
        if self.work > MAX_WORK:
            raise _NoFormError
        product: Polynomial = {}
        for left, x in a.items():
            for right, y in b.items():
                factor, term = _merged(left, right)
                product[term] = _bounded(product.get(term, 0) + x * y * factor)
        return {term: value for term, value in product.items() if value}

    def plus(self, a: Form, b: Form) -> Form:
        if a.bottom == b.bottom:
            return Form(_added(a.top, b.top), a.bottom)
        return Form(_added(self.times(a.top, b.bottom), self.times(b.top, a.bottom)), self.times(a.bottom, b.bottom))

    def product(self, a: Form, b: Form) -> Form:
        return Form(self.times(a.top, b.top), self.times(a.bottom, b.bottom))

    def over(self, a: Form, b: Form) -> Form:
        if not b.top:
            raise ZeroDivisionError
        if b.bottom is _ONE and _is_constant(b.top):
            inverse = 1 / b.top[()]
            return Form({term: _bounded(value * inverse) for term, value in a.top.items()}, a.bottom)
        return Form(self.times(a.top, b.bottom), self.times(a.bottom, b.top))

    def power(self, base: Form, exponent: Form) -> Form:
        """Integer powers by multiplication, roots of rationals by their primes, letters in exponents as generators."""
        value = rational(exponent)
        if value is None:
            return self._symbolic(base, exponent)
        if value.denominator == 1:
            return self._whole(base, int(value))
        if value.denominator > MAX_INDEX:
            raise _NoFormError
        number = rational(base)
        if number is not None:
            return self._whole(_root(number, value.denominator), value.numerator)
        return self._root_of_letters(base, value)

    def _whole(self, base: Form, exponent: int) -> Form:
        if exponent < 0:
            return self._whole(self.over(Form(_ONE, _ONE), base), -exponent)
        if len(base.top) <= 1 and len(base.bottom) == 1:
            return Form(_term_power(base.top, exponent), _term_power(base.bottom, exponent))
        if exponent > MAX_POWER:
            raise _NoFormError
        result = Form(_ONE, _ONE)
        for _ in range(exponent):
            result = self.product(result, base)
        return result

    def _root_of_letters(self, base: Form, exponent: Fraction) -> Form:
        """`x^{3/2}` as a power of the letter; roots of other things are opaque, but for their rational factor."""
        if base.bottom != _ONE and all(_is_positive_term(part) for part in base):
            return self.over(*(self.power(Form(part, _ONE), _number(exponent)) for part in base))
        if base.bottom != _ONE:
            return self._whole(_atom(f"?{_key(base)}^1/{exponent.denominator}"), exponent.numerator)
        content = _content(base.top)
        outer = self._whole(_root(content, exponent.denominator), exponent.numerator)
        inner = {term: value / content for term, value in base.top.items()}
        (term, value), *more = inner.items()
        if not more and value == 1 and len(term) == 1 and not term[0][0].startswith(("?", "#", "i")) and term[0][1] % 2:
            return self.product(outer, _atom(term[0][0], _tidied(term[0][1] * exponent)))
        atom = _atom(f"?{_key(Form(inner, _ONE))}^1/{exponent.denominator}")
        return self.product(outer, self._whole(atom, exponent.numerator))

    def _symbolic(self, base: Form, exponent: Form) -> Form:
        """`2^{n+1}` as twice `2^{n}`, `4^{n}` as the square of `2^{n}`, `e^{-x}` as one over `e^{x}`."""
        if exponent.bottom != _ONE or not base.top:
            raise _NoFormError
        fixed = exponent.top.get((), Fraction(0))
        if fixed.denominator != 1:
            raise _NoFormError
        rest = {term: value for term, value in exponent.top.items() if term}
        leading = rest[min(rest)]
        times = int(_content(rest).numerator) * (1 if leading > 0 else -1)
        unit = _key(Form({term: value / times for term, value in rest.items()}, _ONE))
        number = rational(base)
        if number is not None and number > 0:
            powers = [(f"#{prime}", count) for prime, count in _factors(number).items()]
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


def _is_positive_term(polynomial: Polynomial) -> bool:
    return len(polynomial) == 1 and min(polynomial.values()) > 0


def _turns(argument: Form) -> Fraction | None:
    r"""The argument in half turns where it is a rational multiple of \pi."""
    if not argument.top:
        return Fraction(0)
    ((term, value), *more), bottom = argument.top.items(), argument.bottom
    if more or term != ((r"\pi", 1),) or not _is_constant(bottom):
        return None
    return value / bottom[()]


def _sine(turns: Fraction) -> Form | None:
    r"""The sine of a multiple of \pi, where it is a known surd."""
    turns %= 2
    if turns > 1:
        below = _sine(turns - 1)
        return below and Form({term: -value for term, value in below.top.items()}, _ONE)
    value = _SINES.get(min(turns, 1 - turns))
    return None if value is None else Form(value, _ONE)


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
_UNIT = Form(_ONE, _ONE)
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


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise _NoFormError
    return value


def _added(a: Polynomial, b: Polynomial) -> Polynomial:
    total = dict(a)
    for term, value in b.items():
        total[term] = _bounded(total.get(term, Fraction(0)) + value)
    return {term: value for term, value in total.items() if value}


def _merged(a: Term, b: Term) -> tuple[Fraction | int, Term]:
    """The product of two terms, and the rational factor that roots of primes and `i` leave."""
    if not a or not b:
        return 1, a or b
    exponents = dict(a)
    for generator, exponent in b:
        exponents[generator] = exponents.get(generator, 0) + exponent
    return _reduced(exponents)


def _reduced(exponents: dict[str, Exponent]) -> tuple[Fraction | int, Term]:
    factor: Fraction | int = 1
    kept: list[tuple[str, Exponent]] = []
    for generator, exponent in sorted(exponents.items()):
        if generator == "i":
            factor *= -1 if exponent % 4 > 1 else 1
            exponent %= 2
        elif generator[0] == "#":
            whole = math.floor(exponent)
            exponent -= whole
            if abs(whole) > MAX_BITS:
                raise _NoFormError
            factor *= Fraction(int(generator[1:])) ** whole
        if exponent:
            kept.append((generator, _tidied(exponent)))
    return factor, tuple(kept)


def _tidied(exponent: Exponent) -> Exponent:
    return exponent if isinstance(exponent, int) else exponent.numerator if exponent.denominator == 1 else exponent


def _term_power(polynomial: Polynomial, exponent: int) -> Polynomial:
    """A polynomial of at most one term to a power of any size that its coefficient allows."""
    if not polynomial or polynomial == _ONE:
        return polynomial if polynomial or exponent else _ONE
    ((term, value),) = polynomial.items()
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if (bits > 1 and bits * exponent > MAX_BITS) or exponent.bit_length() > MAX_POWER:
        raise _NoFormError
    factor, reduced = _reduced({generator: power * exponent for generator, power in term})
    return {reduced: _bounded(value**exponent * factor)}


def _root(value: Fraction, index: int) -> Form:
    """The principal root of a rational number; the real one where index and number allow."""
    if value < 0 and index % 2:
        return Form({term: -factor for term, factor in _root(-value, index).top.items()}, _ONE)
    if value < 0 and index != 2:
        raise _NoFormError
    if not value:
        return _number(0)
    exponents: dict[str, Exponent] = {f"#{p}": Fraction(e, index) for p, e in _factors(abs(value)).items()}
    if value < 0:
        exponents["i"] = 1
    factor, term = _reduced(exponents)
    return Form({term: _bounded(Fraction(factor))}, _ONE)


def _factors(value: Fraction) -> dict[int, int]:
    """The primes of a positive rational and their exponents; raises where a large factor is left."""
    found: dict[int, int] = {}
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in _PRIMES:
            if number == 1:
                break
            while number % prime == 0:
                number //= prime
                found[prime] = found.get(prime, 0) + sign
        if number >= _LARGEST:
            raise _NoFormError
        if number > 1:
            found[number] = found.get(number, 0) + sign
    return found


def _content(polynomial: Polynomial) -> Fraction:
    """The positive rational whose quotient has whole coefficients without a common factor."""
    values = polynomial.values()
    return Fraction(
        math.gcd(*(value.numerator for value in values)), math.lcm(*(value.denominator for value in values))
    )


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
        raise _NoFormError
    terms: Polynomial = {((f"?{function}#{prime}", 1),): Fraction(count) for prime, count in _factors(value).items()}
    return Form(terms, _ONE)


def _whole_number(form: Form, largest: int) -> int | None:
    value = rational(form)
    if value is None:
        return None
    if value.denominator != 1 or not 0 <= value <= largest:
        raise _NoFormError
    return int(value)


def _factorial(form: Form) -> Form:
    value = _whole_number(form, MAX_FACTORIAL)
    return _atom(f"?{_key(form)}!") if value is None else _number(_bounded(Fraction(math.factorial(value))))


def _binomial(above: Form, below: Form) -> Form:
    n, k = (_whole_number(form, MAX_BINOMIAL) for form in (above, below))
    if n is None or k is None:
        return _atom(f"?binomial{_key(above)}{_key(below)}")
    return _number(_bounded(Fraction(math.comb(n, k))))
