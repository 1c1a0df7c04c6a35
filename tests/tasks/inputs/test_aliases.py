"""The user's alias file: what it may say, that it wins over everything, and that merges are written for review."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from flows.commands.name_pairs import write_merges
from graph.contrasts import Opposed, contrast
from graph.errors import SettingsError, UsageError
from graph.names import NameRules
from graph.records import Alias, Mention, content_id
from tasks.inputs.aliases import read_aliases
from tasks.runs.plan import make_plan
from tasks.stages.connect import connect
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import EMBEDDER, Curator, connected, written

TREES = {"ash": 0.0, "beech": 20.0, "cedar": 40.0, "fir": 90.0}
"""Cosines: 0.94 at 20 degrees (the same), 0.77 at 40 (asked), 0.64 at 50 and less beyond (different)."""


def alike_in_words(one: str, other: str, opposed: Opposed, rules: NameRules) -> bool:
    return contrast(one, other, opposed) == "none"


@pytest.fixture(autouse=True)
def wordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trees stand for wordings of one name: their content words are taken for the same."""
    monkeypatch.setattr("tasks.points.resolution.joins_alone", alike_in_words)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("name,point\n", {}),
        ("name,point\nCRT,Chinese remainder theorem\n", 2),
        ('\ufeffname,point\r\n"sines, law of",sine rule\r\n', 2),
        (
            "point,note,name\nsine rule,as Tom says,law of sines\n",
            dict.fromkeys(("law of sine", "sine rule"), "sine rule"),
        ),
        ("name,point\nalgebra,\n", {"algebra": ""}),
        ("name,point\nsine rule,sine rule\nsine rules,sine rule\n", {"sine rule": "sine rule"}),
    ],
)
def test_an_alias_file(content: str, expected: dict[str, str] | int, tmp_path: Path) -> None:
    (tmp_path / "alias.csv").write_bytes(content.encode())
    found = read_aliases(tmp_path / "alias.csv").points
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "needs a first line with the columns name,point or name,other,decision"),
        (b"CRT,Chinese remainder theorem\n", "needs a first line with the columns name,point or name,other,decision"),
        (b"name,point\n,sine rule\n", "line 2: the name is empty"),
        (b"name,point\nCRT,a\nx,y\nCRT,b\n", "line 4: 'CRT' is given two points"),
        (b"name,point\na1,b1\nb1,c1\n", "line 3: 'b1' is given two points"),
        (b"name,point\nb1,c1\na1,b1\n", "line 3: 'b1' is itself dropped or another point"),
        (b"name,point\nb1,\na1,b1\n", "line 3: 'b1' is itself dropped or another point"),
        (b"name,point\ncaf\xe9,x\n", "cannot be read as CSV"),
        (None, "cannot be read as CSV"),
    ],
)
def test_a_wrong_alias_file_is_one_sentence(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "alias.csv").write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        read_aliases(tmp_path / "alias.csv")
    assert sentence in str(raised.value)
    assert "alias.csv" in str(raised.value)


async def test_the_alias_file_wins_over_curator_and_vectors(tmp_path: Path) -> None:
    (tmp_path / "alias.csv").write_text("name,point\nalgebra,abstract algebra\nset,\n")
    curator = Curator({"abstract algebra": "drop vague", "algebra": "drop vague"}, degrees={"chord": 0})
    settings = settings_for(
        tmp_path,
        connect={"alias_file": tmp_path / "alias.csv"},
        **EMBEDDER,
        **written(tmp_path, ["algebra", "chord", "set"]),
    )
    found = await connected(settings, curator)
    assert {name: alias.how for name, alias in found.aliases.items()} == {"algebra": "file", "chord": "normal_form"}
    assert set(found.points) == {"abstract algebra", "chord"}
    assert curator.questions("names") == [("chord",)]
    assert curator.embedded == ["chord"]


def decided(folder: Path, *rows: str) -> dict[str, object]:
    """Settings with a file of decisions on pairs."""
    (folder / "merges.csv").write_text("name,other,decision\n" + "\n".join(rows), encoding="utf-8")
    return {"connect": {"alias_file": folder / "merges.csv"}}


@pytest.mark.parametrize(
    ("rows", "classes", "why"),
    [
        ((), {"ash beech", "cedar", "fir"}, "as score and curator say"),
        (("ash,beech,different",), {"ash", "beech cedar", "fir"}, "a high score is overruled"),
        (("ash,firs,Same",), {"ash fir", "beech cedar"}, "a class of the user's takes in only what matches all of it"),
        (("ash,fir,same", "ash,cedar,same"), {"ash fir cedar", "beech"}, "what the user says may chain"),
        (("ash,fir,",), {"ash beech", "cedar", "fir"}, "no decision leaves the pair as it is"),
        (("ash,oak,same",), {"ash beech", "cedar", "fir"}, "a name that nobody mentions is passed over"),
    ],
)
async def test_decisions_on_pairs(rows: tuple[str, ...], classes: set[str], why: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, **decided(tmp_path, *rows), **EMBEDDER, **written(tmp_path, list(TREES)))
    found = await connected(settings, Curator(degrees=TREES))
    assert found.classes() == {frozenset(members.split()) for members in classes}, why


