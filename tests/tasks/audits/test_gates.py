"""The audit of the gates: a rehearsal is judged again by the truth, which finds what the texts themselves say."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.commands.audit_gates import gate_lines, print_gates
from flows.commands.auditing import audited, settings_of
from graph.errors import UsageError
from prompts.library import Library
from tasks.audits.gates import Audited, GateCost, Side, audit_gates, worth
from tasks.context.run_context import RunContext
from tasks.settings.roles import resolve_roles
from tests.benchmarks.noise import is_right, is_sound
from tests.conftest import Demo
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import number, query

ALL = 10_000
"""More than the demo has of anything."""
PASSED = "SELECT problem_id FROM passes WHERE stage = "
REJECTED = "SELECT subject_id FROM rejects WHERE stage = "
CALLS = "SELECT count(*) FROM calls WHERE stage = 'audit'"


@pytest.fixture(scope="module")
def workspace(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's, which an audit may write into."""
    return Path(shutil.copytree(demo.workspace, tmp_path_factory.mktemp("audit") / "work"))


def problems(workspace: Path, ids: str) -> Iterator[bool]:
    """Whether the problems of a query are sound."""
    return (is_sound(row[0]) for row in query(workspace, f"SELECT text FROM problems WHERE id IN ({ids})"))


def counted(verdicts: Iterator[bool]) -> Side:
    told = list(verdicts)
    return Side(len(told), told.count(True), told.count(False), 0)


async def looked(work: RunContext) -> list[Audited]:
    """All gates, after a smaller sample that is looked at twice."""
    smaller = await audit_gates(work, 20)
    paid = work.store.rows(CALLS)
    assert (smaller[0].rejected.read, smaller[0].accepted.read) == (20, 20)
    assert await audit_gates(work, 20) == smaller
    assert work.store.rows(CALLS) == paid, "what was judged before is not paid for again"
    return await audit_gates(work, ALL)


def test_what_is_judged_again_is_the_truth_and_paid_for_once(workspace: Path) -> None:
    found, rehearsed = audited(settings_of(workspace), looked)
    assert rehearsed
    told = query(
        workspace, "SELECT gate, rejected, rejected_good, rejected_bad FROM gate_audits ORDER BY audited_at, rowid"
    )
    assert told[-3:] == [(row.gate, row.rejected.items, row.rejected.good, row.rejected.bad) for row in found[:3]]
    trials, distinct = query(workspace, "SELECT count(*), count(DISTINCT subject_id) FROM trials")[0]
    assert trials == distinct == number(workspace, CALLS)
    assert query(workspace, "SELECT DISTINCT model FROM calls WHERE stage = 'audit'") == [("sandbox-truth",)]
    check_counts(workspace, {row.gate: row for row in found})


def check_counts(workspace: Path, found: dict[str, Audited]) -> None:
    review, agreement, votes, screen = (found[gate] for gate in ("review", "agreement", "votes", "screen"))
    assert review.accepted == counted(problems(workspace, f"{PASSED} 'review'"))
    assert review.rejected == counted(problems(workspace, f"{REJECTED} 'review'"))
    assert review.rejected.bad > review.rejected.good
    published = query(
        workspace,
        """SELECT m.text, s.text FROM passes p JOIN problems m ON m.id = p.problem_id
            JOIN solutions s ON s.id = p.solution_id WHERE p.stage = 'grade'""",
    )
    assert votes.accepted == counted(is_sound(problem) and is_right(problem, text) for problem, text in published)
    doubted = f"{REJECTED} 'grade' AND reason <> 'no agreement'"
    assert votes.rejected.items == number(workspace, f"SELECT count(*) FROM ({doubted})")
    assert agreement.accepted == Side(*(a + b for a, b in zip(votes.accepted, votes.rejected, strict=True)))
    assert agreement.rejected.items == agreement.rejected.read > 0
    flawed = counted(problems(workspace, f"{REJECTED} 'grade' AND reason = 'no agreement'")).bad
    assert agreement.rejected.bad >= flawed, "no solution of a flawed problem is right"
    assert (screen.judged, screen.accepted.items) == (False, number(workspace, "SELECT count(*) FROM pairs"))
    spent = dict(query(workspace, "SELECT stage, sum(input_tokens + output_tokens)::BIGINT FROM calls GROUP BY 1"))
    assert votes.cost.tokens == spent["grade"]
    assert votes.cost.calls == number(workspace, "SELECT count(*) FROM calls WHERE stage = 'grade'")
    assert 0 < review.cost.tokens < spent["review"], "the rater is no part of the gate"
    assert 0 < agreement.cost.tokens < spent["solve"], "the first solution is needed anyway"


