"""The text that a column of a row holds, or an element of it that a JMESPath expression names.

What is no text is never turned into one: `str()` of a list or a struct would be read as a problem by everyone after.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from string import ascii_uppercase
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

Row = Mapping[str, Any]

FIELD = re.compile(r"\{([^{}]+)\}")
LETTERS = "ABCDEFGHIJ"


class NotText(ValueError):
    """A value that is no text; the message says what it is and what to name instead."""


@lru_cache(maxsize=256)
def _compiled(path: str) -> Any:
    try:
        return jmespath.compile(path)
    except JMESPathError:
        return None


def is_path(column: str) -> bool:
    """Whether a name can be read as the address of an element within a column."""
    return any(mark in column for mark in ".[|") and _compiled(column) is not None


def value_at(row: Row, column: str) -> Any:
    """What stands in a column, or at an address within one; None where there is nothing."""
    if column in row or not is_path(column):
        return row.get(column)
    try:
        return _compiled(column).search(row)
    except JMESPathError:
        return None


def text_at(row: Row, column: str | None, booleans: bool = False) -> str:
    """The text in a column, at an address, or of a template with both; "" where there is none. Raises NotText."""
    if not column:
        return ""
    if is_template(column) and column not in row:
        return FIELD.sub(lambda field: _in_template(row, field[1].strip(), booleans), column).strip()
    return _text(value_at(row, column), column, booleans)


def is_template(column: str) -> bool:
    return bool(FIELD.search(column)) and _compiled(column) is None


def columns_of(column: str) -> list[str]:
    """The columns that a name, an address or a template needs."""
    if is_template(column):
        return [first for field in FIELD.findall(column) for first in columns_of(field.strip())]
    return [re.split(r"[.\[|]", column, maxsplit=1)[0].strip()] if is_path(column) else [column]


def choices(options: list[str]) -> str:
    """Options under letters, one a line."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False))


def _in_template(row: Row, column: str, booleans: bool) -> str:
    value = value_at(row, column)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return choices(value)
    return _text(value, column, booleans)


def _text(value: Any, column: str, booleans: bool) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        if booleans:
            return "yes" if value else "no"
        raise NotText(f"column {column!r} holds true or false: set `booleans = true` to read yes and no")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        if all(isinstance(part, str) for part in value):
            return "\n\n".join(part.strip() for part in value).strip()
        inner = next((f".{key}" for part in value if isinstance(part, Mapping) for key in part), "")
        raise NotText(f"column {column!r} holds a list: name an element, such as {column}[0]{inner}")
    if isinstance(value, Mapping):
        names, first = ", ".join(map(str, value)), next(iter(value), "name")
        raise NotText(f"column {column!r} holds fields ({names}): name one, such as {column}.{first}")
    raise NotText(f"column {column!r} holds a {type(value).__name__}, which is no text")
