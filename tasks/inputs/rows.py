"""The rows of a person's files, whatever their format.

JSONL, JSON and CSV are read row by row here, so that one broken line costs one row; Parquet is read by the store's
engine.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graph.errors import SeedError, StoreError
from tasks.settings.run import Columns, RunSettings, SeedFile
from tasks.store.database import Store

JSON_LINES = (".jsonl", ".ndjson")

KINDS = (*JSON_LINES, ".json", ".csv", ".parquet")

DELIMITERS = ",;\t|"

LONGEST_FIELD = 1 << 30
"""Characters of a CSV field; a long one is for the row check to refuse, not for the reader."""

Row = tuple[int, dict[str, Any] | str]
"""Line (or row) number from 1, and the row, or why it is none."""


def with_each_file(settings: RunSettings) -> RunSettings:
    """The settings with the files of a folder in its place, by name. Raises SeedError when it has none."""
    if not any(file.path.is_dir() for file in settings.seeds):
        return settings
    found: list[SeedFile] = []
    for file in settings.seeds:
        within = sorted(path for path in file.path.glob("*") if path.suffix.lower() in KINDS)
        if file.path.is_dir() and not within:
            raise SeedError(f"{file.path} holds no seed file yet: put a .jsonl, .json, .csv or .parquet file into it.")
        found += [file.model_copy(update={"path": path}) for path in within] or [file]
    return settings.model_copy(update={"seeds": tuple(found)})


def look_at(store: Store, file: SeedFile) -> None:
    """Read a seed file up to its first row. Raises SeedError as `checked_rows` does."""
    rows = checked_rows(store, file.path, file.columns.problem, named_columns(file.columns))
    next((row for _, row in rows if isinstance(row, dict)), None)


def checked_rows(store: Store, path: Path, needed: str, columns: Mapping[str, str | None]) -> Iterator[Row]:
    """The rows of a file, after a look at the first one: it must hold the columns that are named.

    Raises SeedError, with what the file does hold, when the file is missing, empty, of unknown kind, has no readable
    row, or lacks a column.
    """
    found = False
    unread: tuple[int, str] | None = None
    for line, row in read_rows(store, path):
        if isinstance(row, str):
            unread = unread or (line, row)
        elif not found:
            found = True
            _check_columns(path, row, columns)
        yield line, row
    if not found and unread:
        raise SeedError(
            f"{path} has no readable row; line {unread[0]}: {unread[1]}. It should hold one JSON object a line."
        )
    if not found:
        raise SeedError(f"{path} is empty: give a file with a column {needed!r}.")


def read_rows(store: Store, path: Path) -> Iterator[Row]:
    """The rows of a JSONL, JSON, CSV or Parquet file, told by its suffix."""
    if not path.is_file():
        raise SeedError(f"{path} does not exist: correct its path in the settings.")
    kind = path.suffix.lower()
    try:
        if kind in JSON_LINES:
            yield from _json_lines(path)
        elif kind == ".json":
            yield from _json_array(path)
        elif kind == ".csv":
            yield from _csv_rows(path)
        elif kind == ".parquet":
            yield from _parquet(store, path)
        else:
            raise SeedError(f"{path} is of no known kind: give a .jsonl, .json, .csv or .parquet file.")
    except OSError as error:
        raise SeedError(f"{path} cannot be read ({error.strerror}).") from error


def _json_lines(path: Path) -> Iterator[Row]:
    # Bytes that are not UTF-8 become lone surrogates, which the row check then rejects: one bad line costs one row.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _object(line)


def _object(line: str) -> dict[str, Any] | str:
    try:
        value = json.loads(line, strict=False)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({str(error)[:80]})"
    return value if isinstance(value, dict) else "not a JSON object"


def _json_array(path: Path) -> Iterator[Row]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig", errors="surrogateescape"), strict=False)
    except (ValueError, RecursionError) as error:
        raise SeedError(f"{path} is not JSON ({str(error)[:80]}): give an array of objects, or JSON Lines.") from error
    if not isinstance(value, list):
        raise SeedError(f"{path} holds no JSON array: give an array of objects, or JSON Lines.")
    for number, row in enumerate(value, 1):
        yield number, row if isinstance(row, dict) else "not a JSON object"


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        header = lines.readline()
        lines.seek(0)
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.reader(lines, delimiter=max(DELIMITERS, key=header.count), strict=True)
        names: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, f"not CSV ({error})"
                continue
            if names is None:
                names = fields
            elif len(fields) == len(names):
                yield line, dict(zip(names, fields, strict=True))
            elif fields:
                yield line, f"{len(fields)} fields, and the first line names {len(names)}"


def _parquet(store: Store, path: Path) -> Iterator[Row]:
    try:
        names = [row[0] for row in store.rows("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])]
        for number, row in enumerate(store.stream("SELECT * FROM read_parquet(?)", [str(path)]), 1):
            yield number, dict(zip(names, row, strict=True))
    except StoreError as error:
        why = str(error.__cause__).splitlines()[0]
        raise SeedError(f"{path} cannot be read as Parquet ({why}): give a whole file.") from error


def named_columns(columns: Columns) -> dict[str, str | None]:
    """The columns that must be there: the problem's, and those named otherwise than by default."""
    named: dict[str, str | None] = columns.model_dump()
    return {use: name for use, name in named.items() if use == "problem" or name != Columns.model_fields[use].default}


def _check_columns(path: Path, row: Mapping[str, Any], columns: Mapping[str, str | None]) -> None:
    for use, name in columns.items():
        if name is not None and name not in row:
            near = get_close_matches(name, row, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            there = ", ".join(repr(column) for column in row)
            raise SeedError(f"{path} has no column {name!r} for the {use}; its columns are: {there}.{hint}")
