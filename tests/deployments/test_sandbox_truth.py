"""Every kind of rehearsal problem reads its own text back, and sympy, asked independently, finds the same answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp

from deployments.sandbox.answers import agrees, last_box, number
from deployments.sandbox.dice import Dice
from deployments.sandbox.grammar.kind import Kind
from deployments.sandbox.problems import KINDS, MATHEMATICS, ProblemReading, compose, read, slip, write_facts
from deployments.sandbox.vocabulary import POINTS
from deployments.sandbox.wording import draw_words

N = dict[str, int]
X = sp.Symbol("x")
T = sp.Symbol("t", positive=True)
R = sp.Rational


def roots(expression: Any) -> Any:
    return sp.solve(expression, X)


def largest_option(n: N) -> str:
    values = [R(n[a], n[b]) for a, b in ("ab", "cd", "ef", "gh", "jk")]
    return "ABCDE"[values.index(max(values))]


def base_digits(n: N) -> str:
    return "".join(map(str, sp.ntheory.digits(n["a"], n["b"])[1:])) + f"_{n['b']}"


def dice_sum(n: N) -> Any:
    one = sum(X**i for i in range(1, n["a"] + 1))
    other = sum(X**i for i in range(1, n["b"] + 1))
    return R(sp.Poly(sp.expand(one * other), X).coeff_monomial(X ** n["s"]), n["a"] * n["b"])


def line_through(n: N) -> Any:
    return sp.interpolate([(n["a"], n["b"]), (n["c"], n["d"])], X).subs(X, 0)


def between_roots(n: N) -> Any:
    return sp.solveset(X**2 + n["b"] * X + n["c"] <= 0, X, sp.S.Reals)


def matrix(n: N) -> Any:
    return sp.Matrix([[n["a"], n["b"]], [n["c"], n["d"]]])


def zeros_at_end(n: N) -> int:
    digits = str(sp.factorial(n["a"]))
    return len(digits) - len(digits.rstrip("0"))


TRUTHS: dict[str, Callable[[N], Any]] = {
    "purchase": lambda n: R(n["a"] * n["p"] + n["b"] * n["q"], 100),
    "unit rate": lambda n: R(n["a"], n["b"]) * n["c"],
    "average speed": lambda n: 2 / (R(1, n["a"]) + R(1, n["b"])),
    "discount and tax": lambda n: n["p"] * (1 - R(n["d"], 100)) * (1 + R(n["t"], 100)),
    "percent change": lambda n: (R(n["b"], n["a"]) - 1) * 100,
    "weighted mean": lambda n: R(n["a"] * n["x"] + n["b"] * n["y"], n["a"] + n["b"]),
    "sharing in a ratio": lambda n: n["t"] * R(n["b"], n["a"] + n["b"]),
    "ages": lambda n: roots(X + n["d"] + n["y"] - n["k"] * (X + n["y"]))[0],
    "simple interest": lambda n: n["p"] * (1 + R(n["r"] * n["t"], 100)),
    "doubling": lambda n: n["a"] * sp.Integer(2) ** R(n["d"], n["h"]),
    "fence": lambda n: n["a"] * roots(2 * X + 2 * n["a"] - n["p"])[0],
    "sum of squares of roots": lambda n: sp.simplify(sum(r**2 for r in roots(X**2 + n["b"] * X + n["c"]))),
    "linear system": lambda n: (n["x"], n["y"]),
    "quadratic inequality": between_roots,
    "vertex of a parabola": lambda n: (
        v := roots(sp.diff(n["a"] * X**2 + n["b"] * X + n["c"], X))[0],
        n["a"] * v**2 + n["b"] * v + n["c"],
    ),
    "infinite geometric series": lambda n: sp.summation(n["a"] * R(n["p"], n["q"]) ** T, (T, 0, sp.oo)),
    "logarithmic equation": lambda n: roots(X + n["c"] - n["b"] ** n["k"])[0],
    "sum of radicals": lambda n: n["a"] * sp.sqrt(n["x"]) + n["b"] * sp.sqrt(n["y"]),
    "product of complex numbers": lambda n: sp.expand((n["a"] + n["b"] * sp.I) * (n["c"] + n["d"] * sp.I)),
    "largest fraction": largest_option,
    "intercept of a line": line_through,
    "largest square tile": lambda n: sp.gcd(n["a"], n["b"]),
    "power modulo": lambda n: sp.Mod(sp.Integer(n["a"]) ** n["k"], n["m"]),
    "base conversion": base_digits,
    "zeros of a factorial": zeros_at_end,
    "multiples of either": lambda n: sum(1 for i in range(1, n["n"] + 1) if i % n["a"] == 0 or i % n["b"] == 0),
    "hypotenuse": lambda n: sp.Point(0, 0).distance(sp.Point(n["a"], n["b"])),
    "side opposite sixty degrees": lambda n: sp.sqrt(
        n["a"] ** 2 + n["b"] ** 2 - 2 * n["a"] * n["b"] * sp.cos(sp.pi / 3)
    ),
    "sector": lambda n: sp.pi * n["r"] ** 2 * R(n["a"], 360),
    "triangle at the origin": lambda n: abs(matrix(n).det()) / sp.Integer(2),
    "interior angle": lambda n: 180 - R(360, n["n"]),
    "cylinder": lambda n: sp.integrate(sp.pi * n["r"] ** 2, (X, 0, n["h"])),
    "sum of two dice": dice_sum,
    "grid paths": lambda n: sp.Poly((1 + X) ** (n["a"] + n["b"]), X).coeff_monomial(X ** n["a"]),
    "derivative": lambda n: sp.diff(n["a"] * X**3 + n["b"] * X**2 + n["c"] * X + n["d"], X),
    "definite integral": lambda n: sp.integrate(n["a"] * X**2 + n["b"] * X, (X, 0, n["k"])),
}


def parsed(text: str) -> Any:
    """The sandbox's LaTeX as sympy; only for text that it wrote itself."""
    text = re.sub(r"\\(left|right|,|\$)|\^\{?\\circ\}?|\{,\}|\\%|\s", "", text).replace("dfrac", "frac")
    text = re.sub(r"\\text(bf)?\{\(?([A-E])\)?\}|^\(([A-E])\)$", r"\2\3", text)
    if re.fullmatch(r"[A-E]|\d+_\{?\d\}?", text):
        return text.replace("{", "").replace("}", "")
    text = re.sub(r"^(-?)(\d{1,3}(?:,\d{3})+)$", lambda m: m[1] + m[2].replace(",", ""), text.removeprefix("y="))
    if text[0] == "[":
        return sp.Interval(*(parsed(part) for part in text[1:-1].split(",")))
    if "," in text:
        return tuple(parsed(part) for part in text[1:-1].split(","))
    text = re.sub(r"\\sqrt\{(\d+)\}", r"sqrt(\1)", text).replace("\\pi", "pi").replace("^", "**")
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
    text = re.sub(r"(?<=[\d)])(?=[a-z(])", "*", text)
    return sp.sympify(text, locals={"x": X, "i": sp.I}, rational=True)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, sp.Interval):
        return bool(one == other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return bool(sp.simplify(sp.sympify(one) - other) == 0)


def written(kind: Kind, number_of_draw: int) -> tuple[str, dict[str, int]]:
    dice = Dice("truth", kind.name, number_of_draw)
    numbers = kind.draw(dice)
    fact = kind.fact_templates[number_of_draw % len(kind.fact_templates)]
    ask = kind.ask_templates[number_of_draw // 2 % len(kind.ask_templates)]
    words = draw_words((fact.text, ask.text), dice)
    return f"{write_facts(fact, numbers, words, None)} {write_facts(ask, numbers, words, None)}", numbers


def test_every_kind_has_an_independent_truth() -> None:
    assert {kind.name for kind in MATHEMATICS} == set(TRUTHS)
    assert len(KINDS) >= 40


@pytest.mark.parametrize("kind", MATHEMATICS, ids=lambda kind: kind.name.replace(" ", "_"))
def test_sympy_agrees_with_the_answer_read_from_the_text(kind: Kind) -> None:
    for draw in range(4):
        text, numbers = written(kind, draw)
        reading = read(text)
        assert reading is not None
        assert reading.kind is kind, text
        assert reading.truth is not None
        expected = TRUTHS[kind.name](numbers)
        for form in reading.truth.forms:
            assert equal(parsed(form), expected), (text, form, expected)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "_"))
