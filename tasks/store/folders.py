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
    beside = Path(tempfile.mkdtemp(PART, f".{target.name}.", target.parent))
    held = os.open(beside, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        # A folder within: the temporary one is for its owner's eyes only, and what comes of it need not be.
        fresh = beside / FRESH
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
        _restore(beside, target)
        shutil.rmtree(beside, ignore_errors=True)
        os.close(held)


def files_of(folder: Path) -> list[Path]:
    """The files below a folder, by their paths within it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def remove_leftovers(target: Path) -> None:
    """Remove what calls for the same folder that were killed have left; those that are at work go on."""
    for left in target.parent.glob(f".{target.name}.*{PART}"):
        with suppress(OSError):
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _restore(left, target)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(held)


def _restore(beside: Path, target: Path) -> None:
    """Move back what was moved away, where nothing came in its place."""
    if (beside / FORMER).is_dir() and not target.exists():
        (beside / FORMER).rename(target)


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