def test_the_command_shows_each_gate_and_says_that_it_rehearses(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_gates(workspace, 20)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["review", "agreement", "votes", "screen"]
    assert lines[1].endswith("earns its cost")
    assert lines[-1].startswith("This is a rehearsal")
    assert "judged again by sandbox-truth" in lines


TWO = {
    "big": {"base_url": "http://127.0.0.1:9/v1", "model": "big-model"},
    "small": {"base_url": "http://127.0.0.1:9/v1", "model": "small-model"},
}
VERIFIERS: list[tuple[dict[str, Any], str, str]] = [
    ({"judges": ["small", "big"]}, "big-model", "of equals the last: cheap ones come first"),
    ({"judges": [{"endpoint": "small", "weight": 2}, "big"]}, "small-model", "the judge of most weight"),
    ({"judges": ["big"], "verifier": "small"}, "small-model", "who is named"),
    ({"judges": [{"endpoint": "big", "model": "sandbox-judge-2"}]}, "sandbox-truth", "a rehearsal knows the truth"),
]


@pytest.mark.parametrize(("roles", "model", "why"), VERIFIERS, ids=[row[2] for row in VERIFIERS])
def test_the_strongest_judges_again(roles: dict[str, Any], model: str, why: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, endpoints=TWO, roles={"composer": "big", "solver": "big", **roles})
    assert resolve_roles(settings, Library("mathematics"))["verifier"].model == model


FREE = GateCost(0, 0, None)
WORTH: list[tuple[Side, Side, GateCost, float | None, str, str]] = [
    (
        Side(50, 2, 18),
        Side(950, 19, 1),
        GateCost(900, 9000, None),
        100.0,
        "earns its cost",
        "it catches bad ones cheaply",
    ),
    (Side(0), Side(1000, 20, 0), GateCost(900, 9000, None), 100.0, "rejects nothing: and costs", "a gate that is open"),
    (Side(0), Side(1000, 20, 0), FREE, 100.0, "rejects nothing: free", "an open gate that nobody pays"),
    (
        Side(50, 18, 2),
        Side(950, 18, 2),
        GateCost(9, 90, None),
        100.0,
        "NO: no better than chance",
        "it rejects at random",
    ),
    (
        Side(50, 9, 11),
        Side(950, 12, 8),
        GateCost(9, 90, None),
        100.0,
        "not shown: too few read",
        "the intervals overlap",
    ),
    (Side(50, 60, 40), Side(950, 99, 1), GateCost(9, 90, None), 100.0, "NO: rejects more good than bad", "it harms"),
    (
        Side(50, 2, 18),
        Side(950, 19, 1),
        GateCost(900, 90_000, None),
        100.0,
        "NO: dear, over 10 pairs each",
        "by tokens",
    ),
    (Side(50, 2, 18), Side(950, 19, 1), GateCost(900, 90, 0.9), 0.001, "NO: dear, over 10 pairs each", "by money"),
    (
        Side(50, 0, 0, 20),
        Side(950, 19, 1),
        GateCost(9, 90, None),
        100.0,
        "not known: nothing read",
        "a silent verifier",
    ),
]


@pytest.mark.parametrize(("rejected", "accepted", "cost", "pair", "word", "why"), WORTH, ids=[row[5] for row in WORTH])
def test_a_gate_that_does_not_earn_its_cost_is_called_so(
    rejected: Side, accepted: Side, cost: GateCost, pair: float | None, word: str, why: str
) -> None:
    row = Audited("votes", rejected, accepted, cost)
    assert worth(row, pair) == word
    assert list(gate_lines([row], pair))[1].endswith(word)


def test_estimates_speak_of_all_items() -> None:
    row = Audited("votes", Side(100, 2, 8), Side(900, 81, 9), GateCost(240, 24_000, 0.8))
    assert (row.caught, row.lost) == (80, 20)
    assert row.false_rejects
    assert row.false_rejects.share == pytest.approx(20 / (20 + 810))
    assert row.false_accepts
    assert row.false_accepts.share == pytest.approx(90 / (90 + 80))
    cells = list(gate_lines([row], 0.005))[-1].split()
    assert cells == ["votes", "240", "24,000", "0.80", "3.0", "300", "0.01000", "2.0"]


def test_an_audit_without_problems_is_one_sentence(tmp_path: Path) -> None:
    async def unused() -> None:
        async with open_context(settings_for(tmp_path)):
            pass

    asyncio.run(unused())
    with pytest.raises(UsageError, match="has no reviewed problem yet: run `gsdp run` first"):
        print_gates(tmp_path / "work", 5)
