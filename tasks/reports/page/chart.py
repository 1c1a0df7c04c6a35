"""What a chart is: a table of numbers, the way it is drawn, and a sentence on what to read from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from tasks.reports.agreement import Agreement
from tasks.reports.page.novelty import Nearest
from tasks.settings.run import RunSettings
from tasks.store.database import Store

Form = Literal["text", "count", "share", "decimal", "signed", "usd", "seconds", "time"]
BINS = 40
"""Points of a curve, and columns of a histogram."""


class Column(NamedTuple):
    """What a column of a table holds, and how its numbers are written."""

    name: str
    form: Form = "count"


class Chart(NamedTuple):
    """A table and how it is drawn."""

    name: str
    title: str
    kind: Literal["lines", "columns", "bars", "matrix", "table"]
    """lines: the first column lies along the axis; columns: the same, as bars that stand; bars: lying ones with a
    label; matrix: shaded cells."""
    reading: str
    columns: list[Column]
    rows: Sequence[Sequence[Any]]
    links: Sequence[Sequence[str | None]] = ()
    """What each cell of each row opens: an address within the page. None, or left out, for what opens nothing."""


class Told(NamedTuple):
    """What charts are made of. The store must have its table `told`."""

    store: Store
    settings: RunSettings
    panels: Sequence[Agreement]
    nearest: Sequence[Nearest] = ()


def items_of(**wanted: str) -> str:
    """The address of the items that a selection holds."""
    return "#items?" + "&".join(f"{name}={quote(value)}" for name, value in wanted.items())
