"""Keeping a workspace in order: its store written anew, and copies of it."""

from __future__ import annotations

from pathlib import Path

from graph.errors import StoreError, UsageError
from tasks.store.backup import back_up
from tasks.store.compact import KEPT, compact
from tasks.store.database import FILE_NAME


def print_compact(workspace: Path, raw: str) -> None:
    """Write the store anew and say what that gave back. Raises UsageError, StoreError."""
    chosen = next((known for known in KEPT if known == raw), None)
    if chosen is None:
        raise UsageError(f"--raw {raw!r} is none of {', '.join(KEPT)}.")
    before, after = compact(_store(workspace).parent, chosen)
    print(f"{_store(workspace)}: {before:,} bytes before, {after:,} after")


def print_backup(workspace: Path, file: Path) -> None:
    """Copy the store and say what the copy holds. Raises StoreError."""
    calls = back_up(_store(workspace), file)
    print(f"{file}: {calls:,} calls, {file.stat().st_size:,} bytes")


def _store(workspace: Path) -> Path:
    path = workspace / FILE_NAME
    if not path.is_file():
        raise StoreError(f"There is no store in {workspace}: run `gsdp run` with this workspace first.")
    return path
