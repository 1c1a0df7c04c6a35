"""The first pages against the product: the demo they show is the demo that runs, and no command is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from docs.make.recording import BLOCK, PAGE, PICTURE, PROGRESS, PROMPT
from flows import cli
from tests.conftest import Demo
from tests.support.rehearsal import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").exists() else ""
LONGEST = 150
"""Lines of the README: what is more belongs into the documentation."""
LARGEST = 300_000
"""Bytes of the recording."""
NEARLY = 0.1
"""How far, as a share, the number of calls may be from the page's: calls under way when the target is met vary."""


def block() -> list[str]:
    """The lines that the page shows below the command."""
    found = BLOCK.search(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else None
    return list(_plain(found[1])) if found else []


def _plain(text: str) -> Iterator[str]:
    """Lines without seconds, and without the blanks at their ends; none of how far a slow run is."""
    for line in text.strip().splitlines():
        if line.startswith(PROGRESS):
            continue
        yield re.sub(r"\d+\.\d s$", "# s", line.rstrip())


@pytest.mark.skipif(not block(), reason="no page shows the demo")
def test_the_demo_on_the_page_is_what_the_demo_prints(demo: Demo) -> None:
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


def test_the_recording_is_of_the_demo_on_the_page() -> None:
    shown = " ".join(re.findall(r"<text[^>]*>(.*?)</text>", PICTURE.read_text(encoding="utf-8")))
    told = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert told
    assert unescape(shown).split() == [*PROMPT.split(), *told[1].split()]
    assert PICTURE.stat().st_size < LARGEST


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST


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
