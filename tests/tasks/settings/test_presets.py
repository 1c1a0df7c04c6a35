"""Presets are the papers' numbers or say where not; a panel that judges itself is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from flows.cli import app
from prompts.library import Library
from tasks.settings.presets import CHOICES, PRESETS, Preset, choices
from tasks.settings.roles import panel_warnings, resolve_roles
from tests.support.contexts import settings_for

SPOKEN_OF = {each.setting for each in CHOICES}
OWN = {"grade.first", "grade.candidates"}
"""Settings of a preset that follow from a choice that is in the table: one solution, all judges."""


@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_number_of_a_preset_is_in_its_table_as_it_holds(preset: Preset, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, preset=preset)
    shown = {setting: ours for setting, _, ours, _ in choices(preset, settings.model_dump(mode="json"))}
    for section, values in PRESETS[preset].items():
        for key, value in values.items():
            if (path := f"{section}.{key}") not in OWN:
                assert shown[path] == (f"{value:g}" if isinstance(value, float) else str(value))
    assert all(all(row) for row in choices(preset, settings.model_dump(mode="json")))


def test_the_papers_presets_veto_with_all_votes_and_gsdp_repeats_by_weight(tmp_path: Path) -> None:
    gsdp, grip = (settings_for(tmp_path, preset=preset) for preset in ("gsdp", "grip"))
    for found in (gsdp, grip):
        assert (found.grade.rule, found.grade.quorum, found.review.quorum) == ("veto", 1.0, 1.0)
    assert gsdp.sample.repeat_cap > 1000
    assert grip.sample.repeat_cap == settings_for(tmp_path).sample.repeat_cap == 1


def test_the_table_is_a_command() -> None:
    told = CliRunner().invoke(app, ["preset", "gsdp"])
    assert told.exit_code == 0
    assert told.output.splitlines()[0].split() == ["setting", "paper", "ours", "reason"]
    assert all(setting in told.output for setting in SPOKEN_OF)
    assert "There is no preset 'grib'" in str(CliRunner().invoke(app, ["preset", "grib"]).exception)


JUDGES = {"one": {"base_url": "http://127.0.0.1:9/v1", "model": "a"}, "two": {"base_url": "http://127.0.0.1:9/v1"}}


@pytest.mark.parametrize(
    ("preset", "judges", "told"),
    [
        ("verified", ["one"], ["The panel is one model, a, and judges what it wrote itself"]),
        ("verified", [{"endpoint": "two", "model": "b"}], []),
        ("verified", ["one", {"endpoint": "two", "model": "b"}], []),
        ("gsdp", [{"endpoint": "two", "model": "b"}], ["The preset gsdp is of a panel of 3 models, and here judge 1"]),
        ("grip", [{"endpoint": "two", "model": name} for name in "bcd"], []),
    ],
)
def test_a_panel_of_one_that_judges_itself_is_told(
    preset: str, judges: list[Any], told: list[str], tmp_path: Path
) -> None:
    roles = {"others": "one", "judges": judges}
    settings = settings_for(tmp_path, preset=preset, endpoints=JUDGES, roles=roles)
    found = panel_warnings(settings, resolve_roles(settings, Library()))
    assert [line.split(": name")[0] for line in found] == told
