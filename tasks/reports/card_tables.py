"""Tables of Markdown, in which names that a model wrote are text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graph.plain import plain


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; its cells cannot break out of it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def cell(value: Any) -> str:
    """A value as a table's cell: none becomes a link, a tag or a line of its own."""
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return re.sub(r"([\\|<\[])", r"\\\1", plain(text)).replace("\n", " ")
