"""A whole copy of a store, also while a run writes to it.

Knows: DuckDB changes the blocks that a database file's header points to at no time; a checkpoint writes new ones and
then the header, and until the next checkpoint every commit goes to the end of the log next to the file. So the file,
with as much of the log as there was before copying began, is the store as it was at that moment, provided that the
header is the same afterwards. If it is not, the copy is made again; and a run that sees that its store is being copied
puts its checkpoints off, so that this happens once and not without end.
Does not know DuckDB's lock, and must not be called in a process that has the store open: opening and closing a locked
file there releases the lock of the whole process.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import duckdb

from graph.errors import StoreError
from tasks.store.files import flush, log_of, refuse_odd, replacing
from tasks.store.integrity import HEADER, HEADERS, MAGIC, bad_files

FLAG = ".backup"
"""A file of the workspace that is locked as long as somebody copies the store."""
PATIENCE = 60.0
"""Seconds that one who copies the store is waited for. The flag is a courtesy to the run: anybody who may read it
could hold it forever, and the copy is right without it."""
LOOK_EVERY = 0.1
LONGEST_COPY = 3600.0
"""Seconds for which a run puts its checkpoints off, however long the flag is held."""
LOG_BEGINS = 256
"""Bytes of a log that tell it from the log after the next checkpoint."""
TRIES = 10
"""Copies begun before it is given up; a second one is rare, and only the beginning and end of runs make a third."""


def back_up(store: Path, target: Path) -> int:
    """Copy the file of a store to `target`, which appears whole or not at all; how many calls it holds.

    Everything that was committed before is in it. Raises StoreError.
    """
    _refuse(target, store)
    try:
        with replacing(target, like=store) as fresh:
            copy_as_it_is(store, fresh)
            for copied in (fresh, log_of(fresh)):
                if copied.exists():
                    flush(copied)
            return _whole(store, fresh)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}): name another file.") from error


def copy_as_it_is(store: Path, fresh: Path) -> None:
    """Copy the file of a store with its log, as they are at one moment. Raises StoreError, OSError."""
    with _being_copied(store):
        if not any(_copy(store, fresh) for _ in range(TRIES)):
            raise StoreError(f"{store} changed {TRIES} times while it was copied: try again later.")


def _refuse(target: Path, store: Path) -> None:
    """Raise StoreError when a copy under this name would take the place of something that is no older copy."""
    refuse_odd(target)
    if target.parent.resolve() == store.parent.resolve() and target.name in (store.name, log_of(store).name, FLAG):
        raise StoreError(f"{target} is a file of the workspace itself: name another one.")
    if target.is_file() and target.stat().st_size:
        with target.open("rb") as file:
            if MAGIC not in file.read(HEADER)[8 : 8 + len(MAGIC)]:
                raise StoreError(f"{target} is there, and no copy of a store: name another file.")


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


@contextmanager
def _being_copied(store: Path) -> Iterator[None]:
    """Mark the store as being copied. Another copy in progress is waited for, but not forever."""
    with store.with_name(FLAG).open("wb") as flag:
        end = time.monotonic() + PATIENCE
        while not _locked(flag) and time.monotonic() < end:
            time.sleep(LOOK_EVERY)
        yield


def _locked(flag: BinaryIO) -> bool:
    try:
        fcntl.flock(flag, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
    return _beginning(store, HEADERS), _beginning(log, log_begins) if log.exists() else b""


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


def _whole(store: Path, fresh: Path) -> int:
    """Read all of a copy, and take its log into its file; how many calls it holds. Raises StoreError."""
    if found := bad_files(fresh):
        what = "; ".join(found).replace(fresh.name, store.name)
        raise StoreError(
            f"The store is damaged, so it is not copied ({what}): what stood under that name is as it was. "
            f"`gsdp verify-store {store.parent}` says more."
        )
    try:
        with duckdb.connect(str(fresh), config={"autoinstall_known_extensions": False}) as connection:
            calls = connection.execute("SELECT count(*) FROM calls").fetchone()
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        raise StoreError(f"The copy cannot be read ({str(error).splitlines()[0]}): is the store damaged?") from error
    return int(calls[0]) if calls else 0


def _remove(fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    log_of(fresh).unlink(missing_ok=True)
