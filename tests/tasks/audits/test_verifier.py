"""The audit of the verifier: our verdicts and math-verify's on a run's answers, and the card's rate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.commands.audit_verifier import print_verifier, verifier_lines
from flows.commands.auditing import settings_of
from graph.errors import UsageError
from tasks.audits.verifier import ComparedPair
from tasks.reports.card import card
from tasks.store.database import FILE_NAME
from tests.conftest import Demo
from tests.support.rehearsal import opened, query


@pytest.fixture
def workspace(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo's, which an audit may write into."""
    return Path(shutil.copytree(demo.workspace, tmp_path / "work"))


def answered(workspace: Path, answer: str, where: str = "true") -> None:
    """Change what solutions ended with."""
    with duckdb.connect(str(workspace / FILE_NAME)) as connection:
        connection.execute(f"UPDATE solutions SET answer = ? WHERE {where}", [answer])


def test_the_rows_where_the_two_part_are_listed_and_the_card_tells_the_rate(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((problem,),) = query(
        workspace, "SELECT problem_id FROM solutions GROUP BY ALL HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    )
    answered(workspace, "9", f"problem_id = '{problem}'")
    answered(workspace, r"9\%", f"problem_id = '{problem}' AND sample = 1")
    print_verifier(workspace, 10_000, tmp_path / "parted.jsonl")
    shown = capsys.readouterr().out
    parted = [json.loads(line) for line in (tmp_path / "parted.jsonl").read_text().splitlines()]
    assert ("9", r"9\%", "different", True) in [(row["a"], row["b"], row["ours"], row["theirs"]) for row in parted]
    assert r"'9'   '9\\%'" in shown
    with opened(workspace) as store:
        told = card(store, settings_of(workspace), 10)
    assert "## Verifier of answers" in told
    assert f"says otherwise on {len(parted):,} of them" in told


def test_nothing_to_compare_is_said(workspace: Path) -> None:
    answered(workspace, "1")
    with pytest.raises(UsageError, match="nothing to compare"):
        print_verifier(workspace, 10, None)


def test_a_pair_parts_only_where_both_have_a_verdict() -> None:
    def row(ours: str, theirs: bool | None) -> ComparedPair:
        return ComparedPair("p", "a", "b", ours, "tier", theirs)  # type: ignore[arg-type]

    found = [row("same", False), row("different", True), row("unknown", True), row("same", None), row("same", True)]
    assert [pair.parts for pair in found] == [True, True, False, False, False]
    lines = list(verifier_lines(found))
    assert "of the 3 on which both have a verdict" in lines[5]
