"""Logarithms, powers and variates that are equal to the last bit on every machine.

Libraries may round these functions as they like; sums, products and quotients IEEE 754 rounds alike everywhere, so a
draw that rests on these alone is the same everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LN2 = 0.6931471805599453
LOGARITHM_TERMS = 24
"""Terms of the series of the logarithm; with s <= 1/3 the last is below 1e-22."""
EXPONENTIAL_TERMS = 20
"""Terms of the series of the exponential function; with |x| <= 0.35 the last is below 1e-27."""


def exponential(hashes: NDArray[np.uint64]) -> Numbers:
    """An exponential variate of mean 1 for each hash."""
    return -logarithm(((hashes >> np.uint64(12)).astype(np.float64) + 0.5) / (1 << 52))


def logarithm(values: Numbers) -> Numbers:
    """The natural logarithm of positive numbers: ln m = 2 artanh (m-1)/(m+1)."""
    mantissa, exponent = np.frexp(values)
    s = (mantissa - 1) / (mantissa + 1)
    square, power, total = s * s, s, s
    for term in range(1, LOGARITHM_TERMS):
        power = power * square
        total = total + power / (2 * term + 1)
    result: Numbers = 2 * total + exponent * LN2
    return result


def power(values: Numbers, exponent: float) -> Numbers:
    """Positive numbers to a power."""
    x = logarithm(values) * exponent
    halvings = np.rint(x / LN2)
    rest = x - halvings * LN2
    term, total = np.ones_like(rest), np.ones_like(rest)
    for number in range(1, EXPONENTIAL_TERMS):
        term = term * rest / number
        total = total + term
    result: Numbers = np.ldexp(total, halvings.astype(np.int64))
    return result
