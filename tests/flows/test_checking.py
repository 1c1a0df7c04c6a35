"""`gsdp check` on rows that are odd: what is missing is unknown, and a broken row costs no verdict before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli import app
from flows.commands.check import check_file
from graph.errors import UsageError


def verdicts(shown: str) -> list[tuple[str, str]]:
    return [(row["verdict"], row["tier"]) for row in map(json.loads, shown.splitlines())]


@pytest.mark.parametrize(
    ("gold", "prediction"), [(None, None), (None, "1"), ("1", None), ([1], [1]), ({"a": 1}, {"a": 1})]
)
def test_what_is_no_text_or_number_is_unknown(
    gold: object, prediction: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"gold": gold, "prediction": prediction}, {"gold": 2, "prediction": "2.0"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    check_file(tmp_path / "a.jsonl", workers=1)
    (first, (second, _)) = verdicts(capsys.readouterr().out)
    assert first == ("unknown", "missing")
    assert second == "same"


def test_rows_come_back_whatever_characters_they_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"gold": "\ud800", "prediction": "\ud800", "note": "答案 é"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    check_file(tmp_path / "a.jsonl", workers=1)
    shown = capsys.readouterr().out
    shown.encode("ascii")
    assert {key: json.loads(shown)[key] for key in row} == row


def test_of_many_broken_rows_the_first_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text("broken\n" * 2500)
    with pytest.raises(UsageError, match="has no row that can be compared"):
        check_file(tmp_path / "a.jsonl", workers=1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[9].endswith("a.jsonl:10 is not JSON: give one object a line.")
    assert lines[10] == "left out: 2,490 more"


def test_a_broken_row_costs_itself_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"gold": "1", "prediction": "1.0"}\n\nbroken\n{"gold": "1", "prediction": "1"}\n'
    )
    check_file(tmp_path / "a.jsonl", workers=1)
    told = capsys.readouterr()
    assert [outcome for outcome, _ in verdicts(told.out)] == ["same", "same"]
    assert "a.jsonl:3 is not JSON" in told.err
    assert "3 rows: 2 same, 0 different, 0 unknown, 1 left out;" in told.err
    (tmp_path / "b.jsonl").write_text("broken\n")
    with pytest.raises(UsageError, match=r"b\.jsonl has no row that can be compared") as raised:
        check_file(tmp_path / "b.jsonl", workers=1)
    assert raised.value.exit_code == 2


TIERS = [
    ("12", "12", "same", "identical"),
    ("12.", "$12$", "same", "normal form"),
    ("0.5", r"\frac{1}{2}", "same", "number"),
    ("1 m", "100 cm", "same", "number"),
    ("5 kg", "5 m", "different", "unit"),
    ("(1, 2)", "(2, 1)", "different", "collection"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}", "same", "collection"),
    ("(B)", "C", "different", "choice"),
    ("yes", "True", "same", "yes or no"),
    ("8:34 PM", "20:34", "same", "time"),
    ("March 5", "2024-03-05", "same", "date"),
    ("6:4", "3:2", "same", "ratio"),
    ("no solution", r"\emptyset", "same", "nothing or all"),
    (r"\sqrt{8}", r"2\sqrt{2}", "same", "formula"),
    ("2x+y=3", "y=3-2x", "same", "equation"),
    (r"\infty", "7", "different", "infinity"),
    ("red", "blue", "different", "words"),
    ("|x-1|", "|1-x|", "same", "math-verify"),
    ("10^{10^{10}}", "1", "unknown", "guard: tower"),
    ("", "5", "unknown", "empty"),
    ("So #### 4\nmore", r"Thus \boxed{4}", "unknown", "guard: prose"),
    ("Steps.\n#### 4", r"Thus \boxed{4}", "same", "identical"),
]


def test_each_row_names_the_tier_that_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps({"gold": gold, "prediction": other}) + "\n" for gold, other, *_ in TIERS))
    check_file(file, workers=1)
    shown = capsys.readouterr()
    assert verdicts(shown.out) == [(verdict, tier) for *_, verdict, tier in TIERS]
    same, different, unknown = (sum(row[2] == kind for row in TIERS) for kind in ("same", "different", "unknown"))
    assert shown.err.startswith(f"{len(TIERS)} rows: {same} same, {different} different, {unknown} unknown; ")


def test_a_question_tells_what_is_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"gold": "25", "prediction": r"25\%", "question": "What percent of 8 is 2?"},
        {"gold": "25", "prediction": r"25\%", "question": None},
        {"gold": "25", "prediction": r"25\%"},
        {"gold": "12", "prediction": "12 zorgs", "question": "How many zorgs are left?"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    check_file(tmp_path / "a.jsonl", workers=1)
    found = [outcome for outcome, _ in verdicts(capsys.readouterr().out)]
    assert found == ["same", "different", "different", "same"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["different", "same", "different"]),
        (["--percent", "ignored"], ["same", "same", "different"]),
        (["--units", "required"], ["different", "different", "different"]),
        (["--tolerance", "0.01"], ["different", "same", "same"]),
        (["--settings", "run.toml"], ["same", "different", "different"]),
        (["--settings", "run.toml", "--units", "optional"], ["same", "same", "different"]),
    ],
)
def test_policies_are_said_on_the_command_line_or_in_a_settings_file(
    arguments: list[str],
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = [("25", "25%"), ("5", "5 cm"), ("100", "100.5")]
    Path("a.jsonl").write_text("".join(json.dumps({"gold": a, "prediction": b}) + "\n" for a, b in pairs))
    Path("run.toml").write_text(
        'workspace = "runs"\nseeds = "seeds.jsonl"\n[endpoints.a]\nbase_url = "sandbox"\n[roles]\ncomposer = "a"\n'
        '[equivalence]\npercent = "ignored"\nunits = "required"\n'
    )
    app(["check", "a.jsonl", *arguments], standalone_mode=False)
    assert [outcome for outcome, _ in verdicts(capsys.readouterr().out)] == expected


def test_the_domain_of_the_settings_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"gold": "2 A", "prediction": "2000 mA"}) + "\n")
    (tmp_path / "run.toml").write_text('domain = "physics"\n')
    monkeypatch.chdir(tmp_path)
    app(["check", "a.jsonl", "--settings", "run.toml"], standalone_mode=False)
    assert [outcome for outcome, _ in verdicts(capsys.readouterr().out)] == ["same"]
