"""Answers of physics: units of the SI in every dress, significant figures, and mutants of right answers."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import SettingsError
from tasks.answers.checkers import CHECKERS, checker_of
from tasks.answers.physics import PhysicsEquivalence, compare_quantities, read_quantity
from tasks.answers.si_units import read_unit
from tasks.settings.policy import Policy

SAME = [
    ("2 A", "2000 mA"),
    ("1 kWh", "3.6 MJ"),
    ("5 N", "5 kg m/s^2"),
    (r"5\,\mathrm{N}", r"5\ \text{kg}\cdot\text{m}/\text{s}^2"),
    (r"5\,\mathrm{kg\,m\,s^{-2}}", "5 N"),
    ("90 km/h", "25 m/s"),
    ("72 kilometres per hour", "20 m/s"),
    ("9.8 m/s^2", "9.81 m/s^2"),
    ("9.81 m/s²", r"9.81\ \text{m/s}^{2}"),
    (r"3.0\times 10^{8}\ \text{m/s}", "300000 km/s"),
    ("1.6e-19 C", r"1.60 \times 10^{-19}\,\text{C}"),
    ("1 eV", r"1.602\times 10^{-19}\text{ J}"),
    ("2 \\mu\\text{C}", "2e-6 C"),
    ("4.7 kΩ", r"4700\ \Omega"),
    ("10 V/A", "10 ohms"),
    ("1 atm", "101325 Pa"),
    ("760 mmHg", "1 atm"),
    ("2 L", "2000 cm^3"),
    ("1 g/cm^3", "1000 kg/m^3"),
    ("4186 J/(kg K)", r"4186\,\frac{\text{J}}{\text{kg}\cdot\text{K}}"),
    ("50 Hz", "50 s^{-1}"),
    ("0.5 T", "0.5 Wb/m^2"),
    ("12 V", "12 J/C"),
    ("6 N·m", "6 J"),
    (r"\frac{1}{2}\text{ s}", "0.5 s"),
    ("v = 12 m/s", "12 m/s"),
    ("-3 m/s", r"-3\,\text{m}\,\text{s}^{-1}"),
    ("2,500 W", "2.5 kW"),
    ("2{,}500 W", "2.5 kW"),
    ("30 min", "0.5 h"),
    ("1 mi", "1.609 km"),
    ("100 N/m", "100 kg/s^2"),
    ("5 square metres", "5 m^2"),
    ("3 metres per second squared", "3 m/s^2"),
]
DIFFERENT = [
    ("5 N", "5 J", "another dimension"),
    ("5 N", "5", "no unit"),
    ("2 A", "2 mA", "a prefix"),
    ("2 m", "2.4 m", "one figure is exact"),
    ("12.3 m", "12.4 m", "the last figure"),
    ("20 m/s", "20 km/h", "another unit of the dimension"),
    ("9.8 m/s^2", "9.8 m/s", "a power"),
    ("5 m", "-5 m", "the sign"),
    ("1 kWh", "1 kW", "power and energy"),
    ("3.0e8 m/s", "3.0e7 m/s", "a power of ten"),
    ("4 mW", "4 MW", "case is meaning"),
]
LEFT = [("5 apples", "5 apples"), ("x + 1", "1 + x"), ("3 x", "3 y"), ("12", "12.0"), ("25%", "0.25"), ("2 rad", "2")]
"""Answers that are mathematics' to compare."""


@pytest.mark.parametrize(("a", "b"), SAME)
def test_one_quantity_in_two_dresses(a: str, b: str) -> None:
    assert (compare_quantities(a, b), compare_quantities(b, a)) == ("same", "same")


@pytest.mark.parametrize(("a", "b", "why"), DIFFERENT)
def test_what_is_another_quantity(a: str, b: str, why: str) -> None:
    assert (compare_quantities(a, b), compare_quantities(b, a)) == ("different", "different"), why


@pytest.mark.parametrize(("a", "b"), LEFT)
def test_what_is_no_quantity_is_left_to_mathematics(a: str, b: str) -> None:
    assert compare_quantities(a, b) is None


RIGHT = [
    ("12.5", "m/s"), ("9.81", "m/s^2"), ("350", "N"), ("2.40", "kJ"), ("15.0", "W"), ("1.25", "A"),
    ("47", "Ω"), ("6.63e-34", "J s"), ("0.250", "T"), ("101", "kPa"), ("8.31", "J/(mol K)"), ("1.50", "kg/m^3"),
]  # fmt: skip


def mutants(number: str, unit: str) -> list[str]:
    """Wrong answers that are near: a slip of the pen, of the unit, of the prefix."""
    value = float(number)
    return [
        f"-{number} {unit}",
        number,
        f"{value * 10:g} {unit}",
        f"{value / 1000:g} {unit}",
        f"{number} m {unit}",
        f"{number} {unit} s",
        f"{value * 1.07:.3g} {unit}",
        f"{value * 0.5:.3g} {unit}",
    ]


def test_mutants_of_right_answers_are_caught() -> None:
    tried = [(f"{number} {unit}", wrong) for number, unit in RIGHT for wrong in mutants(number, unit)]
    assert len(tried) >= 60
    assert [pair for pair in tried if compare_quantities(*pair) != "different"] == []


@pytest.mark.parametrize(
    ("a", "b", "figures", "same"),
    [
        ("9.8 m", "9.81 m", 2, True),
        ("9.8 m", "9.81 m", 3, False),
        ("9.81 m", "9.806 m", 3, True),
        ("2 m", "2.4 m", 1, True),
        ("2 m", "2.4 m", 2, False),
        ("9.8 m", "9.81 m", 0, False),
        ("1 kWh", "3.6 MJ", 0, True),
    ],
)
def test_how_many_figures_make_a_rounded_number_is_a_policy(a: str, b: str, figures: int, same: bool) -> None:
    assert (compare_quantities(a, b, figures) == "same") == same
    with PhysicsEquivalence(Policy(figures=figures)) as checker:
        assert asyncio.run(checker.compare(a, b)).same == same


def test_the_checker_gives_quantities_first_and_leaves_the_rest_to_mathematics() -> None:
    with PhysicsEquivalence() as checker:
        found = [asyncio.run(checker.compare(*pair)) for pair in [("2 A", "2000 mA"), (r"\frac12", "0.5"), ("3", "4")]]
    assert [verdict.outcome for verdict in found] == ["same", "same", "different"]
    assert found[0].tier == "quantity"
    assert checker_of("physics") is CHECKERS["physics"] is PhysicsEquivalence
    with pytest.raises(SettingsError, match="no checker 'code'"):
        checker_of("code")


@pytest.mark.parametrize("text", ["", "/m", "m/", "(m", "m)", "m^99", "m" * 90, "__import__('os')", "m//s", "5", "kk"])
def test_what_is_no_unit_is_refused(text: str) -> None:
    assert read_unit(text) is None


@given(st.text(alphabet="0123456789.-eE^{}\\/() kmsNJ·μ°%,=x*", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_quantity(text)
    assert compare_quantities(text, text) in ("same", None)
