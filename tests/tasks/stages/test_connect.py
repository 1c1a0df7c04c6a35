"""Names become points and edges as the user's file, the vectors and the curator say, and no question is asked twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from graph.contrasts import Opposed, contrast
from graph.errors import EndpointDown, EndpointRefused, SettingsError
from graph.names import NameRules
from graph.records import Embedding, Mention, Reject
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.faults import Failure
from tasks.inputs.aliases import Decisions
from tasks.runs.opening import open_run
from tasks.stages.connect import candidates, connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import EMBEDDER, REFUSED, TOO_LONG, Curator, connected, reply, written


def alike_in_words(one: str, other: str, opposed: Opposed, rules: NameRules) -> bool:
    return contrast(one, other, opposed) == "none"


@pytest.fixture(autouse=True)
def wordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trees stand for wordings of one name: their content words are taken for the same."""
    monkeypatch.setattr("tasks.points.resolution.joins_alone", alike_in_words)


@pytest.mark.parametrize(
    ("counted", "aliases", "expected", "why"),
    [
        ([], {}, [], "nothing is mentioned"),
        ([("Sine rule", 1)], {}, [("Sine rule", ("Sine rule",), 1, False)], "a name stands for itself"),
        (
            [("sine rules", 1), ("Sine Rule", 3), ("sine rule", 3)],
            {},
            [("Sine Rule", ("Sine Rule", "sine rule", "sine rules"), 7, False)],
            "one normal form; the most frequent name leads, ties by length and alphabet",
        ),
        (
            [("CRT", 1), ("Chinese remainder theorem", 2)],
            {"CRT": "Chinese Remainder Theorem", "chinese remainder theorem": "Chinese Remainder Theorem"},
            [("Chinese Remainder Theorem", ("Chinese remainder theorem", "CRT"), 3, True)],
            "the file joins and names",
        ),
        ([("algebra", 9), ("set", 1)], {"algebra": ""}, [("set", ("set",), 1, False)], "the file drops"),
        ([("sum", 1)], {"total": "sum", "sum": "sum"}, [("sum", ("sum",), 1, True)], "a point's own name is told, too"),
        ([("CRT", 1)], {"CRT": "X"}, [("X", ("CRT",), 1, True)], "a told point need not be mentioned itself"),
    ],
)
def test_candidates(
    counted: list[tuple[str, int]], aliases: dict[str, str], expected: list[tuple[object, ...]], why: str
) -> None:
    found = [(item.name, item.names, item.mentions, item.told) for item in candidates(counted, Decisions(aliases))]
    assert found == expected, why


async def test_points_edges_and_weights_of_a_small_set(tmp_path: Path) -> None:
    seeds: tuple[list[str], ...] = (
        ["sine rule", "triangle", "angle"],
        ["Sine rules", "triangle"],
        ["angle", "angles"],
        ["chord"],
        [],
    )
    curator = Curator()
    found = await connected(settings_for(tmp_path, **written(tmp_path, *seeds)), curator)
    assert {name: (point.mentions, point.seeds) for name, point in found.points.items()} == {
        "sine rule": (2, 2),
        "triangle": (2, 2),
        "angle": (2, 2),
        "chord": (1, 1),
    }
    assert found.edges == {
        frozenset({"sine rule", "triangle"}): 2,
        frozenset({"sine rule", "angle"}): 1,
        frozenset({"triangle", "angle"}): 1,
    }
    assert {alias.how for alias in found.aliases.values()} == {"normal_form"}


async def test_seeds_with_points_of_their_own_are_not_asked_about(tmp_path: Path) -> None:
    curator = Curator(answers=0)
    seeds = (["sine rule", " Sine  rules", "**sine rule**", "...", "x" * 200], ["!"])
    async with open_context(settings_for(tmp_path, **written(tmp_path, *seeds)), {"local": curator}) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        assert [mention.name for mention in work.store.select(Mention)] == ["sine rule"]
        reasons = Counter(row.reason for row in work.store.select(Reject, "stage = 'extract'"))
        assert reasons == {"name empty": 2, "name too long": 1, "name said twice": 2, "no points found": 1}
        assert pending_seeds(work) == []
    assert curator.asked == []


