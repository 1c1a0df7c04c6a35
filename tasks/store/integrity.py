"""Is a store whole? Its blocks by their checksums, its log record by record, every row of every table.

Knows DuckDB's file: three headers of 4,096 bytes, then blocks, each of which begins with a checksum over the rest of it
(8 bytes, little-endian: the exclusive or of 5381 and of each 64-bit word times a constant, modulo 2^64). Blocks that
are free are checked too: they were written whole. Does not know what a row means: `references.py` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np

from tasks.store.files import log_of

MAGIC = b"DUCK"
HEADER = 4096
HEADERS = 3 * HEADER
BLOCK = 262_144
"""Bytes of a block with its checksum; DuckDB's default, with which our stores are made."""
FACTOR = np.uint64(0xBF58476D1CE4E5B9)
SEED = np.uint64(5381)
NAMED = 3
"""Bad blocks that are named in one sentence."""
LOG_HEAD = 128
"""Bytes within which a log's first record begins."""
Config = dict[str, str | bool | int | float | list[str]]
"""Settings that DuckDB opens a file with."""
SHUT: Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "lock_configuration": True,
}
"""How a store that somebody else may have made is opened: it reads no file but its own."""


def bad_blocks(path: Path) -> list[str]:
    """What of a database file does not agree with its checksums, in words; nothing when all does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        heads = [file.read(HEADER) for _ in range(HEADERS // HEADER)]
        if heads[0][8 : 8 + len(MAGIC)] != MAGIC:
            return [f"{path.name} is no DuckDB file"]
        wrong = [f"header {number}" for number, head in enumerate(heads) if not _agrees(head)]
        found = [f"{path.name}: {', '.join(wrong)} of {len(heads)} damaged"] if wrong else []
        bad = [number for number, block in enumerate(_blocks(file)) if not _agrees(block)]
    if bad:
        named = ", ".join(map(str, bad[:NAMED])) + (", ..." if len(bad) > NAMED else "")
        found.append(f"{path.name}: {len(bad)} of {(size - HEADERS) // BLOCK} blocks damaged (block {named})")
    if size < HEADERS or (size - HEADERS) % BLOCK:
        found.append(f"{path.name} ends within a block")
    return found


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while len(block := file.read(BLOCK)) == BLOCK:
        yield block


def _agrees(block: bytes) -> bool:
    words = np.frombuffer(block[: len(block) // 8 * 8], dtype="<u8")
    return len(words) > 1 and bool(words[0] == (np.bitwise_xor.reduce(words[1:] * FACTOR) ^ SEED))


def bad_log(path: Path) -> list[str]:
    """What of a log is no whole record, in words. The records' own checksums are DuckDB's to read, when it opens it."""
    log = path.read_bytes()
    if not log:
        return []
    whole = max((_records_end(log, start) for start in _first_records(log)), default=0)
    if whole == len(log):
        return []
    return [
        f"{path.name}: the last {len(log) - whole:,} of {len(log):,} bytes are no whole record, as a crash or damage "
        "leaves them; what they held is lost"
    ]


def _first_records(log: bytes) -> Iterator[int]:
    """Where the first record may begin: behind the mark that ends the log's own head."""
    end = b"\xff\xff"
    at = log.find(end, 0, LOG_HEAD)
    while at >= 0:
        yield at + len(end)
        at = log.find(end, at + 1, LOG_HEAD)


def _records_end(log: bytes, start: int) -> int:
    """Where the last whole record ends, when each begins with its length and a checksum of 8 bytes each."""
    at = start
    while at + 16 <= len(log):
        length = int.from_bytes(log[at : at + 8], "little")
        if not length or at + 16 + length > len(log):
            break
        at += 16 + length
    return at


def read_all(path: Path) -> dict[str, int]:
    """Read every value of every table of a store, with its log; rows by table. Raises duckdb.Error."""
    with duckdb.connect(str(path), read_only=True, config=SHUT) as connection:
        listed = "SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        return {name: _read(connection, name) for (name,) in connection.execute(listed).fetchall()}


def _read(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    sql = f'SELECT count(*), bit_xor(hash(rows)) FROM "{table}" AS rows'
    found = connection.execute(sql).fetchone()
    return int(found[0]) if found else 0


def bad_files(store: Path) -> list[str]:
    """What is wrong with the files of a store, in words; nothing when they are whole."""
    log = log_of(store)
    found = bad_blocks(store) + (bad_log(log) if log.exists() else [])
    if not os.access(store, os.R_OK):
        return found
    try:
        read_all(store)
    except duckdb.Error as error:
        where = log.name if "WAL" in str(error) else store.name
        found.append(f"{where} cannot be read ({str(error).splitlines()[0]})")
    return found
