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
from tasks.stages.evaluate import items_of
from tasks.store.database import Store, open_store

P, S = "How many legs have 3 spiders?", "Each has 8, so they have 24."
Row = dict[str, Any]
Right = tuple[str, tuple[str, ...]] | None

WORKED = f"{S}\nSo the answer is 24."
OPTIONS = ("24", "12")

READ: list[tuple[Row, Row, tuple[str, ...], list[str], Right]] = [
    ({"problem": P, "solution": S}, {}, (P, S), [], None),
    ({"problem": P, "answer": "24"}, {}, (P,), [], ("24", ())),
    ({"problem": P, "solution": f"{S} \\boxed{{24}}"}, {}, (P, f"{S} \\boxed{{24}}"), [], ("24", ())),
    (
        {"question": P, "answer": "3*8 = <<3*8=24>>24\n#### 24"},
        {},
        (P, "3*8 = 24\n#### 24"),
        ["read as GSM8K"],
        ("24", ()),
    ),
    ({"question": P, "answer": "24"}, {}, (P,), ["read as question and answer"], ("24", ())),
    ({"question": P, "answer": WORKED}, {}, (P, WORKED), ["read as question and answer"], ("24", ())),
    (
        {"ID": 1, "Problem": P, "Answer": 24},
        {},
        (P,),
        ["read as problem = 'Problem', answer = 'Answer'"],
        ("24", ()),
    ),
    (
        {"Question": P, "options": ["A)24", "B)12"], "correct": "A"},
        {},
        (P,),
        ["read as multiple choice"],
        ("A", OPTIONS),
    ),
    ({"problem": P, "choices": ["24", "12"], "answer": 0}, {}, (P,), ["read as multiple choice"], ("A", OPTIONS)),
    (
        {"question": P, "options": ["24", "12"], "answer": "24"},
        {"choices": "options"},
        (P,),
        ["read as multiple choice"],
        ("A", OPTIONS),
    ),
    (
        {"question": P, "choices": {"text": ["24", "12"], "label": ["1", "2"]}, "answerKey": "1"},
        {},
        (P,),
        ["read as multiple choice"],
        ("A", OPTIONS),
    ),
    (
        {"q": P, "choices": {"text": ["24", "12"], "label": ["1", "2"]}, "key": "1"},
        {"columns": {"problem": "q", "answer": "key"}, "choices": "choices"},
        (P,),
        [],
        ("A", OPTIONS),
    ),
    (
        {"q": P, "options": ["24", "12"], "key": "\\text{(A)}"},
        {"columns": {"problem": "q", "answer": "key"}, "choices": "options"},
        (P,),
        [],
        ("A", OPTIONS),
    ),
    (
        {"instruction": "Solve the problem.", "input": P, "output": WORKED},
        {},
        (f"Solve the problem.\n{P}", WORKED),
        ["read as Alpaca"],
        ("24", ()),
    ),
    (
        {"question": P, "solution": [S], "final_answer": ["24"]},
        {},
        (P, S),
        ["read as OlympiadBench"],
        ("24", ()),
    ),
    (
        {"prompt": [{"role": "user", "content": P}], "reward_model": {"ground_truth": "24"}},
        {},
        (P,),
        ["read as DAPO"],
        ("24", ()),
    ),
    ({"m": {"q": P}, "answer": 24}, {"columns": {"problem": "m.q"}}, (P,), [], ("24", ())),
    ({"Problem": P, "Level": 5}, {"level": "Level"}, (P,), ["read as problem = 'Problem'"], None),
]
"""A row, settings, the texts that are screened for, what is said, and the right answer with what may be chosen."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "work")
    yield store
    store.close()


def benchmark(folder: Path, row: Row, settings: Row) -> BenchmarkFile:
    (folder / "b.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return BenchmarkFile.model_validate({"path": folder / "b.jsonl", **settings})


@pytest.mark.parametrize(("row", "settings", "texts", "said", "right"), READ, ids=[str([*row[0]]) for row in READ])
def test_the_texts_and_the_answer_of_a_benchmark_are_found_and_said(
    row: Row, settings: Row, texts: tuple[str, ...], said: list[str], right: Right, store: Store, tmp_path: Path
) -> None:
    file = benchmark(tmp_path, row, settings)
    assert [text for _, text in read_benchmarks(store, [file])] == [*texts]
    assert benchmarks_in_words(store, [file]) == [f"b.jsonl is {each}" for each in said]
    if "level" in settings:
        assert [found.row[settings["level"]] for found in benchmark_rows(store, file)] == [5]
    items = [(item.problem, item.answer, item.choices) for item in items_of(store, file, "b.jsonl")]
    assert items == ([(texts[0], *right)] if right else [])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"problem": [1, 2]}, r"b.jsonl:1 cannot be read \(column 'problem' holds a list: name an element"),
        ({"problem": " "}, "b.jsonl:1 has no text in column 'problem'"),
        (
            {"text": P},
            "has no column 'problem' for the problem; its columns are: 'text'. Name the right one: `columns",
        ),
    ],
)
def test_a_row_without_text_is_refused_with_what_to_do(row: Row, said: str, store: Store, tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=said):
        read_benchmarks(store, [benchmark(tmp_path, row, {})])