async def test_the_filter_drops_what_the_curator_drops_and_keeps_what_it_does_not_judge(tmp_path: Path) -> None:
    curator = Curator(
        {"algebra": "drop vague", "wrong rule": "drop wrong", "odd": "perhaps", "3x = 6": "DROP detailed"}
    )
    seeds = (["algebra", "sine rule", "odd"], ["wrong rule", "sine rule", "3x = 6"])
    found = await connected(settings_for(tmp_path, **written(tmp_path, *seeds)), curator)
    assert set(found.points) == {"sine rule", "odd"}
    assert found.rejects == {"algebra": "vague", "wrong rule": "wrong", "3x = 6": "detailed"}
    assert set(found.edges) == {frozenset({"sine rule", "odd"})}


async def test_an_answer_that_cannot_be_read_keeps_all_its_names(tmp_path: Path) -> None:
    curator = Curator({"algebra": "drop vague"}, garbled=Counter(algebra=9))
    found = await connected(settings_for(tmp_path, **written(tmp_path, ["algebra", "set"])), curator)
    assert set(found.points) == {"algebra", "set"}
    assert len(curator.asked) == len(found.calls) == 2, "samples_per_item"


@pytest.mark.parametrize(
    ("number", "verdict", "kept", "unused"),
    [
        (8, "drop vague", 8, 8),
        (7, "drop vague", 0, 0),
        (8, "keep", 8, 0),
    ],
)
async def test_one_verdict_that_drops_every_name_of_many_is_not_used(
    number: int, verdict: str, kept: int, unused: int, tmp_path: Path
) -> None:
    names = [f"name {'abcdefgh'[at]}" for at in range(number)]
    curator = Curator(dict.fromkeys(names, verdict))
    for _ in range(2):
        async with open_context(settings_for(tmp_path, **written(tmp_path, names)), {"local": curator}) as work:
            await plain(ingest)()
            await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
            counts = await plain(connect)()
        assert (counts["points"], counts["unused"]) == (kept, unused)
    assert len(curator.questions("names")) == 1, "nothing is paid for twice"


async def test_without_filter_or_embedder_nobody_is_asked(tmp_path: Path) -> None:
    curator = Curator(answers=0)
    found = await connected(
        settings_for(tmp_path, connect={"filter": False}, **written(tmp_path, ["a1", "b1"])), curator
    )
    assert set(found.points) == {"a1", "b1"}


DEGREES = {"ash": 0, "beech": 20, "cedar": 40, "fir": 90}
"""Cosines: 0.94 beech degrees (the same), 0.77 cedar (asked), 0.64 at 50 and less beyond (different)."""


@pytest.mark.parametrize(
    ("same", "classes", "how"),
    [
        (set(), {frozenset({"ash", "beech"}), frozenset({"cedar"}), frozenset({"fir"})}, "embedding"),
        ({frozenset({"ash", "cedar"})}, {frozenset({"ash", "beech", "cedar"}), frozenset({"fir"})}, "curator"),
    ],
)
async def test_vectors_join_what_is_near_and_the_curator_decides_between(
    same: set[frozenset[str]], classes: set[frozenset[str]], how: str, tmp_path: Path
) -> None:
    curator = Curator(same=same, degrees=DEGREES)
    found = await connected(settings_for(tmp_path, **EMBEDDER, **written(tmp_path, list(DEGREES))), curator)
    assert curator.questions("pairs") == [("ash | cedar",)], "only the pair in the grey band is asked about"
    assert found.classes() == classes
    assert found.aliases["ash"].how == how
    assert found.aliases["fir"].how == "normal_form"


