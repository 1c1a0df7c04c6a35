r"""What a formula is worth, nearly: a complex number with a bound on its error, to tell apart what is clearly apart.

Knows: arithmetic, roots, powers and named functions, in double precision, with the rounding errors carried along.
Does not know: equality. Two values that agree may differ in the twentieth decimal; `apart` says only when they cannot
be the same. Letters take fixed positive values, each its own; `i` and `e` are the constants.
Gives up (None) on overflow, on powers of negative numbers that are not whole (people take the real one), and on
`\log` without a base, which is one thing in one book and another in the next.
`solved_apart` looks for a real solution of one equation that is none of the other; to find none proves nothing.
"""

from __future__ import annotations

import cmath
import math
import zlib
from collections.abc import Callable
from fractions import Fraction

from tasks.answers.expression import Tree, letters

Value = tuple[complex, float]
"""A value and a bound on its absolute error."""

_EPSILON = 2.0**-50
"""Relative error of one operation, eight times the true one: the bounds are estimates."""
_CAUTION = 64.0
_LARGEST = 1e100


class _NoValueError(Exception):
    """Undefined, too large, or read in several ways."""


def value_of(tree: Tree) -> Value | None:
    """The tree's value where it has one."""
    try:
        return _value(tree, {})
    except (_NoValueError, ArithmeticError, ValueError):
        return None


def apart(a: Value, b: Value) -> bool:
    """Whether two values certainly differ, by far more than their errors."""
    return abs(a[0] - b[0]) > _CAUTION * (a[1] + b[1])


def solved_apart(a: Tree, b: Tree) -> bool:
    """Whether `a = 0` and `b = 0` certainly have different solutions: a solution of one is none of the other."""
    named = sorted(letters(a) | letters(b))
    return any(_solves_only(x, y, letter) for letter in named[-2:] for x, y in ((a, b), (b, a)))


def _solves_only(a: Tree, b: Tree, letter: str) -> bool:
    """Whether some value of the letter makes `a` zero and not `b`, the other letters held fixed."""
    left = 0.0
    for step in range(-_STEPS, _STEPS + 1):
        right = 0.0625 + step * 0.375
        if step > -_STEPS and _changes_sign(a, letter, left, right):
            ends = _narrowed(a, letter, left, right)
            nothing, something = ([_at(tree, letter, end) for end in ends] for tree in (a, b))
            if all(x is not None and abs(x) < _NOTHING for x in nothing) and all(
                x is not None and abs(x) > _SOMETHING for x in something
            ):
                return True
        left = right
    return False


_STEPS = 30
_NOTHING = 1e-8
"""Left minus right at a solution, but not at a pole, where the sign changes too."""
_SOMETHING = 1e-5


def _narrowed(tree: Tree, letter: str, low: float, high: float) -> tuple[float, float]:
    """A short interval at whose ends the tree's signs differ."""
    for _ in range(40):
        middle = (low + high) / 2
        if _changes_sign(tree, letter, low, middle):
            high = middle
        else:
            low = middle
    return low, high


def _changes_sign(tree: Tree, letter: str, low: float, high: float) -> bool:
    """Whether it passes zero, or a pole, between two places."""
    left, right = _at(tree, letter, low), _at(tree, letter, high)
    return left is not None and right is not None and left * right < 0


def _at(tree: Tree, letter: str, place: float) -> float | None:
    """The real value where the letter has this one."""
    try:
        value, error = _value(tree, {letter: place})
    except (_NoValueError, ArithmeticError, ValueError):
        return None
    return value.real if abs(value.imag) <= error else None


def _value(tree: Tree, at: dict[str, float]) -> Value:
    kind = tree[0]
    if kind == "number":
        return _sized(_float(tree[1]), 0.0)
    if kind == "name":
        return _sized(at[tree[1]] if tree[1] in at else _standing_for(tree[1]), 0.0)
    if kind == "call":
        return _called(tree[1], _value(tree[2], at))
    if kind == "root":
        return _root(_value(tree[2], at), tree[1])
    if kind == "log":
        return _over(_called("ln", _value(tree[2], at)), _called("ln", _value(tree[1], at)))
    if kind in _OPERATIONS:
        return _OPERATIONS[kind](_value(tree[1], at), _value(tree[2], at))
    raise _NoValueError  # factorials and binomials of letters


