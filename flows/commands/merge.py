"""Stores that were filled apart become one: `gsdp merge`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from graph.errors import UsageError
from tasks.store.database import FILE_NAME, open_store
from tasks.store.unite import unite


def merge(workspace: Path, others: Sequence[Path]) -> None:
    """Take what the stores of other workspaces know into that of `workspace`, and say how much that was."""
    if not (workspace / FILE_NAME).exists():
        raise UsageError(
            f"There is no store in {workspace}: name the workspace of the run that the others are part of."
        )
    store = open_store(workspace)
    try:
        for other in others:
            rows = asyncio.run(unite(store, other))
            told = ", ".join(f"{count:,} {table}" for table, count in rows.items() if count)
            print(f"{other}: {told or 'nothing new'}")
    finally:
        store.close()
    print(
        "Run the settings of the workspace again: what is merged is not paid for again, and counts once it is screened."
    )
