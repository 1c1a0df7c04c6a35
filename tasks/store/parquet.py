"""The rows of a Parquet file, as many in memory at a time as their texts allow.

A file of two kilobytes may hold gigabytes: a long value stands in it once, however many rows it is in. So the texts are
measured first, which copies none of them; rows that are too long are left in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from graph.depth import DEEPEST, TOO_DEEP
from graph.errors import SeedError, StoreError
from tasks.store.database import Store

AT_ONCE = 64 << 20
"""Bytes of texts in memory at a time."""
VECTOR = 2048
"""Rows that DuckDB holds at once, whatever is asked for."""
MOST_VALUES = 1 << 26
"""Values of a column in one row group: those of a list are in memory together, and a few bytes can stand for many."""

Row = tuple[int, dict[str, Any] | str]


def parquet_rows(store: Store, path: Path, largest: int, too_long: str) -> Iterator[Row]:
    """The rows of a file by their number, `too_long` for those of more than `largest` bytes. Raises SeedError."""
    try:
        _refuse_too_many(store, path)
        described = store.rows("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
        names = [name for name, *_ in described]
        size = " + ".join(_bytes(_quoted(name), duckdb.sqltype(kind)) for name, kind, *_ in described)
        longest = store.value(f"SELECT max({size}) FROM read_parquet(?)", [str(path)]) or 0
        for number, (fits, *values) in enumerate(_read(store, path, size, longest, largest), 1):
            yield number, dict(zip(names, values, strict=True)) if fits else too_long
    except StoreError as error:
        why = str(error.__cause__).splitlines()[0]
        raise SeedError(f"{path} cannot be read as Parquet ({why}): give a whole file.") from error


def _refuse_too_many(store: Store, path: Path) -> None:
    most = store.value("SELECT max(num_values) FROM parquet_metadata(?)", [str(path)]) or 0
    if most > MOST_VALUES:
        raise SeedError(
            f"{path} holds {most:,} values of one column in a row group, at most {MOST_VALUES:,}: write it with "
            "smaller row groups."
        )


def _read(store: Store, path: Path, size: str, longest: int, largest: int) -> Iterator[tuple[Any, ...]]:
    if longest * VECTOR <= AT_ONCE and longest <= largest:
        yield from store.stream("SELECT true, * FROM read_parquet(?)", [str(path)])
        return
    values = f"CASE WHEN {size} <= {largest} THEN COLUMNS(* EXCLUDE file_row_number) END"
    step = max(1, min(VECTOR, AT_ONCE // max(1, min(longest, largest))))
    sql = f"""SELECT {size} <= {largest}, {values} FROM read_parquet(?, file_row_number = true)
        WHERE file_row_number >= ? AND file_row_number < ?"""
    count = store.value("SELECT count(*) FROM read_parquet(?)", [str(path)])
    for start in range(0, count, step):
        yield from store.rows(sql, [str(path), start, start + step])


def _bytes(value: str, kind: Any, depth: int = 0) -> str:
    """SQL of how many bytes a value's texts take. Raises SeedError."""
    if depth > DEEPEST:
        raise SeedError(f"Of a Parquet file, {TOO_DEEP}: give one with plain columns.")
    match kind.id:
        case "varchar":
            return f"coalesce(strlen({value}), 0)"
        case "blob":
            return f"coalesce(octet_length({value}), 0)"
        case "list" | "array":
            part = f"part{depth}"
            within = _bytes(part, dict(kind.children)["child"], depth + 1)
            return f"coalesce(list_sum(list_transform({value}, lambda {part}: {within})), 0)"
        case "struct":
            parts = (_bytes(f"{value}.{_quoted(name)}", inner, depth + 1) for name, inner in kind.children)
            return f"({' + '.join(parts)})"
        case "map":
            keys, values = (duckdb.list_type(inner) for _, inner in kind.children)
            return f"({_bytes(f'map_keys({value})', keys, depth)} + {_bytes(f'map_values({value})', values, depth)})"
    return "16"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
