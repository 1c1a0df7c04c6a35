"""The pages that people read, and what stands in them: blocks, commands, links, headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.rehearsal import ROOT

FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)(?P<title>[^\n]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
COMMAND = re.compile(r"^(?:\$ )?(?:python3 -m uv run )?(gsdp .*)$")


class Fenced(NamedTuple):
    """A block of a page."""

    page: Path
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.strip().splitlines()[0] if self.text.strip() else ''}"


def pages() -> list[Path]:
    """All of them; none where a copy of the repository has none."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
    return [page for page in (*top, *sorted((ROOT / "docs").rglob("*.md"))) if page.exists()]


def blocks(*kinds: str) -> list[Fenced]:
    """The blocks of these languages on all pages."""
    return [
        Fenced(page, found["kind"], found["text"])
        for page in pages()
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["kind"] in kinds
    ]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands() -> Iterator[tuple[Path, list[str]]]:
    """Every `gsdp` command that a block of a page shows, in words, without what is said of it behind a #."""
    for block in blocks("", "sh", "console", "text"):
        for line in block.text.splitlines():
            if (found := COMMAND.match(line.strip())) and "[OPTIONS]" not in line and "[" not in line:
                yield block.page, shlex.split(found[1], comments=True)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}
