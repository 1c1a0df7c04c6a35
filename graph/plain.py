"""Text that others wrote, as people and their programs may look at it: nothing in it acts on a terminal, a spreadsheet
or an XML reader. It is for showing alone; what is stored and hashed stays as it was written."""

from __future__ import annotations

import re
from typing import TextIO

ACTING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
"""Controls of terminals (escapes begin with one, also those that write to the clipboard), marks that turn the direction
of a line, and what no XML may hold. Tabs and line ends stay."""
FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")
"""How a cell begins that spreadsheets compute."""


def plain(text: str) -> str:
    """The text with everything that acts written out as \\x1b or \\u202e."""
    return ACTING.sub(lambda found: ascii(found[0])[1:-1], text)


def cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: one that looks like it begins with '."""
    return f"'{text}" if FORMULA.match(text) or text.startswith("'") else text


def of_cell(text: str) -> str:
    """What a cell stands for: `cell` undone."""
    return text[1:] if text.startswith("'") and (FORMULA.match(text[1:]) or text[1:].startswith("'")) else text


class PlainOutput:
    """A stream that writes plain text alone; `bare` is the one behind it, for what colours its own lines."""

    def __init__(self, bare: TextIO) -> None:
        self.bare = bare

    def write(self, text: str) -> int:
        """Write the text, made plain."""
        return self.bare.write(plain(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self.bare, name)


def bare(stream: TextIO) -> TextIO:
    """The stream behind a `PlainOutput`, or the stream itself."""
    return stream.bare if isinstance(stream, PlainOutput) else stream
