"""Folders that are replaced whole: a reader, and a crash at any moment, find the old one or the new one.

What is written gets a temporary folder of its own next to its place, is flushed, and then changes places with what is
there in one step, which Linux and macOS have where the file system has. Elsewhere the old folder is moved away first,
and if the process is killed just then, the next call moves it back. Where a folder holds files of somebody else, these
stay where they are, and ours are replaced one by one: each is the old one or the new one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.store.files import PART, flush

FORMER, FRESH = "former", "fresh"
"""What the temporary folder holds: what was in the place, and what comes there."""
HERE = -100
"""The number that stands for the working folder where a path is relative."""
SWAP = 2
"""The flag by which two paths change places, on Linux and on macOS."""
SWAPPER = {"linux": "renameat2", "darwin": "renameatx_np"}


@contextmanager
def replacing_folder(target: Path, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """The path of a folder to make, which takes the place of `target` when the block ends well.

    `is_ours` tells by its path within `target` whether a file may be replaced or removed. Raises OSError.
    """
    remove_leftovers(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent, f".{target.name}.", PART) as work:
        try:
            # A folder within: the temporary one is for its owner's eyes only, and what comes of it need not be.
            fresh = work / FRESH
            yield fresh
            _flush_all(fresh)
            if not target.exists():
                fresh.rename(target)
            elif all(is_ours(path) for path in files_of(target)):
                _swap(fresh, target)
            else:
                _put_into(fresh, target, is_ours)
            flush(target.parent)
        finally:
            _restore(work, target)


@contextmanager
def temporary_folder(parent: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """A folder that is gone when the block ends, and is locked until then: a lock says on every machine and in every
    container that somebody is at work in it, which the number of a process does not. Raises OSError.
    """
    while True:
        folder = Path(tempfile.mkdtemp(suffix, prefix, parent))
        with suppress(FileNotFoundError):  # Taken for a leftover before it was locked.
            held = os.open(folder, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            if folder.exists():
                break
            os.close(held)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def files_of(folder: Path) -> list[Path]:
    """The files below a folder, by their paths within it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def remove_leftovers(target: Path) -> None:
    """Remove what calls for the same folder that were killed have left; those that are at work go on."""
    remove_abandoned(target.parent, f".{target.name}.*{PART}", lambda left: _restore(left, target))


def remove_abandoned(parent: Path, pattern: str, before: Callable[[Path], None] = lambda folder: None) -> None:
    """Remove the temporary folders that nobody is at work in; `before` that, do something with each."""
    for left in parent.glob(pattern):
        with suppress(OSError):
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                before(left)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(held)


def _restore(work: Path, target: Path) -> None:
    """Move back what was moved away, where nothing came in its place."""
    if (work / FORMER).is_dir() and not target.exists():
        (work / FORMER).rename(target)


def _swap(fresh: Path, target: Path) -> None:
    if not _exchange(fresh, target):
        target.rename(fresh.with_name(FORMER))
        fresh.rename(target)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; whether that can be done here."""
    call = getattr(ctypes.CDLL(None), SWAPPER.get(sys.platform, ""), None)
    return call is not None and call(HERE, os.fsencode(one), HERE, os.fsencode(other), SWAP) == 0


def _put_into(fresh: Path, folder: Path, is_ours: Callable[[Path], bool]) -> None:
    written = files_of(fresh)
    for path in written:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(fresh / path, folder / path)
    for path in files_of(folder):
        if is_ours(path) and path not in written:
            (folder / path).unlink()
    for path in {(folder / path).parent for path in written}:
        flush(path)


def _flush_all(folder: Path) -> None:
    for path in files_of(folder):
        flush(folder / path)
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        flush(path)