@pytest.mark.parametrize(
    ("bands", "pairs"),
    [
        ({"same_at": 0.7, "ask_from": 0.7}, []),
        ({"same_at": 1.0, "ask_from": 0.9}, ["ash | beech", "beech | cedar"]),
        ({"same_at": 0.95, "ask_from": 0.6}, ["ash | beech", "ash | cedar", "beech | cedar", "cedar | fir"]),
    ],
)
async def test_the_bands_are_those_of_the_settings(bands: dict[str, float], pairs: list[str], tmp_path: Path) -> None:
    curator = Curator(degrees=DEGREES)
    await connected(settings_for(tmp_path, connect=bands, **EMBEDDER, **written(tmp_path, list(DEGREES))), curator)
    assert [pair for question in curator.questions("pairs") for pair in question] == pairs


async def test_a_bar_within_a_name_does_not_part_it(tmp_path: Path) -> None:
    names = {"P(A | B)": 0.0, "Bayes": 40.0, "P(B | A)": 80.0}
    curator = Curator(same={frozenset({"P(A | B)", "Bayes"})}, degrees=names)
    found = await connected(settings_for(tmp_path, **EMBEDDER, **written(tmp_path, list(names))), curator)
    assert curator.questions("pairs") == [("Bayes | P(A ∣ B)", "Bayes | P(B ∣ A)")], "the prompt's bar is another one"
    assert found.classes() == {frozenset({"P(A | B)", "Bayes"}), frozenset({"P(B | A)"})}


@pytest.mark.parametrize(
    ("garbled", "expected"),
    [(Counter(), "the better name"), (Counter(beech=9), "beech")],
    ids=["the curator's", "the most frequent"],
)
async def test_the_name_of_a_class(garbled: Counter[str], expected: str, tmp_path: Path) -> None:
    names = {frozenset({"ash", "beech"}): "the better name"}
    curator = Curator(names=names, degrees=DEGREES, garbled=garbled)
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech", "fir"], ["beech"]))
    found = await connected(settings, curator)
    assert set(found.points) == {expected, "fir"}
    assert set(curator.questions("class")) == {("beech", "ash")}, "the most frequent name first"


@pytest.mark.parametrize(
    ("names", "points"),
    [
        ({("ash", "beech"): "**Sine rule**"}, {"Sine rule", "elm", "fir"}),
        ({("ash", "beech"): "firs"}, {"beech", "elm", "fir"}),
        ({("ash", "beech"): "Ash"}, {"Ash", "elm", "fir"}),
        ({("ash", "beech"): "the oak", ("elm", "larch"): "oaks"}, {"elm", "fir", "the oak"}),
        ({("ash", "beech"): "larch", ("elm", "larch"): "ash"}, {"beech", "elm", "fir"}),
    ],
    ids=["cleaned", "another point's", "a member's", "two classes' alike", "each other's member"],
)
async def test_a_class_is_never_named_like_another_point(
    names: dict[tuple[str, ...], str], points: set[str], tmp_path: Path
) -> None:
    """Its most frequent member stands then; the curator's name is cleaned as every name is."""
    degrees = {"ash": 0, "beech": 20, "fir": 90, "elm": 180, "larch": 200}
    curator = Curator(names={frozenset(group): name for group, name in names.items()}, degrees=degrees)
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, list(degrees), ["beech", "elm"]))
    found = await connected(settings, curator)
    assert set(found.points) == points


@pytest.mark.parametrize(("code", "words"), [("server_error", "500"), ("rate_limited", "429")])
async def test_a_call_for_vectors_that_gave_up_stops_the_stage_until_the_next_run(
    code: FaultCode, words: str, tmp_path: Path
) -> None:
    failing = Failure(code, f"gave up after 8 attempts: {words}", gave_up=True)
    curator = Curator(degrees=DEGREES, mute=2, mute_fault=failing)
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech"], ["fir"]))
    for _ in range(2):
        with pytest.raises(EndpointDown, match=f"local {failing.words}, for 3 names. Run the same command again"):
            await connected(settings, curator)
    found = await connected(settings, curator)
    assert found.classes() == {frozenset({"ash", "beech"}), frozenset({"fir"})}
    assert len(curator.embedded) == 3 * 3
    assert len(found.calls) == len(set(found.calls)) == 3 + len(curator.asked), "each has a number of its own"
    assert found.rejects == {}


