"""The recipes of CONTRIBUTING: their changes are made in a copy of the repository, and what they say to try is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.rehearsal import ROOT

PAGE = ROOT / "CONTRIBUTING.md"
COPIED = ("deployments", "flows", "graph", "gsdp", "prompts", "tasks", "tests", "pyproject.toml")
FENCE = re.compile(r'^```(?P<kind>\w+) title="(?P<title>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
TRY = "try it"
MODULES = {"pytest": "pytest", "gsdp": "flows.cli"}
EACH = """
import json, sys, traceback
faults = {}
for name, text in json.load(sys.stdin).items():
    try:
        exec(text, {})
    except BaseException:
        faults[name] = traceback.format_exc()
print(json.dumps(faults))
"""
"""Runs the pieces of Python that recipes say to try, in one process: most of its time is imports."""


class Block(NamedTuple):
    """A titled block of a recipe."""

    kind: str
    title: str
    text: str


def recipes() -> dict[str, list[Block]]:
    """The blocks of every recipe that has some, by its heading."""
    sections = re.split(r"^### ", PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", flags=re.MULTILINE)[1:]
    found = {text.partition("\n")[0]: [Block(*block) for block in FENCE.findall(text)] for text in sections}
    return {name: blocks for name, blocks in found.items() if blocks}


def changed(text: str, diff: str) -> str:
    """A file's text after a change whose place is given by its lines without a mark."""
    lines = diff.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, f"the change has {text.count(old)} places:\n{old}"
    return text.replace(old, new)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the changes of all recipes."""
    folder = tmp_path_factory.mktemp("contributed")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for block in (block for blocks in recipes().values() for block in blocks if block.kind == "diff"):
        file = folder / block.title
        file.write_text(changed(file.read_text(encoding="utf-8"), block.text), encoding="utf-8")
    return folder


def run(folder: Path, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
    """Python in the copy. The product's own fixtures are not needed, and take long to import."""
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTEST_ADDOPTS": "--noconftest"}
    return subprocess.run([sys.executable, *words], cwd=folder, env=env, input=told, capture_output=True, text=True)


def tried(kind: str) -> dict[str, str]:
    """What recipes say to try, in Python or in the shell, by the recipe."""
    listed: Sequence[tuple[str, Block]] = [(name, block) for name, blocks in recipes().items() for block in blocks]
    return {name: block.text for name, block in listed if (block.title, block.kind) == (TRY, kind)}


def test_every_recipe_says_what_to_try() -> None:
    assert len(recipes()) == 6
    assert {**tried("python"), **tried("sh")}.keys() == recipes().keys()


def test_recipes_in_python_work(copy: Path) -> None:
    ended = run(copy, "-W", "error", "-c", EACH, told=json.dumps(tried("python")))
    assert json.loads(ended.stdout) == {}, ended.stderr


@pytest.mark.parametrize("name", tried("sh"))
def test_a_recipe_in_the_shell_works(name: str, copy: Path) -> None:
    for line in tried("sh")[name].splitlines():
        first, *rest = shlex.split(line)
        ended = run(copy, "-m", MODULES[first], *rest)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_recipes_write_passes_the_linter(copy: Path) -> None:
    files = {block.title for blocks in recipes().values() for block in blocks if block.kind == "diff"}
    ended = run(copy, "-m", "ruff", "check", *sorted(files))
    assert ended.returncode == 0, ended.stdout
