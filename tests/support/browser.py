"""Prefect's UI in a headless Chromium: a server of its own, our flows served beside it, and what a person does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.live_prefect import Prefect, free_port, processes, start_server
from tests.support.rehearsal import ROOT, SEEDS, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = [
    # Chromium's own sandbox does not work for root, which containers run as.
    "--no-sandbox",
    # WebGL without a graphics card.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # It would ask its maker's hosts for this and that.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SLOWEST = 60_000
"""Milliseconds that the page may take to show something."""


@contextmanager
def prefect_with_ui(home: Path) -> Iterator[Prefect]:
    """A server whose database is in `home`, and `gsdp serve`; both end with the `with` block."""
    with processes() as start:
        prefect, _ = start_server(start, home, free_port())
        start("deployments.serve", env=os.environ | {"PREFECT_HOME": str(home), "PREFECT_API_URL": prefect.url})
        wait_until(lambda: prefect.answers("/deployments/name/publish/publish-served"), seconds=180)
        yield prefect


def synthesize_runs(prefect: Prefect) -> list[dict[str, Any]]:
    """The runs of synthesize, the newest first."""
    flows = {"flows": {"name": {"any_": ["synthesize"]}}, "sort": "EXPECTED_START_TIME_DESC"}
    found: list[dict[str, Any]] = prefect.ask("/flow_runs/filter", flows)
    return found


@contextmanager
def chromium(height: int, width: int = 1100) -> Iterator[Page]:
    """An empty page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(SLOWEST)
        yield page
        browser.close()


def save_endpoint(page: Page, prefect: Prefect, name: str, address: str, key: str = "") -> None:
    """Fill the form of a Model Endpoint."""
    page.goto(prefect.page("/blocks/catalog/model-endpoint/create"))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Address").fill(address)
    if key:
        page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/blocks/block/*")


def open_form(page: Page, prefect: Prefect) -> None:
    """The form of a run of synthesize."""
    deployment = prefect.ask("/deployments/name/synthesize/synthesize-served")["id"]
    page.goto(prefect.page(f"/deployments/deployment/{deployment}/run"))
    page.get_by_label("Workspace").wait_for()


def fill_form(page: Page, workspace: Path, endpoint: str, pairs: int, preset: str = "verified") -> None:
    """Fill in what a run needs: where to work, the demo's seeds, and one endpoint for every role."""
    page.get_by_label("Workspace").fill(str(workspace))
    page.get_by_role("button", name="Add item").first.click()
    page.get_by_label("Path").first.fill(str(SEEDS.relative_to(ROOT)))
    page.get_by_text("Select a block...").first.click()
    page.get_by_role("option", name=endpoint).click()
    page.get_by_label("Target pairs").fill(str(pairs))
    page.get_by_label("Preset").click()
    page.get_by_role("option", name=preset).click()


def submit(page: Page, prefect: Prefect) -> str:
    """Start the run; its id."""
    before = {run["id"] for run in synthesize_runs(prefect)}
    page.get_by_role("button", name="Submit").click()
    wait_until(lambda: {run["id"] for run in synthesize_runs(prefect)} - before)
    return str(({run["id"] for run in synthesize_runs(prefect)} - before).pop())


def press(page: Page, prefect: Prefect, run: str, item: str, button: str) -> None:
    """Choose an item from a run's menu and confirm it."""
    page.goto(prefect.page(f"/runs/flow-run/{run}"))
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name=item, exact=True).click()
    dialog = page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))
    dialog.get_by_role("button", name=button, exact=True).click()


def artifacts(prefect: Prefect, run: str) -> dict[str, dict[str, Any]]:
    """The artifacts of a run, by the last word of their keys."""
    found = prefect.ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    return {each["key"].rpartition("-")[2]: each for each in found}
