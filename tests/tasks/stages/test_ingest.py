"""Seed files of every kind are read whole, and each bad row is kept with its line and reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from graph.errors import SeedError
from graph.records import Reject, Seed
from tasks.inputs.seeds import DAMAGE
from tasks.settings.sections import SeedFile
from tasks.stages.extract import pending_seeds
from tasks.stages.ingest import SHOWN, ingest
from tests.support.contexts import open_context, plain, settings_for

GOOD = {"problem": "What is 1 + 1?", "solution": r"It is \boxed{2}."}


class Read(NamedTuple):
    """What the store holds after reading."""

    seeds: list[Seed]
    rejects: list[Reject]
    counts: dict[str, Any]
    left_out: list[str]


async def read(folder: Path, name: str, content: bytes | str, **file: Any) -> Read:
    """Write one seed file and read it; `file` are settings of it beside the path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return await read_again(folder, {"path": path, **file})


async def read_again(folder: Path, *files: Mapping[str, Any]) -> Read:
    async with open_context(settings_for(folder, seeds=files)) as work:
        counts = await plain(ingest)()
        left_out = counts.pop("left_out", [])
        return Read(
            work.store.select(Seed, "true ORDER BY source, line"),
            work.store.select(Reject, "stage = 'ingest' ORDER BY detail"),
            counts,
            left_out,
        )


def lines(*rows: object) -> str:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"nowhere\.jsonl does not exist: correct its path"):
        await read_again(tmp_path, {"path": tmp_path / "nowhere.jsonl"})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.jsonl", "", "empty.jsonl is empty: give a file with a column 'problem'"),
        ("blank.jsonl", "\n \n\n", "blank.jsonl is empty"),
        ("empty.json", "[]", "empty.json is empty"),
        ("empty.csv", "", "empty.csv is empty"),
        ("header.csv", "problem,solution\n", "header.csv is empty"),
        ("prose.jsonl", "Dear reader,\nthis is no data.\n", "no readable row; line 1: not JSON"),
        ("pretty.jsonl", '[\n  {\n    "problem": "p"\n  }\n]\n', "no readable row; line 1: not JSON"),
        ("prose.json", "Dear reader", "prose.json is not JSON"),
        ("deep.json", "[" * 200_000, "nested deeper than 64"),
        ("object.json", '{"problem": {"text": "p"}}', "object.json holds no JSON array"),
        ("cut.parquet", "PAR1 and no more", "cut.parquet cannot be read as Parquet"),
        ("seeds.xlsx", "PK", "seeds.xlsx is of no known kind: give a .jsonl, .ndjson, .json, .csv, .tsv or .parquet"),
        ("folder", "", "folder is of no known kind"),
    ],
)
async def test_a_file_that_cannot_be_used_is_one_sentence(
    name: str, content: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SeedError) as raised:
        await read(tmp_path, name, content)
    assert sentence in str(raised.value)
    assert "gsdp.duckdb" not in str(raised.value), "the seed file is at fault, not the store"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["seeds.jsonl", "seeds.csv"])
