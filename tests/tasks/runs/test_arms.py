"""The arms of a comparison as settings: what each changes, what none may, and what each may spend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph.errors import SettingsError
from tasks.runs.arms import arms, differences
from tests.support.contexts import settings_for

QUOTAS = {"one_hop": {"sample": {"quotas": {"one_hop": 1}}}, "random": {"sample": {"quotas": {"random": 1}}}}


def test_an_arm_is_the_settings_with_its_changes_in_a_workspace_of_its_own(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, compare=QUOTAS, sample={"seed": 7}, budget="9M tokens", target_pairs=50)
    made = arms(settings)
    assert [arm.workspace for arm in made.values()] == [tmp_path / "work/arms" / name for name in ("one_hop", "random")]
    assert [dict(arm.sample.quotas) for arm in made.values()] == [{"one_hop": 1}, {"random": 1}]
    assert {arm.sample.seed for arm in made.values()} == {7}, "the other keys of a section stay"
    assert {arm.target_pairs for arm in made.values()} == {50}
    assert {arm.budget for arm in made.values()} == {"4500000.000000000 tokens"}
    assert all(not arm.compare for arm in made.values())


def test_a_preset_brings_its_numbers(tmp_path: Path) -> None:
    made = arms(settings_for(tmp_path, compare={"paper": {"preset": "gsdp"}, "ours": {}}))
    assert [(arm.solve.samples, arm.grade.rule) for arm in made.values()] == [(1, "veto"), (4, "majority")]


@pytest.mark.parametrize(
    ("compare", "says"),
    [
        ({}, "at least two arms"),
        ({"alone": {}}, "at least two arms"),
        ({"a b": {}, "c": {}}, "compare.a b: call an arm by letters"),
        ({"..": {}, "c": {}}, "compare...: call an arm by letters"),
        ({"a": {"target_pairs": 5}, "c": {}}, "compare.a: arms cannot differ in target_pairs"),
        ({"a": {"sample": {"quotaz": {}}}, "c": {}}, "compare.a: sample.quotaz: "),
        ({"a": {"solve": {"samples": 0}}, "c": {}}, "compare.a: solve.samples: "),
    ],
)
def test_arms_that_cannot_be_run_are_named(compare: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=says):
        arms(settings_for(tmp_path, compare=compare))


def test_what_an_arm_changes_is_told_in_words(tmp_path: Path) -> None:
    told = dict(differences(settings_for(tmp_path, compare={**QUOTAS, "same": {}})))
    assert told == {
        "one_hop": "sample.quotas = {'one_hop': 1}",
        "random": "sample.quotas = {'random': 1}",
        "same": "nothing",
    }
