"""Combinations in the store: in any steps, after a break, and when the graph has changed since."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from graph.errors import GsdpError, SettingsError
from graph.knowledge import KnowledgeGraph
from graph.records import Combination, Edge, KnowledgePoint, content_id
from graph.sampling import Sampler, SamplingPlan
from tasks.context.basis import rest_on_graph
from tasks.context.run_context import RunContext
from tasks.context.slots import slots
from tasks.reports.graph_verdict import sampled_graph
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tasks.stages.sample import sample
from tasks.store.graphs import load_graph
from tasks.store.latest import findings
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_extractor import Extractor

NODES = 30
IDS = sorted(content_id("point", number) for number in range(NODES))
draw = plain(sample)


def edges(density: float, seed: int) -> set[tuple[UUID, UUID]]:
    rng = np.random.default_rng(seed)
    return {pair for pair in combinations(IDS, 2) if rng.random() < density}


SMALL = edges(0.06, 1)
GROWN = SMALL | edges(0.05, 2)


async def put(work: RunContext, pairs: set[tuple[UUID, UUID]], crowded: UUID | None = None) -> KnowledgeGraph:
    """Make this the graph of the store, as connect does."""
    recipe = work.recipes["connect"]
    points = [
        KnowledgePoint(id=each, recipe=recipe, name=f"point {each}", mentions=1, seeds=25 if each == crowded else 1)
        for each in IDS
    ]
    rows = [Edge(recipe=recipe, a=a, b=b, weight=1 + (a.int + b.int) % 3) for a, b in pairs]
    clear = [(f"DELETE FROM {table} WHERE recipe = ?", [recipe]) for table in ("knowledge_points", "edges")]
    await work.store.write(*points, *rows, statements=clear)
    graph = load_graph(work.store, recipe)
    await rest_on_graph(work, graph)
    return graph


def stored(work: RunContext) -> list[Combination]:
    return work.store.select(Combination, "recipe = ? ORDER BY position", [work.recipes["sample"]])


def ids(found: list[Combination]) -> list[UUID]:
    return [each.id for each in found]


@pytest.mark.parametrize("plan", [{}, {"policy": "weighted"}, {"policy": "balanced"}, {"per_point": 4}], ids=str)
async def test_any_steps_and_breaks_draw_the_same(plan: dict[str, Any], tmp_path: Path) -> None:
    chosen = settings_for(tmp_path, sample=plan)
    async with open_context(chosen) as work:
        graph = await put(work, GROWN)
        assert graph.edges == len(GROWN)
        assert await draw(7) == 7
    async with open_context(chosen) as work:
        assert await draw(7) == 7
        assert await draw(20) == 20
    async with open_context(chosen) as work:
        everything = await draw(100_000)
        found = stored(work)
        assert [each.position for each in found] == list(range(everything))
        assert ids(found) == ids(Sampler(graph, SamplingPlan.model_validate(plan)).draw(0, 100_000, work.run_id))
        assert found[0].names == tuple(f"point {point}" for point in found[0].points)


@pytest.mark.parametrize("plan", [{}, {"per_point": 5}], ids=str)
async def test_whatever_graphs_there_were_the_sequence_is_the_present_ones(
    plan: dict[str, Any], tmp_path: Path
) -> None:
    chosen = settings_for(tmp_path, sample=plan)
    found: list[list[Combination]] = []
    recipes = set()
    for pairs in (SMALL, GROWN, SMALL):
        async with open_context(chosen) as work:
            graph = await put(work, pairs)
            assert await draw(30) >= 30
            await draw(45)
            found.append(stored(work))
            recipes.add(work.recipes["sample"])
            assert [(work.recipes["sample"],)] == work.store.rows(
                "SELECT recipe FROM current_recipes WHERE stage = 'sample'"
            )
            drawn = Sampler(graph, SamplingPlan.model_validate(plan)).draw(0, 45, work.run_id)
            assert ids(found[-1]) == ids(drawn)
    assert found[0] == found[2] != found[1]
    assert len(recipes) == 2


async def test_a_point_under_another_name_is_asked_about_by_it(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await put(work, SMALL)
        await draw(5)
        before = slots(work, 0, 5)
        await work.store.write(statements=[("UPDATE knowledge_points SET name = concat('the ', name)", [])])
        await rest_on_graph(work, load_graph(work.store, work.recipes["connect"]))
        work.stage_state.clear()
        await draw(5)
        after = slots(work, 0, 5)
    assert [slot.combination.id for slot in after] == [slot.combination.id for slot in before]
    assert [slot.names for slot in after] == [tuple(f"the {name}" for name in slot.names) for slot in before]
    assert not {slot.problem_id for slot in after} & {slot.problem_id for slot in before}


async def test_what_the_graph_gives_is_said_and_kept(tmp_path: Path) -> None:
    chosen = settings_for(tmp_path, target_pairs=100_000)
    async with open_context(chosen) as work:
        await put(work, SMALL)
        everything = await draw(100_000)
        assert work.counts.findings == tuple(findings(work.store))
        assert any(line.startswith(f"All relations together have {everything:,} comb") for line in work.counts.findings)
        kept = work.counts.findings
    async with open_context(chosen) as work:
        assert await draw(100_000) == everything
        assert work.counts.findings == kept


@pytest.mark.parametrize("share", [0.2, 1.0])
async def test_no_path_leads_through_a_point_in_too_many_seeds_unless_the_user_says_so(
    share: float, tmp_path: Path
) -> None:
    everywhere = IDS[7]
    star = {(min(each, everywhere), max(each, everywhere)) for each in IDS if each != everywhere}
    async with open_context(settings_for(tmp_path, sample={"crowded_share": share})) as work:
        await put(work, star | SMALL, crowded=everywhere)
        await draw(100_000)
        relations = {each.relation for each in stored(work) if everywhere in each.points}
        through = sum(each.relation == "two_hop" for each in stored(work))
        paths = len(list(combinations(IDS, 2))) - len(star | SMALL)
        if share == 1:
            assert through == paths
        else:
            assert relations == {"one_hop", "community"}
            assert through < paths / 2
        told = [line for line in work.counts.findings if line.startswith("In more than 20% of the seeds")]
        assert [f"point {everywhere}" in line for line in told] == [True]


async def test_a_graph_that_gives_nothing_ends_the_run_in_one_sentence(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await put(work, set())
        with pytest.raises(GsdpError, match=r"^Nothing can be drawn: no seed has two points\."):
            await draw(10)


@pytest.mark.parametrize("words", [(1, 3, 5), ("easy", "medium", "hard"), ("Level 1", "Level 2", "Level 3")])
async def test_harder_seeds_weigh_more_where_a_column_says_so(words: tuple[Any, ...], tmp_path: Path) -> None:
    pairs = (["Chord", "Secant"], ["Chord", "Median"], ["Chord", "Radius"])
    rows = [
        {"problem": f"How long is {word}?", "answer": "4", "points": pair, "level of it": word}
        for word, pair in zip(words, pairs, strict=True)
    ]
    rows.append({"problem": "And which?", "answer": "4", "points": ["Chord", "Radius"]})
    (tmp_path / "seeds.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    files = [{"path": tmp_path / "seeds.jsonl", "columns": {"points": "points", "answer": "answer"}}]
    chosen = settings_for(tmp_path, seeds=files, connect={"filter": False}, sample={"difficulty": "level of it"})
    async with open_context(chosen, {"local": Extractor()}) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        await plain(connect)()
        graph = sampled_graph(work)
        assert sorted(graph.edge_list()[2].tolist()) == [1, 2, 4]
        assert sorted(load_graph(work.store, work.recipes["connect"]).edge_list()[2].tolist()) == [1, 1, 2]
    wrong = settings_for(tmp_path, seeds=files, connect={"filter": False}, sample={"difficulty": "Level"})
    async with open_context(wrong, {"local": Extractor()}) as work:
        with pytest.raises(SettingsError, match=r"names the column 'Level', which says nothing in any seed"):
            sampled_graph(work)
