"""The rehearsal's problems of physics: their truths by formulas of another hand, and every form one quantity."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deployments.sandbox.dice import Dice
from deployments.sandbox.grammar.kind import Kind
from deployments.sandbox.grammar.physics import KINDS
from deployments.sandbox.problems import compose, read
from deployments.sandbox.vocabulary import POINTS, extract, lookup
from tasks.answers.physics import compare_quantities
from tests.support.rehearsal import NOISE, ROOT, gsdp, query

PHYSICS = ROOT / "deployments/physics"

G = 10.0
TRUTHS: dict[str, tuple[Callable[[Mapping[str, int]], float], str]] = {
    "acceleration": (lambda n: (n["b"] - n["a"]) / n["c"], "m/s^2"),
    "fall": (lambda n: G * n["c"], "m/s"),
    "net force": (lambda n: n["a"] * n["b"], "N"),
    "friction": (lambda n: n["w"] / 10 * n["a"] * G, "N"),
    "kinetic energy": (lambda n: 0.5 * n["a"] * n["b"] ** 2, "J"),
    "energy of height": (lambda n: n["a"] * G * n["b"], "J"),
    "lifting power": (lambda n: n["a"] * G * n["b"] / n["c"], "W"),
    "sticking carts": (lambda n: n["a"] * n["b"] / (n["a"] + n["c"]), "m/s"),
    "impulse": (lambda n: n["a"] * n["b"], "kg m/s"),
    "current": (lambda n: n["a"] / n["b"], "A"),
    "two in series": (lambda n: n["c"] / (n["a"] + n["b"]), "A"),
    "dissipation": (lambda n: n["a"] ** 2 * n["b"], "J/s"),
    "flowing charge": (lambda n: n["a"] * n["b"], "A s"),
    "wavelength": (lambda n: n["a"] / n["b"], "m"),
    "heating water": (lambda n: 4.2 * n["a"] * (n["c"] - n["b"]), "kJ"),
    "squeezed gas": (lambda n: n["a"] * n["b"] / n["c"], "kPa"),
    "depth": (lambda n: 1000 * G * n["a"], "N/m^2"),
    "spring force": (lambda n: n["a"] * n["b"] / 100, "N"),
    "bend": (lambda n: n["a"] ** 2 / n["b"], "m/s^2"),
    "lens": (lambda n: 1 / (1 / n["a"] - 1 / n["b"]), "cm"),
}


def test_every_kind_has_a_truth_of_another_hand() -> None:
    assert {kind.name for kind in KINDS} == set(TRUTHS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "_"))
def test_truths_and_their_forms_are_one_quantity(kind: Kind) -> None:
    formula, unit = TRUTHS[kind.name]
    for seed in range(60):
        numbers = kind.draw(Dice("physics", seed))
        _, answer = kind.solve(numbers)
        wanted = f"{formula(numbers):.9f} {unit}"
        assert [compare_quantities(form, wanted) for form in answer.forms] == ["same"] * len(answer.forms), answer


def test_problems_of_physics_are_read_back_from_their_text() -> None:
    names = [point.name for point in POINTS if point.subject == "physics"]
    kinds = set()
    for seed in range(300):
        dice = Dice("physics", seed)
        text = compose([dice.pick(names)], dice, 0.0)
        reading = read(text)
        assert reading is not None, text
        assert reading.truth is not None, text
        kinds.add(reading.kind.name)
    assert kinds == set(TRUTHS)


def test_the_seeds_of_physics_show_their_points() -> None:
    lines = (ROOT / "deployments/physics/seeds.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 60
    found = [extract(row["problem"], row["solution"]) for row in rows]
    assert min(map(len, found)) >= 2
    assert sum(any(point.subject == "physics" for point in points) for points in found) == 60
    assert lookup("Law of Ohm") is lookup("Ohm's law")


@pytest.mark.slow
def test_a_run_of_physics_goes_from_its_seeds_to_three_hundred_pairs(tmp_path: Path) -> None:
    """With judges and solvers that err, nearly all pairs of physics are right; the card says what is of mathematics."""
    noise = f"sandbox={json.dumps(NOISE)}"
    ended = gsdp("run", PHYSICS / "rehearsal.toml", "--set", f'workspace="{tmp_path}"', "--set", noise)
    assert ended.returncode == 0, ended.stderr
    pairs = query(tmp_path, "SELECT problem, answer FROM pairs")
    assert len(pairs) >= 300
    told = [(read(problem), answer) for problem, answer in pairs]
    truths = [(found.truth, answer) for found, answer in told if found and found.truth and found.kind in KINDS]
    assert len(truths) >= 300
    right = sum(compare_quantities(truth.text, answer) == "same" for truth, answer in truths)
    assert right >= 0.98 * len(truths)
    card = (tmp_path / "dataset/README.md").read_text(encoding="utf-8")
    assert "physics; of mathematics are its evaluate.txt, evaluate_choice.txt, evaluate_shots.txt." in card
    assert '- "physics"' in card
