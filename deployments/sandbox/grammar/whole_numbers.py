"""Kinds of whole numbers, counting and probability."""

from __future__ import annotations

from fractions import Fraction
from math import comb, gcd, lcm

from deployments.sandbox.answers import SandboxAnswer, expression, number
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def factorise(n: int) -> dict[int, int]:
    """Prime factors with exponents, by trial division; numbers here have at most seven digits."""
    factors: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors[divisor] = factors.get(divisor, 0) + 1
            n //= divisor
        divisor += 1
    if n > 1:
        factors[n] = factors.get(n, 0) + 1
    return factors


def _product(factors: dict[int, int]) -> str:
    return " \\cdot ".join(f"{p}^{{{e}}}" if e > 1 else str(p) for p, e in factors.items())


def _in_base(value: int, base: int) -> str:
    if base < 2 or value < 0:
        raise ValueError("no such digits")
    digits = ""
    while value:
        digits, value = str(value % base) + digits, value // base
    return digits or "0"


def _gcd(n: Numbers) -> Work:
    return (
        f"Factor: ${n['a']} = {_product(factorise(n['a']))}$ and ${n['b']} = {_product(factorise(n['b']))}$.",
        "The largest piece is the greatest common divisor.",
    ), number(gcd(n["a"], n["b"]))


def _power(n: Numbers) -> Work:
    return (
        f"Reduce the powers of ${n['a']}$ modulo ${n['m']}$ by repeated squaring.",
        f"One finds ${n['a']}^{{{n['k']}}} \\equiv {pow(n['a'], n['k'], n['m'])} \\pmod{{{n['m']}}}$.",
    ), number(pow(n["a"], n["k"], n["m"]))


def _to_base(n: Numbers) -> Work:
    digits = _in_base(n["a"], n["b"])
    return (
        f"Divide ${n['a']}$ by ${n['b']}$ again and again and keep the remainders.",
        f"Read backward they are ${', '.join(digits)}$.",
    ), _based(digits, n["b"])


def _based(digits: str, base: int) -> SandboxAnswer:
    return expression(f"{digits}_{{{base}}}", f"{digits}_{base}")


def _zeros(n: Numbers) -> Work:
    total, power = 0, 5
    parts = []
    while power <= n["a"]:
        parts.append(f"\\left\\lfloor \\frac{{{n['a']}}}{{{power}}} \\right\\rfloor")
        total += n["a"] // power
        power *= 5
    return ("Count the factors 5.", f"There are ${' + '.join(parts) or '0'}$ of them."), number(total)


def _multiples(n: Numbers) -> Work:
    first, second, both = n["n"] // n["a"], n["n"] // n["b"], n["n"] // lcm(n["a"], n["b"])
    return (
        f"There are ${first}$ multiples of ${n['a']}$, ${second}$ of ${n['b']}$ and ${both}$ of both.",
        f"So the count is ${first} + {second} - {both}$.",
    ), number(first + second - both)


def _dice(n: Numbers) -> Work:
    hits = sum(1 for x in range(1, n["a"] + 1) for y in range(1, n["b"] + 1) if x + y == n["s"])
    return (
        f"There are ${n['a']} \\cdot {n['b']} = {n['a'] * n['b']}$ equally likely outcomes.",
        f"The sum is right in ${hits}$ of them.",
    ), number(Fraction(hits, n["a"] * n["b"]))


def _paths(n: Numbers) -> Work:
    return (
        f"Each route has ${n['a'] + n['b']}$ steps, of which ${n['a']}$ go east.",
        f"The number is $\\binom{{{n['a'] + n['b']}}}{{{n['a']}}}$.",
    ), number(comb(n["a"] + n["b"], n["a"]))


KINDS = (
    Kind(
        "largest square tile",
        ("divisibility", "area", "measure"),
        1,
        {"a": (24, 900), "b": (24, 900)},
        (
            "A floor of $<a>$ cm by $<b>$ cm in <town2> shall be covered by <who> with equal square tiles, none "
            "of them cut.",
            "<who> cuts a <colour2> sheet of $<a>$ cm by $<b>$ cm into equal squares without waste.",
        ),
        ("What is the greatest possible side of a square, in cm?", "How long, in cm, can a side be at most?"),
        _gcd,
        fits=lambda n: gcd(n["a"], n["b"]) > 2 and n["a"] != n["b"],
    ),
    Kind(
        "power modulo",
        ("modular",),
        2,
        {"a": (2, 60), "k": (12, 400), "m": (5, 97)},
        (
            "<who> divides $<a>^{<k>}$ by $<m>$.",
            "A strip of $<a>^{<k>}$ beads is cut by the <job> <who> into pieces of $<m>$ beads each.",
        ),
        ("What is the remainder?", "How large is the remainder of this division?"),
        _power,
        fits=lambda n: gcd(n["a"], n["m"]) == 1,
    ),
    Kind(
        "base conversion",
        ("bases",),
        1,
        {"a": (30, 4000), "b": (2, 9)},
        (
            "On the planet that <who> invented, people count in base <b>, and a <job> there owns $<a>$ (written "
            "in base ten) <thing>.",
            "<who> converts the decimal number $<a>$ to base <b>.",
        ),
        ("How is this number written in that base?", "Write it in that base, with the base as a subscript."),
        _to_base,
    ),
    Kind(
        "zeros of a factorial",
        ("factorial", "divisibility"),
        2,
        {"a": (15, 900)},
        (
            "<who> computes $<a>!$ on a very large sheet.",
            "The number of ways to line up <a> people, that is $<a>!$, fascinates <who>.",
        ),
        ("With how many zeros does this number end?", "How many zeros stand at its end?"),
        _zeros,
    ),
    Kind(
        "multiples of either",
        ("sets", "divisibility", "counting"),
        2,
        {"n": (80, 2000), "a": (2, 24), "b": (2, 24)},
        (
            "Tickets numbered from 1 to <n> are sold in <town2>; <who> pays a prize for each number divisible by "
            "<a> or by <b>.",
            "Among the integers from 1 to $<n>$, <who> circles those that are multiples of $<a>$ or of $<b>$ (or "
            "of both).",
        ),
        ("How many numbers are these?", "How many numbers qualify?"),
        _multiples,
        fits=lambda n: n["a"] % n["b"] != 0 and n["b"] % n["a"] != 0,
    ),
    Kind(
        "sum of two dice",
        ("probability",),
        1,
        {"a": (4, 20), "b": (4, 20), "s": (3, 30)},
        (
            "<who> rolls a fair die with faces 1 to <a> and a fair die with faces 1 to <b>, hoping for the sum <s>.",
            "In a board game from <town2>, a player named <who> moves on if a fair <a>-sided die and a fair "
            "<b>-sided die show <s> in total.",
        ),
        ("What is the probability of this?", "Find the probability as a common fraction."),
        _dice,
        fits=lambda n: n["s"] < n["a"] + n["b"],
    ),
    Kind(
        "grid paths",
        ("counting",),
        1,
        {"a": (2, 12), "b": (2, 12)},
        (
            "In the street grid of <town2>, the school is <a> blocks east and <b> blocks north of <who>'s home.",
            "A robot built by <who> must go <a> cells to the east and <b> cells to the north, one cell at a time.",
        ),
        ("How many shortest routes are there?", "How many different shortest paths can be taken?"),
        _paths,
    ),
)
