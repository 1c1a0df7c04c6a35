"""Folders of domains."""

from __future__ import annotations

from pathlib import Path

from graph.errors import UsageError
from prompts.domain import beginning


def new_domain(folder: Path) -> list[Path]:
    """Make a folder that begins as a copy of mathematics, with remarks on what to change. Raises UsageError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already: give the name of a new folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in beginning(folder.name).items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}).") from error
    return sorted(folder.iterdir())
