"""Benchmarks are read in the layouts that seeds are read in, and what is no text in them is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.errors import SeedError
from tasks.inputs.benchmarks import benchmark_rows, benchmarks_in_words, read_benchmarks
from tasks.settings.sections import BenchmarkFile
from tasks.store.database import Store, open_store

P, S = "How many legs have 3 spiders?", "Each has 8, so they have 24."
Row = dict[str, Any]

READ: list[tuple[Row, Row, tuple[str, ...], list[str]]] = [
    ({"problem": P, "solution": S}, {}, (P, S), []),
    ({"question": P, "answer": f"{S}\n#### 24"}, {}, (P, f"{S}\n#### 24"), ["read as GSM8K"]),
    ({"ID": 1, "Problem": P, "Answer": 24}, {}, (P,), ["read as problem = 'Problem', answer = 'Answer'"]),
    ({"Question": P, "options": ["A)24", "B)12"], "correct": "A"}, {}, (P,), ["read as multiple choice"]),
    ({"problem": P, "choices": ["24", "12"], "answer": 0}, {}, (P,), ["read as multiple choice"]),
    (
        {"prompt": [{"role": "user", "content": P}], "reward_model": {"ground_truth": "24"}},
        {},
        (P,),
        ["read as DAPO"],
    ),
    ({"m": {"q": P}}, {"columns": {"problem": "m.q"}}, (P,), []),
    ({"Problem": P, "Level": 5}, {"level": "Level"}, (P,), ["read as problem = 'Problem'"]),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "work")
    yield store
    store.close()


def benchmark(folder: Path, row: Row, settings: Row) -> BenchmarkFile:
    (folder / "b.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return BenchmarkFile.model_validate({"path": folder / "b.jsonl", **settings})


@pytest.mark.parametrize(("row", "settings", "texts", "said"), READ, ids=[str([*row[0]]) for row in READ])
def test_the_texts_of_a_benchmark_are_found_and_said(
    row: Row, settings: Row, texts: tuple[str, ...], said: list[str], store: Store, tmp_path: Path
) -> None:
    file = benchmark(tmp_path, row, settings)
    assert [text for _, text in read_benchmarks(store, [file])] == [*texts]
    assert benchmarks_in_words(store, [file]) == [f"b.jsonl is {each}" for each in said]
    if "level" in settings:
        assert [found.row[settings["level"]] for found in benchmark_rows(store, file)] == [5]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"problem": [1, 2]}, r"b.jsonl:1 cannot be read \(column 'problem' holds a list: name an element"),
        ({"problem": " "}, "b.jsonl:1 has no text in column 'problem'"),
        ({"text": P}, "has no column 'problem' for the problem; its columns are: 'text'"),
    ],
)
def test_a_row_without_text_is_refused_with_what_to_do(row: Row, said: str, store: Store, tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=said):
        read_benchmarks(store, [benchmark(tmp_path, row, {})])