def _standing_for(name: str) -> complex:
    """A constant's value, or a letter's own."""
    return _CONSTANTS.get(name) or 0.5 + zlib.crc32(name.encode()) / 2**31


_CONSTANTS: dict[str, complex] = {"i": 1j, "e": math.e, r"\pi": math.pi}


def _float(number: Fraction) -> float:
    value = number.numerator / number.denominator
    if number and not abs(value) > 1 / _LARGEST:
        raise _NoValueError
    return value


def _sized(value: complex, error: float) -> Value:
    """The value with the rounding of one more operation; refuses what leaves the range of good precision."""
    if not abs(value) < _LARGEST:
        raise _NoValueError
    return value, error + _EPSILON * abs(value)


def _plus(a: Value, b: Value) -> Value:
    return _sized(a[0] + b[0], a[1] + b[1])


def _times(a: Value, b: Value) -> Value:
    return _sized(a[0] * b[0], abs(a[0]) * b[1] + abs(b[0]) * a[1] + a[1] * b[1])


def _over(a: Value, b: Value) -> Value:
    size = abs(b[0]) - b[1]
    if size <= abs(b[0]) / 2:
        raise _NoValueError
    return _sized(a[0] / b[0], (a[1] + abs(a[0] / b[0]) * b[1]) / size)


def _power(base: Value, exponent: Value) -> Value:
    value, size = exponent[0], abs(base[0])
    if base[1] > size / 4:
        raise _NoValueError
    if value == round(value.real) and exponent[1] < 1e-9:
        relative = abs(value) * (base[1] / size + _EPSILON)
        power: complex = base[0] ** round(value.real)
    else:
        if _is_negative_or_complex(base):
            raise _NoValueError
        logarithm = cmath.log(base[0])
        relative = abs(value) * (2 * base[1] / size + _EPSILON) + abs(logarithm) * (exponent[1] + _EPSILON * abs(value))
        power = cmath.exp(logarithm * value)
    if relative > 1e-6:
        raise _NoValueError
    return _sized(power, 2 * relative * abs(power))


def _is_negative_or_complex(value: Value) -> bool:
    return value[0].real <= 0 or value[0].imag != 0


def _root(base: Value, index: int) -> Value:
    if base[0] == 0:
        return 0, base[1]
    if base[0].imag == 0 and base[0].real < 0:
        if index % 2:
            value, error = _root((-base[0], base[1]), index)
            return -value, error
        if index == 2:
            value, error = _root((-base[0], base[1]), index)
            return value * 1j, error
        raise _NoValueError
    return _power(base, (1 / index, 0.0))


_OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {"+": _plus, "*": _times, "/": _over, "^": _power}


def _called(function: str, argument: Value) -> Value:
    """A function of a real argument; the error grows by its slope, taken on both sides."""
    x, error = argument
    if x.imag != 0 or error > 1e-6 * max(1.0, abs(x.real)) or function not in _FUNCTIONS:
        raise _NoValueError
    called = _FUNCTIONS[function]
    value, step = called(x.real), max(error, 1e-9 * max(1.0, abs(x.real)))
    slope = max(abs(called(x.real + step) - value), abs(value - called(x.real - step))) / step
    return _sized(value, 2 * slope * error + _EPSILON)


def _one_over(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: 1 / function(x)


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "arcsin": math.asin, "arccos": math.acos, "arctan": math.atan,
    "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "exp": math.exp, "ln": math.log,
    "cot": _one_over(math.tan), "sec": _one_over(math.cos), "csc": _one_over(math.sin),
}  # fmt: skip
"""Real arguments alone; a step over the edge of a domain raises ValueError, and there is no value."""
