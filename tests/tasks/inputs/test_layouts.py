"""Rows of public datasets' layouts, and oddities within them: what is read of them, and what is said."""

from __future__ import annotations

import gzip
import json
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import pytest

from graph.errors import SeedError
from graph.records import Seed
from tasks.inputs.files import PACKED, skipped_files, with_each_file
from tasks.inputs.seeds import Refused, seed_rows
from tasks.settings.sections import LayoutName, SeedFile
from tasks.store.database import Store, open_store
from tests.support.contexts import settings_for

Row = dict[str, Any]
P, S = "How many legs have 3 spiders?", "Each has 8, so 3 times 8 are 24."
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": P},
    {"role": "assistant", "content": S},
]
SAID = [{"from": "human", "value": P}, {"from": "gpt", "value": S}]
OPTIONS = ["12", "24", "36"]
CHOICES = f"{P}\nA. 12\nB. 24\nC. 36"

READ: list[tuple[str, Row, tuple[str, str, str | None], str | None]] = [
    ("plain", {"problem": P, "solution": S, "answer": "24"}, (P, S, "24"), None),
    ("plain, a number", {"problem": P, "solution": S, "answer": 24}, (P, S, "24"), None),
    ("plain, a float that is whole", {"problem": P, "solution": S, "answer": 24.0}, (P, S, "24"), None),
    ("plain, a fraction", {"problem": P, "solution": S, "answer": 0.5}, (P, S, "0.5"), None),
    ("plain, no number", {"problem": P, "solution": S, "answer": float("nan")}, (P, S, None), None),
    ("plain, an answer that is no text", {"problem": P, "solution": S, "answer": [1]}, (P, S, None), None),
    ("plain, answer alone", {"problem": P, "answer": "24"}, (P, "", "24"), None),
    (
        "gsm8k",
        {"question": P, "answer": "3*8 = <<3*8=24>>24 legs\n#### 24"},
        (P, "3*8 = 24 legs\n#### 24", "24"),
        "GSM8K",
    ),
    (
        "math",
        {"problem": P, "solution": r"\boxed{24}", "level": "Level 1", "type": "x"},
        (P, r"\boxed{24}", "24"),
        "MATH",
    ),
    ("numina", {"problem": P, "solution": S, "messages": TURNS}, (P, S, None), "NuminaMath"),
    (
        "openmath",
        {"problem": P, "generated_solution": S, "expected_answer": "24"},
        (P, S, "24"),
        "OpenMathInstruct",
    ),
    ("metamath", {"query": P, "response": f"{S} The answer is: 24"}, (P, f"{S} The answer is: 24", "24"), "MetaMathQA"),
    ("messages", {"messages": TURNS}, (P, S, None), "messages"),
    ("sharegpt", {"conversations": SAID}, (P, S, None), "ShareGPT"),
    ("alpaca", {"instruction": "Solve it.", "input": P, "output": S}, (f"Solve it.\n{P}", S, None), "Alpaca"),
    ("alpaca without input", {"instruction": P, "input": "", "output": S}, (P, S, None), "Alpaca"),
    ("mcq by letter", {"question": P, "options": OPTIONS, "answer": "(b)"}, (CHOICES, "", "B"), "multiple choice"),
    ("mcq by index", {"question": P, "choices": OPTIONS, "answer": 1}, (CHOICES, "", "B"), "multiple choice"),
    ("mcq by text", {"question": P, "options": OPTIONS, "answer": "24"}, (CHOICES, "", "B"), "multiple choice"),
    (
        "mcq with labels",
        {"question": P, "choices": {"text": OPTIONS, "label": ["A", "B", "C"]}, "answerKey": "B"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by named options",
        {"question": P, "options": {"A": "12", "B": "24", "C": "36"}, "answer": "B"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "dapo",
        {"prompt": [{"role": "user", "content": P}], "reward_model": {"ground_truth": "24", "style": "rule"}},
        (P, "", "24"),
        "DAPO",
    ),
    (
        "olympiad",
        {"question": P, "solution": [S], "final_answer": ["24"], "is_multiple_answer": False},
        (P, S, "24"),
        "OlympiadBench",
    ),
    (
        "names in another case",
        {"ID": 1, "Problem": P, "Answer": 24},
        (P, "", "24"),
        "problem = 'Problem', answer = 'Answer'",
    ),
    (
        "names in another case and with spaces",
        {"Problem": P, "Solution": S, "Final Answer": "24"},
        (P, S, "24"),
        "problem = 'Problem', solution = 'Solution', answer = 'Final Answer'",
    ),
    (
        "names of others",
        {"question": P, "explanation": S, "target": 24.0},
        (P, S, "24"),
        "problem = 'question', solution = 'explanation', answer = 'target'",
    ),
    ("one name of others", {"problem": P, "rationale": S, "answer": "24"}, (P, S, "24"), "solution = 'rationale'"),
    (
        "turns to go on from",
        {"prompt": TURNS[:2], "completion": TURNS[2:]},
        (P, S, None),
        "problem = 'prompt[-1].content', solution = 'completion[-1].content'",
    ),
    ("qa", {"question": P, "answer": "24"}, (P, "", "24"), "question and answer"),
    ("qa in another case", {"ID": "2020-1", "Question": P, "Answer": "24"}, (P, "", "24"), "question and answer"),
    (
        "qa with a worked answer",
        {"question": P, "answer": f"{S}\nThe answer is 24."},
        (P, f"{S}\nThe answer is 24.", "24"),
        "question and answer",
    ),
    (
        "mcq with letters before the options",
        {"question": P, "options": ["A)12", "B)24", "C)36"], "rationale": S, "correct": "B"},
        (CHOICES, S, "B"),
        "multiple choice",
    ),
    (
        "mcq with options in one text",
        {"Problem": P, "Rationale": S, "options": "a ) 12 , b ) 24 , c ) 36", "correct": "b"},
        (CHOICES, S, "B"),
        "multiple choice",
    ),
    (
        "mcq by columns",
        {"Question": P, "A": "12", "B": "24", "C": "36", "Answer": "B"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by columns that say so",
        {"question": P, "option_a": "12", "option_b": "24", "option_c": "36", "answer": "B", "explanation": S},
        (CHOICES, S, "B"),
        "multiple choice",
    ),
    (
        "mcq by text with its letter, as the options have it",
        {"question": P, "options": ["A)12", "B)24", "C)36"], "answer": "B)24"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by text with its letter, which the options lack",
        {"question": P, "options": OPTIONS, "answer": "B. 24"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by text without the letter of the options",
        {"question": P, "options": ["A. 12", "B. 24", "C. 36"], "answer": "24"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by labels that are numbers",
        {"question": P, "choices": {"text": OPTIONS, "label": ["1", "2", "4"]}, "answerKey": "2"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by a number that is a label",
        {"question": P, "choices": {"text": OPTIONS, "label": [1, 2, 4]}, "answer": 2},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    (
        "mcq by options under numbers",
        {"question": P, "options": {"1": "12", "2": "24", "4": "36"}, "answer": "2"},
        (CHOICES, "", "B"),
        "multiple choice",
    ),
    ("plain, with parameters", {"problem": P, "A": 1, "B": 2, "C": 3, "answer": "24"}, (P, "", "24"), None),
]

REFUSED: list[tuple[str, Row, str, str]] = [
    (
        "a list",
        {"problem": [1, 2], "solution": S},
        "not text",
        "'problem' holds a list: name an element, such as problem[0]",
    ),
    (
        "a list of structs",
        {"problem": [{"content": P}], "solution": S},
        "not text",
        "name an element, such as problem[0].content",
    ),
    (
        "a struct",
        {"problem": {"text": P}, "solution": S},
        "not text",
        "holds fields (text): name one, such as problem.text",
    ),
    ("a boolean", {"problem": P, "solution": True}, "not text", "set `booleans = true` to read yes and no"),
    ("an image", {"problem": P, "solution": S, "image": "x.png"}, "image", "column 'image' holds an image"),
    ("several images", {"problem": P, "solution": S, "images": ["x.png"]}, "image", "'images' holds an image"),
    ("a proof", {"problem": P, "solution": S, "question_type": "proof"}, "proof", "it asks for a proof"),
    (
        "several answers",
        {"question": P, "solution": [S], "final_answer": ["1,2"], "is_multiple_answer": True},
        "several answers",
        "it has several answers",
    ),
    (
        "no option",
        {"question": P, "options": OPTIONS, "answer": "E"},
        "not text",
        "is no option's letter, index or text",
    ),
    (
        "no label",
        {"question": P, "choices": {"text": OPTIONS, "label": ["1", "2", "3"]}, "answerKey": "0"},
        "not text",
        "is no option's letter, index or text",
    ),
    ("no index", {"question": P, "options": OPTIONS, "answer": 3}, "not text", "is the index of no option"),
    ("no options", {"question": P, "options": "12|24", "answer": "A"}, "not text", "the options are no list"),
    (
        "letters that jump",
        {"question": P, "options": "a) 1, c) 2", "answer": "A"},
        "not text",
        "the options are no list",
    ),
]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = open_store(tmp_path / "work")
    yield store
    store.close()


def read(store: Store, path: Path, rows: list[Row], **file: Any) -> list[tuple[Seed | Refused, str | None]]:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    found = seed_rows(store, (SeedFile.model_validate({"path": path, **file}),))
    return [(row.made, row.read_as) for row in found]


OTHERS = (
    P,
    "Wie viele Beine haben 4 Spinnen – zusammen?",
    r"Let $n=5$. Find $8n$, where $\frac{n}{1} \ne 0$.",
    "On a wall sit 6 spiders.\n\nHow many legs are on it?",
    'Ann said: "I have 7 spiders {none lame}." How many legs is that?',
)
"""The problems of a file's five rows: of 3, 4, ... spiders."""


def of_spiders(value: Any, number: int) -> Any:
    """A row, or what is read of it, with another problem and the numbers that go with it."""
    if isinstance(value, dict):
        return {key: of_spiders(part, number) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(of_spiders(part, number) for part in value)
    if isinstance(value, str):
        parts = [
            re.sub(r"\b(3|12|24|36)\b", lambda found: f"{int(found[1]) * number // 3}", part) for part in value.split(P)
        ]
        return OTHERS[number - 3].join(parts)
    # 24 stays whole and 24.0 a float.
    return value + type(value)(8 * (number - 3)) if value == 24 else value


@pytest.mark.parametrize(("row", "wanted", "read_as"), [each[1:] for each in READ], ids=[each[0] for each in READ])
def test_five_rows_of_a_layout_are_read_and_said(
    row: Row, wanted: tuple[str, str, str | None], read_as: str | None, store: Store, tmp_path: Path
) -> None:
    numbers = range(3, 3 + len(OTHERS))
    found = read(store, tmp_path / "a.jsonl", [of_spiders(row, number) for number in numbers])
    seeds = [(made, said) for made, said in found if isinstance(made, Seed)]
    assert [(seed.problem, seed.solution, seed.answer) for seed, _ in seeds] == [
        of_spiders(wanted, number) for number in numbers
    ]
    assert {said for _, said in seeds} == {read_as}


def test_every_layout_is_in_the_table() -> None:
    assert set(get_args(LayoutName)) <= {name.split()[0] for name, *_ in READ}


@pytest.mark.parametrize(("row", "reason", "said"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_is_no_text_is_refused_with_what_to_do(
    row: Row, reason: str, said: str, store: Store, tmp_path: Path
) -> None:
    ((made, _),) = read(store, tmp_path / "a.jsonl", [row])
    assert isinstance(made, Refused)
    assert (made.reason, said in made.detail) == (reason, True), made


ADDRESSED: list[tuple[Row, dict[str, Any], tuple[str, str, str | None]]] = [
    ({"m": TURNS}, {"columns": {"problem": "m[1].content", "solution": "m[2].content"}}, (P, S, None)),
    (
        {"c": SAID},
        {"columns": {"problem": "c[?from=='human'].value", "solution": "c[?from=='gpt'].value"}},
        (P, S, None),
    ),
    (
        {"q": P, "s": S, "reward_model": {"ground_truth": 24}},
        {"columns": {"problem": "q", "solution": "s", "answer": "reward_model.ground_truth"}},
        (P, S, "24"),
    ),
    (
        {"question": P, "options": OPTIONS, "why": S},
        {"columns": {"problem": "{question}\n{options}", "solution": "why"}},
        (CHOICES, S, None),
    ),
    ({"a.b": P, "solution": S}, {"columns": {"problem": "a.b"}}, (P, S, None)),
    ({"problem": P, "solution": S, "ok": True}, {"columns": {"answer": "ok"}, "booleans": True}, (P, S, "yes")),
    ({"problem": P, "solution": S, "image": "x"}, {"take": ["images"]}, (P, S, None)),
    ({"question": P, "answer": f"{S}\n#### 24"}, {"layout": "gsm8k"}, (P, f"{S}\n#### 24", "24")),
    ({"Question": P, "Answer": f"{S}\n#### 24"}, {"layout": "gsm8k"}, (P, f"{S}\n#### 24", "24")),
    ({"Problem": P, "problem": "old", "Answer": "24"}, {"columns": {"problem": "Problem"}}, (P, "", "24")),
]


@pytest.mark.parametrize(("row", "file", "wanted"), ADDRESSED, ids=[str(each[1]) for each in ADDRESSED])
def test_an_element_of_a_column_is_addressed(
    row: Row, file: dict[str, Any], wanted: tuple[str, str, str | None], store: Store, tmp_path: Path
) -> None:
    ((seed, said),) = read(store, tmp_path / "a.jsonl", [row], **file)
    assert isinstance(seed, Seed), seed
    assert (seed.problem, seed.solution, seed.answer, said) == (*wanted, None)


def test_columns_that_are_not_used_keep_the_names_of_the_file(store: Store, tmp_path: Path) -> None:
    rows: list[Row] = [
        {"Problem": P, "Answer": "24", "Level": 5, "Type": "x", "Option A": "y"},
        {"problem": f"{P} 2", "answer": "24", "level": 4, "Label": "z"},
    ]
    found = [made for made, _ in read(store, tmp_path / "a.jsonl", rows)]
    assert [json.loads(seed.metadata) for seed in found if isinstance(seed, Seed)] == [
        {"Answer": "24", "Level": 5, "Type": "x", "Option A": "y"},
        {"answer": "24", "level": 4, "Label": "z"},
    ]


ROWS = [{"problem": f"{P} {number}", "solution": S} for number in (1, 2)]
LINES = "".join(f"{json.dumps(row)}\n" for row in ROWS)
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
TABLE = "problem\tsolution\n" + "".join(f"{row['problem']}\t{row['solution']}\n" for row in ROWS)


def in_zstd(content: bytes) -> bytes:
    packed = BytesIO()
    with PACKED[".zst"](packed, "wb") as file:
        file.write(content)
    return packed.getvalue()


FILES: list[tuple[str, bytes]] = [
    ("packed.jsonl.gz", gzip.compress(LINES.encode())),
    ("packed.csv.gz", gzip.compress(TABLE.replace("\t", ";").encode())),
    ("packed.jsonl.zst", in_zstd(LINES.encode())),
    ("packed.tsv.zst", in_zstd(TABLE.encode())),
    ("table.tsv", TABLE.encode()),
    ("lines.txt", LINES.encode()),
    ("marked.jsonl", b"\xef\xbb\xbf" + LINES.encode()),
    ("wide.jsonl", LINES.encode("utf-16")),
    ("wide.csv", TABLE.encode("utf-16")),
    ("lines.json", LINES.encode()),
    ("columns.json", json.dumps(COLUMNS).encode()),
    ("within.json", json.dumps({"data": ROWS, "version": 1}).encode()),
]


@pytest.mark.parametrize(("name", "content"), FILES, ids=[name for name, _ in FILES])
def test_a_file_is_read_by_what_is_in_it(name: str, content: bytes, store: Store, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    found = [row.made for row in seed_rows(store, (SeedFile(path=tmp_path / name),))]
    assert [seed.problem for seed in found if isinstance(seed, Seed)] == [row["problem"] for row in ROWS]


def test_a_problem_a_file_is_read(store: Store, tmp_path: Path) -> None:
    for number, row in enumerate(ROWS):
        (tmp_path / f"{number}.json").write_text(json.dumps({**row, "level": "Level 2"}), encoding="utf-8")
    files = tuple(SeedFile(path=path) for path in sorted(tmp_path.glob("*.json")))
    found = [row.made for row in seed_rows(store, files)]
    assert [seed.problem for seed in found if isinstance(seed, Seed)] == [row["problem"] for row in ROWS]


def test_a_file_that_cannot_be_unpacked_is_one_sentence(store: Store, tmp_path: Path) -> None:
    for name, content, said in (
        ("a.jsonl.zst", in_zstd(LINES.encode())[:-9], "cannot be read"),
        ("b.jsonl.zst", LINES.encode(), "cannot be read"),
        ("c.jsonl", LINES.encode("utf-32"), "convert it, as by `iconv"),
        ("d.jsonl", LINES.encode("utf-16-le"), "convert it, as by `iconv"),
        ("notes.txt", b"Dear reader", "is of no known kind"),
        ("packed.jsonl", gzip.compress(LINES.encode()), r"is packed, .* or call it packed.jsonl.gz"),
        ("packed.csv", in_zstd(TABLE.encode()), r"is packed, .* or call it packed.csv.zst"),
        ("twice.csv", b"problem,answer,problem\na,1,b\n", "has two columns 'problem': rename one of them"),
        ("a.jsonl.gz", gzip.compress(LINES.encode())[:-9], "cannot be read"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SeedError, match=said):
            list(seed_rows(store, (SeedFile(path=tmp_path / name),)))


def test_what_is_no_file_is_one_sentence(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name, said in (("pipe.jsonl", "is no regular file"), ("none.jsonl", "does not exist")):
        with pytest.raises(SeedError, match=said):
            list(seed_rows(store, (SeedFile(path=tmp_path / name),)))


def test_folders_are_read_with_what_lies_below_them_and_patterns_with_what_they_name(tmp_path: Path) -> None:
    for name in ("data/a/train.jsonl", "data/b/train.jsonl", "data/.git/x.jsonl", "data/LICENSE", "data/state.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(LINES, encoding="utf-8")
    for path in (tmp_path / "data", tmp_path / "data/*/train.jsonl"):
        settings = with_each_file(settings_for(tmp_path, seeds=[{"path": path}]))
        named = [file.path.relative_to(tmp_path).as_posix() for file in settings.seeds]
        assert named == ["data/a/train.jsonl", "data/b/train.jsonl"]
    whole = settings_for(tmp_path, seeds=[{"path": tmp_path / "data"}])
    assert skipped_files(whole) == [tmp_path / "data/LICENSE", tmp_path / "data/state.json"], "not read, and named"


def test_two_files_of_one_name_are_told_apart(store: Store, tmp_path: Path) -> None:
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.jsonl").write_text(LINES, encoding="utf-8")
        files.append(SeedFile(path=tmp_path / folder / "train.jsonl"))
    assert {row.source for row in seed_rows(store, tuple(files))} == {"a/train.jsonl", "b/train.jsonl"}
