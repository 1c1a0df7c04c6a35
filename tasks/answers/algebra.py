r"""math-verify, asked inside a worker process; the only file that knows it.

Nothing heavy is imported at the top: the parent imports this module only to name its functions, and math-verify and
sympy are loaded in the workers. math-verify's own time limits are off (they use SIGALRM, which other threads and gmpy2
defeat); the system ends a worker that computes for too long, and the pool one that hangs. Model text reaches
math-verify's LaTeX grammar only: its plain expression reader, sympy's `sympify` and `parse_expr`, which evaluate
code, are never given any.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MEMORY_LIMIT = 1_500_000_000
"""Bytes of address space of one worker. A comparison that wants more is given up."""

CPU_LIMIT = 2.0
"""Seconds of computing time of one comparison. Not by the clock: a busy machine must not decide what is published."""

ALGEBRA_MODULES = ["math_verify"]
"""What a fork server loads once, so that a fresh worker starts in milliseconds."""

_DIGITS = 40
_MOST_DIGITS = 400
"""Digits to which a difference is computed before it counts as nought."""
_CLOSE = 1e-9
"""Relative distance up to which two exact expressions count as numerically equal, at 40 digits."""
_CLOSE_FLOATS = 1e-5
"""The same where a decimal is involved; math-verify compares six decimals."""
_POINTS = (("1/3", "7/5", "11/13", "5/7"), ("17/19", "23/11", "3/29", "31/37"))


def start_worker() -> None:
    """Limit the worker's memory, silence math-verify's warnings about absent timeouts, and load it."""
    import logging

    logging.disable(logging.ERROR)
    _limit_memory()
    importlib.import_module("math_verify")


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End this process when the `with` block computes for longer.

    Nobody handles the signal, so the system itself acts on it: code in C cannot put it off, and no `except` of
    math-verify or sympy can swallow it. A new worker costs milliseconds.
    """
    if not hasattr(signal, "setitimer"):
        yield  # Windows: the pool's clock is all there is
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def ended_by_limit(exit_code: int) -> bool:
    """Whether a process that ended with this code met the limit of computing time."""
    return hasattr(signal, "SIGPROF") and exit_code == -signal.SIGPROF


def judge(a: str, b: str) -> bool | None:
    """Whether two prepared answers are equal; None when math-verify cannot read one. See `limited`."""
    with limited(CPU_LIMIT):
        try:
            return _judge(a, b)
        except MemoryError:
            raise
        except Exception as error:
            # An error of sympy may hold what cannot be sent from one process to another.
            raise RuntimeError(type(error).__name__) from None


def _judge(a: str, b: str) -> bool | None:
    """Asked in both directions."""
    math_verify = importlib.import_module("math_verify")
    config = [math_verify.LatexExtractionConfig()]
    left, right = (
        [
            value
            for value in math_verify.parse(text, config, parsing_timeout=None, raise_on_error=True)
            if not isinstance(value, str)
        ]
        for text in (a, b)
    )
    if not left or not right:
        return None
    left, right = ([_carried_out(value) for value in values] for values in (left, right))
    try:
        apart = _clearly_apart(left[0], right[0])
        same = (not apart and _either_way(left, right)) or _same_constant(left[0], right[0])
    except (MemoryError, RecursionError):
        return None
    if not same:
        _leave_if_out_of_memory()
    return same


def _carried_out(value: Any) -> Any:
    """An integral, a limit or a sum as its value, where sympy finds one."""
    sympy = importlib.import_module("sympy")
    if isinstance(value, sympy.Expr) and value.has(sympy.Integral, sympy.Limit, sympy.Sum, sympy.Product):
        return _by_name(value, {"i": sympy.I, "e": sympy.E}).doit()
    return value


def _either_way(left: list[Any], right: list[Any]) -> bool:
    """math-verify takes a gold answer first and is not symmetric: equal in one direction is equal."""
    verify = importlib.import_module("math_verify").verify
    return any(
        verify(gold, other, timeout_seconds=None, raise_on_error=True, allow_set_relation_comp=True)
        for gold, other in ((left, right), (right, left))
    )


def _clearly_apart(a: Any, b: Any) -> bool:
    """Whether the two take relatively different values at a point.

    Asked first: it is a veto where math-verify compares absolutely (to 1e-15), and faster than math-verify's "no".
    Things without a value (sets, relations, matrices) are compared by their parts, in order, when they have equally
    many; what cannot be evaluated is not vetoed.
    """
    sympy = importlib.import_module("sympy")
    if isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr):
        return any(_apart_at(a, b, point) for point in _POINTS)
    if isinstance(a, sympy.Tuple) and isinstance(b, sympy.Tuple) and len(a.args) == len(b.args):
        return any(_clearly_apart(x, y) for x, y in zip(a.args, b.args, strict=True))
    return False


def _same_constant(a: Any, b: Any) -> bool:
    r"""Exact constants that agree to 30 digits, which math-verify misses where they are complex (`e^{i\pi}`)."""
    sympy = importlib.import_module("sympy")
    if not all(isinstance(x, sympy.Expr) and not x.has(sympy.Float) for x in (a, b)):
        return False
    left, right = (_by_name(x, {"i": sympy.I, "e": sympy.E}) for x in (a, b))
    if left.free_symbols or right.free_symbols:
        return False
    try:
        x, y = complex_value(left), complex_value(right)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return False
    return _cancels(left - right) or bool(abs(x - y) <= 1e-30 * max(abs(x), abs(y)))


def _cancels(difference: Any) -> bool:
    """Whether no digit of an exact difference is left at 40 digits: then no relative distance can be told."""
    sympy = importlib.import_module("sympy")
    if difference.has(sympy.Float):
        return False
    value = difference.evalf(_DIGITS, maxn=_MOST_DIGITS)
    return all(part == 0 or getattr(part, "_prec", _DIGITS) == 1 for part in value.as_real_imag())


def _by_name(expression: Any, constants: dict[str, Any]) -> Any:
    return expression.subs({s: constants[s.name] for s in expression.free_symbols if s.name in constants})


def _apart_at(a: Any, b: Any, point: tuple[str, ...]) -> bool:
    sympy = importlib.import_module("sympy")
    symbols = sorted(a.free_symbols | b.free_symbols, key=str)
    if len(symbols) > len(point):
        return False
    values = {symbol: sympy.Rational(value) for symbol, value in zip(symbols, point, strict=False)}
    try:
        left, right = (expression.subs(values) for expression in (a, b))
        x, y = complex_value(left), complex_value(right)
        if _cancels(left - right):
            return False
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return False
    limit = _CLOSE_FLOATS if a.has(sympy.Float) or b.has(sympy.Float) else _CLOSE
    return bool(abs(x - y) > limit * max(abs(x), abs(y)))


def complex_value(expression: Any) -> Any:
    """The value at 40 digits; raises when there is none."""
    value = expression.evalf(_DIGITS)
    if not value.is_number or value.is_finite is False or value.has("nan"):
        raise ValueError("no value")
    return value


def _leave_if_out_of_memory() -> None:
    """Die rather than report "different" when the memory limit was met: math-verify turns MemoryError into False.

    The pool reports the death as one unknown and starts a new worker.
    """
    if _peak_memory() > 0.9 * MEMORY_LIMIT:
        os._exit(1)


def _peak_memory() -> int:
    """Largest address space so far in bytes, 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmPeak")), 0)
    except OSError:
        return 0
