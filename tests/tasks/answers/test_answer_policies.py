"""Where people differ, the settings decide: what each policy says of one pair of answers, and that runs heed them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks.answers.equivalence import Equivalence, settle
from tasks.answers.tiers import compare_cheaply
from tasks.settings.identity import changes, paid_again
from tasks.settings.policy import Policy
from tasks.settings.sections import EquivalenceRule
from tests.support.contexts import open_context, settings_for

DEFAULT = Policy()
IGNORED = Policy(percent="ignored")
REQUIRED = Policy(units="required")
ROUGH = Policy(rounded_decimals=2)
NEAR = Policy(tolerance=0.01)

POLICIES = [
    (DEFAULT, r"25\%", "0.25", "same", "percent is a hundredth"),
    (DEFAULT, r"25\%", "25", "different", "percent is a hundredth"),
    (IGNORED, r"25\%", "25", "same", "the sign is decoration"),
    (IGNORED, "25 percent", "25", "same", "the word is decoration"),
    (IGNORED, r"25\%", "0.25", "different", "the sign is decoration"),
    (IGNORED, r"25\%", "26%", "different", "two numbers"),
    (DEFAULT, "5 cm", "5", "same", "a unit may be left out"),
    (REQUIRED, "5 cm", "5", "different", "a unit may not be left out"),
    (REQUIRED, r"2\sqrt{2}\text{ cm}", r"2\sqrt{2}", "different", "nor that of a surd"),
    (REQUIRED, "100 cm", "1 m", "same", "units are converted"),
    (REQUIRED, r"30^\circ", r"\frac{\pi}{6}", "same", "an angle has none"),
    (REQUIRED, "5", "5.0", "same", "no unit on either side"),
    (DEFAULT, "0.33", "1/3", "different", "two decimals are exact"),
    (ROUGH, "0.33", "1/3", "same", "two decimals are enough"),
    (ROUGH, "0.3", "1/3", "different", "one is not"),
    (ROUGH, r"\sqrt{2}", "1.41", "same", "also of a root"),
    (ROUGH, "0.34", "1/3", "different", "and it must be rounded well"),
    (ROUGH, "0.33", "0.34", "different", "two decimals of equal length are no rounding of each other"),
    (DEFAULT, "100", "100.5", "different", "no tolerance"),
    (NEAR, "100", "100.5", "same", "half a percent off"),
    (NEAR, "100", "102", "different", "two percent off"),
    (NEAR, r"\pi", "22/7", "same", "also of a constant"),
    (NEAR, r"\pi", "3", "different", "five percent off"),
    (NEAR, "10^{-20}", r"1.005 \cdot 10^{-20}", "same", "relative, however small"),
    (NEAR, "10^{-20}", r"2 \cdot 10^{-20}", "different", "relative, however small"),
    (NEAR, "0", "0.001", "different", "nothing is near nought"),
    (NEAR, "(1, 100)", "(1, 100.5)", "same", "part by part"),
    (NEAR, "x+1", "1.001x+1", "different", "numbers alone are near, not formulas"),
]


@pytest.mark.parametrize(("rule", "a", "b", "expected", "why"), POLICIES)
def test_a_policy_decides(rule: Policy, a: str, b: str, expected: str, why: str) -> None:
    assert compare_cheaply(a, b, rule) == expected, why
    assert compare_cheaply(b, a, rule) == expected, f"{why}, asked the other way round"


def test_the_defaults_are_those_that_are_written_down() -> None:
    assert EquivalenceRule().model_dump() == {
        "percent": "hundredth",
        "units": "optional",
        "rounded_decimals": 6,
        "tolerance": 0.0,
        "figures": 2,
    }


def test_a_policy_that_came_later_is_part_of_the_identity_only_where_it_says_something() -> None:
    assert "figures" not in EquivalenceRule().identity
    assert EquivalenceRule(figures=3).identity["figures"] == 3
    assert EquivalenceRule().identity == {k: v for k, v in EquivalenceRule().model_dump().items() if k != "figures"}


@pytest.mark.parametrize(
    "wrong", [{"percent": "no"}, {"units": 1}, {"rounded_decimals": 0}, {"tolerance": 1.0}, {"figures": -1}]
)
def test_a_policy_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EquivalenceRule.model_validate(wrong)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Policy(**wrong)  # type: ignore[arg-type]


def test_the_settings_and_the_checker_hold_the_same_policies() -> None:
    assert EquivalenceRule().policy() == Policy()
    assert EquivalenceRule(percent="ignored", tolerance=0.5, figures=3).policy() == Policy(
        percent="ignored", tolerance=0.5, figures=3
    )


async def test_a_run_compares_by_its_settings(tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text("")
    async with open_context(settings_for(tmp_path, equivalence={"units": "required"})) as work:
        assert (await work.equivalence.compare("5 cm", "5")).outcome == "different"


def test_another_policy_pays_for_nothing_again() -> None:
    before, after = ({"grade": {"equivalence": asdict(rule)}} for rule in (DEFAULT, NEAR))
    changed = changes(before, after)
    assert changed == [("grade.equivalence.tolerance", "0.0", "0.01")]
    assert paid_again(changed) == []


def test_what_one_policy_said_is_not_what_another_says() -> None:
    with Equivalence(DEFAULT) as lenient, Equivalence(REQUIRED) as strict:
        found = [asyncio.run(checker.compare("5 cm", "5")).outcome for checker in (lenient, strict, lenient)]
    assert found == ["same", "different", "same"]
    assert settle("5", "5 cm", REQUIRED) != settle("5", "5 cm", DEFAULT)
