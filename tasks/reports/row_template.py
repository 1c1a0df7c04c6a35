"""Rows of one's own making: a template in the settings, with columns of the dataset in braces.

    [publish.template]
    question = "{problem}"
    response = "{solution}\\n\\nThe answer is {answer}."
    tags = "{points}"

A text that is one name alone gives the column as it is, a list as a list. Names in other text give text. Templates may
hold lists and tables. Text of a model is put in once and never read as a template again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graph.errors import SettingsError
from tasks.reports.columns import COLUMNS

FIELD = re.compile(r"\{([a-z_]+)\}")


def check_template(template: Mapping[str, Any]) -> None:
    """Raises SettingsError where a template names a column that there is not."""
    names = [column.name for column in COLUMNS]
    for name in _fields(template):
        if name not in names:
            raise SettingsError(f"publish.template names {{{name}}}, and there is no such column: {', '.join(names)}")


def filled(template: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A template with the values of a row; None where the row lacks one of them."""
    if any(row[name] is None for name in _fields(template)):
        return None
    return {key: _filled(value, row) for key, value in template.items()}


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(inner, row) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, row) for inner in value]
    if not isinstance(value, str):
        return value
    if alone := FIELD.fullmatch(value):
        return row[alone[1]]
    return FIELD.sub(lambda field: _text(row[field[1]]), value)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(value: Any) -> Iterator[str]:
    """The names in a template, wherever they stand."""
    if isinstance(value, str):
        yield from FIELD.findall(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _fields(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fields(inner)
