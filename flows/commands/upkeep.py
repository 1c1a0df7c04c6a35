"""Keeping a workspace in order: its store rewritten, and copies of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from graph.errors import StoreError, UsageError
from tasks.store.backup import back_up
from tasks.store.compact import KEPT, compact
from tasks.store.database import FILE_NAME, open_store
from tasks.store.files import log_of
from tasks.store.integrity import bad_files
from tasks.store.references import misfits, was_killed
from tasks.store.salvage import salvage


def print_compact(workspace: Path, raw: str) -> None:
    """Rewrite the store and say what that gave back. Raises UsageError, StoreError."""
    chosen = next((known for known in KEPT if known == raw), None)
    if chosen is None:
        raise UsageError(f"--raw {raw!r} is none of {', '.join(KEPT)}.")
    before, after = compact(_store(workspace).parent, chosen)
    print(f"{_store(workspace)}: {before:,} bytes before, {after:,} after")


def print_backup(workspace: Path, file: Path) -> None:
    """Copy the store and say what the copy holds. Raises StoreError."""
    calls = back_up(_store(workspace), file)
    print(f"{file}: {calls:,} calls, {file.stat().st_size:,} bytes")


def print_integrity(workspace: Path, salvaged: Path | None) -> None:
    """Say whether a store is whole, and save what is of one that is not. Raises StoreError when it is not."""
    path = _store(workspace)
    found, killed = bad_files(path), False
    if not found:
        with closing(open_store(workspace, read_only=True)) as store:
            found, killed = misfits(store), was_killed(store)
    for line in found:
        print(f"{path.parent / line}" if line.startswith(FILE_NAME) else line)
    if salvaged:
        for table, (taken, there) in salvage(path, salvaged).items():
            if there:
                print(f"{table}: {taken:,} of {there:,} rows saved")
        print(
            f"What is whole is in {salvaged}: go on with it as the workspace, and what is missing is asked for again."
        )
    elif found:
        raise StoreError(
            f"{path} is not whole: restore a copy (`gsdp backup` makes them), or save what is whole into a new "
            f"workspace with `gsdp verify-store {workspace} --salvage FOLDER`."
        )
    else:
        print(f"{path} is whole: every block, every row, every reference.")
        if killed and not log_of(path).exists():
            print("Its last run was killed, and there is no log next to it: if one was there, what it held is missing.")


def _store(workspace: Path) -> Path:
    path = workspace / FILE_NAME
    if not path.is_file():
        raise StoreError(f"There is no store in {workspace}: run `gsdp run` with this workspace first.")
    return path