@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"problem": "qestion"}, "no column 'qestion' for the problem; its columns are: 'question', 'answer'. Did you"),
        ({"problem": "question", "points": "zzz"}, "no column 'zzz' for the points; its columns are: 'question'"),
        ({"problem": "question", "solution": "anwser"}, "Did you mean 'answer'?"),
        ({"solution": "answer"}, "no column 'problem' for the problem"),
    ],
)
async def test_a_wrong_column_is_answered_with_those_that_exist(
    name: str, columns: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    content = lines({"question": "q", "answer": "a"}) if name.endswith("l") else "question,answer\nq,a\n"
    with pytest.raises(SeedError) as raised:
        await read(tmp_path, name, content, columns=columns)
    assert sentence in str(raised.value)


@pytest.mark.parametrize("name", ["seeds.jsonl", "seeds.csv"])
async def test_columns_whose_names_nobody_can_guess_are_listed(name: str, tmp_path: Path) -> None:
    content = lines({"stem": "q", "key": "a"}) if name.endswith("l") else "stem,key\nq,a\n"
    with pytest.raises(SeedError, match="no column 'problem' for the problem; its columns are: 'stem', 'key'"):
        await read(tmp_path, name, content)


async def test_settings_that_went_through_json_need_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text(lines({"problem": "p", "final": "7"}))
    file = SeedFile.model_validate({"path": tmp_path / "seeds.jsonl", "columns": {"answer": "final"}})
    for given in (file, SeedFile.model_validate_json(file.model_dump_json())):
        assert len((await read_again(tmp_path, given.model_dump(exclude_unset=True))).seeds) == 1


async def test_when_no_row_can_be_used_the_first_reason_is_told(tmp_path: Path) -> None:
    rows = lines({"question": "q", "note": "a"})
    with pytest.raises(SeedError, match=r"No row .* no solution, seeds.jsonl:1: neither solution"):
        await read(tmp_path, "seeds.jsonl", rows, columns={"problem": "question"})


BAD_LINES: list[tuple[bytes | str, str, str]] = [
    ('{"problem": "half of a r', "not a row", "not JSON"),
    ("[1, 2]", "not a row", "not a JSON object"),
    ('"text"', "not a row", "not a JSON object"),
    ('{"problem": ' + "[" * 100_000, "not a row", "nested deeper"),
    ('{"problem": ' + "9" * 5000 + "}", "not a row", "not JSON"),
    ('{"problem": "", "solution": "s"}', "empty problem", "column 'problem' is empty"),
    ('{"problem": " \\n\\t ", "solution": "s"}', "empty problem", "column 'problem' is empty"),
    ('{"problem": null, "solution": "s"}', "empty problem", "column 'problem' is empty"),
    ('{"solution": "s"}', "empty problem", "column 'problem' is empty"),
    ('{"problem": "p"}', "no solution", "neither solution, answer nor knowledge points in its columns 'problem'"),
    (json.dumps({"problem": "x " * 500_000, "solution": "s"}), "too long", "has 999999 characters; at most 20000"),
    (json.dumps({"problem": "p", "solution": "x" * 100_001}), "too long", "the solution has 100001 characters"),
    (json.dumps({"problem": "a\0b", "solution": "s"}), "damaged text", "the problem holds a NUL"),
    ('{"problem": "a\0b", "solution": "s"}', "damaged text", "the problem holds a NUL"),
    (r'{"problem": "p", "solution": "\ud83d and more"}', "damaged text", "the solution holds a NUL, a lone surrogate"),
    (b'{"problem": "caf\xe9", "solution": "s"}', "damaged text", "bytes that are not UTF-8"),
    (json.dumps(GOOD), "duplicate", "the same problem stands in an earlier row"),
    (json.dumps(GOOD | {"problem": "what  IS 1 + 1?"}), "duplicate", "the same problem stands in an earlier row"),
]


async def test_one_bad_line_costs_one_row(tmp_path: Path) -> None:
    content = lines(GOOD).encode()
    for number, (line, _, _) in enumerate(BAD_LINES):
        content += line if isinstance(line, bytes) else line.encode()
        content += b"\n" + lines({"problem": f"good {number}", "solution": "s"}).encode()
    found = await read(tmp_path, "seeds.jsonl", content)
    number = len(BAD_LINES)
    good = [(f"good {index}", 2 * index + 3) for index in range(number)]
    assert [(seed.problem, seed.line) for seed in found.seeds] == [(GOOD["problem"], 1), *good]
    assert found.left_out[:2] == [
        "seeds.jsonl:2: not JSON (Unterminated string starting at: line 1 column 13 (char 12)) (not a row)",
        "seeds.jsonl:4: not a JSON object (not a row)",
    ]
    assert len(found.left_out) == SHOWN, "the others are in the store, and in a preview"
    assert found.counts == {"read": 2 * number + 1, "new": number + 1, "rejected": number, "known": 0}
    rejects = {reject.detail.split(": ")[0]: reject for reject in found.rejects}
    for index, (line, reason, detail) in enumerate(BAD_LINES):
        reject = rejects[f"seeds.jsonl:{2 * index + 2}"]
        assert (reject.reason, detail in reject.detail) == (reason, True), (line[:60], reject)


TEXTS = (
    "求方程 $x^2 = 4$ 的正根。",
    "מהו סכום הזוויות במשולש?",
    "ما مجموع زوايا المثلث؟ \u202bABC\u202c",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 of three",
    "combining e\u0301 and composed \u00e9 stay apart",
    r"$\frac{1}{2}$, \beta, \nu and \text{a  b}",
    "quotes \" and ' and <problem> tags",
)


@pytest.mark.parametrize("escaped", [True, False])
async def test_text_of_any_script_is_kept_letter_for_letter(escaped: bool, tmp_path: Path) -> None:
    rows = [{"problem": text, "solution": text + " end", "note": text} for text in TEXTS]
    content = "\n".join(json.dumps(row, ensure_ascii=escaped) for row in rows)
    found = await read(tmp_path, "seeds.jsonl", content)
    assert found.rejects == []
    assert [(seed.problem, seed.solution) for seed in found.seeds] == [(text, text + " end") for text in TEXTS]
    assert [json.loads(seed.metadata) for seed in found.seeds] == [{"note": text} for text in TEXTS]


async def test_damage_in_other_columns_costs_nothing(tmp_path: Path) -> None:
    found = await read(tmp_path, "seeds.jsonl", lines(GOOD | {"note": "a\0b\ud800", "level": 3, "list": [1, None]}))
    assert json.loads(found.seeds[0].metadata) == {"note": "a\0b\ufffd", "level": 3, "list": [1, None]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines({"problem": "p, 1", "solution": "s\n2"}, {"problem": "q", "solution": "t"})),
        ("bom.jsonl", "\ufeff" + lines({"problem": "p, 1", "solution": "s\n2"}, {"problem": "q", "solution": "t"})),
        ("crlf.jsonl", '{"problem": "p, 1", "solution": "s\\n2"}\r\n{"problem": "q", "solution": "t"}\r\n'),
        ("blank.ndjson", '\n{"problem": "p, 1", "solution": "s\\n2"}\n\n \n{"problem": "q", "solution": "t"}'),
        ("raw.jsonl", '{"problem": "p, 1", "solution": "s\\n2"}\n{"problem": "q", "solution": "t\t"}'),
        ("a.json", json.dumps([{"problem": "p, 1", "solution": "s\n2"}, {"problem": "q", "solution": "t"}])),
        ("A.JSON", json.dumps([{"problem": "p, 1", "solution": "s\n2"}, {"problem": "q", "solution": "t"}], indent=1)),
        ("bom.json", '\ufeff[{"problem": "p, 1", "solution": "s\\n2"}, {"problem": "q", "solution": "t"}]'),
        ("a.csv", 'problem,solution\n"p, 1","s\n2"\nq,t\n'),
        ("bom.csv", '\ufeffproblem,solution\n"p, 1","s\n2"\nq,t\n'),
        ("crlf.csv", 'problem,solution\r\n"p, 1","s\n2"\r\n\r\nq,t\r\n'),
        ("semicolons.csv", 'problem;solution\np, 1;"s\n2"\nq;t\n'),
        ("tabs.csv", 'problem\tsolution\np, 1\t"s\n2"\nq\tt\n'),
    ],
)
async def test_every_kind_of_file_gives_the_same_seeds(name: str, content: str, tmp_path: Path) -> None:
    found = await read(tmp_path, name, content)
    assert [(seed.problem, seed.solution) for seed in found.seeds] == [("p, 1", "s\n2"), ("q", "t")]
    assert found.rejects == []