def test_numbers_survive_writing_and_reading(kind: Kind) -> None:
    for draw in range(60):
        text, numbers = written(kind, 100 + draw)
        reading = read(text)
        assert reading is not None
        assert reading.numbers is not None
        assert reading.kind is kind
        assert all(numbers[key] == value for key, value in reading.numbers.items()), text


def test_a_slip_never_leads_to_the_truth() -> None:
    for kind in KINDS:
        text, _ = written(kind, 7)
        reading = read(text)
        assert reading is not None
        assert reading.numbers is not None
        assert reading.truth is not None
        for draw in range(20):
            work = slip(kind, reading.numbers, Dice("slip", draw))
            assert work is None or not agrees(reading.truth, work[1].text), (kind.name, work)


def flawed(rate: float) -> list[ProblemReading]:
    names = [point.name for point in POINTS]
    readings = []
    for i in range(2000):
        dice = Dice("flawed", i)
        reading = read(compose([dice.pick(names), dice.pick(names)], dice, rate))
        assert reading is not None
        readings.append(reading)
    return readings


def test_flaws_are_recognised_from_the_text_alone() -> None:
    assert all(reading.flaw is None for reading in flawed(0.0))
    assert {reading.flaw for reading in flawed(1.0)} == {"contradictory", "underdetermined", "leaked"}
    assert 0.07 < sum(reading.flaw is not None for reading in flawed(0.1)) / 2000 < 0.13


@pytest.mark.parametrize(
    ("boxed", "right"),
    [("\\frac{1}{2}", True), ("\\dfrac{1}{2}", True), ("0.5", True), ("1/2", True), ("0.51", False), ("2", False)],
)
def test_equal_forms_of_an_answer_agree(boxed: str, right: bool) -> None:
    assert agrees(number(sp.Rational(1, 2)), boxed) is right


def test_the_last_box_is_read_with_nested_braces() -> None:
    assert last_box("first \\boxed{1}, then $\\boxed{\\frac{1}{\\sqrt{2}}}$.") == "\\frac{1}{\\sqrt{2}}"
    assert last_box("no box") is None
    assert last_box("\\boxed{open") is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_misreading_any_number_of_a_problem_ends_in_an_answer_or_in_none(kind: Kind) -> None:
    for seed in range(40):
        numbers = kind.draw(Dice(f"misread {seed}"))
        for key in numbers:
            for change in (-2, -1, 1, 2):
                try:
                    _, answer = kind.solve({**numbers, key: numbers[key] + change})
                except (ValueError, ZeroDivisionError, StopIteration):
                    continue
                assert answer.forms
