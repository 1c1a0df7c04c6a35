"""Texts for a terminal: each under its label, wrapped."""

from __future__ import annotations

import textwrap

WIDTH = 100
LABEL = 11
"""Characters of a column of labels."""


def labelled(label: str, text: str, column: int = LABEL, blank_lines: bool = False) -> list[str]:
    """The lines of a text next to its label; long formulas stay whole."""
    empty = [""] if blank_lines else []
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, WIDTH, break_long_words=False) or empty]
    return [f"{'' if place else label:<{column}}{line}" for place, line in enumerate(lines)]
