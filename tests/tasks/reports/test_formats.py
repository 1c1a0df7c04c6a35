"""The files of a dataset: every pair, in layouts that trainers and verifiers read, beside what is not ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest

from flows.synthesize import synthesize
from graph.errors import StoreError
from tasks.reports.dataset import ANSWER_TYPE, DATASET, check_folder, write_dataset
from tasks.reports.formats import FORMATS, TABLES
from tasks.runs.plan import check
from tasks.settings.run import Format, RunSettings
from tests.support.contexts import settings_for
from tests.support.rehearsal import SEEDS, opened
from tests.support.rehearsed import InProcess, rehearsed_settings, run_all

TYPES: list[tuple[str | None, str, str]] = [
    ("42", "votes", "number"),
    ("-3.5", "votes", "number"),
    (r"\frac{1}{2}", "votes", "number"),
    ("1/2", "votes", "number"),
    (r"25\%", "votes", "number"),
    ("$1,234$", "votes", "number"),
    (r"90^\circ", "votes", "number"),
    ("[0, 1)", "votes", "interval"),
    (r"(-\infty, 3]", "votes", "interval"),
    ("1, 2", "votes", "set"),
    (r"\{1, 2\}", "votes", "set"),
    ("(1, 2)", "votes", "expression"),
    ("x^2 + 1", "votes", "expression"),
    ("B", "votes", "choice"),
    (r"\text{(B)}", "votes", "choice"),
    ("the red ball", "votes", "text"),
    ("because it is", "open", "text"),
    (None, "proof", "proof"),
]


@pytest.mark.parametrize(("answer", "kind", "wanted"), TYPES, ids=[str(each[0]) for each in TYPES])
def test_the_kind_of_an_answer(answer: str | None, kind: str, wanted: str) -> None:
    with duckdb.connect() as engine:
        sql = f"SELECT {ANSWER_TYPE} FROM (SELECT ?::VARCHAR AS answer) p, (SELECT ?::VARCHAR AS kind) e"
        assert engine.execute(sql, [answer, kind]).fetchall() == [(wanted,)]


def test_every_format_has_a_function_or_a_query() -> None:
    assert {*FORMATS, *TABLES} == set(get_args(Format))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunSettings:
    """A workspace whose dataset is written in every format, with a split and the rejected."""
    folder = tmp_path_factory.mktemp("formats")
    seeds = folder / "seeds.jsonl"
    seeds.write_text("\n".join(SEEDS.read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    publish = {"name": "made", "formats": list(get_args(Format)), "validation": 0.2, "rejected": True}
    settings = rehearsed_settings(folder, target_pairs=40, publish=publish, seeds=[{"path": seeds}])
    asyncio.run(run_all(settings, InProcess(), 80))
    return settings


def rows(settings: RunSettings, name: str) -> list[dict[str, Any]]:
    file = settings.workspace / "dataset/data" / name
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT * FROM '{file}'")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in found]


def test_rows_know_where_they_come_from(made: RunSettings) -> None:
    pairs = rows(made, "pairs.parquet")
    assert pairs
    for row in pairs:
        assert row["seeds"]
        assert all(place.startswith("seeds.jsonl:") for place in row["seeds"])
        assert (row["composer"], row["solver"][:8]) == ("sandbox-composer", "sandbox-")
        assert row["compose_prompt"] != row["solve_prompt"]
        assert row["answer_type"] in {"number", "expression", "set", "interval", "choice", "text"}
        assert sum(row["votes"]) >= 1


def test_siblings_are_held_out_together(made: RunSettings) -> None:
    train, held_out = rows(made, "pairs.parquet"), rows(made, "validation.parquet")
    assert train
    assert held_out
    assert not set(ids(train)) & set(ids(held_out))
    with opened(made.workspace) as store:
        combination = dict(store.rows("SELECT id::VARCHAR, combination_id FROM pairs"))
        wanted = store.rows("SELECT count(*) FROM (SELECT 1 FROM pairs LIMIT 40)")[0][0]
    assert len(train) + len(held_out) == wanted
    assert not {combination[key] for key in ids(train)} & {combination[key] for key in ids(held_out)}


def test_each_format_holds_the_pairs_that_it_can(made: RunSettings) -> None:
    pairs = rows(made, "pairs.parquet")
    verifiable = [row["id"] for row in pairs if row["verifiable"]]
    for name in ("messages", "alpaca", "sharegpt", "trl"):
        assert ids(rows(made, f"{name}.jsonl")) == ids(pairs), name
    for name in ("grpo", "verifiers"):
        found = rows(made, f"{name}.jsonl")
        assert ids(found) == verifiable, name
        assert all(row["answer"] and row["prompt"][0]["role"] == "user" for row in found)
    verl = rows(made, "verl.parquet")
    assert [row["extra_info"]["id"] for row in verl] == verifiable
    assert verl[0]["reward_model"] == {"style": "rule", "ground_truth": rows(made, "grpo.jsonl")[0]["answer"]}
    turns = rows(made, "messages.parquet")[0]["messages"]
    assert turns == rows(made, "messages.jsonl")[0]["messages"]
    described = json.loads((made.workspace / "dataset/data/dataset_info.json").read_text())
    assert {entry["file_name"] for entry in described.values()} == {"messages.jsonl", "alpaca.jsonl", "sharegpt.jsonl"}


def test_what_was_rejected_stands_with_gate_and_reason(made: RunSettings) -> None:
    found = rows(made, "rejected.parquet")
    assert found
    assert all(row["gate"] in ("review", "grade", "screen") and row["reason"] and row["problem"] for row in found)
    assert not set(ids(found)) & set(ids(rows(made, "pairs.parquet")))


def test_files_that_are_not_ours_stay_and_ours_are_replaced(made: RunSettings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".git").mkdir(parents=True)
    (out / ".git/config").write_text("mine")
    (out / ".gitattributes").write_text("mine")
    few = made.model_copy(update={"publish": made.publish.model_copy(update={"formats": ("alpaca",), "validation": 0})})
    with opened(made.workspace) as store:
        for settings in (made, few):
            write_dataset(store, settings, out)
            assert (out / ".git/config").read_text() == (out / ".gitattributes").read_text() == "mine"
    assert sorted(path.name for path in (out / "data").iterdir()) == [
        "alpaca.jsonl",
        "dataset_info.json",
        "messages.parquet",
        "pairs.parquet",
        "rejected.parquet",
    ]


def test_a_readme_that_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about something else")
    with pytest.raises(StoreError, match=r"README\.md is not of a dataset of ours"):
        check_folder(tmp_path)


def test_a_folder_that_cannot_be_written_over_is_found_before_anything_is_paid(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, seeds=[{"path": SEEDS}])
    folder = settings.workspace / DATASET
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("about something else")
    with pytest.raises(StoreError, match=r"README\.md is not of a dataset of ours"):
        check(settings, accept_changes=False)
    with pytest.raises(StoreError, match=r"README\.md is not of a dataset of ours"):
        asyncio.run(synthesize.fn(settings))
