"""Seeds become mentions: names cleaned, refused ones kept with their reason, in the language of the seed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows.commands.workspace import print_status
from graph.errors import GsdpError
from graph.records import Mention, Reject, SeedSolution
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.reports.card_files import answered_alone
from tasks.stages.connect import connect
from tasks.stages.extract import UNSOLVED, check_points, extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import look, reply
from tests.support.scripted_extractor import Extractor


def seeds(folder: Path, points: dict[str, str], **changes: Any) -> tuple[Any, Extractor]:
    """Settings of one seed for each problem, and who extracts these points from them."""
    rows = [json.dumps({"problem": problem, "solution": "a solution"}, ensure_ascii=False) for problem in points]
    (folder / "seeds.jsonl").write_text("\n".join(rows), encoding="utf-8")
    client = Extractor()
    client.points = points
    return settings_for(folder, **changes), client


async def extracted(settings: Any, client: Extractor) -> tuple[list[str], Counter[str]]:
    """The names that are mentioned, in order, and the reasons of the rejects."""
    async with open_context(settings, {"local": client}) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        mentions = work.store.select(Mention, "true ORDER BY seed_id, position")
        return [row.name for row in mentions], Counter(row.reason for row in work.store.select(Reject))


@pytest.mark.parametrize(
    ("answer", "names", "rejects"),
    [
        ("- **Sine rule**.\n2. `Cosine rule`", ["Sine rule", "Cosine rule"], {}),
        ('\\item $\\text{Heron\'s formula}$\n"Median"', ["Heron's formula", "Median"], {}),
        ("Sum and difference of cubes", ["Sum and difference of cubes"], {}),
        ("Sine rule\nThe sine rules\n---", ["Sine rule"], {"name said twice": 1, "name empty": 1}),
        ("a b\nb c\nc d\n\na b\nd e\ne f", ["a b", "b c", "c d"], {"name said twice": 1, "name beyond the limit": 2}),
        ("word " * 40 + "\nChord", ["Chord"], {"name too long": 1}),
        ("", [], {"no points found": 1}),
        ("...", [], {"name empty": 1, "no points found": 1}),
    ],
)
async def test_names_of_an_answer(answer: str, names: list[str], rejects: dict[str, int], tmp_path: Path) -> None:
    assert await extracted(*seeds(tmp_path, {"How long?": answer}, extract={"limit": 3})) == (names, rejects)


async def test_chinese_seeds_become_a_graph_of_their_own_names(tmp_path: Path) -> None:
    points = {
        "在直角三角形中,求斜边的长。": "1、勾股定理。\n2、直角三角形",
        "解方程 $x^2-5x+6=0$。": "①一元二次方程;\n- 「韦达定理」",
        "求直角三角形的面积。": "知识点1：勾股定理\n直角三角形；\n韦达定理",
    }
    settings, client = seeds(tmp_path, points)
    names, rejects = await extracted(settings, client)
    assert set(names) == {"勾股定理", "直角三角形", "一元二次方程", "韦达定理"}
    assert rejects == {}
    async with open_context(settings, {"local": client}) as work:
        await plain(connect)()
        found = look(work)
    assert {name: point.seeds for name, point in found.points.items()} == {
        "勾股定理": 2,
        "直角三角形": 2,
        "韦达定理": 2,
        "一元二次方程": 1,
    }
    assert found.edges[frozenset({"勾股定理", "直角三角形"})] == 2
    assert client.questions("pairs") == [], "nothing of it looks alike"


async def test_a_run_stops_where_no_seed_has_a_point_and_says_why(tmp_path: Path) -> None:
    settings, client = seeds(tmp_path, {"one": "", "two": "<problem>", "three": ""})
    await extracted(settings, client)
    async with open_context(settings, {"local": client}) as work:
        with pytest.raises(
            GsdpError, match=r"in any seed so far \(no points found: 2, unparseable: tag left in"
        ) as told:
            check_points(work)
        assert (told.value.exit_code, told.value.transient) == (1, False)


async def test_a_run_goes_on_where_one_seed_has_a_point(tmp_path: Path) -> None:
    settings, client = seeds(tmp_path, {"one": "", "two": "Chord"})
    await extracted(settings, client)
    async with open_context(settings, {"local": client}) as work:
        check_points(work)


async def test_seeds_where_nothing_was_found_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, client = seeds(tmp_path, {"one": "Chord", "two": "", "three": "Secant", "four": ""})
    await extracted(settings, client)
    print_status(settings.workspace)
    assert "seeds without points  seeds.jsonl:2, seeds.jsonl:4" in capsys.readouterr().out


async def test_the_limit_holds_for_a_column_of_points_too(tmp_path: Path) -> None:
    row = {"problem": "How long?", "answer": "4", "points": ["Chord", "Secant", "Tangent line"]}
    (tmp_path / "seeds.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    files = [{"path": tmp_path / "seeds.jsonl", "columns": {"points": "points", "answer": "answer"}}]
    chosen = settings_for(tmp_path, seeds=files, extract={"limit": 2})
    assert await extracted(chosen, Extractor()) == (["Chord", "Secant"], {"name beyond the limit": 1})


class Solver(Extractor):
    """Solves one problem rightly and all others wrongly, and keeps what it was asked."""

    def __init__(self) -> None:
        self.points, self.heard = {"What is 2 + 2?": "Sum", "What is 3 + 3?": "Sum"}, list[str]()

    async def complete(self, request: ChatRequest) -> Reply:
        text = request.messages[-1]["content"]
        self.heard.append(text)
        if "Solve this problem." in text:
            return reply(r"Count on: \boxed{4.0}." if "2 + 2" in text else r"It is \boxed{7}.")
        return await super().complete(request)


@pytest.mark.parametrize("solve_seeds", [True, False])
async def test_seeds_with_an_answer_alone_are_solved_first_where_that_is_asked_for(
    solve_seeds: bool, tmp_path: Path
) -> None:
    rows = [{"problem": "What is 2 + 2?", "answer": 4}, {"problem": "What is 3 + 3?", "answer": 6}]
    (tmp_path / "seeds.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    client, settings = Solver(), settings_for(tmp_path, extract={"solve_seeds": solve_seeds})
    assert (await extracted(settings, client))[0] == ["Sum", "Sum"]
    seen = sorted(
        text.split("<solution>\n")[1].split("\n</solution>")[0] for text in client.heard if "<solution>" in text
    )
    assert seen == [UNSOLVED, *([r"Count on: \boxed{4.0}."] if solve_seeds else [UNSOLVED])]
    asked = len(client.heard)
    async with open_context(settings, {"local": client}) as work:
        assert work.store.rows("SELECT count(*) FROM calls") == [(asked,)], "in the ledger"
        assert len(work.store.select(SeedSolution)) == 2 * solve_seeds
        assert [row.answer for row in work.store.select(SeedSolution, "text LIKE 'Count%'")] == ["4.0"] * solve_seeds
        await work.store.write(statements=[("DELETE FROM mentions", ())])
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        told = answered_alone(work.store)
    assert len(client.heard) == asked + 2, "solutions are not bought again"
    assert told is not None
    assert told.startswith("2 seeds came with an answer and no solution: ")
    assert ("the solver" in told) == solve_seeds
