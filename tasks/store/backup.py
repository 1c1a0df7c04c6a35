"""A whole copy of a store, also while a run writes to it.

Knows: DuckDB changes the blocks that a database file's header points to at no time; a checkpoint writes new ones and
then the header, and until the next checkpoint every commit goes to the end of the log beside the file. So the file,
with as much of the log as there was before copying began, is the store as it was at that moment, provided that the
header is the same afterwards. If it is not, the copy is made again; and a run that sees that its store is being copied
puts its checkpoints off, so that this happens once and not for ever.
Does not know DuckDB's lock, and must not be called in a process that has the store open: whoever opens and closes a
locked file takes the lock from all of its own process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from graph.errors import StoreError

FLAG = ".backup"
"""A file of the workspace that is locked as long as somebody copies the store."""
FILE_HEADERS = 3 * 4096
"""Bytes before the first block of a DuckDB file; every checkpoint changes them."""
LOG_BEGINS = 256
"""Bytes of a log that tell it from the log after the next checkpoint."""
TRIES = 10
"""Copies begun before it is given up; a second one is rare, and only the beginning and end of runs make a third."""


def back_up(store: Path, target: Path) -> int:
    """Copy the file of a store to `target`, which appears whole or not at all; how many calls it holds.

    Everything that was committed before is in it. Raises StoreError.
    """
    if target.exists() and (target.is_dir() or target.samefile(store)):
        raise StoreError(f"{target} is no file to write a copy to: name another one.")
    fresh = target.with_name(f"{target.name}.new")
    try:
        _remove(fresh)
        with _being_copied(store):
            if not any(_copy(store, fresh) for _ in range(TRIES)):
                raise StoreError(f"{store} changed {TRIES} times while it was copied: try again later.")
        calls = _whole(fresh)
        fresh.replace(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}): name another file.") from error
    finally:
        with suppress(OSError):
            _remove(fresh)
    return calls


def is_being_copied(store: Path) -> bool:
    """Whether somebody copies the store now; one who was killed meanwhile copies no more."""
    try:
        with store.with_name(FLAG).open("rb") as flag:
            fcntl.flock(flag, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def log_of(store: Path) -> Path:
    """The log beside a database file."""
    return store.with_name(f"{store.name}.wal")


@contextmanager
def _being_copied(store: Path) -> Iterator[None]:
    """Tell so; one who copies it already is waited for."""
    with store.with_name(FLAG).open("wb") as flag:
        fcntl.flock(flag, fcntl.LOCK_EX)
        yield


def _copy(store: Path, fresh: Path) -> bool:
    """Copy the file, and the log as long as it is now; whether no checkpoint came between."""
    log = log_of(store)
    length = log.stat().st_size if log.exists() else 0
    before = _epoch(store, min(length, LOG_BEGINS))
    _copy_bytes(store, fresh)
    if length:
        _copy_bytes(log, log_of(fresh), length)
    whole = _epoch(store, min(length, LOG_BEGINS)) == before
    if not whole:
        _remove(fresh)
    return whole


def _epoch(store: Path, log_begins: int) -> tuple[bytes, bytes]:
    """What is the same as long as nothing but the end of the log changes."""
    log = log_of(store)
    return _beginning(store, FILE_HEADERS), _beginning(log, log_begins) if log.exists() else b""


def _beginning(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return b""


def _copy_bytes(source: Path, target: Path, length: int | None = None) -> None:
    try:
        old = source.open("rb")
    except FileNotFoundError:  # a log that has just been taken in
        return
    with old, target.open("wb") as new:
        shutil.copyfileobj(old, new, 1 << 20)
        if length is not None:
            new.truncate(min(length, new.tell()))
        new.flush()
        os.fsync(new.fileno())


def _whole(fresh: Path) -> int:
    """Take the log of a copy into its file, and see that it can be read."""
    try:
        with duckdb.connect(str(fresh), config={"autoinstall_known_extensions": False}) as connection:
            found = connection.execute("SELECT count(*) FROM calls").fetchone()
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        raise StoreError(f"The copy cannot be read ({str(error).splitlines()[0]}): is the store damaged?") from error
    return int(found[0]) if found else 0


def _remove(fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    log_of(fresh).unlink(missing_ok=True)
