"""A dataset's folder takes nobody's place, and its card counts what the present settings made, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from flows.commands.workspace import print_status
from graph.errors import StoreError, StoreInUse
from graph.ledger import StageRecipe
from graph.records import Combination, Frontier, KnowledgePoint, Pass, Problem, Solution, content_id
from tasks.context.run_context import RunContext
from tasks.judging.votes import solution_ids
from tasks.reports import dataset
from tasks.reports.card import REHEARSAL, card
from tasks.reports.counts import counts
from tasks.reports.coverage import coverage
from tasks.reports.dataset import write_dataset
from tasks.reports.funnel import finished_counts, rejected
from tasks.reports.page.content import REPORT
from tests.support.contexts import NOWHERE, open_context, settings_for
from tests.support.rehearsal import folder_bytes

ONE = UUID(int=1)


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[RunContext]:
    async with open_context(settings_for(tmp_path)) as work:
        yield work


# The folder


async def test_a_folder_beside_the_dataset_is_left_alone(work: RunContext, tmp_path: Path) -> None:
    beside = tmp_path / "out" / "mine.new"
    beside.mkdir(parents=True)
    (beside / "thesis.tex").write_text("years of work")
    for _ in range(2):
        write_dataset(work.store, work.settings, tmp_path / "out" / "mine")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mine", "mine.new"]
    assert folder_bytes(beside) == {"thesis.tex": b"years of work"}


async def test_a_dataset_carries_a_report_and_is_written_again_over_it(work: RunContext, tmp_path: Path) -> None:
    for _ in range(2):
        write_dataset(work.store, work.settings, tmp_path / "mine")
        assert (tmp_path / "mine" / REPORT).stat().st_size > 0


async def test_a_dataset_may_be_read_by_whom_the_umask_allows(work: RunContext, tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    write_dataset(work.store, work.settings, tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "usual").stat().st_mode


async def test_a_failure_leaves_the_former_dataset_and_nothing_else(
    work: RunContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_dataset(work.store, work.settings, out / "mine")
    before = folder_bytes(out)

    def no_space(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset, "card", no_space)
    with pytest.raises(StoreError, match=r"cannot be written to .*mine \(No space left on device\)"):
        write_dataset(work.store, work.settings, out / "mine")
    assert folder_bytes(out) == before
    assert [path.name for path in out.iterdir()] == ["mine"]


# The card


async def test_a_sandbox_named_by_its_address_is_a_rehearsal_too(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        assert REHEARSAL not in card(work.store, work.settings, 0)
    settings = settings_for(
        tmp_path,
        workspace=tmp_path / "other",
        roles={"judges": [{"endpoint": "local", "model": "sandbox-judge-1"}]},
    )
    assert settings.endpoints["local"].base_url == NOWHERE["local"]["base_url"]
    async with open_context(settings) as work:
        assert REHEARSAL in card(work.store, work.settings, 0)


async def test_a_title_keeps_its_characters(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path, publish={"name": 'Größen "😀"'})) as work:
        assert 'pretty_name: "Größen \\"😀\\""\n' in card(work.store, work.settings, 0)


async def test_only_problems_and_solutions_of_the_present_settings_count(work: RunContext) -> None:
    await _fill(work)
    wanted = {"asked": 3, "problems": 2, "reviewed": 2, "wanted": 8, "solutions": 5, "graded": 0}
    assert finished_counts(work.store, 9) == wanted
    assert rejected(work.store, 9) == [("compose", "no usable problem", 1), ("solve", "no usable answer", 3)]
    found = dict(counts(work.store))
    assert {name: number for name, number in found.items() if number} == {
        "combinations": 3,
        "problems": 2,
        "reviewed": 2,
        "solutions": 5,
    }


async def test_problems_that_were_asked_for_under_former_names_of_the_points_do_not_count(work: RunContext) -> None:
    recipes, former = work.recipes, UUID(int=99)
    drawn = {
        "id": UUID(int=10),
        "position": 0,
        "relation": "one_hop",
        "points": (ONE, UUID(int=2)),
        "weight": 1,
        "asks": 1,
    }
    for recipe, names in ((former, ("a", "b")), (recipes["sample"], ("a", "c"))):
        await work.store.write(Combination.model_validate({**drawn, "recipe": recipe, "names": names}))
    for number, names in ((20, ("a", "b")), (21, ("a", "c"))):
        problem_id, asked = UUID(int=number), {"recipe": recipes["compose"], "combination_id": UUID(int=10)}
        problem = Problem(id=problem_id, **asked, sample=0, text="?", call_id=ONE, names=names)
        await work.store.write(problem, work.reject("review", problem_id, "low score"))
    points = [
        KnowledgePoint(id=point, recipe=recipes["connect"], name=name, mentions=1, seeds=1)
        for point, name in ((ONE, "a"), (UUID(int=2), "c"))
    ]
    earlier = StageRecipe(run_id=ONE, stage="sample", recipe=former)
    await work.store.write(Frontier(recipe=recipes["screen"], position=1), earlier, *points)
    finished = finished_counts(work.store, 9)
    assert (finished["asked"], finished["problems"]) == (1, 1)
    assert rejected(work.store, 9) == [("review", "low score", 1)]
    assert dict(counts(work.store))["problems"] == 1
    assert {cover.name: cover.problems for cover in coverage(work.store) if cover.point_id} == {"a": 1, "c": 1}


async def _fill(work: RunContext) -> None:
    """Three finished combinations with two problems, of which one is hard, and five of eight solutions; and history."""
    recipes, old = work.recipes, UUID(int=99)
    for recipe in (recipes["sample"], old):
        for position in range(3):
            await work.store.write(
                Combination(
                    id=UUID(int=10 + position),
                    recipe=recipe,
                    position=position,
                    relation="one_hop",
                    points=(ONE, UUID(int=2)),
                    names=("a", "b"),
                    weight=1,
                    asks=1,
                )
            )
    earlier = [StageRecipe(run_id=ONE, stage=stage, recipe=old) for stage in ("sample", "compose", "review")]
    await work.store.write(Frontier(recipe=recipes["screen"], position=3), *earlier)
    for number, (recipe, difficulty) in enumerate(
        [(recipes["compose"], "easy"), (recipes["compose"], "hard"), (old, "easy")]
    ):
        problem_id = UUID(int=20 + number)
        passed = Pass.model_validate(
            {
                "id": work.pass_id("review", problem_id),
                "recipe": recipes["review"],
                "stage": "review",
                "problem_id": problem_id,
                "score": 1.0,
                "difficulty": difficulty,
                "solution_id": None,
            }
        )
        problem = Problem(
            id=problem_id, recipe=recipe, combination_id=UUID(int=10 + number), sample=0, text="?", call_id=ONE
        )
        await work.store.write(problem, passed, passed.model_copy(update={"id": UUID(int=30 + number), "recipe": old}))
        ids = [key for key, _, _ in solution_ids(work, problem_id, passed)][: 4 if difficulty == "easy" else 1]
        other = [content_id("solution", str(problem_id), "another solver", number) for number in range(4)]
        for place, solution_id in [*enumerate(ids), *enumerate(other)]:
            await work.store.write(
                Solution(id=solution_id, problem_id=problem_id, sample=place, text="5", answer="5", call_id=ONE)
            )


# The status while the store is held


@pytest.mark.parametrize(
    ("state", "pid", "age", "says"),
    [
        ("running", 7, 60, "(a run is at work, process 7)"),
        ("running", 6, 0, "(a run is at work, process 7)"),  # in a container it has another number
        ("running", 6, 60, "(that run was killed; process 7 (python3) holds the store)"),
        ("completed", 6, 0, "(that run is completed; process 7 (python3) holds the store)"),
        ("completed", 7, 0, "(that run is completed; process 7 (python3) holds the store)"),
    ],
)
def test_status_says_who_holds_the_store(
    state: str,
    pid: int,
    age: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    updated = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    content = {"state": state, "pid": pid, "updated": updated, "pairs": 1, "target_pairs": 2}

    def held(*_: object, **__: object) -> None:
        raise StoreInUse(tmp_path, 7, "python3")

    monkeypatch.setattr("flows.commands.workspace.open_store", held)
    monkeypatch.setattr("flows.commands.workspace.read_snapshot", lambda _: {**content, "stages": {}, "endpoints": {}})
    print_status(tmp_path)
    assert says in capsys.readouterr().out
