"""Two stores become one: every fact and every payment once, in any order, and no answer that rests on another's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from graph.errors import StoreError
from graph.ledger import Call, Lease, Run, StageRecipe
from graph.records import (
    Basis,
    Combination,
    CuratorVerdict,
    Election,
    Embedding,
    Frontier,
    Grade,
    Mention,
    Pass,
    Problem,
    Record,
    Reject,
    Review,
    Seed,
    Selected,
    Solution,
    content_id,
)
from tasks.store.database import FILE_NAME, TABLES, Store, open_store
from tasks.store.schema import migrations
from tasks.store.unite import LEFT, ONCE_MORE, TAKEN, unite

RECIPE = content_id("recipe", "test")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901)


@contextmanager
def opened(*workspaces: Path) -> Iterator[list[Store]]:
    stores = [open_store(workspace) for workspace in workspaces]
    try:
        yield stores
    finally:
        for store in stores:
            store.close()


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store: a copy is made faster than another one."""
    workspace = tmp_path_factory.mktemp("blank")
    open_store(workspace).close()
    return workspace / FILE_NAME


@pytest.fixture(autouse=True)
def stores(tmp_path: Path, blank: Path) -> None:
    for name in ("here", "there", "a", "bb", "ccc"):
        (tmp_path / name).mkdir()
        shutil.copy(blank, tmp_path / name)


async def store_of(workspace: Path, *rows: Record) -> Path:
    with opened(workspace) as [store]:
        await store.write(*rows)
    return workspace


async def united(target: Path, *others: Path) -> list[dict[str, int]]:
    with opened(target) as [store]:
        return [await unite(store, other) for other in others]


def contents(workspace: Path) -> dict[str, list[str]]:
    """All rows of every table."""
    with opened(workspace) as [store]:
        return {table: sorted(map(str, store.rows(f"SELECT * FROM {table}"))) for table in TABLES.values()}


def call(run: str, stage: str, subject: UUID, sample: int = 0, fault: str | None = None, tokens: int = 10) -> Call:
    return Call(
        id=content_id("call", stage, str(subject), "r", sample),
        run_id=content_id("run", run),
        stage=stage,
        role="r",
        subject_id=subject,
        sample=sample,
        endpoint="e",
        model="m",
        prompt=RECIPE,
        fault=fault,
        finish_reason="stop",
        attempts=1,
        input_tokens=tokens,
        cached_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
        seconds=0.1,
        text=None,
        reasoning=None,
        ended_at=NOW + timedelta(seconds=len(run)),
    )


def reject(stage: str, subject: UUID, reason: str = "no answer") -> Reject:
    key = content_id("reject", stage, str(subject), str(RECIPE))
    return Reject(id=key, recipe=RECIPE, stage=stage, subject_id=subject, reason=reason, detail="")


def seed(number: int) -> UUID:
    return content_id("seed", number)


def mention_id(number: int, at: int) -> UUID:
    return content_id("mention", str(seed(number)), str(RECIPE), at)


def mentions(number: int, *names: str) -> list[Record]:
    return [
        Mention(id=mention_id(number, at), recipe=RECIPE, seed_id=seed(number), position=at, name=name)
        for at, name in enumerate(names)
    ]


def problem_id(number: int) -> UUID:
    return content_id("problem", number)


def problem(number: int, text: str = "text") -> Problem:
    key = problem_id(number)
    return Problem(id=key, recipe=RECIPE, combination_id=key, sample=0, text=text, call_id=key)


def solution(number: int, sample: int, text: str = "so 1") -> Solution:
    problem, key = problem_id(number), content_id("solution", number, sample)
    return Solution(id=key, problem_id=problem, sample=sample, text=text, answer="1", call_id=key)


def election(number: int) -> Election:
    return Election(
        id=content_id("election", number),
        recipe=RECIPE,
        problem_id=problem_id(number),
        kind="votes",
        asked=1,
        spared=0,
        classes=(1,),
        share=1.0,
        difficulty=None,
    )


def passed(number: int) -> Pass:
    return Pass(
        id=content_id("pass", number),
        recipe=RECIPE,
        stage="review",
        problem_id=problem_id(number),
        score=1.0,
        difficulty=None,
        solution_id=None,
    )


def item(run: str, number: int, text: str = "text", solved: str = "so 1") -> list[Record]:
    """A problem through all stages, with its calls."""
    key, solved_id = problem_id(number), content_id("solution", number, 0)
    review_id, grade_id = content_id("review", number), content_id("grade", number)
    return [
        problem(number, text),
        Review(
            id=review_id,
            problem_id=key,
            judge="j",
            logic=1.0,
            presentation=1.0,
            difficulty=None,
            unjudged=None,
            call_id=key,
        ),
        solution(number, 0, solved),
        Grade(id=grade_id, problem_id=key, solution_id=solved_id, judge="j", vote=1, unjudged=None, call_id=key),
        call(run, "compose", key),
        call(run, "review", review_id),
        call(run, "solve", solved_id),
        call(run, "grade", grade_id),
    ]


