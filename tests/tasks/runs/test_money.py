"""Runs under a budget: they end in order at it, go on with a larger one, and a crash hides nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.commands.workspace import print_status
from flows.reporting.snapshot import read_snapshot
from flows.synthesize import synthesize
from graph.errors import SettingsError
from graph.ledger import Call
from tasks.reports.money import guess_of_combination
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import (
    NOISE,
    Rehearsal,
    content,
    folder_bytes,
    gsdp,
    number,
    query,
    rehearsal,
    settings,
    started,
    wait_until,
    write_toml,
)
from tests.tasks.store.test_store import SAMPLES

PAIRS = 8
PRICES = {"input": 0.5, "output": 2.0}
TOKENS = "SELECT sum(input_tokens + output_tokens + presumed_tokens)::BIGINT FROM calls"


@pytest.fixture
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE, "--latency=0.02") as found:
        yield found


def snapshot_of(workspace: Path) -> dict[str, Any]:
    """What the run's process told of itself last."""
    found = read_snapshot(workspace)
    assert found
    return found


def endpoints(server: Rehearsal, **more: Any) -> dict[str, Any]:
    return {"rehearsal": {"base_url": server.url, "concurrency": 16, **more}}


async def test_a_run_drains_at_its_budget_and_goes_on_with_a_larger_one(
    prefect_server: str, server: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = settings(tmp_path / "whole", server.url, PAIRS, endpoints=endpoints(server, prices=PRICES))
    await synthesize(whole)
    served = server.served()
    workspace = tmp_path / "limited"
    for budget in (40_000, 150_000):
        limited = settings(workspace, server.url, PAIRS, endpoints=endpoints(server), budget=f"{budget} tokens")
        await synthesize(limited)
        assert query(workspace, "SELECT DISTINCT state FROM runs") == [("completed",)]
        assert number(workspace, TOKENS) <= budget
        assert number(workspace, TOKENS) >= 0.8 * budget
        assert snapshot_of(workspace)["budget"]["spent"] == number(workspace, TOKENS)
        assert number(workspace, "SELECT count(*) FROM lost WHERE amount > 0") == 0
    print_status(workspace)
    assert "tokens of 150,000 tokens spent" in capsys.readouterr().out
    await synthesize(settings(workspace, server.url, PAIRS, endpoints=endpoints(server)))
    assert folder_bytes(workspace / "dataset") == folder_bytes(tmp_path / "whole/dataset")
    assert number(workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served() - served
    spent, rejected = query(tmp_path / "whole", "SELECT sum(cost), sum(cost_of_rejected) FROM spending")[0]
    assert 0 < rejected < spent
    exact = "SELECT sum(input_tokens) * 0.5e-6 + sum(output_tokens) * 2e-6 FROM calls"
    assert spent == pytest.approx(query(tmp_path / "whole", exact)[0][0])
    assert snapshot_of(tmp_path / "whole")["cost"] == pytest.approx(spent)


def test_what_a_killed_run_left_unsettled_counts_as_spent_and_is_shown(
    prefect_server: str, server: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "work"
    values = content(workspace, server.url, PAIRS, endpoints=endpoints(server), budget="2M tokens")
    file = write_toml(tmp_path / "settings.toml", values)
    with started("run", file) as process:
        wait_until(lambda: server.served("composer") >= 5, process)
        process.send_signal(signal.SIGKILL)
    lost = number(workspace, "SELECT sum(amount)::BIGINT FROM lost")
    assert lost > 0
    print_status(workspace)
    assert f"and {lost:,} tokens that crashes may have lost" in capsys.readouterr().out
    spent = number(workspace, TOKENS)
    ended = gsdp("run", file, "--set", f"budget='{spent + lost} tokens'")
    assert ended.returncode == 0, ended.stderr
    assert "stopped, because the budget is reached" in ended.stdout
    assert number(workspace, TOKENS) == spent


async def test_a_budget_in_money_without_a_price_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nobody knows that of sandbox-\w+ at the endpoint rehearsal: set `prices"):
        await synthesize.fn(settings(tmp_path / "work", "http://127.0.0.1:9/v1", PAIRS, budget="5 USD"))
    assert not (tmp_path / "work").exists()


GUESSES: dict[str, tuple[list[tuple[str, int]], float]] = {
    "nothing called yet": ([], 0.0),
    "seeds read, at 100 tokens each: twice that for each of 11 calls": ([("extract", 100), ("extract", 100)], 2200.0),
    "combinations made: what each of them cost": ([("extract", 9), *[("compose", 70), ("solve", 30)] * 2], 100.0),
}


@pytest.mark.parametrize(("calls", "tokens"), GUESSES.values(), ids=GUESSES)
async def test_what_a_combination_costs_is_guessed_by_what_was_paid(
    calls: list[tuple[str, int]], tokens: float, tmp_path: Path
) -> None:
    """A composer, a rater, two reviewers, three graders and four solvers are asked for one."""
    judges = [{"endpoint": "local", "model": name} for name in "abc"]
    async with open_context(settings_for(tmp_path, roles={"judges": judges})) as work:
        rows = [call_row(stage, number, spent) for number, (stage, spent) in enumerate(calls)]
        await work.store.write(*rows)
        assert guess_of_combination(work.store, work.settings, "tokens") == tokens


def call_row(stage: str, number: int, tokens: int) -> Call:
    """A row of the ledger that is all input."""
    sample = next(row for row in SAMPLES if isinstance(row, Call))
    usage = {"input_tokens": tokens, "output_tokens": 0, "presumed_tokens": 0}
    return sample.model_copy(update={"id": UUID(int=number), "stage": stage, **usage})
