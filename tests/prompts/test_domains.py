"""A domain is one folder anywhere; what it lacks is named; its opposed words keep names apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.settings_file import read_settings
from graph.errors import PromptError
from prompts.domain import BASE, find_domain
from prompts.library import Library


def test_a_new_domain_is_a_folder_that_works_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "domains" / "chemistry"
    told = CliRunner().invoke(app, ["domain", "new", str(folder)])
    assert told.exit_code == 0, told.output
    assert f'domain = "{folder}"' in told.output
    library, base = Library(str(folder)), Library(BASE)
    assert library.domain.missing == ()
    assert (library.domain.title, library.domain.tags) == ("chemistry", ("chemistry",))
    assert all(library[name].hash == base[name].hash for name in base.names)
    assert CliRunner().invoke(app, ["domain", "new", str(folder)]).exit_code != 0, "it is there already"


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "domain.toml").write_text('title = "logic"\n', encoding="utf-8")
    found = find_domain(str(tmp_path))
    assert found.title == "logic"
    assert {"compose.txt", "grade.txt", "opposed.txt"} <= set(found.missing)
    assert find_domain(BASE).missing == ()


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ('answer = "prose"', "answer must be one of boxed, tagged, open, code, not 'prose'"),
        ('answer = "code"', "nothing here compares answers of the kind `code` yet"),
        ('tittle = "x"', "unknown key `tittle`; valid are answer, checker, tags, title"),
        ("title = ", "cannot be read"),
    ],
)
def test_a_wrong_word_in_a_domain_is_one_sentence(about: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "domain.toml").write_text(about + "\n", encoding="utf-8")
    with pytest.raises(PromptError, match=message):
        find_domain(str(tmp_path))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"no folder .*Make one with `gsdp domain new "):
        find_domain(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("Kinetic energy", "Potential energy", True),
        ("Resistors in series", "Parallel resistors", True),
        ("AC circuits", "DC circuits", True),
        ("Kirchhoff's current law", "Kirchhoff's voltage law", True),
        ("Inelastic collision", "Elastic collision", True),
        ("Kinetic energy", "Energy of motion", False),
        ("Ohm's law", "Law of Ohm", False),
        ("Kinetic energy", "Kinetic energy of rotation", False),
    ],
)
def test_opposed_words_of_physics(one: str, other: str, apart: bool) -> None:
    physics = find_domain("physics")
    assert (physics.opposes(one, other), physics.opposes(other, one)) == (apart, apart)


def test_physics_has_prompts_of_its_own() -> None:
    physics = Library("physics")
    assert physics.domain.checker == "physics"
    assert all(name.startswith("evaluate") for name in physics.domain.missing)
    for name in ("compose", "extract", "solve", "review", "grade", "rate"):
        assert physics[name].hash != Library(BASE)[name].hash


def test_a_path_of_a_domain_is_relative_to_the_settings_file(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["domain", "new", str(tmp_path / "domains" / "logic")])
    (tmp_path / "run.toml").write_text(
        'workspace = "w"\ndomain = "domains/logic"\n[[seeds]]\npath = "s.jsonl"\n[endpoints.e]\nbase_url = "sandbox"\n',
        encoding="utf-8",
    )
    settings = read_settings(tmp_path / "run.toml", ())
    assert find_domain(settings.domain).title == "logic"
    assert read_settings(tmp_path / "run.toml", ["domain=physics"]).domain == "physics"
