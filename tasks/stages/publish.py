"""publish: write the dataset of the workspace."""

from __future__ import annotations

from typing import Any

from tasks.context.run_context import run_context
from tasks.reports.dataset import DATASET, write_dataset
from tasks.reports.page.content import REPORT
from tasks.stages.chunk_task import chunk_task
from tasks.store.latest import pair_count


@chunk_task("publish")
async def publish() -> dict[str, Any]:
    """Write the dataset of the workspace into its folder; its path and pairs, the accepted pairs, has it a report."""
    work = run_context()
    folder = work.settings.workspace / DATASET
    count = write_dataset(work.store, work.settings, folder)
    work.counts.note("publish", done=count)
    reported = (folder / REPORT).exists()
    return {"pairs": count, "folder": str(folder), "accepted": pair_count(work.store), "reported": reported}
