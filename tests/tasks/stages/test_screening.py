"""The last gate: what repeats a seed, an earlier pair or a benchmark is kept out, with what shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from graph.errors import SeedError
from graph.records import (
    Combination,
    Election,
    Overlap,
    Pass,
    Problem,
    Reject,
    Repeat,
    Seed,
    Selected,
    Solution,
)
from tasks.context.run_context import RunContext
from tasks.context.slots import slots
from tasks.endpoint.replies import Reply
from tasks.reports.card import card
from tasks.stages.compose import compose
from tasks.stages.ingest import ingest
from tasks.stages.screen import Screen, open_screen
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import Curator, reply

FIELD = (
    "A farmer has 12 rectangular fields, each of them 40 metres long and 25 metres wide, and wants to put a fence "
    "around all of them. How many metres of fence must the farmer buy if every field gets a fence of its own?"
)
TRAIN = (
    "Two trains leave the same station in opposite directions at noon, one at 80 and the other at 95 kilometres an "
    "hour. After how many hours will they be 700 kilometres apart?"
)
SEED = UUID(int=77)


def combination(work: RunContext, place: int) -> Combination:
    return Combination(
        id=UUID(int=100 + place),
        recipe=work.recipes["sample"],
        position=place,
        relation="one_hop",
        points=(UUID(int=1), UUID(int=2)),
        names=("a", "b"),
        weight=1,
        asks=1,
    )


async def graded(work: RunContext, texts: Sequence[str], solution: str = "It is 5.", **changed: Any) -> None:
    """Problems that passed all gates before the screen, one a combination, in this order."""
    for place, text in enumerate(texts):
        await work.store.write(combination(work, place))
        key = slots(work, place, place + 1)[0].problem_id
        passed = Pass(
            id=work.pass_id("review", key),
            recipe=work.recipes["review"],
            stage="review",
            problem_id=key,
            score=1.0,
            difficulty=changed.get("rated", "easy"),
            solution_id=None,
        )
        update = {"id": work.pass_id("grade", key), "recipe": work.recipes["grade"], "stage": "grade"}
        call = UUID(int=5)
        await work.store.write(
            Problem(
                id=key,
                recipe=work.recipes["compose"],
                combination_id=UUID(int=100 + place),
                sample=0,
                text=text,
                call_id=call,
            ),
            Solution(id=key, problem_id=key, sample=0, text=solution, answer="5", call_id=call),
            Election(
                id=key,
                recipe=work.recipes["grade"],
                problem_id=key,
                kind="votes",
                asked=4,
                spared=0,
                classes=(2, 1, 1),
                share=0.5,
                difficulty="hard",
            ),
            passed,
            passed.model_copy(update={**update, "solution_id": key}),
        )


async def seeded(work: RunContext, text: str) -> None:
    seed = Seed(
        id=SEED, problem=text, solution="s", answer=None, points=(), metadata="{}", source="seeds.jsonl", line=1
    )
    await work.store.write(seed, Selected(seed_id=SEED))


def outcomes(work: RunContext) -> list[str]:
    """For each problem in sampling order, why it was kept out; "" for a pair."""
    order = {problem_id: place for place in range(100) for problem_id in place_of(work, place)}
    found = {order[row.subject_id]: row.reason for row in work.store.select(Reject, "stage = 'screen'")}
    found |= {order[row.problem_id]: "" for row in work.store.select(Pass, "stage = 'screen'")}
    return [found[place] for place in sorted(found)]


def place_of(work: RunContext, place: int) -> list[UUID]:
    return [slot.problem_id for slot in slots(work, place, place + 1)]


MEANT: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "duplicates": (
        {"variants": 2},
        [TRAIN, TRAIN.upper(), TRAIN.replace("noon", "ten"), *(TRAIN.replace("80", str(n)) for n in (60, 70, 90))],
        ["", "exact duplicate", "near duplicate", "", "template flood", "template flood"],
    ),
    "seeds": (
        {},
        [FIELD, FIELD.replace("12", "13"), TRAIN],
        ["exact duplicate of a seed", "near duplicate of a seed", ""],
    ),
    "seeds left out": ({"seeds_too": False}, [FIELD, TRAIN], ["", ""]),
}
WANTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "rated easy, none of them wanted": ({"difficulties": {"easy": 0.0}}, ["quota full"]),
    "measured hard, no easy ones wanted": ({"difficulties": {"easy": 0.0}, "difficulty_by": "measured"}, [""]),
    "measured hard, none of them wanted": (
        {"difficulties": {"hard": 0.0}, "difficulty_by": "measured"},
        ["quota full"],
    ),
}


@pytest.mark.parametrize(("accept", "expected"), WANTED.values(), ids=WANTED)
async def test_quotas_count_the_rated_or_the_measured_difficulty(
    accept: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    async with open_context(settings_for(tmp_path, accept=accept)) as work:
        await graded(work, [TRAIN], rated="easy")
        screen = await open_screen(work)
        await screen.advance(1)
        assert outcomes(work) == expected


class Composer:
    """Writes a problem whenever it is asked."""

    async def complete(self, request: object) -> Reply:
        return reply("<problem>What is 2 + 2?</problem>")


async def test_what_found_no_room_is_composed_when_other_thresholds_make_room(tmp_path: Path) -> None:
    accept = {"per_point": 1}
    async with open_context(settings_for(tmp_path, accept=accept)) as work:
        await graded(work, [TRAIN])
        await work.store.write(combination(work, 1))
        assert await (await open_screen(work)).advance(2) == 1
        assert [row.reason for row in work.store.select(Reject)] == ["quota full"]
    strict = settings_for(tmp_path, accept=accept, review={"threshold": 0.9})
    async with open_context(strict, {"local": Composer()}) as work:
        await open_screen(work)
        assert await plain(compose)(0, 2) == 1
        assert await plain(compose)(0, 2) == 0


async def test_a_screen_that_decides_anew_leaves_what_shows_it_once(tmp_path: Path) -> None:
    exam = benchmark(tmp_path, {"question": FIELD, "reply": ""})
    for target in (5, 6):
        wanted = settings_for(tmp_path, benchmarks=[exam], accept={"per_point": 9}, target_pairs=target)
        async with open_context(wanted) as work:
            if target == 5:
                await graded(work, [TRAIN, TRAIN, FIELD])
            await (await open_screen(work)).advance(3)
            assert outcomes(work) == ["", "exact duplicate", "contaminated"]
            assert (len(work.store.select(Repeat)), len(work.store.select(Overlap))) == (1, 1)


@pytest.mark.parametrize(("settings", "texts", "expected"), MEANT.values(), ids=MEANT)
async def test_the_screen_keeps_the_earliest_and_says_why_the_others_are_out(
    settings: dict[str, Any], texts: list[str], expected: list[str], tmp_path: Path
) -> None:
    async with open_context(settings_for(tmp_path, screen=settings)) as work:
        await seeded(work, FIELD)
        await graded(work, texts)
        await Screen(work).advance(len(texts))
        assert outcomes(work) == expected
        repeats = work.store.select(Repeat)
        assert len(repeats) == sum("duplicate" in reason or "flood" in reason for reason in expected)
        firsts = {row.kept_id for row in repeats}
        assert firsts <= {SEED, *place_of(work, 0)}, "clusters are those of the first text"


async def test_screening_in_steps_and_after_a_restart_decides_as_in_one_go(tmp_path: Path) -> None:
    texts = [TRAIN, FIELD, TRAIN.replace("noon", "ten"), FIELD.replace("12", "9"), FIELD.replace("farmer", "woman")]
    found = []
    for steps in ([5], [1, 2, 3, 4, 5], [2, 5]):
        folder = tmp_path / str(len(steps))
        async with open_context(settings_for(tmp_path, workspace=folder)) as work:
            await graded(work, texts)
            for stop in steps:
                await Screen(work).advance(stop)
            found.append(outcomes(work))
    assert found[0] == found[1] == found[2] == ["", "", "near duplicate", "", "near duplicate"]


def benchmark(folder: Path, *rows: dict[str, str]) -> dict[str, Any]:
    (folder / "exam.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"path": folder / "exam.jsonl", "columns": {"problem": "question", "solution": "reply"}}


async def test_problems_and_solutions_that_repeat_a_benchmark_are_kept_out_with_the_evidence(tmp_path: Path) -> None:
    said = "First add the two speeds since the trains move apart in opposite directions from one another all day."
    exam = benchmark(tmp_path, {"question": TRAIN, "reply": said}, {"question": "What is $2 + 2$?", "reply": "Four."})
    async with open_context(settings_for(tmp_path, benchmarks=[exam])) as work:
        await seeded(work, "?")
        await graded(work, [f"Read this. {TRAIN}", "Tell me quickly. What is 2+2?", FIELD], f"Well. {said} So 4.")
        await Screen(work).advance(3)
        assert outcomes(work) == ["contaminated", "contaminated", "contaminated solution"]
        found = [(row.part, row.item, row.rule) for row in work.store.select(Overlap, "true ORDER BY part, item")]
        assert found == [
            ("problem", "exam.jsonl:1", "13-gram"),
            ("problem", "exam.jsonl:2", "whole text"),
            ("solution", "exam.jsonl:1 reply", "13-gram"),
        ]
        text = card(work.store, work.settings, 0)
    assert "| exam.jsonl | 2 | 1 | 0 |" in text
    assert "| problem | exam.jsonl:1 | 13-gram | 100% | two trains leave the same station" in text


async def test_a_seed_that_repeats_a_benchmark_takes_no_part(tmp_path: Path) -> None:
    exam = benchmark(tmp_path, {"question": TRAIN, "reply": ""})
    rows = [{"problem": TRAIN.lower(), "solution": "4"}, {"problem": FIELD, "solution": "1560"}]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    async with open_context(settings_for(tmp_path, benchmarks=[exam])) as work:
        for _ in range(2):
            assert (await plain(ingest)())["rejected"] == 1
        assert work.store.rows("SELECT problem FROM current_seeds") == [(FIELD,)]
        reject = work.store.select(Reject)[0]
        overlap = work.store.select(Overlap)
    assert (reject.reason, len(overlap)) == ("contaminated", 1)
    assert (overlap[0].subject_id, overlap[0].part, overlap[0].item) == (
        reject.subject_id,
        "seed problem",
        "exam.jsonl:1",
    )


async def test_benchmark_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    exams = []
    for folder, text in (("arith", TRAIN), ("geo", FIELD)):
        (tmp_path / folder).mkdir()
        exams.append(benchmark(tmp_path / folder, {"question": text, "reply": ""}))
    async with open_context(settings_for(tmp_path, benchmarks=exams)) as work:
        await seeded(work, "?")
        await graded(work, [TRAIN, FIELD, FIELD])
        await Screen(work).advance(3)
        assert [row.item for row in work.store.select(Overlap, "true ORDER BY item")] == [
            "arith/exam.jsonl:1",
            "geo/exam.jsonl:1",
            "geo/exam.jsonl:1",
        ]
        text = card(work.store, work.settings, 0)
    assert "| arith/exam.jsonl | 1 | 0 | 0 |" in text
    assert "| geo/exam.jsonl | 2 | 0 | 0 |" in text


async def test_a_benchmark_without_the_columns_that_are_named_is_refused(tmp_path: Path) -> None:
    exam = benchmark(tmp_path, {"question": TRAIN})
    with pytest.raises(SeedError, match="no column 'reply' for the solution"):
        async with open_context(settings_for(tmp_path, benchmarks=[exam])):
            pass


async def test_problems_that_mean_the_same_are_one_where_an_embedder_says_so(tmp_path: Path) -> None:
    """The first two texts share no words; the vectors point the same way, as does that of a seed and the last text."""
    texts = ["One way to put it.", "Eine andere Fassung davon.", TRAIN, "Quite another matter."]
    degrees = dict(zip([FIELD, *texts], (200, 10, 12, 90, 201), strict=True))
    roles = {"embedder": {"endpoint": "local", "model": "embedding-model"}}
    settings = settings_for(tmp_path, roles=roles, screen={"semantic": 0.99})
    models = Curator(degrees=degrees)
    async with open_context(settings, {"local": models}) as work:
        await seeded(work, FIELD)
        await graded(work, texts)
        await Screen(work).advance(2)
        await Screen(work).advance(4)
        assert outcomes(work) == ["", "semantic duplicate", "", "semantic duplicate of a seed"]
        assert len(models.embedded) == len(set(models.embedded)), "no text is embedded twice"
