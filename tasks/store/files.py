"""Files that take a name whole or not at all, and stay there after a power cut.

What is written gets a temporary name of its own first, which nobody else can have chosen; then it is flushed, takes the
name it is meant for in one step, and the folder is flushed. A crash leaves the old file or the new one, and perhaps a
temporary file, which the next call for the same name removes; one that somebody is at work on is locked, and stays.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graph.errors import StoreError

PART = ".gsdp-part"
"""How the names of temporary files end."""


def log_of(store: Path) -> Path:
    """The log that belongs to a database file."""
    return store.with_name(f"{store.name}.wal")


@contextmanager
def replacing(target: Path, like: Path | None = None) -> Iterator[Path]:
    """A temporary file in the folder of `target`, which takes its name when the block ends well.

    It may be read by those who could read the file that was there, or else `like`, or by those whom the umask allows.

    Raises StoreError when `target` is something else than a regular file, OSError when it cannot be written.
    """
    refuse_odd(target)
    remove_leftovers(target)
    handle, name = tempfile.mkstemp(PART, f".{target.name}.", target.parent)
    fresh = Path(name)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield fresh
        known = next((path for path in (target, like) if path and path.exists()), None)
        fresh.chmod(stat.S_IMODE(known.stat().st_mode) if known else 0o666 & ~_umask())
        flush(fresh)
        os.replace(fresh, target)
        flush(target.parent)
    finally:
        for left in (fresh, log_of(fresh)):
            with suppress(OSError):
                left.unlink(missing_ok=True)
        os.close(handle)


def refuse_odd(target: Path) -> None:
    """Raise StoreError when a name stands for a folder, a device, a pipe or a link: only files are replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.lstat().st_mode):
            raise StoreError(f"{target} is no regular file, and only such are replaced: name another one.")


def remove_leftovers(target: Path) -> None:
    """Remove what calls for the same name that were killed have left."""
    for left in target.parent.glob(f".{target.name}.*{PART}*"):
        with suppress(OSError):
            # A log goes with its file, and without one where that is gone.
            if not _is_at_work(left if left.suffix == PART else left.with_suffix("")):
                left.unlink()


def _is_at_work(fresh: Path) -> bool:
    """Whether somebody holds a temporary file; its number would not tell in a container."""
    try:
        with fresh.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def flush(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, outlast a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
