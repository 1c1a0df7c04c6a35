"""`gsdp check` on rows that are odd: what is missing is unknown, and a broken row costs no verdict before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.checking import check_file
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


def test_a_broken_row_costs_no_verdict_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"gold": "1", "prediction": "1.0"}\n\nbroken\n{"gold": "1", "prediction": "1"}\n'
    )
    with pytest.raises(UsageError, match=r"a\.jsonl:3 is not JSON") as raised:
        check_file(tmp_path / "a.jsonl", workers=1)
    assert raised.value.exit_code == 2
    assert [outcome for outcome, _ in verdicts(capsys.readouterr().out)] == ["same"]
