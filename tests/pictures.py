"""The pictures of the README: `python -m tests.pictures`, with Chromium; every one is taken of a run that it makes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.reports.dataset import DATASET
from tasks.reports.page.content import REPORT
from tests.support.browser import (
    artifacts,
    chromium,
    fill_form,
    open_form,
    prefect_with_ui,
    save_endpoint,
    submit,
)
from tests.support.rehearsal import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).parent / "pictures"
LARGEST = 300_000
"""Bytes of one picture."""
PAIRS = 150
TALL = 6000
"""Pixels of the window's height: the whole form, so that nothing scrolls away."""
REST = 8000
"""Milliseconds until nothing moves on a page any more."""
WORKSPACE = Path("runs/algebra")
"""Seen on the pictures; git does not see it."""


def take(page: Page, name: str, height: int) -> None:
    """Save the upper part of what the page shows, once it has come to rest."""
    page.wait_for_timeout(REST)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": 1100, "height": height})
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} has more than {LARGEST:,} bytes.")
    print(f"{path}  {path.stat().st_size:,} bytes")


def take_report(page: Page, report: Path) -> None:
    """The parts of a run's report, at the size of a screen."""
    page.set_viewport_size({"width": 1100, "height": 800})
    for part in ("overview", "map", "items"):
        page.goto("about:blank")
        page.goto(f"{report.as_uri()}#{part}")
        take(page, f"report-{part}", 800)


def main() -> None:
    """Save an endpoint, fill the form, let the run end, and open its page, one of its figures and its report."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, prefect_with_ui(Path(home)) as prefect, chromium(TALL) as page:
        save_endpoint(page, prefect, "rehearsal", "sandbox")
        open_form(page, prefect)
        fill_form(page, WORKSPACE, "rehearsal", PAIRS)
        take(page, "form", 1700)
        run = submit(page, prefect)
        prefect.ends(run, seconds=300)
        page.goto(prefect.page(f"/runs/flow-run/{run}"))
        take(page, "run", 1000)
        page.goto(prefect.page(f"/artifacts/artifact/{artifacts(prefect, run)['stages']['id']}"))
        take(page, "stages", 760)
        take_report(page, ROOT / WORKSPACE / DATASET / REPORT)
    shutil.rmtree(ROOT / WORKSPACE)


if __name__ == "__main__":
    main()
