"""`gsdp report`: a workspace as one HTML file, to look at and to pass around."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from flows.commands.workspace import latest_settings
from tasks.reports.page.content import REPORT, write_report
from tasks.store.looking import reading


def print_report(workspace: Path, other: Path | None, file: Path | None) -> None:
    """Write the report and say where it is."""
    target = file or workspace / REPORT
    with ExitStack() as stack:
        stores = [stack.enter_context(reading(folder)) for folder in (workspace, other) if folder]
        sides = [(store, latest_settings(store)) for store in stores]
        write_report(*sides[0], target, sides[1] if other else None)
    print(f"The report is written: open {target} in a browser.")
