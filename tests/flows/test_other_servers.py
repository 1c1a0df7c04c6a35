"""The pipeline on servers that are not ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.store.database import open_store
from tests.support.aimock import aimock, free_port, needs_aimock

pytestmark = [pytest.mark.servers, needs_aimock]

POINTS = ("Vieta's formulas", "Law of cosines", "Modular inverse", "Geometric series", "Heron's formula", "Unit rate")
SEEDS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 1, 2))
ROLES = ("composer", "rater", "solver", "judge")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    seeds = [
        {"problem": f"Seed number {n}?", "solution": f"\\boxed{{{n}}}", "points": [POINTS[at] for at in tied]}
        for n, tied in enumerate(SEEDS)
    ]
    (tmp_path / "seeds.jsonl").write_text("\n".join(json.dumps(seed) for seed in seeds))
    return tmp_path


def settings(folder: Path, port: int) -> Path:
    """Every role is a model of its own name, since the scripted answers go by model."""
    path = folder / "settings.toml"
    path.write_text(
        f"""
        workspace = "ws"
        target_pairs = 8
        seeds = [{{ path = "seeds.jsonl", columns = {{ points = "points" }} }}]
        [connect]
        filter = false
        [endpoints.aimock]
        base_url = "http://127.0.0.1:{port}/v1"
        model = "any"
        [roles]
        judges = [{{ endpoint = "aimock", model = "judge" }}]
        """
        + "\n".join(f'{role} = {{ endpoint = "aimock", model = "{role}" }}' for role in ROLES if role != "judge")
    )
    return path


def scripted(problems: list[tuple[str, tuple[str, ...]]]) -> list[dict[str, Any]]:
    """Valid answers: one problem and one solution for each combination, told apart by their words."""
    fixtures: list[dict[str, Any]] = [
        {"match": {"model": "rater"}, "response": {"content": "<difficulty>easy</difficulty>"}},
        {"match": {"model": "judge", "userMessage": "<solution>"}, "response": {"content": "<verdict>1</verdict>"}},
        {
            "match": {"model": "judge"},
            "response": {"content": "Sound. <logic>0.95</logic>\n<presentation>0.9</presentation>"},
        },
    ]
    for number, (word, names) in enumerate(problems):
        text = (
            f"{word} owns {word.lower()}ton fields of {number} acres; {word} buys {number + 3} of {word.lower()}. Sum?"
        )
        asked = "\n".join(names) + "\n</points>"
        fixtures.insert(
            0,
            {
                "match": {"model": "composer", "userMessage": asked},
                "response": {"content": f"<problem>\n{text}\n</problem>"},
            },
        )
        solution = f"Adding gives \\frac{{{4 * number + 6}}}{{2}}. So \\boxed{{{2 * number + 3}}}."
        fixtures.insert(0, {"match": {"model": "solver", "userMessage": text}, "response": {"content": solution}})
    return fixtures


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def combinations(workspace: Path, port: int) -> list[tuple[str, ...]]:
    """The names of the points of every combination, in the order in which the composer is given them."""
    run(settings(workspace, port), "--until", "sample")
    store = open_store(workspace / "ws", read_only=True)
    names = dict(store.rows("SELECT id, name FROM knowledge_points"))
    found = [
        tuple(names[point] for point in points)
        for (points,) in store.rows("SELECT points FROM combinations ORDER BY position")
    ]
    store.close()
    return found


@pytest.fixture
def server(tmp_path: Path, port: int, combinations: list[tuple[str, ...]]) -> Iterator[str]:
    words = [
        f"{a}{b}" for a in ("Alma", "Bren", "Cora", "Dag", "Eda", "Finn") for b in ("ro", "lit", "max", "vy", "nu")
    ]
    with aimock(tmp_path / "fixtures", port, scripted(list(zip(words, combinations, strict=False)))) as url:
        yield url


def run(path: Path, *extra: str) -> str:
    command = [sys.executable, "-m", "flows.cli", "run", str(path), *extra]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_scripted_answers_of_another_server_become_a_published_dataset(workspace: Path, port: int, server: str) -> None:
    told = run(settings(workspace, port))
    lines = (workspace / "ws" / "dataset" / "data" / "messages.jsonl").read_text().splitlines()
    assert len(lines) == 8, told
    first = json.loads(lines[0])["messages"]
    assert "acres" in first[0]["content"]
    assert "\\boxed{" in first[1]["content"]
