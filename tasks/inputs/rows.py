"""The rows of a person's files, whatever their format.

JSON Lines, JSON and CSV are read row by row here, so that one broken line costs one row; Parquet is read by the store's
engine.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO, cast

from graph.depth import TOO_DEEP, is_too_deep
from graph.errors import SeedError
from tasks.inputs.column_names import KnownNames
from tasks.inputs.files import JSON_LINES, LARGEST_ROW, NOT_WHOLE, PACKED, TABLES, WHOLE, kind_of, known_kinds
from tasks.inputs.layouts import laid_out, layout_of
from tasks.inputs.values import columns_of
from tasks.settings.sections import Columns, SeedFile
from tasks.store.database import Store
from tasks.store.parquet import parquet_rows

PACKED_AS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
"""How a packed file begins -> its suffix."""

DELIMITERS = ",;\t|"

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

Row = tuple[int, dict[str, Any] | str]
"""Line (or row) number from 1, and the row, or why it is none."""

Needed = Callable[[Mapping[str, Any]], Mapping[str, str | None]]
"""The columns that must be there, by use, for a file with such a first row."""


def look_at(store: Store, file: SeedFile) -> None:
    """Read a seed file up to its first row. Raises SeedError as `checked_rows` does."""
    names = KnownNames(named_in(file.columns))
    rows = checked_rows(store, file.path, file.columns.problem, seed_columns(file), file.largest_row, names)
    next((row for _, row in rows if isinstance(row, dict)), None)


def seed_columns(file: SeedFile) -> Needed:
    """The columns that a seed file must have: its layout's, or those that the settings name."""

    def needed(row: Mapping[str, Any]) -> Mapping[str, str | None]:
        layout = layout_of(file, row)
        named = dict(named_columns(laid_out(file, layout).columns))
        if layout and layout.problem:
            del named["problem"]
        return named

    return needed


def checked_rows(
    store: Store,
    path: Path,
    needed: str,
    columns: Mapping[str, str | None] | Needed,
    largest_row: float | None = None,
    names: KnownNames | None = None,
) -> Iterator[Row]:
    """The rows of a file, after a look at the first one: it must hold the columns that are named.

    `names` gives columns the names that they are looked up by.

    Raises SeedError, with what the file does hold, when the file is missing, empty, of unknown kind, has no readable
    row, or lacks a column.
    """
    found = False
    unread: tuple[int, str] | None = None
    for line, row in read_rows(store, path, largest_row):
        if isinstance(row, str):
            unread = unread or (line, row)
            yield line, row
            continue
        known = names(row) if names else row
        if not found:
            found = True
            _check_columns(path, row, known, columns(known) if callable(columns) else columns)
        yield line, known
    if not found and unread:
        raise SeedError(
            f"{path} has no readable row; line {unread[0]}: {unread[1]}. It should hold one JSON object a line."
        )
    if not found:
        raise SeedError(f"{path} is empty: give a file with a column {needed!r}.")


def read_rows(store: Store, path: Path, largest_row: float | None = None) -> Iterator[Row]:
    """The rows of a JSON Lines, JSON, CSV, TSV or Parquet file, told by its suffix; text may be packed by gzip or zstd.

    JSON Lines are read under any other suffix too, when the file is named itself. Of a row that is larger than so many
    megabytes no more than that comes into memory.
    """
    if not path.is_file():
        if path.exists():
            raise SeedError(f"{path} is no regular file: copy what it gives into one.")
        raise SeedError(f"{path} does not exist: correct its path in the settings.")
    kind, largest = kind_of(path), round((largest_row or LARGEST_ROW) * (1 << 20))
    try:
        if kind in JSON_LINES:
            yield from _json_lines(path, largest)
        elif kind == ".json":
            yield from _json_file(path, largest)
        elif kind in TABLES:
            yield from _csv_rows(path, TABLES[kind], largest)
        elif kind == ".parquet":
            yield from parquet_rows(store, path, largest, _too_long(largest))
        elif _begins_with_an_object(path, largest):
            yield from _json_lines(path, largest)
        else:
            raise SeedError(f"{path} is of no known kind: give a {known_kinds()} file.")
    except OSError as error:
        raise SeedError(f"{path} cannot be read ({error.strerror or error}).") from error
    except (UnicodeError, *NOT_WHOLE) as error:
        raise SeedError(f"{path} cannot be read ({error}): give a whole file in UTF-8 or UTF-16.") from error


def _too_long(largest: int) -> str:
    return f"longer than {largest / (1 << 20):.3g} MB; `largest_row` of the file in the settings allows more"


def _opened(path: Path, newline: str) -> TextIO:
    """A file as text: UTF-8, or UTF-16 where it begins with the mark of that.

    Bytes that are not UTF-8 become lone surrogates, which the row check then rejects: one bad line costs one row.
    """
    unpack = PACKED.get(path.suffix.lower(), open)
    with unpack(path, "rb") as raw:
        begin = raw.read(4)
    if packing := next((suffix for mark, suffix in PACKED_AS.items() if begin.startswith(mark)), ""):
        raise SeedError(f"{path} is packed, which its name does not say: unpack it, or call it {path.name}{packing}.")
    if begin in UTF_32 or (b"\0" in begin and not begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))):
        raise SeedError(f"{path} is text of another encoding: convert it, as by `iconv -f UTF-16LE -t UTF-8`.")
    encoding = next((name for mark, name in BYTE_ORDER_MARKS.items() if begin.startswith(mark)), "utf-8-sig")
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    opened = unpack(path, "rt", encoding=encoding, errors=errors, newline=newline)
    return cast("TextIO", opened)


