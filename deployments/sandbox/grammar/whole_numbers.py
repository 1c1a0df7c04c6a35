"""Kinds of number theory: divisors, congruences, bases, factorials."""

from __future__ import annotations

from math import gcd, lcm

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


def _lcm(n: Numbers) -> Work:
    shared = gcd(n["a"], n["b"])
    return (
        f"They coincide at common multiples of ${n['a']}$ and ${n['b']}$.",
        f"The least one is $\\frac{{{n['a']} \\cdot {n['b']}}}{{{shared}}}$.",
    ), number(lcm(n["a"], n["b"]))


def _power(n: Numbers) -> Work:
    return (
        f"Reduce the powers of ${n['a']}$ modulo ${n['m']}$ by repeated squaring.",
        f"One finds ${n['a']}^{{{n['k']}}} \\equiv {pow(n['a'], n['k'], n['m'])} \\pmod{{{n['m']}}}$.",
    ), number(pow(n["a"], n["k"], n["m"]))


def _divisors(n: Numbers) -> Work:
    factors = factorise(n["a"])
    count = 1
    for exponent in factors.values():
        count *= exponent + 1
    return (
        f"Factor ${n['a']} = {_product(factors)}$.",
        "Add one to each exponent and multiply.",
    ), number(count)


def _sum_divisors(n: Numbers) -> Work:
    total = 1
    for p, e in factorise(n["a"]).items():
        total *= (p ** (e + 1) - 1) // (p - 1)
    return (
        f"Factor ${n['a']} = {_product(factorise(n['a']))}$.",
        "Multiply the geometric sums of the prime powers.",
    ), number(total)


def _crt(n: Numbers) -> Work:
    if gcd(n["p"], n["q"]) > 1:
        raise ValueError("moduli share a factor")
    value = next(x for x in range(1, n["p"] * n["q"] + 1) if (x - n["a"]) % n["p"] == 0 and (x - n["b"]) % n["q"] == 0)
    return (
        f"We need $x \\equiv {n['a']} \\pmod{{{n['p']}}}$ and $x \\equiv {n['b']} \\pmod{{{n['q']}}}$.",
        f"There is one solution modulo ${n['p'] * n['q']}$; trying ${n['a']}, {n['a'] + n['p']}, \\dots$ finds it.",
    ), number(value)


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


def _inverse(n: Numbers) -> Work:
    value = pow(n["a"], -1, n["m"])
    return (
        f"Run the Euclidean algorithm on ${n['a']}$ and ${n['m']}$.",
        f"It gives ${n['a']} \\cdot {value} \\equiv 1 \\pmod{{{n['m']}}}$.",
    ), number(value)


def _totient(n: Numbers) -> Work:
    value = n["a"]
    for prime in factorise(n["a"]):
        value -= value // prime
    return (
        f"The prime factors of ${n['a']}$ are ${', '.join(map(str, factorise(n['a'])))}$.",
        "Each of them removes its share of the numbers.",
    ), number(value)


def _last_digit(n: Numbers) -> Work:
    value = (pow(n["a"], n["k"], 10) + pow(n["b"], n["j"], 10)) % 10
    return (
        "The last digits of powers repeat with a period that divides 4.",
        f"The two last digits are ${pow(n['a'], n['k'], 10)}$ and ${pow(n['b'], n['j'], 10)}$.",
    ), number(value)


def _multiples(n: Numbers) -> Work:
    first, second, both = n["n"] // n["a"], n["n"] // n["b"], n["n"] // lcm(n["a"], n["b"])
    return (
        f"There are ${first}$ multiples of ${n['a']}$, ${second}$ of ${n['b']}$ and ${both}$ of both.",
        f"So the count is ${first} + {second} - {both}$.",
    ), number(first + second - both)


