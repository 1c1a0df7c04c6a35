"""Reading a store at any time: in the file itself, or, while a run holds it, in a copy of this moment.

The copy lies in the workspace and is gone afterwards. A run hardly notices: its file is read, mostly from memory, and
its next checkpoint waits until the copy is made (`tasks/store/backup.py`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from graph.errors import StoreError, StoreInUse
from tasks.store.backup import copy_as_it_is
from tasks.store.database import FILE_NAME, Store, open_store

PREFIX = ".looked-at-"
"""How the folder of a copy is called; the number of the process that made it follows."""


@contextmanager
def reading(workspace: Path) -> Iterator[Store]:
    """The store of a workspace, open for reading, also while a run is at work. Raises StoreError."""
    try:
        store = open_store(workspace, read_only=True)
    except StoreInUse:
        with _copied(workspace) as folder:
            yield from _open(open_store(folder, read_only=True))
    else:
        yield from _open(store)


def _open(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _copied(workspace: Path) -> Iterator[Path]:
    try:
        _remove_leftovers(workspace)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=workspace))
    except OSError as error:
        raise StoreError(
            f"A run is at work in {workspace}, and its store is read in a copy there, which cannot be written "
            f"({error.strerror}): wait until the run has ended."
        ) from error
    try:
        copy_as_it_is(workspace / FILE_NAME, folder / FILE_NAME)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(workspace: Path) -> None:
    """Remove the copies of processes that were killed."""
    for left in workspace.glob(f"{PREFIX}*"):
        process = left.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