async def test_bad_rows_of_a_json_array_are_named_by_their_number(tmp_path: Path) -> None:
    found = await read(
        tmp_path, "seeds.json", json.dumps([GOOD, 5, {"problem": ""}, {"problem": "q", "solution": "s"}])
    )
    assert [seed.line for seed in found.seeds] == [1, 4]
    assert [reject.detail for reject in found.rejects] == [
        "seeds.json:2: not a JSON object",
        "seeds.json:3: column 'problem' is empty",
    ]


async def test_bad_rows_of_csv_cost_one_row_each(tmp_path: Path) -> None:
    rows = [
        b"problem,solution",
        b"first,s",
        b"too,many,fields",
        b"few",
        b"caf\xe9,s",
        b"a\0b,s",
        b'"quoted"text,s',
        b"x" * 1_000_000 + b",s",
        b'"two\nlines",s',
        b"last,s",
        b'"never closed,s',
    ]
    found = await read(tmp_path, "seeds.csv", b"\n".join(rows))
    assert [(seed.problem, seed.line) for seed in found.seeds] == [("first", 2), ("two\nlines", 9), ("last", 11)]
    by_line = {
        reject.detail.split(":")[1]: (reject.reason, reject.detail.split(": ", 1)[1]) for reject in found.rejects
    }
    assert by_line.pop("7")[0] == by_line.pop("12")[0] == "not a row"
    assert by_line == {
        "3": ("not a row", "3 fields, and the first line names 2"),
        "4": ("not a row", "1 fields, and the first line names 2"),
        "5": ("damaged text", f"the problem holds {DAMAGE}"),
        "6": ("damaged text", f"the problem holds {DAMAGE}"),
        "8": ("too long", "the problem has 1000000 characters; at most 20000"),
    }


