"""Record the demo: `python -m docs.make.recording` runs it, and writes what it printed into a page and as a picture.

The picture is SVG whose lines appear one by one, as they were printed; long waits are cut short, and who wants no
motion sees all of them at once.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

DOCS = Path(__file__).parents[1]
PICTURE = DOCS / "pictures/demo.svg"
PAGE = DOCS / "start.md"
PROMPT = "$ gsdp demo"
BLOCK = re.compile(rf"^```text\n{re.escape(PROMPT)}\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PROGRESS = "running "
"""How a line begins that tells how far the run is: how many there are depends on the machine."""
COLUMNS = 118
ROW, LETTER, EDGE = 18, 7.83, 20
"""Pixels: a line's height, a letter's width at 13 px, the margin."""
LONGEST = 1.5
"""Seconds that a wait may last in the picture."""
INK, PAPER, MARK = "#e6edf3", "#0d1117", "#7ee787"
STYLE = (
    ".l{animation:s 0s both}@keyframes s{from{visibility:hidden}to{visibility:visible}}"
    "@media(prefers-reduced-motion:reduce){.l{animation:none}}"
)


class Printed(NamedTuple):
    """A line, and how many seconds after the start it came."""

    after: float
    text: str


def record(folder: Path) -> Iterator[Printed]:
    """Run the demo in a folder."""
    root = DOCS.parent
    command = [sys.executable, "-m", "flows.cli", "demo"]
    # As it is with the README's command, which says how to call it again.
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1", "UV": "uv"}
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith(PROGRESS):
                yield Printed(time.monotonic() - began, line.rstrip())
    if process.returncode:
        raise SystemExit(process.returncode)


def hurried(lines: Sequence[Printed]) -> Iterator[Printed]:
    """The same lines with long waits cut short."""
    now = before = 0.0
    for line in lines:
        now += min(LONGEST, line.after - before)
        before = line.after
        yield Printed(now, line.text)


def picture(lines: Sequence[Printed]) -> str:
    """The recording as SVG."""
    rows = [Printed(each.after, part) for each in [Printed(0, PROMPT), *hurried(lines)] for part in _folded(each.text)]
    width, height = COLUMNS * LETTER + 2 * EDGE, len(rows) * ROW + 2 * EDGE
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height}' role='img' "
        "font-family='ui-monospace, SFMono-Regular, Menlo, Consolas, monospace' font-size='13'>\n"
        f"<title>gsdp demo, recorded</title>\n<style>{STYLE}</style>\n"
        f"<rect width='100%' height='100%' rx='8' fill='{PAPER}'/>\n"
        + "\n".join(_row(number, row) for number, row in enumerate(rows, 1))
        + "\n</svg>\n"
    )


def _folded(text: str) -> list[str]:
    return wrap(text, COLUMNS, subsequent_indent=" " * 10, drop_whitespace=True, break_long_words=False) or [""]


def _row(number: int, row: Printed) -> str:
    colour = MARK if row.text.startswith("$") else INK
    return (
        f"<text class='l' style='animation-delay:{row.after:.2f}s' x='{EDGE}' y='{EDGE + number * ROW - 5}' "
        f"fill='{colour}' xml:space='preserve'>{escape(row.text)}</text>"
    )


def main() -> None:
    """Run the demo, and write what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        lines = list(record(Path(folder)))
    PICTURE.write_text(picture(lines), encoding="utf-8")
    page, text = PAGE.read_text(encoding="utf-8"), "".join(f"{line.text}\n" for line in lines)
    PAGE.write_text(BLOCK.sub(lambda _: f"```text\n{PROMPT}\n{text}```", page), encoding="utf-8")
    print(f"{PICTURE}  {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
