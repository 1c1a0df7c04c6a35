"""Sampling by yield in a workspace: what the ledger says of each cell, and a sequence that no break can change."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.commands.settings_file import read_settings
from flows.synthesize import synthesize
from graph.ledger import Call
from graph.records import Combination, Community, Pass, Record, Review, content_id
from graph.steering import FIRST_ROUND, CellOutcome, cell_number, round_of
from tasks.context.run_context import RunContext, Screened
from tasks.context.slots import combinations, slots
from tasks.judging.votes import solution_ids
from tasks.reports.outcomes import OutcomeTally
from tasks.stages.sample import sample
from tests.support.contexts import open_context, plain, settings_for
from tests.support.rehearsal import (
    Rehearsal,
    content,
    folder_bytes,
    gsdp,
    number,
    query,
    rehearsal,
    started,
    wait_until,
    write_toml,
)
from tests.tasks.stages.test_drawing import SMALL, edges, put

POINTS = [content_id("point", place) for place in range(4)]
COMMUNITY = dict(zip(POINTS, (0, 0, 3, 40), strict=True))
LONG_AGO = datetime(2026, 1, 1)
DENSE = SMALL | edges(0.3, 3)
draw = plain(sample)


def call(subject_id: UUID, tokens: int, cost: float | None) -> Call:
    return Call(
        id=content_id("call", str(subject_id), tokens),
        run_id=POINTS[0],
        stage="any",
        role="any",
        subject_id=subject_id,
        sample=0,
        endpoint="local",
        model="some-model",
        prompt=POINTS[0],
        fault=None,
        finish_reason="stop",
        attempts=1,
        input_tokens=tokens - 1,
        cached_tokens=0,
        output_tokens=1,
        reasoning_tokens=0,
        seconds=0.1,
        text=None,
        reasoning=None,
        ended_at=LONG_AGO,
        cost=cost,
    )


def passed(work: RunContext, stage: str, problem_id: UUID) -> Pass:
    return Pass(
        id=work.pass_id(stage, problem_id),
        recipe=work.recipes[stage],
        stage=stage,
        problem_id=problem_id,
        score=1.0,
        difficulty="easy",
        solution_id=None,
    )


async def put_combinations(work: RunContext) -> list[UUID]:
    """Three combinations; the ids of their problems."""
    recipe = work.recipes["sample"]
    points = [(POINTS[0], POINTS[1]), (POINTS[0], POINTS[2]), (POINTS[2], POINTS[3])]
    rows: list[Record] = [
        Combination(
            id=content_id("c", at), recipe=recipe, position=at, relation="one_hop", points=each, weight=1, asks=1
        )
        for at, each in enumerate(points)
    ]
    groups = [
        Community(recipe=work.recipes["connect"], graph=recipe, point_id=point, community=group)
        for point, group in COMMUNITY.items()
    ]
    await work.store.write(*rows, *groups)
    return [slot.problem_id for slot in slots(work, 0, 3)]


@pytest.mark.parametrize(("price", "unit"), [(0.25, 250_000_000), (None, 1)], ids=["money", "tokens"])
async def test_every_call_counts_for_the_cell_that_it_was_made_for(
    price: float | None, unit: int, tmp_path: Path
) -> None:
    """Also those that made no problem, no review and no solution; money only where all of it is known."""
    async with open_context(settings_for(tmp_path)) as work:
        kept, unreadable, unasked = await put_combinations(work)
        review = passed(work, "review", kept)
        solution_id = solution_ids(work, kept, review)[0][0]
        verdict = Review(
            id=content_id("review", 1),
            problem_id=kept,
            judge="judge",
            logic=None,
            presentation=None,
            difficulty=None,
            unjudged="no score",
            call_id=kept,
        )
        subjects = [kept, kept, verdict.id, solution_id, unreadable, content_id("a stranger")]
        calls = [call(subject, 10 + at, 0.25) for at, subject in enumerate(subjects[:-2])]
        calls += [call(subject, 50, price) for subject in subjects[-2:]]
        await work.store.write(review, verdict, *calls, passed(work, "screen", kept))
        tally = OutcomeTally(work)
        inside, across = ("one_hop", cell_number(0, 0)), ("one_hop", cell_number(0, 3))
        paid = 4 * unit if price else 10 + 11 + 12 + 13
        assert tally.until(1) == {inside: CellOutcome(1, 1, 4 * 250_000_000)}
        assert tally.until(3) == {inside: CellOutcome(1, 1, paid), across: CellOutcome(1, 0, unit if price else 50)}
        assert unasked not in subjects


async def test_nothing_is_drawn_before_the_outcomes_it_rests_on_are_there(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path, sample={"policy": "yield"})) as work:
        await put(work, DENSE)
        have = await draw(100_000)
        assert have == FIRST_ROUND
        while True:
            until, end = round_of(have)
            work.screened = Screened(until)
            assert await draw(100_000) == have
            work.screened = Screened(until + 1)
            before, have = have, await draw(100_000)
            if have < end:
                break
            assert until < before < have
        assert have == number_of_combinations(work)


def number_of_combinations(work: RunContext) -> int:
    return int(work.store.rows("SELECT count(DISTINCT id) FROM combinations")[0][0])


@pytest.mark.parametrize("plan", [{}, {"per_point": 50}], ids=str)
async def test_any_steps_and_breaks_draw_the_same(plan: dict[str, Any], tmp_path: Path) -> None:
    found: list[list[Combination]] = []
    for name, breaks in (("whole", []), ("steps", [7, 7, 200, 256, 300, 301, 420])):
        chosen = settings_for(tmp_path, workspace=tmp_path / name, sample={"policy": "yield", **plan})
        async with open_context(chosen) as work:
            await put(work, DENSE)
            work.screened = Screened(100_000)
            for wanted in (*breaks, 100_000):
                assert await draw(wanted) <= wanted
                work.stage_state.clear()
            found.append(combinations(work, 0, 100_000))
    assert found[0] == found[1]
    assert len(found[0]) > 420


async def test_a_graph_that_has_grown_begins_its_own_sequence(tmp_path: Path) -> None:
    found = []
    for name, graphs in (("grown", [SMALL, DENSE]), ("fresh", [DENSE])):
        chosen = settings_for(tmp_path, workspace=tmp_path / name, sample={"policy": "yield"})
        async with open_context(chosen) as work:
            for pairs in graphs:
                await put(work, pairs)
                work.stage_state.clear()
                work.screened = Screened(100_000)
                await draw(300)
            found.append(combinations(work, 0, 100_000))
    assert found[0] == found[1]
    assert len(found[0]) == 300


def composed(server: Rehearsal, wanted: int) -> bool:
    return server.served("composer") >= wanted


@pytest.mark.slow
def test_a_killed_run_publishes_the_bytes_of_one_that_was_not(prefect_server: str, tmp_path: Path) -> None:
    """And a smaller target's combinations are the first of a larger one's."""
    switches = ("--weak-subjects=0.5", "--wrong-solutions=0.2", "--latency=0.02")
    datasets, drawn = [], []
    for name, kills, targets in (("whole", [], [150]), ("killed", [40, 300, 420], [60, 150])):
        folder = tmp_path / name
        folder.mkdir()
        with rehearsal(*switches) as server:
            made = content(folder / "work", server.url, targets[-1], sample={"policy": "yield"})
            settings = write_toml(folder / "settings.toml", made)
            for requests in kills:
                with started("run", settings) as process:
                    wait_until(partial(composed, server, requests), process)
                    process.kill()
            for target in targets[:-1]:
                assert gsdp("run", settings, "--set", f"target_pairs={target}").returncode == 0
            asyncio.run(synthesize(read_settings(settings)))
            served = server.served()
        work = folder / "work"
        datasets.append(folder_bytes(work / "dataset"))
        drawn.append(query(work, "SELECT id FROM combinations ORDER BY position"))
        assert number(work, "SELECT count(*) - count(DISTINCT (subject_id, sample, role)) FROM calls") == 0
        lost = served - number(work, "SELECT sum(attempts)::BIGINT FROM calls")
        assert 0 <= lost <= len(kills) * 60
    assert datasets[0] == datasets[1]
    shorter = min(map(len, drawn))
    assert drawn[0][:shorter] == drawn[1][:shorter]
    assert shorter > FIRST_ROUND