@pytest.mark.parametrize(
    "fault",
    [TOO_LONG, REFUSED, Failure("malformed_vectors", "gave up after 2 attempts: malformed vectors", gave_up=True)],
)
async def test_a_name_that_cannot_be_embedded_stays_alone_and_the_others_are_merged(
    fault: Failure, tmp_path: Path
) -> None:
    curator = Curator(degrees=DEGREES, unfit={"cedar": fault})
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, list(DEGREES)))
    found = await connected(settings, curator)
    assert found.classes() == {frozenset({"ash", "beech"}), frozenset({"cedar"}), frozenset({"fir"})}
    assert found.aliases["cedar"].how == "normal_form"
    assert found.rejects == {f"cedar: {fault.words}": "not embedded"}
    assert curator.embedded == [*DEGREES, *DEGREES], "together, then each alone"
    again = await connected(settings, curator)
    assert (again.aliases, again.calls, again.rejects) == (found.aliases, found.calls, found.rejects), "asked once"


async def test_after_a_crash_between_single_names_the_rest_is_asked_under_new_numbers(tmp_path: Path) -> None:
    curator = Curator(
        degrees=DEGREES, unfit={"ash": TOO_LONG, "fir": Failure("server_error", "gave up: 500", gave_up=True)}
    )
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech"], ["fir"]))
    with pytest.raises(EndpointDown, match="for the name 'fir'"):
        await connected(settings, curator)
    curator.unfit = {"ash": TOO_LONG}
    found = await connected(settings, curator)
    assert found.classes() == {frozenset({"ash"}), frozenset({"beech"}), frozenset({"fir"})}
    assert len(found.calls) == len(set(found.calls))


async def test_an_embedder_that_takes_no_name_at_all_stops_the_run(tmp_path: Path) -> None:
    curator = Curator(degrees=DEGREES, unfit=dict.fromkeys(DEGREES, TOO_LONG))
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, list(DEGREES)))
    with pytest.raises(EndpointRefused, match=r"no vector of any name.*context length.*is an embedding model"):
        await connected(settings, curator)
    curator.unfit = {}
    found = await connected(settings, curator)
    assert (len(found.classes()), found.rejects) == (3, {}), "no name was given up for the model's fault"


async def test_vectors_are_asked_for_and_kept_by_the_embedders_extra_body(tmp_path: Path) -> None:
    curator = Curator(degrees=DEGREES)
    seeds = written(tmp_path, ["ash", "beech"])
    await connected(settings_for(tmp_path, **EMBEDDER, **seeds), curator)
    wider = {"roles": {"embedder": EMBEDDER["roles"]["embedder"] | {"extra_body": {"dimensions": 3}}}}
    async with open_run(settings_for(tmp_path, **wider, **seeds), accept_changes=True) as work:
        work.clients = {"local": cast("Any", curator)}
        await plain(connect)()
        lengths = Counter(len(row.vector) for row in work.store.select(Embedding))
    assert curator.extra_bodies == [{}, {"dimensions": 3}]
    assert lengths == {2: 2, 3: 2}


