"""The files of a dataset: every pair, in layouts that trainers and verifiers read, beside what is not ours."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import duckdb
import pytest
import yaml

from flows.synthesize import synthesize
from graph.errors import SettingsError, StoreError
from tasks.reports import dataset
from tasks.reports import rows as gathering
from tasks.reports.card_files import FILES, licence_lines
from tasks.reports.card_tables import table
from tasks.reports.columns import ANSWER_TYPE, COLUMNS
from tasks.reports.dataset import DATASET, check_folder, write_dataset
from tasks.reports.formats import FORMATS, TABLES
from tasks.reports.licences import check_licence
from tasks.reports.row_template import check_template, filled
from tasks.runs.plan import check
from tasks.settings.run import RunSettings
from tasks.settings.sections import Format
from tests.support.contexts import settings_for
from tests.support.rehearsal import ROOT, SEEDS, opened
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
        sql = f"SELECT {ANSWER_TYPE} FROM (SELECT ?::VARCHAR AS answer, ?::VARCHAR AS kind)"
        assert engine.execute(sql, [answer, kind]).fetchall() == [(wanted,)]


def test_every_format_has_a_function_or_a_query() -> None:
    assert {*FORMATS, *TABLES} == set(get_args(Format))


TEMPLATE = {
    "question": "{problem}",
    "messages": [{"role": "user", "content": "{problem}"}, {"role": "assistant", "content": "\\boxed{{answer}}"}],
    "points": "{points}",
    "told": "{points} ({relation})",
    "weight": 1,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunSettings:
    """A workspace whose dataset is written in every format, with a split and the rejected."""
    folder = tmp_path_factory.mktemp("formats")
    seeds = folder / "seeds.jsonl"
    seeds.write_text("\n".join(SEEDS.read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    publish = {"name": "made", "formats": list(get_args(Format)), "validation": 0.2, "rejected": True}
    publish |= {"template": TEMPLATE, "license": "CC BY 4.0"}
    settings = rehearsed_settings(folder, target_pairs=40, publish=publish, seeds=[{"path": seeds}])
    asyncio.run(run_all(settings, InProcess(), 80))
    return settings


def rows(settings: RunSettings, name: str) -> list[dict[str, Any]]:
    return read(settings.workspace / "dataset/data" / name)


def read(file: Path) -> list[dict[str, Any]]:
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
        assert len(row["seed_ids"]) == len(row["seeds"])
        assert (row["composer"], row["rater"], row["solver"][:8]) == ("sandbox-composer", "sandbox-rater", "sandbox-")
        prompts = [row[f"{name}_prompt"] for name in ("compose", "review", "rate", "solve", "grade")]
        assert len({UUID(prompt) for prompt in prompts}) == 5
        assert row["answer_type"] in {"number", "expression", "set", "interval", "choice", "text"}
        assert sum(row["votes"]) <= row["asked"]
        assert {score["judge"] for score in row["scores"]} >= {"sandbox-judge-1", "sandbox-judge-2"}
        assert all(0 <= score["logic"] <= 1 for score in row["scores"] if score["logic"] is not None)
        assert sum(grade["vote"] for grade in row["grades"]) >= 2
        assert row["chosen"]
        if row["path"]:
            assert {row["path"][0], row["path"][-1]} == {*row["points"]}
    lengths = {row["relation"]: len(row["path"]) for row in pairs if row["path"]}
    assert {name: lengths[name] for name in ("one_hop", "two_hop", "three_hop") if name in lengths} == {
        name: hops for name, hops in (("one_hop", 2), ("two_hop", 3), ("three_hop", 4)) if name in lengths
    }
    assert lengths


def test_columns_are_of_the_types_that_are_documented(made: RunSettings) -> None:
    for name in ("pairs", "validation"):
        with duckdb.connect() as engine:
            file = made.workspace / f"dataset/data/{name}.parquet"
            found = engine.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
        assert [(row[0], row[1]) for row in found] == [(column.name, column.type) for column in COLUMNS]


def test_every_column_is_described_in_the_card_and_in_the_docs(made: RunSettings) -> None:
    card = (made.workspace / "dataset/README.md").read_text(encoding="utf-8")
    for text in (card, (ROOT / "docs/how-to/datasets.md").read_text(encoding="utf-8")):
        assert table(("column", "type", "holds"), COLUMNS) in text


def test_the_card_says_what_a_reader_asks(made: RunSettings) -> None:
    card = (made.workspace / "dataset/README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert (front["language"], front["license"]) == (["en"], "cc-by-4.0")
    assert 'load_dataset("PATH_OR_NAME", "messages")' in card
    shown = json.loads(re.findall(r"```json\n(.*?)\n```", card, re.DOTALL)[0])
    assert shown["id"] in ids(rows(made, "pairs.parquet"))
    digest = hashlib.sha256(made.seeds[0].path.read_bytes()).hexdigest()
    assert re.search(rf"\| seeds\.jsonl \| \d+ \| {digest} \|", card)
    assert "eprint = {2412.08864}" in card
    assert "Alpha is Krippendorff's" in card


def test_rows_of_one_s_own_follow_their_template(made: RunSettings) -> None:
    pairs = rows(made, "pairs.parquet")
    found = rows(made, "template.jsonl")
    assert [row["question"] for row in found] == [row["problem"] for row in pairs]
    first = pairs[0]
    assert found[0]["messages"][1]["content"] == f"\\boxed{{{first['answer']}}}"
    assert found[0]["points"] == first["points"]
    assert found[0]["told"] == f"{', '.join(first['points'])} ({first['relation']})"
    assert found[0]["weight"] == 1


def test_a_template_takes_text_as_it_is_and_leaves_out_what_lacks_a_value() -> None:
    template = {"text": "{problem} -> {answer}"}
    assert filled(template, {"problem": "{answer}", "answer": "{problem}"}) == {"text": "{answer} -> {problem}"}
    assert filled(template, {"problem": "Prove it.", "answer": None}) is None
    with pytest.raises(SettingsError, match=r"names \{problm\}, and there is no such column"):
        check_template({"rows": [{"text": "{problm}"}]})


LICENCES: list[tuple[str, str | None, str]] = [
    ("apache-2.0", "license: apache-2.0", ""),
    ("CC BY 4.0", "license: cc-by-4.0", ""),
    ("other: terms of our house", 'license: other\nlicense_name: "terms of our house"', ""),
    ("cc-by-4", 'license: other\nlicense_name: "cc-by-4"', "did you mean cc-by-4.0"),
    ("mine", 'license: other\nlicense_name: "mine"', "such as cc-by-4.0"),
]


@pytest.mark.parametrize(("licence", "front", "refused"), LICENCES, ids=[each[0] for each in LICENCES])
def test_a_licence_is_an_identifier_that_hubs_know(licence: str, front: str, refused: str) -> None:
    assert "\n".join(licence_lines(licence)) == front
    if refused:
        with pytest.raises(SettingsError, match=refused):
            check_licence(licence)
    else:
        check_licence(licence)


def test_all_solutions_that_agree_are_published_where_that_is_asked(made: RunSettings, tmp_path: Path) -> None:
    publish = made.publish.model_copy(update={"solutions": "agreed", "validation": 0.0})
    with opened(made.workspace) as store:
        write_dataset(store, made.model_copy(update={"publish": publish}), tmp_path / "all")
        agreed = dict(store.rows("SELECT problem_id::VARCHAR, list_sort(agreed::VARCHAR[]) FROM current_elections"))
    found = read(tmp_path / "all/data/pairs.parquet")
    chosen = [row for row in found if row["chosen"]]
    assert len({*ids(found)}) == len(chosen) < len(found)
    for row in chosen:
        assert sorted(each["solution_id"] for each in found if each["id"] == row["id"]) == agreed[row["id"]]
    assert len(read(tmp_path / "all/data/messages.jsonl")) == len(found)
    for name in ("grpo.jsonl", "verifiers.jsonl", "verl.parquet"):
        assert len(read(tmp_path / f"all/data/{name}")) == sum(row["verifiable"] for row in chosen), name


def test_large_files_are_several_in_one_order(
    made: RunSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = made.publish.model_copy(update={"validation": 0.0})
    settings = made.model_copy(update={"publish": publish})
    with opened(made.workspace) as store:
        write_dataset(store, settings, tmp_path / "one")
        monkeypatch.setattr(gathering, "AT_ONCE", 5)
        write_dataset(store, settings, tmp_path / "same")
        monkeypatch.setattr(dataset, "SHARD", 1)
        write_dataset(store, settings, tmp_path / "several")
        check_folder(tmp_path / "several")
    assert read(tmp_path / "one/data/pairs.parquet") == read(tmp_path / "same/data/pairs.parquet")
    for name in ("pairs", "messages", "verl", "rejected"):
        files = sorted((tmp_path / "several/data").glob(f"{name}-0*.parquet"))
        assert len(files) > 1, name
        assert files[-1].name == f"{name}-{len(files) - 1:05d}-of-{len(files):05d}.parquet"
        together = [row for file in files for row in read(file)]
        assert together == read(tmp_path / f"one/data/{name}.parquet"), name
    assert "path: data/messages-0*.parquet" in (tmp_path / "several/README.md").read_text(encoding="utf-8")
    for name in ("messages", "grpo", "template"):
        assert read(tmp_path / f"several/data/{name}.jsonl") == read(tmp_path / f"one/data/{name}.jsonl")


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
    less = made.publish.model_copy(update={"formats": ("alpaca",), "validation": 0, "template": {}})
    few = made.model_copy(update={"publish": less})
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


def test_the_card_says_what_every_format_holds() -> None:
    assert FILES.keys() == FORMATS.keys() | TABLES.keys()
