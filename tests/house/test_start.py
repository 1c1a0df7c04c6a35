"""The page Start, walked: its settings and commands, on seeds in five public layouts, in a folder that is no clone."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs.make.recording import PAGE
from tests.support.pages import blocks, commands
from tests.support.rehearsal import ROOT, SEEDS

LAYOUTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "gsm8k": lambda row: {"question": row["problem"], "answer": f"{row['solution']}\n#### {row['answer']}"},
    "math": lambda row: {"problem": row["problem"], "solution": row["solution"], "level": "Level 1", "type": "Algebra"},
    "alpaca": lambda row: {"instruction": row["problem"], "input": "", "output": row["solution"]},
    "messages": lambda row: {
        "messages": [
            {"role": "user", "content": row["problem"]},
            {"role": "assistant", "content": row["solution"]},
        ]
    },
    "sharegpt": lambda row: {
        "conversations": [{"from": "human", "value": row["problem"]}, {"from": "gpt", "value": row["solution"]}]
    },
}
INSTEAD = {"runs/real": "runs/mine", "target_pairs=5000": "target_pairs=45"}
"""What the page says of a real model, said of the rehearsal."""


def write_seeds(folder: Path) -> None:
    """The demo's seeds as a folder of files, a fifth in each layout."""
    rows = [json.loads(line) for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    (folder / "seeds.jsonl").mkdir()
    for number, (name, write) in enumerate(LAYOUTS.items()):
        text = "\n".join(json.dumps(write(_answered(row))) for row in rows[number :: len(LAYOUTS)])
        (folder / "seeds.jsonl" / f"{name}.jsonl").write_text(text, encoding="utf-8")


def _answered(row: dict[str, Any]) -> dict[str, Any]:
    return {"answer": row["solution"].rpartition("\\boxed{")[2].rpartition("}")[0], **row}


def run(folder: Path, words: list[str]) -> str:
    """What a command of the page prints."""
    line = [INSTEAD.get(word, word) for word in words[1:]]
    ended = subprocess.run(
        [sys.executable, "-m", "flows.cli", *line],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, f"{shlex.join(words)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.mark.slow
def test_the_page_start_leads_to_a_dataset(tmp_path: Path) -> None:
    write_seeds(tmp_path)
    settings = next(block.text for block in blocks("toml") if block.page == PAGE and '"sandbox"' in block.text)
    (tmp_path / "settings.toml").write_text(settings, encoding="utf-8")
    told = [words for page, words in commands() if page == PAGE and words[1] != "demo"]
    assert {words[1] for words in told} >= {"run", "status", "doctor", "quote", "publish", "explain"}
    for words in told:
        if words[1] == "explain":
            pair = json.loads((tmp_path / "my-dataset/data/messages.jsonl").read_text(encoding="utf-8").splitlines()[0])
            words = [*words[:-1], pair["id"][:8]]
        run(tmp_path, words)
    assert (tmp_path / "my-dataset/report.html").exists()