def _begins_with_an_object(path: Path, largest: int) -> bool:
    with _opened(path, "\n") as lines:
        first = next((line for line in _bounded(lines, largest) if line and line.strip()), "")
    return isinstance(_object(first), dict)


def _json_lines(path: Path, largest: int) -> Iterator[Row]:
    with _opened(path, "\n") as lines:
        for number, line in enumerate(_bounded(lines, largest), 1):
            if line is None:
                yield number, _too_long(largest)
            elif line.strip():
                yield number, _object(line)


def _bounded(lines: TextIO, largest: int) -> Iterator[str | None]:
    """The lines of a file; None for one of more than `largest` characters, which is read over in parts."""
    while line := lines.readline(largest + 1):
        if len(line) <= largest or line.endswith("\n"):
            yield line
            continue
        while line and not line.endswith("\n"):
            line = lines.readline(largest)
        yield None


def _object(line: str) -> dict[str, Any] | str:
    try:
        value = json.loads(line, strict=False)
    except RecursionError:
        return TOO_DEEP
    except ValueError as error:
        return f"not JSON ({str(error)[:80]})"
    return _row_of(value)


def _row_of(value: Any) -> dict[str, Any] | str:
    if not isinstance(value, dict):
        return "not a JSON object"
    return TOO_DEEP if is_too_deep(value) else value


def _json_file(path: Path, largest: int) -> Iterator[Row]:
    """An array of objects, alone or under one key; one object of texts and numbers; columns of equal length; or JSON
    Lines in spite of the suffix.
    """
    with _opened(path, "\n") as opened:
        text = opened.read(WHOLE * largest + 1)
    if len(text) > WHOLE * largest:
        raise SeedError(
            f"{path} is longer than {WHOLE * largest / (1 << 20):.3g} MB, and a .json file is read whole: give JSON "
            "Lines, or raise its `largest_row`."
        )
    try:
        value = json.loads(text, strict=False)
    except RecursionError:
        raise SeedError(f"{path}: {TOO_DEEP}. Give an array of objects, or JSON Lines.") from None
    except ValueError as error:
        lines = [(number, _object(line)) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) > 1 and isinstance(lines[0][1], dict):
            yield from lines
            return
        raise SeedError(f"{path} is not JSON ({str(error)[:80]}): give an array of objects, or JSON Lines.") from error
    for number, row in enumerate(_array_in(value, path), 1):
        yield number, _row_of(row)


def _array_in(value: Any, path: Path) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and not any(isinstance(part, list | dict) for part in value.values()):
        return [value]  # a problem a file, as MATH came
    arrays = [part for part in value.values() if isinstance(part, list)] if isinstance(value, dict) else []
    if len(arrays) == 1 and all(isinstance(row, dict) for row in arrays[0]):
        return arrays[0]
    if arrays and len(arrays) == len(value) and len({len(part) for part in arrays}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*arrays, strict=True)]
    raise SeedError(f"{path} holds no JSON array: give an array of objects, or JSON Lines.")


def _csv_rows(path: Path, delimiter: str, largest: int) -> Iterator[Row]:
    with _opened(path, "") as lines:
        header = lines.readline(largest)
        lines.seek(0)
        csv.field_size_limit(largest)
        record = _Record(lines, path, largest)
        reader = csv.reader(record, delimiter=delimiter or max(DELIMITERS, key=header.count), strict=True)
        names: list[str] | None = None
        while True:
            line = reader.line_num + 1
            record.left = largest
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, f"not CSV ({error})"
                continue
            if names is None:
                names = fields
                if twice := next((name for name in fields if name and fields.count(name) > 1), None):
                    raise SeedError(f"{path} has two columns {twice!r}: rename one of them.")
            elif len(fields) == len(names):
                yield line, dict(zip(names, fields, strict=True))
            elif fields:
                yield line, f"{len(fields)} fields, and the first line names {len(names)}"


@dataclass
class _Record:
    """The lines of a CSV file, of which one row may take only so many characters.

    Where a longer row ends cannot be told without reading all of it, so it ends the file.
    """

    lines: TextIO
    path: Path
    largest: int
    left: int = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.lines.readline(self.left + 1):
            self.left -= len(line)
            if self.left < 0:
                raise SeedError(
                    f"{self.path} holds a row {_too_long(self.largest)}. Is a quotation mark not closed? "
                    "Mend the file, or raise its `largest_row`."
                )
            yield line


def named_columns(columns: Columns) -> dict[str, str | None]:
    """The columns that must be there: the problem's, and those named otherwise than by default."""
    named: dict[str, str | None] = columns.model_dump()
    return {use: name for use, name in named.items() if use == "problem" or name != Columns.model_fields[use].default}


def named_in(columns: Columns) -> set[str]:
    """The columns of a file that its settings name."""
    return {part for name in columns.model_dump().values() if name for part in columns_of(name)}


def _check_columns(
    path: Path, row: Mapping[str, Any], known: Mapping[str, Any], columns: Mapping[str, str | None]
) -> None:
    """Raise SeedError when a row lacks a column, whatever the names that it is `known` by."""
    for use, name in columns.items():
        for part in columns_of(name) if name is not None and name not in known else ():
            if part in known:
                continue
            near = get_close_matches(part, row, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Name the right one: `columns = {{ {use} = ... }}`."
            there = ", ".join(repr(column) for column in row)
            raise SeedError(f"{path} has no column {part!r} for the {use}; its columns are: {there}. {hint}")
