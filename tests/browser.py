"""Prefect's UI in a headless Chromium: a server of its own, our flows served beside it, and what a person does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from flows.cli import PREFECT_DEFAULTS
from tests.rehearsal import ROOT, SEEDS, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
SLOWEST = 60_000
"""Milliseconds that the page may take to show something."""


@dataclass(frozen=True)
class Prefect:
    """A running Prefect server with its UI, and every flow served."""

    port: int

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}/api{path}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def page(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/v2{path}"

    def answers(self, path: str) -> bool:
        try:
            return bool(self.ask(path))
        except OSError:
            return False

    def state(self, run: str) -> str:
        return str(self.ask(f"/flow_runs/{run}")["state"]["type"])

    def runs(self) -> list[dict[str, Any]]:
        """The runs of synthesize, the newest first."""
        flows = {"flows": {"name": {"any_": ["synthesize"]}}, "sort": "EXPECTED_START_TIME_DESC"}
        found: list[dict[str, Any]] = self.ask("/flow_runs/filter", flows)
        return found


@contextmanager
def prefect_with_ui(home: Path) -> Iterator[Prefect]:
    """A server whose database is in `home`, and `gsdp serve`; both end with the `with` block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        prefect = Prefect(free.getsockname()[1])
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env = plain | PREFECT_DEFAULTS | {"PREFECT_HOME": str(home), "PREFECT_SERVER_API_PORT": str(prefect.port)}
    served = env | {"PREFECT_API_URL": f"http://127.0.0.1:{prefect.port}/api"}
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))

        def start(environment: dict[str, str], *module: str) -> None:
            command = [sys.executable, "-m", *module]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command, cwd=ROOT, env=environment, **quiet)  # type: ignore[call-overload]
            stack.callback(process.wait, 60)
            stack.callback(process.kill)

        start(env, "prefect", "server", "start", "--port", str(prefect.port))
        wait_until(lambda: prefect.answers("/health"), seconds=180)
        start(served, "deployments.serve")
        wait_until(lambda: prefect.answers("/deployments/name/publish/gsdp"), seconds=180)
        yield prefect


@contextmanager
def chromium(height: int) -> Iterator[Page]:
    """An empty page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, which containers run as.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": height})
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
    deployment = prefect.ask("/deployments/name/synthesize/gsdp")["id"]
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
    before = {run["id"] for run in prefect.runs()}
    page.get_by_role("button", name="Submit").click()
    wait_until(lambda: {run["id"] for run in prefect.runs()} - before)
    return str(({run["id"] for run in prefect.runs()} - before).pop())


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