def _weekday(n: Numbers) -> Work:
    return (
        f"Whole weeks do not matter: ${n['a']} \\cdot {n['b']} = {n['a'] * n['b']}$.",
        "Take the remainder after division by 7.",
    ), number(n["a"] * n["b"] % 7)


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
        "next coincidence",
        ("divisibility", "time"),
        1,
        {"a": (6, 90), "b": (6, 90)},
        (
            "One lighthouse near <town2> flashes every <a> seconds and another every <b> seconds; <who> has just "
            "seen both flash together.",
            "<who> waters the ferns every <a> days and <who2> feeds the carp every <b> days; today they did both.",
        ),
        ("After how long, in the same unit, does this happen again?", "How long is it until the next coincidence?"),
        _lcm,
        fits=lambda n: n["a"] != n["b"],
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
        "number of divisors",
        ("divisibility",),
        1,
        {"a": (60, 9000)},
        (
            "The number $<a>$ is written on <who>'s locker.",
            "In <town2> there is a parade of $<a>$ people, and <who> tries every rectangular formation.",
        ),
        ("How many positive divisors does this number have?", "Find how many positive integers divide it."),
        _divisors,
        fits=lambda n: max(factorise(n["a"]), default=99) < 30,
    ),
    Kind(
        "sum of divisors",
        ("divisibility", "sequences"),
        2,
        {"a": (24, 3000)},
        (
            "<who> lists every positive integer that divides $<a>$.",
            "All the divisors of $<a>$, including one and the number itself, are painted on <colour2> cards by <who>.",
        ),
        ("What is the sum of the listed numbers?", "How large is the sum of these divisors?"),
        _sum_divisors,
        fits=lambda n: max(factorise(n["a"]), default=99) < 30,
    ),
    Kind(
        "two remainders",
        ("modular", "divisibility"),
        2,
        {"p": (4, 29), "q": (4, 29), "a": (1, 28), "b": (1, 28)},
        (
            "When <who> packs the <thing> in boxes of <p>, <a> are left over; in boxes of <q>, <b> are left over.",
            "A positive integer leaves the remainder $<a>$ when divided by $<p>$ and the remainder $<b>$ when "
            "divided by $<q>$, as <who> checked.",
        ),
        ("What is the smallest possible number?", "Find the least number for which this is true."),
        _crt,
        fits=lambda n: gcd(n["p"], n["q"]) == 1 and n["a"] < n["p"] and n["b"] < n["q"],
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
        "modular inverse",
        ("modular",),
        3,
        {"a": (2, 90), "m": (11, 199)},
        (
            "For a secret code, <who> needs a number $x$ between 1 and $<m>$ such that $<a>x$ leaves the "
            "remainder 1 when divided by $<m>$.",
            "A positive integer $x$ not above $<m>$ satisfies $<a>x \\equiv 1 \\pmod{<m>}$, as <who> noted in "
            "<colour2> ink.",
        ),
        ("Find $x$.", "What is $x$?"),
        _inverse,
        fits=lambda n: n["a"] < n["m"] and gcd(n["a"], n["m"]) == 1,
    ),
    Kind(
        "coprime count",
        ("divisibility", "modular"),
        2,
        {"a": (20, 1500)},
        (
            "<who> crosses out of $1, 2, \\dots, <a>$ every number that shares a factor greater than one with $<a>$.",
            "Among the positive integers up to $<a>$, <who> likes those that are relatively prime to $<a>$.",
        ),
        ("How many numbers are not crossed out, or liked?", "Count the numbers that are relatively prime to it."),
        _totient,
        fits=lambda n: max(factorise(n["a"]), default=99) < 60 and len(factorise(n["a"])) > 1,
    ),
    Kind(
        "last digit",
        ("modular", "exponents"),
        2,
        {"a": (2, 99), "k": (11, 300), "b": (2, 99), "j": (11, 300)},
        (
            "<who> adds $<a>^{<k>}$ and $<b>^{<j>}$.",
            "The <job> <who> claims to know the value of $<a>^{<k>} + <b>^{<j>}$ by heart.",
        ),
        ("What is the units digit of the sum?", "Find the last digit of this sum."),
        _last_digit,
        fits=lambda n: n["a"] != n["b"],
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
        "day of the week",
        ("time", "modular"),
        1,
        {"a": (3, 60), "b": (3, 60)},
        (
            "A festival in <town2> begins on a Sunday, and <who> comes back <a> times, every <b> days, counting "
            "from that Sunday.",
            "Starting on a Sunday, the <job> <who> works <a> shifts of <b> days each without a break.",
        ),
        (
            "How many days after the last Sunday does it end?",
            "If Sunday is 0 and Saturday is 6, on which day does it end?",
        ),
        _weekday,
    ),
)
