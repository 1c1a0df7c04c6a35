"""A merge that is killed at any moment is done whole or not at all, and the next one leaves nothing of it behind."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from flows.commands.merge import merge
from graph.records import Record, Seed, content_id
from tasks.store.database import FILE_NAME, TABLES, Store, open_store
from tests.tasks.store.test_unite import call

SEEDS = 1_000
DICE = random.Random(20)
LONGEST = 0.01
"""Seconds within which a process is killed after a step has begun: some steps are broken off, others are over."""
MOMENTS = (0.03, 0.4, 0.65, 0.75, 1.0, 2.0)
"""After which share of the steps: of the transaction, its end, the closing of the store. The last one is beyond all."""


def seed(number: int) -> Seed:
    text = f"What is {number} times {number}? " + " ".join(str(DICE.random()) for _ in range(20))
    return Seed(
        id=content_id("seed", number),
        problem=text,
        solution=text,
        answer=str(number**2),
        points=(),
        metadata="{}",
        source="a.jsonl",
        line=number,
    )


def make(workspace: Path, run: str, numbers: range) -> None:
    store = open_store(workspace)
    calls: list[Record] = [call(run, "extract", content_id("seed", number)) for number in numbers]
    asyncio.run(store.write(*map(seed, numbers), *calls))
    store.close()


def contents(workspace: Path) -> list[tuple[Any, ...]]:
    """A fingerprint of every table."""
    store = open_store(workspace)
    try:
        sql = "SELECT '{0}', count(*), sum(hash(rows)::HUGEINT) FROM (FROM {0}) AS rows"
        return store.rows(" UNION ALL ".join(map(sql.format, TABLES.values())) + " ORDER BY 1")
    finally:
        store.close()


class Counted:
    """A cursor whose steps are counted; the process is killed within a moment of the last one."""

    left = 0

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, *arguments: Any) -> Any:
        Counted.step()
        return self._cursor.execute(*arguments)

    @classmethod
    def step(cls) -> None:
        cls.left -= 1
        if cls.left == 0:
            threading.Timer(DICE.uniform(0, LONGEST), os.kill, (os.getpid(), signal.SIGKILL)).start()


def count_steps(patch: pytest.MonkeyPatch) -> None:
    """Count the steps of every store that is opened from now on."""
    cursor, close = Store._cursor, Store.close
    patch.setattr(Store, "_cursor", lambda store: Counted(cursor(store)))
    patch.setattr(Store, "close", lambda store: (Counted.step(), close(store))[1])


def killed_at(step: int, here: Path, there: Path) -> bool:
    """Merge in a child that is killed at a step; whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        signal.alarm(60)
        Counted.left = step
        count_steps(pytest.MonkeyPatch())
        merge(here, [there])
    finally:
        os._exit(0)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_merge_that_is_killed_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    there, first = tmp_path / "there", tmp_path / "first"
    make(there, "there", range(SEEDS))
    make(first, "first", range(SEEDS - 100, SEEDS + 100))
    shutil.copytree(first, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        Counted.left = 0
        count_steps(patch)
        merge(tmp_path / "whole", [there])
        steps = -Counted.left
    old, new, other = contents(first), contents(tmp_path / "whole"), contents(there)
    assert old != new
    found, killed = [], []
    for share in MOMENTS:
        step = max(1, round(share * steps))
        here = tmp_path / str(step)
        shutil.copytree(first, here)
        killed.append(killed_at(step, here, there))
        found.append(contents(here))
        assert found[-1] in (old, new), step
        merge(here, [there])
        assert contents(here) == new
        assert {path.name for path in here.iterdir()} == {FILE_NAME}
    assert old in found
    assert new in found
    assert killed[:-1] == [True] * (len(MOMENTS) - 1)
    assert contents(there) == other, "what is taken from stays as it is"
