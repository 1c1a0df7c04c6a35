"""What DuckDB's errors mean for a person, and what to do: one sentence each. It knows them by their words alone."""

import os
import re
from pathlib import Path

import duckdb

from graph.errors import StoreError, StoreInUse

LONGEST_QUERY = 1800.0
"""Seconds: many times what any query of ours takes."""
HELD = re.compile(r"lock is held in (?:(.+?) \()?PID (\d+)")
DAMAGED = "{path} is damaged (cut short or not a DuckDB file): restore a copy, or choose another workspace."
SIGNS_OF_DAMAGE = ("not a valid DuckDB", "Extension", "Could not read enough bytes", "Corrupt", "checksum", "truncated")


def cannot_open(error: Exception, path: Path) -> StoreError:
    """What is raised when DuckDB does not open a file."""
    if held := HELD.search(str(error)):
        return StoreInUse(path, int(held[2]), Path(held[1] or "").name)
    return StoreError(sentence(error, path))


def sentence(error: Exception, path: Path) -> str:
    """What a DuckDB error means for a person, and what to do."""
    text = str(error)
    if "No space left" in text or "File too large" in text:
        return f"No space is left for {path}: free some and run the same command again; what was committed is safe."
    if "INTERRUPT" in text:
        return f"{path}: a query took longer than {LONGEST_QUERY / 60:.0f} minutes or was interrupted, and was ended."
    if "Read-only file system" in text or "Permission denied" in text or not _writable(path):
        return f"{path} cannot be written: make the folder writable, or choose another workspace."
    if any(sign in text for sign in SIGNS_OF_DAMAGE):
        return DAMAGED.format(path=path)
    return f"{path}: {text.splitlines()[0]}"


def _writable(path: Path) -> bool:
    nearest = path if path.exists() else next(parent for parent in path.parents if parent.exists())
    return os.access(nearest, os.W_OK)


def was_interrupted(error: StoreError) -> bool:
    """Whether a signal has ended a query: DuckDB swallows what its handler has raised."""
    return isinstance(error.__cause__, duckdb.InterruptException)
