"""publish: write the dataset of the workspace."""

from __future__ import annotations

from typing import Any

from tasks.dataset import write_dataset
from tasks.retry import chunk_task
from tasks.store.latest import pair_count
from tasks.workbench import bench

DATASET = "dataset"
"""The dataset's folder in the workspace."""


@chunk_task("publish")
async def publish() -> dict[str, Any]:
    """Write the dataset of the workspace into its folder; its path, its pairs, and the accepted pairs there are."""
    work = bench()
    folder = work.settings.workspace / DATASET
    count = write_dataset(work.store, work.settings, folder)
    work.counts.note("publish", done=count)
    return {"pairs": count, "folder": str(folder), "accepted": pair_count(work.store)}
