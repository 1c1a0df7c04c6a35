"""An evaluation that is killed again and again pays for nothing twice, and ends in the table of one that was not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.benchmark_items import items, write_items
from tests.support.rehearsal import Rehearsal, gsdp, opened, rehearsal, started, wait_until, write_toml

ITEMS, SAMPLES, KILLS = 40, 2, 3
CONCURRENCY = 4
UNSETTLED = 3 * 2 * CONCURRENCY
"""Answers that a kill may lose: those in flight at two endpoints, and two batches of commits with as many each."""


def settings_file(folder: Path, url: str) -> Path:
    """Settings that evaluate two models of a rehearsal on the same items."""
    write_items(folder / "items.jsonl", items(ITEMS))
    endpoint = {"base_url": url, "concurrency": CONCURRENCY}
    content = {
        "workspace": str(folder / "work"),
        "benchmarks": [{"path": str(folder / "items.jsonl"), "columns": {"answer": "answer"}, "level": "level"}],
        "endpoints": {
            "small": {**endpoint, "model": "sandbox-solver"},
            "large": {**endpoint, "model": "sandbox-strong_solver"},
        },
        "evaluate": {"models": ["small", "large"], "samples": SAMPLES},
    }
    return write_toml(folder / "settings.toml", content)


def table(output: str) -> list[str]:
    """The lines of an evaluation that tell scores."""
    return [line for line in output.splitlines() if "%" in line or "points" in line]


def kill(settings: Path, served: Rehearsal, further: int) -> None:
    """Start an evaluation and kill it once it has served so many more requests."""
    before = served.served("solver", "strong_solver")
    with started("evaluate", settings) as process:
        wait_until(lambda: served.served("solver", "strong_solver") >= before + further, process, seconds=300)
        process.kill()


@pytest.mark.slow
def test_kills_pay_for_nothing_twice_and_end_in_the_same_table(prefect_server: str, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    with rehearsal("--wrong-solutions=0.4", "--latency=0.2") as served:
        told = gsdp("evaluate", settings_file(whole, served.url))
        assert told.returncode == 0, told.stderr
        asked = served.served("solver", "strong_solver")
        assert asked == 2 * ITEMS * SAMPLES
        settings = settings_file(broken, served.url)
        for _ in range(KILLS):
            kill(settings, served, ITEMS)
        again = gsdp("evaluate", settings)
        assert again.returncode == 0, again.stderr
        lost = served.served("solver", "strong_solver") - asked - 2 * ITEMS * SAMPLES
        once_more = gsdp("evaluate", settings)
        assert served.served("solver", "strong_solver") == asked + 2 * ITEMS * SAMPLES + lost, "nothing was open"
    assert 0 <= lost <= KILLS * UNSETTLED < KILLS * ITEMS, "what was sent and not yet committed"
    with opened(broken / "work") as store:
        assert store.rows("SELECT count(*), count(DISTINCT id) FROM calls") == [(2 * ITEMS * SAMPLES,) * 2]
        assert store.rows("SELECT count(*) FROM attempts") == store.rows("SELECT count(*) FROM marks")
    assert table(again.stdout) == table(once_more.stdout) == table(told.stdout)
    for model in ("small", "large"):
        paths = [folder / "work/evaluation" / model / "results.json" for folder in (whole, broken)]
        first, second = (json.loads(path.read_text())["results"] for path in paths)
        assert first == second
    assert "do not differ" in told.stdout or "they differ" in told.stdout
    assert "This is a rehearsal" in told.stdout


def test_a_quote_and_tasks_for_the_harness(prefect_server: str, tmp_path: Path) -> None:
    with rehearsal() as served:
        settings = settings_file(tmp_path, served.url)
        written = gsdp("evaluate", settings, "--lm-eval")
        assert served.served("solver", "strong_solver") == 0
        told = gsdp("evaluate", settings, "--quote", 5)
    assert written.returncode == told.returncode == 0, written.stderr + told.stderr
    commands = written.stdout.splitlines()
    assert len(commands) == 2
    assert all("lm_eval --model local-chat-completions" in line and served.url in line for line in commands)
    assert (tmp_path / "work/evaluation/lm_eval/gsdp_items.yaml").exists()
    rows = [line.split() for line in told.stdout.splitlines() if line.startswith(("small", "large"))]
    assert [row[1] for row in rows] == [str((ITEMS - 5) * SAMPLES)] * 2


@pytest.mark.servers
def test_lm_evaluation_harness_gives_the_same_score(tmp_path: Path) -> None:
    harness = shutil.which("lm_eval")
    if harness is None:
        pytest.skip(
            "needs lm_eval: install 'lm-eval[api]' and math-verify into an environment of their own, on the PATH"
        )
    rows = items(10)
    for row in rows[:4]:
        row["answer"] = "123456789"
    with rehearsal() as served:
        settings = settings_file(tmp_path, served.url)
        write_items(tmp_path / "items.jsonl", rows)
        command = gsdp("evaluate", settings, "--lm-eval").stdout.splitlines()[0]
        offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OPENAI_API_KEY": "none"}
        confirmed = subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ, **offline})
        assert confirmed.returncode == 0, confirmed.stderr
        told = gsdp("evaluate", settings)
    assert told.returncode == 0, told.stderr
    folder = tmp_path / "work/evaluation"
    ours = json.loads((folder / "small/results.json").read_text())
    theirs = json.loads(next((folder / "lm_eval/small").rglob("results_*.json")).read_text())
    assert theirs.keys() >= {"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"}
    scores = [found["results"]["gsdp_items"]["exact_match,none"] for found in (ours, theirs)]
    assert scores == [0.6, 0.6]
    missing = {"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config"} - ours.keys()
    assert missing == set()