def progress(run: str) -> list[Record]:
    """Rows that say how far one store is."""
    key = content_id("run", run)
    return [
        Run(
            id=key,
            started_at=NOW,
            ended_at=None,
            state="running",
            code_version="1",
            settings="{}",
            identity="{}",
            message=None,
        ),
        StageRecipe(run_id=key, stage="review", recipe=RECIPE),
        Selected(seed_id=seed(1)),
        Basis(stage="ingest", digest=key),
        Frontier(recipe=RECIPE, position=5),
        Combination(id=key, recipe=RECIPE, position=0, relation="one_hop", points=(key, seed(1)), weight=1, asks=1),
        reject("ingest", key),
        *(reject(stage, key) for stage in ("review", "grade", "screen")),
        election(1),
        passed(1),
    ]


def test_every_table_is_either_taken_or_left() -> None:
    assert sorted([*TAKEN, *LEFT]) == sorted(TABLES.values())


async def test_facts_come_over_and_progress_stays(tmp_path: Path) -> None:
    facts: list[Record] = [
        Seed(id=seed(1), problem="p", solution="s", answer=None, points=(), metadata="{}", source="a", line=1),
        *mentions(1, "a", "b"),
        Embedding(id=content_id("vector", "a"), model="m", name="a", vector=(1.0, 0.0)),
        CuratorVerdict(id=content_id("verdict", "a"), recipe=RECIPE, task="filter", subject="a", verdict="keep"),
        *item("there", 1),
        *(reject(stage, content_id(stage)) for stage in ("extract", "compose", "solve")),
        reject("connect", content_id("name"), "not embedded"),
        Lease(run_id=content_id("run", "there"), unit="USD", amount=2.5),
    ]
    there = await store_of(
        tmp_path / "there", *facts, *progress("there"), reject("connect", content_id("other name"), "vague")
    )
    plain = await store_of(tmp_path / "a", *facts)
    counts = await united(tmp_path / "here", there, there)
    assert counts[0]["calls"] == 4
    assert counts[1] == {}
    assert contents(tmp_path / "here") == contents(plain)


async def test_the_order_of_stores_matters_neither_for_facts_nor_for_payments(tmp_path: Path, blank: Path) -> None:
    """Three stores have asked the same things, and some answers differ."""
    stores = [
        await store_of(tmp_path / "a", *item("a", 1), *item("a", 2), Lease(run_id=seed(1), unit="USD", amount=1)),
        await store_of(tmp_path / "bb", *item("bb", 2), *item("bb", 3)),
        await store_of(tmp_path / "ccc", *item("ccc", 3, text="another"), *item("ccc", 1)),
    ]
    await united(stores[1], stores[2])
    payments = "SELECT run_id, stage, role, subject_id, sample, sum(input_tokens)::BIGINT FROM calls GROUP BY ALL"
    ends = []
    for order in ((0, 1, 2), (2, 1, 0)):
        target = tmp_path / str(order)
        target.mkdir()
        shutil.copy(blank, target)
        await united(target, *(stores[at] for at in order))
        with opened(target) as [store]:
            assert store.rows("SELECT count(*), count(DISTINCT id) FROM calls") == [(24, 24)]
            assert store.rows("SELECT count(*) FROM leases") == [(1,)]
            ids = {table: set(store.rows(f"SELECT id FROM {table}")) for table in ("problems", "grades")}
            ends.append((sorted(store.rows(payments)), ids))
    assert all(end == ends[0] for end in ends)


async def test_a_problem_on_which_stores_differ_keeps_what_it_has_here(tmp_path: Path) -> None:
    """The other's reviews, solutions and votes are about another text, or about another solution."""
    here = [problem(1, "mine"), problem(2), solution(2, 0, "mine"), *item("a", 3)[:1]]
    there = [*item("bb", 1, "theirs"), *item("bb", 2, solved="theirs"), *item("bb", 3)]
    await store_of(tmp_path / "here", *here)
    await united(tmp_path / "here", await store_of(tmp_path / "there", *there))
    with opened(tmp_path / "here") as [store]:
        assert {row.text for row in store.select(Problem)} == {"mine", "text"}
        for kind in (Review, Grade):
            found = store.rows(f"SELECT DISTINCT problem_id FROM {TABLES[kind]}")
            assert found == [(problem_id(3),)], kind
        assert store.rows("SELECT count(*) FROM calls") == [(12,)], "what was paid counts all the same"


