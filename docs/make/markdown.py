"""Markdown that is made from values: tables whose cells may hold anything, and the note that a page is generated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

NOTE = "<!-- Made by `python -m docs.make`; a test compares it with what that writes. -->"


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([f"# {title}", NOTE, *(part for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty when it has no row."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(["---"] * len(head)), *lines]) if lines else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Text on one line. Brackets outside code would be links."""
    parts = " ".join(text.split()).split("`")
    return "".join(_span(part) if number % 2 else _words(part) for number, part in enumerate(parts))


def _words(text: str) -> str:
    return text.replace("|", "\\|").replace("[", "\\[")


def _span(text: str) -> str:
    """A code span. Renderers differ on a pipe in one: some show the backslash before it, others end the cell."""
    return f"<code>{escape(text, quote=False).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def code(text: str) -> str:
    """Text in a code span; nothing where there is none."""
    return f"`{text}`" if text else ""
