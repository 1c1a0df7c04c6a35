"""All parts of the report of one workspace, or of two side by side, out of their stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph.errors import StoreError
from tasks.reports.card import finished_agreement
from tasks.reports.page.chart import Told
from tasks.reports.page.charts import charts
from tasks.reports.page.comparison import ComparedRun, comparison
from tasks.reports.page.items import items
from tasks.reports.page.knowledge_map import knowledge_map
from tasks.reports.page.novelty import nearest_seeds
from tasks.reports.page.overview import overview
from tasks.reports.page.told import told_problems
from tasks.reports.page.told_coverage import told_coverage
from tasks.reports.page.writing import page
from tasks.settings.run import RunSettings
from tasks.store.database import Store

REPORT = "report.html"
"""The report's file, in a workspace and in a dataset's folder."""


def write_report(
    store: Store, settings: RunSettings, file: Path, compared: tuple[Store, RunSettings] | None = None
) -> None:
    """Write the report of a workspace, compared with another one's where there is one.

    Raises StoreError before the first run, and where the file cannot be written.
    """
    with told_problems(store, settings.target_pairs):
        content = parts(store, settings)
        if compared:
            with told_problems(compared[0], compared[1].target_pairs):
                panels = finished_agreement(compared[0], compared[1].target_pairs)
                other = overview(*compared, told_coverage(compared[0]), panels)
                content["compare"] = comparison(
                    ComparedRun(store, settings, content["overview"]), ComparedRun(*compared, other)
                )
    text = page(f"{settings.publish.name} \u00b7 report", content)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The report cannot be written to {file} ({error.strerror}).") from error


def parts(store: Store, settings: RunSettings) -> dict[str, Any]:
    """What the page shows, by section. The table `told` must be there."""
    covers = told_coverage(store)
    panels = finished_agreement(store, settings.target_pairs)
    drawn, numbers = knowledge_map(store, covers)
    nearest = nearest_seeds(store)
    return {
        "overview": overview(store, settings, covers, panels),
        "map": drawn,
        "charts": charts(Told(store, settings, panels, nearest)),
        "items": items(store, numbers, nearest, len(settings.benchmarks)),
    }