async def test_a_decision_takes_a_class_apart_that_an_earlier_graph_made(tmp_path: Path) -> None:
    seeds = written(tmp_path, list(TREES))
    curator = Curator(degrees=TREES, same={frozenset({"ash", "cedar"})})
    before = await connected(settings_for(tmp_path, **decided(tmp_path), **EMBEDDER, **seeds), curator)
    assert frozenset({"ash", "beech", "cedar"}) in before.classes()
    asked = len(curator.asked)
    settings = settings_for(tmp_path, **decided(tmp_path, "ash,cedar,different"), **EMBEDDER, **seeds)
    after = await connected(settings, curator)
    assert after.classes() == {frozenset({"ash", "beech"}), frozenset({"cedar"}), frozenset({"fir"})}
    assert after.aliases["fir"] == before.aliases["fir"], "the rest is as it was"
    assert curator.asked[asked:] == [("class", "ash", "beech")]


async def test_decisions_that_contradict_each_other_are_one_sentence(tmp_path: Path) -> None:
    rows = ("ash,beech,same", "beech,cedar,same", "ash,cedar,different")
    settings = settings_for(tmp_path, **decided(tmp_path, *rows), **EMBEDDER, **written(tmp_path, list(TREES)))
    with pytest.raises(SettingsError, match="'ash' and 'cedar' are different, and by way of other pairs"):
        await connected(settings, Curator(degrees=TREES))


async def test_merges_are_written_for_review_and_their_decisions_read_back(tmp_path: Path) -> None:
    seeds = written(tmp_path, [*TREES, "definite ash", "indefinite ash"])
    degrees = TREES | {"definite ash": 150.0, "indefinite ash": 152.0}
    curator = Curator(degrees=degrees)
    await connected(settings_for(tmp_path, **EMBEDDER, **seeds), curator)
    file = tmp_path / "merges.csv"
    write_merges(tmp_path / "work", file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [list(row.values()) for row in rows] == [
        ["ash", "cedar", "0.766", "different", "curator", "words", ""],
        ["ash", "beech", "0.9397", "same", "score", "words", ""],
        ["beech", "cedar", "0.9397", "same", "score", "words", ""],
        ["definite ash", "indefinite ash", "0.9994", "different", "contrast", "words", ""],
    ]
    edited = file.read_text(encoding="utf-8").replace("different,contrast,words,", "different,contrast,words,same")
    file.write_text(edited, encoding="utf-8")
    again = settings_for(tmp_path, connect={"alias_file": file}, **EMBEDDER, **seeds)
    found = await connected(again, curator)
    assert frozenset({"definite ash", "indefinite ash"}) in found.classes()
    assert {alias.how for alias in found.aliases.values()} == {"embedding", "file", "normal_form"}
    with pytest.raises(UsageError, match="holds decisions, which would be lost"):
        write_merges(tmp_path / "work", file)
    write_merges(tmp_path / "work", tmp_path / "later.csv")
    assert "definite ash,indefinite ash,0.9994,same,file,words,same" in (tmp_path / "later.csv").read_text(
        encoding="utf-8"
    )


async def test_what_a_form_joined_is_seen_with_its_rule_and_parted_by_a_line(tmp_path: Path) -> None:
    seeds = written(tmp_path, ["Rational roots", "rational root", "rational-root"], ["fir"])
    settings = settings_for(tmp_path, connect={"filter": False}, **seeds)
    async with open_context(settings) as work:
        recipe = work.recipes["extract"]
        await plain(ingest)()
        (seed,) = work.store.rows("SELECT id FROM current_seeds ORDER BY id LIMIT 1")
        names = ["rational root", "Rational Root", "rational-root"]
        await work.store.write(
            *(
                Mention(id=content_id("m", name), recipe=recipe, seed_id=seed[0], position=at, name=name)
                for at, name in enumerate(names)
            )
        )
        await plain(connect)()
        assert len({alias.point_id for alias in work.store.select(Alias)}) == 1
    file = tmp_path / "merges.csv"
    write_merges(tmp_path / "work", file)
    rows = {
        row["other"]: (row["decided_by"], row["reason"]) for row in csv.DictReader(file.read_text("utf-8").splitlines())
    }
    assert rows == {
        "rational root": ("form", "case, number or article"),
        "rational-root": ("form", "case, number or article"),
    }
    file.write_text("name,other,decision\nRational Root,rational-root,different\n", encoding="utf-8")
    async with open_context(settings_for(tmp_path, connect={"filter": False, "alias_file": file}, **seeds)) as work:
        await plain(connect)()
        points = {alias.name: alias.point_id for alias in work.store.select(Alias)}
    assert points["rational root"] == points["Rational Root"] != points["rational-root"]


def test_an_alias_file_is_checked_before_anything_is_paid(tmp_path: Path) -> None:
    (tmp_path / "alias.csv").write_text("CRT,Chinese remainder theorem\n", encoding="utf-8")
    settings = settings_for(tmp_path, connect={"alias_file": tmp_path / "alias.csv"}, **written(tmp_path, ["ash"]))
    with pytest.raises(SettingsError, match="needs a first line"):
        make_plan(settings)
