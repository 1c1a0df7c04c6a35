"""A domain is one folder anywhere; what it lacks is named; its opposed words keep names apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.settings_file import read_settings
from graph.contrasts import contrast
from graph.errors import PromptError
from graph.names import ORDINARY, NameRules
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
        ('answer = "code"', "nothing here checks answers of the kind `code` yet; use boxed, tagged, open"),
        ('tittle = "x"', "unknown key `tittle`; valid are answer, case_matters, checker, symbols_matter, tags, title"),
        ("title = ", "cannot be read"),
        ('case_matters = "yes"', "case_matters must be true or false, not 'yes'"),
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
        ("Alternating currents", "Direct current", True),
        ("n-type semiconductor", "P-type semiconductor", True),
        ("Sine of the angle", "Cosine of the angle", True),
    ],
)
def test_opposed_words_of_physics(one: str, other: str, apart: bool) -> None:
    words = find_domain("physics").opposed
    assert (contrast(one, other, words) == "apart", contrast(other, one, words) == "apart") == (apart, apart)


def test_opposed_words_are_the_folders_own_or_named_as_missing(tmp_path: Path) -> None:
    """Never silently those of mathematics: a file that wants them says so."""

    def apart(one: str, other: str) -> bool:
        return contrast(one, other, find_domain(str(tmp_path)).opposed) == "apart"

    pairs = (("row rank", "column rank"), ("stack frame", "heap frame"))
    assert "opposed.txt" in find_domain(str(tmp_path)).missing
    assert apart(*pairs[0])
    (tmp_path / "opposed.txt").write_text("stack | heap\n", encoding="utf-8")
    assert "opposed.txt" not in find_domain(str(tmp_path)).missing
    assert [apart(*pair) for pair in pairs] == [False, True]
    (tmp_path / "opposed.txt").write_text("stack | heap\ninclude mathematics\n", encoding="utf-8")
    assert [apart(*pair) for pair in pairs] == [True, True]
    (tmp_path / "opposed.txt").write_text("include physics\n", encoding="utf-8")
    assert apart("kinetic energy", "potential energy")
    assert apart(*pairs[0]), "what physics includes is included"
    for wrong in ("include nothing\n", "include ../physics\n", "stack\n"):
        (tmp_path / "opposed.txt").write_text(wrong, encoding="utf-8")
        with pytest.raises(PromptError, match=r"opposed\.txt"):
            find_domain(str(tmp_path))


def test_only_words_of_its_own_are_part_of_a_domains_identity(tmp_path: Path) -> None:
    assert find_domain(BASE).opposed_hash is find_domain(str(tmp_path)).opposed_hash is None
    assert find_domain("physics").opposed_hash is not None


def test_a_domain_says_what_tells_its_names_apart(tmp_path: Path) -> None:
    assert find_domain(str(tmp_path)).names == ORDINARY
    (tmp_path / "domain.toml").write_text("case_matters = true\nsymbols_matter = false\n", encoding="utf-8")
    assert find_domain(str(tmp_path)).names == NameRules(case=True, symbols=False)


SOLVE = (Path(__file__).parents[2] / "prompts" / BASE / "solve.txt").read_text(encoding="utf-8")
FORMS = {
    "boxed": SOLVE,
    "tagged": SOLVE.replace("answer: \\boxed", "answer: answer").replace("\\boxed{}", "<answer></answer>"),
    "open": SOLVE.replace("answer: \\boxed", "answer: none").replace("\\boxed{}", "words"),
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("asked", [*FORMS, None])
def test_the_prompt_of_solve_asks_for_answers_of_the_domains_kind(kind: str, asked: str | None, tmp_path: Path) -> None:
    (tmp_path / "domain.toml").write_text(f'answer = "{kind}"\n', encoding="utf-8")
    if asked:
        (tmp_path / "solve.txt").write_text(FORMS[asked], encoding="utf-8")
    if kind == (asked or "boxed"):
        assert Library(str(tmp_path)).domain.answer == kind
    else:
        with pytest.raises(PromptError, match=r"(solve\.txt.*`answer:` must be|answer = \w+ needs a solve.txt)"):
            Library(str(tmp_path))


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