async def test_a_model_that_changes_its_width_is_one_sentence_and_its_vectors_are_not_kept(tmp_path: Path) -> None:
    curator = Curator(degrees=DEGREES)
    await connected(settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech"])), curator)
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech", "fir"]))
    curator.width = 3
    with pytest.raises(
        SettingsError, match=r"embedding-model of endpoint local .*2 numbers and of 3.*former one again"
    ):
        await connected(settings, curator)
    curator.width = 2
    found = await connected(settings, curator)
    assert found.classes() == {frozenset({"ash", "beech"}), frozenset({"fir"})}
    assert len(found.calls) == len(set(found.calls)) == 3 + len(curator.asked)


async def test_later_seeds_ask_about_new_names_only_and_points_keep_their_ids(tmp_path: Path) -> None:
    curator = Curator(degrees=DEGREES | {"elm": 60})
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "beech"], ["fir"]))
    before = await connected(settings, curator)
    asked, embedded = list(curator.asked), list(curator.embedded)
    again = await connected(settings, curator)
    assert (again.points, again.aliases, again.edges) == (before.points, before.aliases, before.edges)
    assert (curator.asked, curator.embedded) == (asked, embedded), "nothing is new, so nothing is asked"
    written(tmp_path, ["ash", "beech"], ["fir"], ["elm", "beech"])
    after = await connected(settings, curator)
    assert curator.embedded[len(embedded) :] == ["elm"]
    assert curator.asked[len(asked) :] == [("names", "elm"), ("pairs", "beech | elm", "elm | fir")]
    ids = {name: alias.point_id for name, alias in after.aliases.items()}
    assert {name: ids[name] for name in before.aliases} == {
        name: alias.point_id for name, alias in before.aliases.items()
    }
    assert after.edges == {frozenset({"ash", "elm"}): 1}, "a class keeps its name"


async def test_classes_are_those_of_a_store_that_never_had_other_seeds(tmp_path: Path) -> None:
    curator = Curator(degrees={"ash": 0, "beech": 20, "birch": 21, "chestnut": 41})
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["beech", "chestnut"]))
    await connected(settings, curator)
    written(tmp_path, ["beech", "chestnut"], ["ash", "birch"])
    asked = len(curator.asked)
    found = await connected(settings, curator)
    assert found.classes() == {frozenset({"ash", "beech", "birch"}), frozenset({"chestnut"})}, "nearest first"
    assert [kind for kind, *_ in curator.asked[asked:] if kind == "class"] == ["class"], (
        "only the new class has no name"
    )
    fresh = settings_for(tmp_path, workspace=tmp_path / "fresh", **EMBEDDER, seeds=[settings.seeds[0].model_dump()])
    other = await connected(fresh, curator)
    assert (other.classes(), other.points, other.edges) == (found.classes(), found.points, found.edges)


@pytest.mark.parametrize("answers", [1, 3, 6])
async def test_what_was_answered_before_a_crash_is_not_asked_again(answers: int, tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(9)]
    settings = settings_for(tmp_path, connect={"batch": 1}, **written(tmp_path, names))
    curator = Curator({"name 3": "drop vague"}, answers=answers)
    with pytest.raises(EndpointDown):
        await connected(settings, curator)
    assert len(curator.asked) == answers
    curator.answers = None
    found = await connected(settings, curator)
    assert set(found.points) == set(names) - {"name 3"}
    assert curator.questions("names") == [(name,) for name in sorted(names)]
    assert len(found.calls) == len(set(found.calls)) == 9


async def test_a_spoiled_answer_before_a_crash_keeps_its_number(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, samples_per_item=3, **written(tmp_path, ["name"]))
    curator = Curator(answers=2, garbled=Counter(name=2))
    with pytest.raises(EndpointDown):
        await connected(settings, curator)
    curator.answers = None
    found = await connected(settings, curator)
    assert len(curator.asked) == len(found.calls) == len(set(found.calls)) == 3


async def test_a_question_without_usable_answer_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(3)]
    settings = settings_for(tmp_path, connect={"batch": 1}, **written(tmp_path, names))
    curator = Curator({"name 0": "drop vague"}, garbled=Counter({"name 0": 3}))
    for asked in (2, 3):
        found = await connected(settings, curator)
        assert curator.questions("names").count(("name 0",)) == asked, "samples_per_item"
        assert set(found.points) == set(names), "unjudged is not dropped"
    found = await connected(settings, curator)
    assert set(found.points) == {"name 1", "name 2"}
    assert Counter(curator.questions("names")) == {("name 0",): 4, ("name 1",): 1, ("name 2",): 1}
    assert len(found.calls) == len(set(found.calls)) == 6, "each has a number of its own"


