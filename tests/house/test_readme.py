"""The README against the product: the demo it shows is the demo that runs, and no command is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from flows import cli
from tests.conftest import Demo
from tests.support.rehearsal import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").exists() else ""
PROMPT = "$ gsdp demo"
NEARLY = 0.1
"""How far, as a share, the number of calls may be from the README's: calls under way when the target is met vary."""


def block() -> list[str]:
    """The lines that the README shows below the command."""
    for fenced in re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        if fenced.startswith(PROMPT + "\n"):
            return list(_plain(fenced.removeprefix(PROMPT + "\n")))
    return []


def _plain(text: str) -> Iterator[str]:
    """Lines without seconds, and without the blanks at their ends."""
    for line in text.strip().splitlines():
        yield re.sub(r"\d+\.\d s$", "# s", line.rstrip())


@pytest.mark.skipif(not block(), reason="the README shows no demo yet")
def test_the_demo_in_the_readme_is_what_the_demo_prints(demo: Demo) -> None:
    # The test's demo worked in a folder of its own.
    output = demo.output.replace(f"--workspace {demo.workspace} ", "").replace(str(demo.workspace), "gsdp-demo")
    shown, printed = block(), list(_plain(output))
    assert [_without_calls(line) for line in printed] == [_without_calls(line) for line in shown]
    wanted, found = calls(shown), calls(printed)
    assert abs(found - wanted) <= NEARLY * wanted


def _without_calls(line: str) -> str:
    return re.sub(r"[\d,]+", "#", line) if line.startswith("calls ") else line


def calls(lines: list[str]) -> int:
    """The number of calls of a demo."""
    told = next(line for line in lines if line.startswith("calls "))
    return int(told.split()[1].replace(",", ""))


def test_every_command_is_in_the_readme() -> None:
    groups = {f"{group.name} ": group.typer_instance for group in cli.app.registered_groups if group.typer_instance}
    commands = [
        prefix + (command.name or command.callback.__name__)
        for prefix, app in {"": cli.app, **groups}.items()
        for command in app.registered_commands
        if command.callback
    ]
    assert "audit novelty" in commands
    assert [command for command in commands if f"gsdp {command}" not in README] == []
