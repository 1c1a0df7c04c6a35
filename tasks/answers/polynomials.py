"""Polynomials over the rationals whose letters may have rational exponents.

Roots of primes and powers of `i` are reduced as they come up, so that equal polynomials look equal. Protects itself:
beyond `MAX_BITS` of a coefficient, or where a large factor would have to be found, there is none (NoFormError).
"""

from __future__ import annotations

import math
from fractions import Fraction

Exponent = int | Fraction
Term = tuple[tuple[str, Exponent], ...]
"""Generators and their exponents, sorted: letters, primes (`#2`, exponents below one) and opaque ones (`?…`)."""
Polynomial = dict[Term, Fraction]

MAX_BITS = 4096
MAX_POWER = 64
"""Binary digits of an exponent; also the largest to which a sum is multiplied out."""
_PRIMES = [n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_LARGEST = 1_000_000
"""What is left of an integer without divisors below 1,000 is a prime when it is below this."""


class NoFormError(Exception):
    """Undefined, or over a bound."""


ONE: Polynomial = {(): Fraction(1)}


def is_opaque(polynomial: Polynomial) -> bool:
    """Whether something opaque is in it."""
    return any(generator.startswith("?") for term in polynomial for generator, _ in term)


def is_constant(polynomial: Polynomial) -> bool:
    """Whether it is a rational number."""
    return polynomial.keys() <= {()}


def is_positive_term(polynomial: Polynomial) -> bool:
    """Whether it is one term, with a positive coefficient."""
    return len(polynomial) == 1 and min(polynomial.values()) > 0


def bounded(value: Fraction) -> Fraction:
    """A coefficient within `MAX_BITS`. Raises NoFormError."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise NoFormError
    return value


def added(a: Polynomial, b: Polynomial) -> Polynomial:
    """The sum."""
    total = dict(a)
    for term, value in b.items():
        total[term] = bounded(total.get(term, Fraction(0)) + value)
    return {term: value for term, value in total.items() if value}


def merged(a: Term, b: Term) -> tuple[Fraction | int, Term]:
    """The product of two terms, and the rational factor that roots of primes and `i` leave."""
    if not a or not b:
        return 1, a or b
    exponents = dict(a)
    for generator, exponent in b:
        exponents[generator] = exponents.get(generator, 0) + exponent
    return reduced(exponents)


def reduced(exponents: dict[str, Exponent]) -> tuple[Fraction | int, Term]:
    """The rational factor that roots of primes and `i` leave, and the term of what is left."""
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
                raise NoFormError
            factor *= Fraction(int(generator[1:])) ** whole
        if exponent:
            kept.append((generator, tidied(exponent)))
    return factor, tuple(kept)


def tidied(exponent: Exponent) -> Exponent:
    """A whole exponent as an int."""
    return exponent if isinstance(exponent, int) else exponent.numerator if exponent.denominator == 1 else exponent


def term_power(polynomial: Polynomial, exponent: int) -> Polynomial:
    """A polynomial of at most one term to a power of any size that its coefficient allows."""
    if not polynomial or polynomial == ONE:
        return polynomial if polynomial or exponent else ONE
    ((term, value),) = polynomial.items()
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if (bits > 1 and bits * exponent > MAX_BITS) or exponent.bit_length() > MAX_POWER:
        raise NoFormError
    factor, raised = reduced({generator: power * exponent for generator, power in term})
    return {raised: bounded(value**exponent * factor)}


def factors_of(value: Fraction) -> dict[int, int]:
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
            raise NoFormError
        if number > 1:
            found[number] = found.get(number, 0) + sign
    return found


def content_of(polynomial: Polynomial) -> Fraction:
    """The positive rational whose quotient has whole coefficients without a common factor."""
    values = polynomial.values()
    return Fraction(
        math.gcd(*(value.numerator for value in values)), math.lcm(*(value.denominator for value in values))
    )