async def test_a_name_that_got_no_verdict_among_others_is_asked_about_again(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, **written(tmp_path, ["algebra", "set"]))
    curator = Curator({"algebra": "perhaps"})
    await connected(settings, curator)
    curator.filter = {"algebra": "drop vague"}
    found = await connected(settings, curator)
    assert curator.questions("names") == [("algebra",), ("algebra", "set")]
    assert set(found.points) == {"set"}
    assert len(found.calls) == len(set(found.calls)) == 2


async def test_a_paid_batch_is_found_after_a_crash_though_its_neighbours_have_changed(tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(4)]
    settings = settings_for(tmp_path, connect={"batch": 2}, **written(tmp_path, names))
    curator = Curator(answers=1)
    with pytest.raises(EndpointDown):
        await connected(settings, curator)
    written(tmp_path, names, ["another name"])
    curator.answers = None
    found = await connected(settings, curator)
    asked = Counter(name for question in curator.questions("names") for name in question)
    assert asked == dict.fromkeys([*names, "another name"], 1)
    assert len(found.calls) == 3


@pytest.mark.parametrize("answers", range(1, 5))
async def test_a_crash_does_not_change_the_batches_of_the_same_names(answers: int, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, connect={"batch": 2}, **written(tmp_path, [f"name {n}" for n in range(9)]))
    curator = Curator(answers=answers)
    with pytest.raises(EndpointDown):
        await connected(settings, curator)
    curator.answers = None
    await connected(settings, curator)
    assert sorted(map(len, curator.questions("names"))) == [1, 2, 2, 2, 2]


async def test_a_spelling_that_becomes_the_most_frequent_is_not_asked_about_again(tmp_path: Path) -> None:
    curator = Curator(degrees={"Ash": 0, "fir": 90, "oak": 180})
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["Ash", "fir"]))
    before = await connected(settings, curator)
    asked = len(curator.asked)
    written(tmp_path, ["Ash", "fir"], ["oak", "fir"], ["the ash"], ["the ash"])
    after = await connected(settings, curator)
    assert len(curator.asked) == asked + 1, "about the oak"
    assert after.points["the ash"].id == before.points["Ash"].id


async def test_a_request_for_vectors_that_the_endpoint_failed_is_in_the_ledger(tmp_path: Path) -> None:
    error = EndpointDown("down")
    error.spent = replace(reply(""), attempts=3)
    curator = Curator(degrees=DEGREES, failure=error)
    settings = settings_for(tmp_path, **EMBEDDER, **written(tmp_path, ["ash", "fir"]))
    with pytest.raises(EndpointDown):
        await connected(settings, curator)
    curator.failure = None
    found = await connected(settings, curator)
    async with open_context(settings) as work:
        rows = work.store.rows("SELECT fault, attempts FROM calls WHERE role = 'embedder' ORDER BY ended_at")
    assert rows == [("endpoint failed", 3), (None, 1)]
    assert len(found.calls) == len(set(found.calls))


async def test_without_an_embedder_the_curator_is_asked_about_names_that_look_alike(tmp_path: Path) -> None:
    names = ["Similarity of triangles", "triangle similarity", "Chinese remainder theorem", "CRT", "law of sines"]
    pairs = {frozenset({"Similarity of triangles", "triangle similarity"}), frozenset({"CRT", names[2]})}
    curator = Curator(same=pairs)
    found = await connected(settings_for(tmp_path, **written(tmp_path, [*names, "law of cosines"])), curator)
    assert {members for members in found.classes() if len(members) > 1} == pairs
    assert {alias.how for alias in found.aliases.values()} == {"curator", "normal_form"}
    assert found.proposals[frozenset({"law of sines", "law of cosines"})].decided_by == "contrast"
    assert found.proposals[frozenset({"CRT", names[2]})].score is None
