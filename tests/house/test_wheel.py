"""The package as people install it: a wheel, in an environment of its own, in a folder that is no clone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rehearsal import ROOT

PAIRS = "20"


def run(folder: Path, *command: str | Path) -> str:
    """What a command prints. No variable of this process reaches it: a path of ours would hide what a wheel lacks."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    ended = subprocess.run([str(word) for word in command], cwd=folder, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `gsdp` command of an environment that has the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "environment"
    run(folder, sys.executable, "-m", "venv", "--without-pip", environment)
    uv = [sys.executable, "-m", "uv"] if _has_uv() else ["uv"]
    subprocess.run([*uv, "build", "-q", "--wheel", "--out-dir", folder, ROOT], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", environment, *folder.glob("*.whl")], check=True)
    return environment / "bin/gsdp"


def _has_uv() -> bool:
    return subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True).returncode == 0


@pytest.mark.slow
def test_the_demo_runs_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    printed = run(tmp_path, installed, "demo", "--pairs", PAIRS)
    assert f"screen    {PAIRS} pairs" in printed
    assert (tmp_path / "gsdp-demo/dataset/report.html").exists()


@pytest.mark.slow
def test_a_domain_begins_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    run(tmp_path, installed, "domain", "new", "chemistry")
    assert (tmp_path / "chemistry/domain.toml").exists()
