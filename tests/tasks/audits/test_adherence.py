"""The audits of the graph: how new the combinations are, and whether problems need the points they were asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from flows.commands.audit_graph import adherence_lines, print_adherence, print_novelty
from graph.errors import UsageError
from graph.records import (
    Combination,
    KnowledgePoint,
    Pass,
    Problem,
    Reading,
    Relation,
    Solution,
    content_id,
)
from tasks.audits.adherence import Found, adherence
from tasks.context.run_context import RunContext
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.conftest import Demo
from tests.support.contexts import open_context, plain, settings_for
from tests.support.rehearsal import query
from tests.support.scripted_curator import Curator, written
from tests.support.scripted_extractor import Extractor

SEEDS = (["chord", "secant"], ["secant", "median"], ["Chinese remainder theorem", "chord"], ["secant", "chord"])
Made = tuple[Relation, tuple[str, ...], str]


async def made(work: RunContext, *pairs: Made) -> None:
    """A graph of SEEDS, and a pair for each (relation, names of its points, problem)."""
    await plain(ingest)()
    await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
    await plain(connect)()
    ids = {point.name: point.id for point in work.store.select(KnowledgePoint)}
    for position, (relation, names, text) in enumerate(pairs):
        key = content_id("test", text)
        combination = Combination(
            id=content_id("combination", text),
            recipe=work.recipes["sample"],
            position=position,
            relation=relation,
            points=tuple(ids[name] for name in names),
            names=names,
            weight=1,
            asks=1,
        )
        passed = {"problem_id": key, "score": 1.0, "difficulty": "easy", "solution_id": key}
        await work.store.write(
            combination,
            Problem(
                id=key,
                recipe=work.recipes["compose"],
                combination_id=combination.id,
                sample=0,
                text=text,
                call_id=key,
            ),
            Solution(id=key, problem_id=key, sample=0, text="a solution", answer="1", call_id=key),
            *(
                Pass(id=content_id(stage, text), recipe=work.recipes[stage], stage=stage, **passed)
                for stage in ("review", "screen")
            ),
        )


async def test_a_combination_is_new_when_no_seed_has_all_its_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(tmp_path, connect={"filter": False}, **written(tmp_path, *SEEDS))
    async with open_context(settings, {"local": Curator()}) as work:
        await made(
            work,
            ("one_hop", ("chord", "secant"), "p1"),
            ("two_hop", ("chord", "median"), "p2"),
            ("community", ("chord", "secant", "median"), "p3"),
            ("community", ("chord", "secant"), "p4"),
        )
    print_novelty(settings.workspace)
    lines = capsys.readouterr().out.splitlines()
    table = {line.split()[0]: line.split()[1:] for line in lines[1:5]}
    assert table == {
        "community": ["2", "1", "50.0%", "2", "1", "50.0%"],
        "one_hop": ["1", "0", "0.0%", "1", "0", "0.0%"],
        "two_hop": ["1", "1", "100.0%", "1", "1", "100.0%"],
        "all": ["4", "2", "50.0%", "4", "2", "50.0%"],
    }
    assert "expansion  4 pairs of 4 seeds: 1.0 times" in lines


def test_the_novelty_of_a_rehearsal_is_called_one(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    print_novelty(demo.workspace)
    first, _, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("This is a rehearsal")
    told = {row.split()[0]: row.split()[1:] for row in rows[:5]}
    drawn = dict(query(demo.workspace, "SELECT relation, count(*) FROM combinations GROUP BY 1"))
    assert {name: int(told[name][0]) for name in drawn} == drawn
    assert (told["one_hop"][2], told["two_hop"][2], told["three_hop"][2]) == ("0.0%", "100.0%", "100.0%")


READ: dict[str, tuple[str, int | None, str]] = {
    "p1": ("Secants\n- the chord", 2, "the same normal forms"),
    "p2": ("CRT\nsecant", 1, "the curator knows the initials, and the secant was not asked for"),
    "p3": ("tangent\nsecant line", 0, "another point, and a name that is like nothing"),
    "p4": ("I would rather not say", 0, "one name that is nothing"),
    "p5": ("<problem>", None, "no answer that can be read"),
}


async def test_points_are_found_again_by_form_score_or_curator(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, connect={"filter": False}, **written(tmp_path, *SEEDS))
    client = Extractor(same={frozenset({"CRT", "Chinese remainder theorem"})})
    client.points = {problem: answer for problem, (answer, _, _) in READ.items()}
    asked: tuple[tuple[str, ...], ...] = (
        ("chord", "secant"),
        ("Chinese remainder theorem", "median"),
        ("chord", "median"),
        ("chord", "secant"),
        ("chord", "secant"),
    )
    async with open_context(settings, {"local": client}) as work:
        await made(work, *(("two_hop", names, problem) for names, problem in zip(asked, READ, strict=True)))
        before = work.store.rows("SELECT count(*) FROM calls")[0][0]
        found = await adherence(work, 10)
        assert Counter(found) == Counter(Found("two_hop", 2, wanted) for _, wanted, _ in READ.values())
        calls = work.store.rows("SELECT stage, role, count(*) FROM calls GROUP BY ALL ORDER BY ALL")
        assert calls[0] == ("adherence", "extractor", 6), "the last one was asked twice"
        assert sum(number for *_, number in calls) > before + 6, "and the curator was asked"
        assert await adherence(work, 10) == found
        assert work.store.rows("SELECT stage, role, count(*) FROM calls GROUP BY ALL ORDER BY ALL") == calls
        smaller = await adherence(work, 2)
        assert smaller == found[:2], "a larger sample holds the smaller one"
        assert len(work.store.select(Reading)) == 5


def test_shares_are_of_the_pairs_that_could_be_read() -> None:
    rows: list[tuple[Relation, int, int | None]] = [
        ("two_hop", 2, 2),
        ("two_hop", 2, 1),
        ("two_hop", 2, 0),
        ("two_hop", 2, None),
        ("community", 3, 3),
    ]
    table = [line.split() for line in adherence_lines([Found(*row) for row in rows])]
    assert table == [
        ["pairs", "all", "any", "none", "unread"],
        ["community", "1", "100.0%", "100.0%", "0.0%", "0"],
        ["two_hop", "4", "33.3%", "66.7%", "33.3%", "1"],
        ["all", "5", "50.0%", "75.0%", "25.0%", "1"],
    ]


def test_an_audit_without_pairs_is_one_sentence(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, **written(tmp_path, *SEEDS))

    async def opened() -> None:
        async with open_context(settings):
            pass

    asyncio.run(opened())
    with pytest.raises(UsageError, match="has no pairs yet: run `gsdp run` first"):
        print_adherence(settings.workspace, 5)