async def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "seeds.parquet"
    async with open_context(settings_for(tmp_path)) as work:
        rows = "('p', 's', ['a; b', 'c'], 7), (NULL, 's', [], 8)"
        sql = f"SELECT * FROM (VALUES {rows}) AS t(question, worked, kps, level)"
        work.store.write_parquet(sql, [], path)
    columns = {"problem": "question", "solution": "worked", "points": "kps"}
    found = await read_again(tmp_path, {"path": path, "columns": columns})
    (seed,) = found.seeds
    assert (seed.problem, seed.points, json.loads(seed.metadata)) == ("p", ("a; b", "c"), {"level": 7})
    assert [reject.detail for reject in found.rejects] == ["seeds.parquet:2: column 'question' is empty"]


POINTS: list[tuple[object, tuple[str, ...]]] = [
    (["Pythagorean theorem", " sine rule "], ("Pythagorean theorem", "sine rule")),
    ("Pythagorean theorem; sine rule;", ("Pythagorean theorem", "sine rule")),
    (["a; b", "", None, 3], ("a; b", "3")),
    ("", ()),
    ([], ()),
    (None, ()),
    ({"a": 1}, ()),
    (["a\0b", "c\ud800"], ("ab", "c")),
]


async def test_points_come_as_a_list_or_as_separated_text(tmp_path: Path) -> None:
    rows = [{"problem": str(number), "solution": "s", "kps": value} for number, (value, _) in enumerate(POINTS)]
    found = await read(tmp_path, "seeds.jsonl", lines(*rows), columns={"points": "kps"})
    assert [seed.points for seed in found.seeds] == [points for _, points in POINTS]


async def test_points_may_be_separated_by_what_the_settings_say(tmp_path: Path) -> None:
    rows = lines({"problem": "p", "kps": "a, b | P(A; B)"})
    found = await read(tmp_path, "seeds.jsonl", rows, columns={"points": "kps"}, points_separator="|")
    assert found.seeds[0].points == ("a, b", "P(A; B)"), "a row with points needs no solution"


ANSWERS: list[tuple[dict[str, object], str | None, str]] = [
    ({"solution": r"so \boxed{7}"}, "7", r"so \boxed{7}"),
    ({"solution": r"\boxed{1} no, \boxed{\frac{1}{2}}"}, r"\frac{1}{2}", r"\boxed{1} no, \boxed{\frac{1}{2}}"),
    ({"solution": "3 + 4\n#### 7"}, "7", "3 + 4\n#### 7"),
    ({"solution": "#### 6? no\n#### 7 "}, "7", "#### 6? no\n#### 7"),
    ({"solution": "7", "final": " 8 "}, "8", "7"),
    ({"final": 8}, "8", ""),
    ({"final": 0}, "0", ""),
    ({"solution": "It is plain to see."}, None, "It is plain to see."),
]


async def test_where_the_final_answer_is_found(tmp_path: Path) -> None:
    rows = [{"problem": str(number), "final": None} | row for number, (row, _, _) in enumerate(ANSWERS)]
    found = await read(tmp_path, "seeds.jsonl", lines(*rows), answer_after="####", columns={"answer": "final"})
    assert [(seed.answer, seed.solution) for seed in found.seeds] == [tuple(row[1:]) for row in ANSWERS]


