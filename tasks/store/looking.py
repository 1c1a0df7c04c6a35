"""Reading a store at any time: in the file itself, or, while a run holds it, in a copy of this moment.

The copy lies in the workspace and is gone afterwards. A run hardly notices: its file is read, mostly from memory, and
its next checkpoint waits until the copy is made (`tasks/store/backup.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from graph.errors import StoreError, StoreInUse
from tasks.store.backup import copy_as_it_is
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.folders import remove_abandoned, temporary_folder

PREFIX = ".looked-at-"
"""How the folder of a copy is called."""


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


def is_at_work(workspace: Path) -> bool:
    """Whether somebody writes to the store of a workspace now, in whatever container."""
    try:
        open_store(workspace, read_only=True).close()
    except StoreInUse:
        return True
    except StoreError:
        return False
    return False


def _open(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _copied(workspace: Path) -> Iterator[Path]:
    remove_abandoned(workspace, f"{PREFIX}*")
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder(workspace, PREFIX))
            copy_as_it_is(workspace / FILE_NAME, folder / FILE_NAME)
        except OSError as error:
            raise StoreError(
                f"A run is at work in {workspace}, and its store is read in a copy there, which cannot be written "
                f"({error.strerror}): wait until the run has ended."
            ) from error
        yield folder
