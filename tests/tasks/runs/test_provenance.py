"""What is published is a function of seeds, settings and answers: never of what seeds and benchmarks there were."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.commands.workspace import explain_problem
from tasks.settings.run import RunSettings
from tasks.store.database import open_store
from tasks.store.unite import unite
from tests.support.rehearsal import SEEDS, folder_bytes, query
from tests.support.rehearsed import InProcess, rehearsed_settings, run_all

ROWS = SEEDS.read_text(encoding="utf-8").splitlines()[:40]
COMBINATIONS = 40


class Given(NamedTuple):
    """What a run is given: rows of two seed files, and rows of a benchmark."""

    first: Sequence[str]
    second: Sequence[str]
    benchmark: Sequence[str]


def given_in(dice: random.Random) -> Given:
    """Some seeds in any order, some of them in both files, and now and then some in a benchmark."""
    rows = dice.sample(ROWS, dice.randint(20, 30))
    parts = dice.randint(5, 15)
    return Given(rows[:parts], rows[parts - 2 :], dice.sample(ROWS, 3) if dice.random() < 0.5 else [])


def settings_of(folder: Path, name: str, given: Given) -> RunSettings:
    files = {
        "first.jsonl": given.first,
        "second.jsonl": given.second or given.first,
        "benchmark.jsonl": given.benchmark,
    }
    for file, rows in files.items():
        (folder / file).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return rehearsed_settings(
        folder,
        workspace=folder / name,
        target_pairs=15,
        seeds=[{"path": folder / "first.jsonl"}, {"path": folder / "second.jsonl"}],
        benchmarks=[{"path": folder / "benchmark.jsonl"}] if given.benchmark else [],
    )


@pytest.mark.parametrize("seed", range(2))
async def test_a_workspace_with_a_past_publishes_the_bytes_of_a_fresh_one(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    past = [given_in(dice) for _ in range(3)]
    client = InProcess()
    for given in (*past, past[0]):
        await run_all(settings_of(tmp_path, "past", given), client, COMBINATIONS)
    found = folder_bytes(tmp_path / "past/dataset")
    await run_all(settings_of(tmp_path, "fresh", past[0]), InProcess(), COMBINATIONS)
    assert found == folder_bytes(tmp_path / "fresh/dataset")
    assert found["data/pairs.parquet"]

    store = open_store(tmp_path / "given")
    await unite(store, tmp_path / "past")
    store.close()
    asked = InProcess()
    await run_all(settings_of(tmp_path, "given", past[0]), asked, COMBINATIONS)
    assert found == folder_bytes(tmp_path / "given/dataset")
    assert not asked.asked, "the answers were given, and nothing else is asked"


async def test_pairs_of_seeds_that_were_replaced_retire_and_are_back_with_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, workspace = InProcess(), tmp_path / "work"
    old, new = Given(ROWS[:20], [], []), Given(ROWS[20:], [], [])
    await run_all(settings_of(tmp_path, "work", old), client, COMBINATIONS)
    before = folder_bytes(workspace / "dataset")
    pairs = query(workspace, "SELECT id FROM pairs ORDER BY position")
    await run_all(settings_of(tmp_path, "work", new), client, COMBINATIONS)
    (gone,) = query(workspace, "SELECT id FROM problems WHERE id = ? AND id NOT IN (SELECT id FROM pairs)", pairs[0])[0]
    explain_problem(workspace, str(gone))
    told = capsys.readouterr().out
    assert "This problem has retired: the present seeds and settings do not ask for it" in told
    assert "in no present seed" in told
    assert "from 0 seeds" not in told
    asked = sum(client.asked.values())
    await run_all(settings_of(tmp_path, "work", old), client, COMBINATIONS)
    assert folder_bytes(workspace / "dataset") == before
    assert sum(client.asked.values()) == asked, "paid for once"


async def test_a_pair_near_a_seed_that_is_a_benchmark_item_is_kept_out(tmp_path: Path) -> None:
    client, workspace = InProcess(), tmp_path / "work"
    await run_all(settings_of(tmp_path, "work", Given(ROWS, [], [])), client, COMBINATIONS)
    (pair, text), *_ = query(workspace, "SELECT id, problem FROM pairs ORDER BY position")
    # Near enough for a duplicate, and of other words than the 13 in a row that make a text contaminated.
    words = text.split()
    near = " ".join(word + " indeed" if place % 12 == 11 else word for place, word in enumerate(words))
    row = json.dumps({"problem": near, "solution": "It is so."})
    await run_all(settings_of(tmp_path, "work", Given([*ROWS, row], [], [row])), client, COMBINATIONS)
    reasons = query(workspace, "SELECT reason FROM rejects WHERE stage = 'screen' AND subject_id = ?", [pair])
    assert ("near duplicate of a contaminated seed",) in reasons or any("contaminated" in each[0] for each in reasons)
    assert (pair,) not in query(workspace, "SELECT id FROM pairs")