async def test_reading_again_adds_nothing_and_more_rows_add_themselves(tmp_path: Path) -> None:
    rows = [GOOD, "broken", GOOD, {"problem": "q", "solution": "s"}]
    first = await read(tmp_path, "seeds.jsonl", lines(*rows))
    assert first.counts == {"read": 4, "new": 2, "rejected": 2, "known": 0}
    again = await read(tmp_path, "seeds.jsonl", lines(*rows))
    assert again.counts == {"read": 4, "new": 0, "rejected": 2, "known": 2}
    assert (again.seeds, again.rejects) == (first.seeds, first.rejects)
    more = await read(tmp_path, "seeds.jsonl", lines(*rows, {"problem": "r", "solution": "s"}))
    assert more.counts == {"read": 5, "new": 1, "rejected": 2, "known": 2}
    assert more.seeds[:2] == first.seeds
    assert (more.seeds[2].problem, more.rejects) == ("r", first.rejects)


async def test_several_files_are_one_set_and_their_rejects_stay_apart(tmp_path: Path) -> None:
    files = []
    for folder in ("algebra", "geometry"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.jsonl").write_text(lines("broken", GOOD, {"problem": folder, "solution": "s"}))
        files.append({"path": tmp_path / folder / "train.jsonl"})
    found = await read_again(tmp_path, *files)
    assert sorted(seed.problem for seed in found.seeds) == [GOOD["problem"], "algebra", "geometry"]
    assert sorted(reject.reason for reject in found.rejects) == ["duplicate", "not a row", "not a row"]
    assert found.counts == {"read": 6, "new": 3, "rejected": 3, "known": 0}


async def test_a_seed_that_no_file_holds_any_more_takes_no_part(tmp_path: Path) -> None:
    await read(tmp_path, "seeds.jsonl", lines(GOOD, {"problem": "q", "solution": "s"}, "broken"))
    await read(tmp_path, "seeds.jsonl", lines({"problem": "q", "solution": "s"}))
    async with open_context(settings_for(tmp_path)) as work:
        assert work.store.rows("SELECT problem FROM current_seeds") == [("q",)]
        assert len(work.store.rows("SELECT id FROM seeds")) == 2
        assert work.store.rows("SELECT id FROM rejects") == []
        assert len(pending_seeds(work)) == 1


async def test_seeds_whose_answer_is_not_where_it_should_be_are_counted(tmp_path: Path) -> None:
    rows = [{"problem": "2 + 2?", "solution": "It is #### 4"}, {"problem": "2 + 3?", "solution": "It is five."}]
    (tmp_path / "seeds.jsonl").write_text(lines(*rows))
    for marker, more in (("####", {"unanswered": 1}), (None, {})):
        seeds = [{"path": tmp_path / "seeds.jsonl", "answer_after": marker}]
        async with open_context(settings_for(tmp_path, seeds=seeds)):
            counts = await plain(ingest)()
        assert {key: counts[key] for key in counts if key not in ("read", "new", "rejected", "known")} == more


async def test_a_corrected_mapping_replaces_what_it_read_wrongly(tmp_path: Path) -> None:
    row = {"question": "2 + 2?", "answer": "It is #### 4"}
    columns = {"problem": "question", "solution": "answer"}
    await read(tmp_path, "seeds.jsonl", lines(row), columns=columns)
    seeds = [{"path": tmp_path / "seeds.jsonl", "columns": columns, "answer_after": "####"}]
    settings = settings_for(tmp_path, seeds=seeds)
    async with open_context(settings) as work:
        counts = await plain(ingest)()
        assert work.store.rows("SELECT answer FROM current_seeds") == [("4",)]
    assert counts == {"read": 1, "new": 1, "rejected": 0, "known": 0}


async def test_a_benchmark_row_without_text_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text(lines(GOOD))
    (tmp_path / "test.jsonl").write_text(lines({"problem": "p"}, {"other": "p"}))
    settings = settings_for(tmp_path, benchmarks=[{"path": tmp_path / "test.jsonl"}])
    with pytest.raises(SeedError, match=r"test\.jsonl:2 has no text in column 'problem'"):
        async with open_context(settings):
            pass


async def test_a_file_larger_than_a_batch_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.stages.ingest.BATCH", 7)
    rows = [{"problem": f"p{number}", "solution": "s"} for number in range(40)]
    found = await read(tmp_path, "seeds.jsonl", lines(*rows))
    assert [seed.problem for seed in found.seeds] == [row["problem"] for row in rows]