async def test_a_store_that_went_on_gives_what_it_has_since(tmp_path: Path) -> None:
    whole = item("there", 1)
    first, second = whole[:3], whole[3:]
    await united(tmp_path / "here", await store_of(tmp_path / "there", *first))
    await united(tmp_path / "here", await store_of(tmp_path / "there", *second))
    await united(tmp_path / "a", tmp_path / "there")
    assert contents(tmp_path / "here") == contents(tmp_path / "a")


BY_EACH: list[tuple[list[Record], list[Record]]] = [
    # a problem that came to nothing there, and one that did here
    ([problem(1)], [reject("compose", problem_id(1))]),
    ([reject("compose", problem_id(2))], item("there", 2)),
    # a solution that came to nothing there, and one that did here
    ([problem(3), solution(3, 0)], [problem(3), reject("solve", solution(3, 0).id)]),
    ([problem(4), reject("solve", solution(4, 0).id)], item("there", 4)),
    # seeds: both have names; only there; only here; a name that was refused there
    (mentions(1, "a", "b"), mentions(1, "c", "d", "e")),
    ([reject("extract", seed(2))], mentions(2, "c")),
    (mentions(3, "a"), [reject("extract", seed(3))]),
    (mentions(4, "a", "b"), [*mentions(4, "c"), reject("extract", mention_id(4, 1))]),
]
"""What both have worked on: rows here, rows there."""


async def test_an_item_that_both_have_worked_on_stays_as_it_is(tmp_path: Path) -> None:
    await store_of(tmp_path / "here", *(row for here, _ in BY_EACH for row in here))
    await store_of(tmp_path / "there", *(row for _, there in BY_EACH for row in there))
    [taken] = await united(tmp_path / "here", tmp_path / "there")
    assert taken == {"calls": 8}


async def test_a_store_gives_nothing_back_that_it_was_given(tmp_path: Path) -> None:
    """Not even when both had asked the same: a payment is told by its run and moment, not by its id here."""
    lease = Lease(run_id=content_id("run", "a"), unit="tokens", amount=50)
    a = await store_of(tmp_path / "a", *item("a", 1), *progress("a"), lease)
    b = await store_of(tmp_path / "bb", *item("bb", 1))
    await united(b, a)
    await united(a, b)
    with opened(a, b) as stores:
        assert [store.rows("SELECT count(*), sum(input_tokens)::BIGINT FROM calls") for store in stores] == [
            [(8, 80)]
        ] * 2
    assert await united(b, a) == [{}]
    assert await united(a, b) == [{}]


async def test_what_a_crash_left_unsettled_comes_along(tmp_path: Path) -> None:
    there = [*item("there", 1), Lease(run_id=content_id("run", "there"), unit="tokens", amount=100)]
    await united(tmp_path / "here", await store_of(tmp_path / "there", *there))
    with opened(tmp_path / "here") as [store]:
        assert store.rows("SELECT amount FROM lost") == [(60.0,)]


async def test_the_second_payment_of_a_call_gets_an_id_of_its_own(tmp_path: Path) -> None:
    mine, theirs = call("a", "solve", seed(1)), call("bb", "solve", seed(1))
    await store_of(tmp_path / "here", mine)
    await united(tmp_path / "here", await store_of(tmp_path / "there", theirs))
    with opened(tmp_path / "here") as [store]:
        found = {row.run_id: row.id for row in store.select(Call)}
        assert found == {mine.run_id: mine.id, theirs.run_id: content_id("call once more", theirs.id, theirs.run_id)}
        assert store.rows(
            f"SELECT {ONCE_MORE} FROM (SELECT ?::UUID AS id, ?::UUID AS run_id)", [theirs.id, theirs.run_id]
        )


async def test_an_older_store_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with duckdb.connect(str(tmp_path / "old" / FILE_NAME)) as old:
        old.execute("CREATE TABLE migrations (number INTEGER NOT NULL)")
        for number, sql in migrations()[:1]:
            old.execute(sql)
            old.execute("INSERT INTO migrations VALUES (?)", [number])
        old.execute("INSERT INTO verdicts VALUES (?, ?, 'filter', 'a', 'keep')", [seed(1), RECIPE])
    assert await united(tmp_path / "here", tmp_path / "old") == [{"verdicts": 1}]


async def test_a_store_that_cannot_be_united_is_refused_in_a_sentence(tmp_path: Path) -> None:
    newer, damaged = tmp_path / "there", tmp_path / "a"
    with duckdb.connect(str(newer / FILE_NAME)) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999)")
    (damaged / FILE_NAME).write_bytes(b"no database" * 1000)
    for other, words in (
        (newer, "written by a newer gsdp"),
        (damaged, "is damaged"),
        (tmp_path / "none", "There is no store in"),
        (tmp_path / "here", "cannot be united with itself"),
    ):
        with opened(tmp_path / "here") as [store]:
            with pytest.raises(StoreError, match=words):
                await unite(store, other)
            await store.write(problem(2))
            assert not (tmp_path / "none").exists()
