"""What a run shows in a terminal: how it stands, in texts that nothing a model or an endpoint says can garble."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.commands import workspace as commands
from flows.reporting.console import LivePanel, panel
from flows.reporting.snapshot import write_snapshot

RUNNING: dict[str, Any] = {
    "state": "running",
    "pid": 2**22 + 1,
    "seconds": 75.0,
    "pairs": 120,
    "target_pairs": 1000,
    "pairs_an_hour": 5760,
    "seconds_left": 550,
    "cost": 1.5,
    "budget": {"amount": 10.0, "unit": "USD", "spent": 1.5},
    "newest": "Find [bold]x[/bold].",
    "stages": {
        "compose": {"done": 150, "rejected": 2, "calls": 152},
        "review": {"done": 130, "rejected": 20, "calls": 440},
    },
    "endpoints": {
        "[red]big": {"in_flight": 8, "batched": 3, "served": 900, "retries": 4, "trouble": "HTTP 503"},
    },
}


def shown(content: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(panel(content))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "told",
    [
        "120 of 1,000 pairs, 5,760 an hour, about 0:09:10 to go",
        "review  130        20    440",
        "8 in flight, 900 served, 4 retries, 3 wait for a batch; gives no answer (HTTP 503), trying again",
        "1.50 USD in all, 0.01250 USD a pair",
        "Find [bold]x[/bold].",
        "[red]big",
    ],
)
def test_the_panel_tells_pace_funnel_waits_money_and_the_newest_pair(told: str) -> None:
    assert " ".join(told.split()) in " ".join(shown(RUNNING).split())


def test_a_run_that_has_only_begun_has_a_panel() -> None:
    assert "0 of 1,000 pairs" in shown(
        RUNNING | {"pairs": 0, "stages": {}, "endpoints": {}, "newest": "", "cost": None}
    )


def test_the_line_of_a_stage_stays_when_the_panel_goes_on() -> None:
    console = Console(file=io.StringIO(), width=110, force_terminal=False)
    with LivePanel(console, "starting") as view:
        view.tick(RUNNING)
        view.stage("extract", "99 seeds read [for points]", 0.6)
    assert isinstance(console.file, io.StringIO)
    assert "99 seeds read [for points]  0.6 s" in console.file.getvalue()


def test_watching_ends_with_the_run_and_tells_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_snapshot(tmp_path, RUNNING)  # its process is no longer there
    monkeypatch.setattr(commands, "print_status", lambda workspace: print(f"status of {workspace}"))
    commands.watch_status(tmp_path)
    assert f"status of {tmp_path}" in capsys.readouterr().out.replace("\n", "")
