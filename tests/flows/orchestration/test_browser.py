"""Prefect's UI as a person uses it: save an endpoint, fill the form, watch the run, read its figures, cancel, retry."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.reporting.snapshot import read_snapshot
from tests.support.browser import (
    CHROMIUM,
    artifacts,
    chromium,
    fill_form,
    open_form,
    prefect_with_ui,
    press,
    save_endpoint,
    submit,
    synthesize_runs,
)
from tests.support.live_prefect import Prefect
from tests.support.rehearsal import ROOT, query, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

THERE = CHROMIUM is not None and importlib.util.find_spec("playwright") is not None
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not THERE, reason="needs Chromium and playwright")]

KEY = "sk-typed-into-the-form-0123456789"


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    with prefect_with_ui(tmp_path_factory.mktemp("prefect")) as found:
        yield found


@pytest.fixture(scope="module")
def page(prefect: Prefect) -> Iterator[Page]:
    with chromium(2200) as found:
        save_endpoint(found, prefect, "rehearsal", "sandbox")
        yield found


def test_an_endpoint_is_saved_edited_and_its_key_never_shown(page: Page, prefect: Prefect) -> None:
    save_endpoint(page, prefect, "big", "http://127.0.0.1:9/v1", KEY)
    page.reload()
    page.get_by_text("http://127.0.0.1:9/v1").first.wait_for()
    assert KEY not in page.content()
    block = prefect.ask("/block_types/slug/model-endpoint/block_documents/name/big")
    page.goto(prefect.page(f"/blocks/block/{block['id']}/edit"))
    page.get_by_label("Requests at once").fill("7")
    assert KEY not in page.content()
    page.get_by_role("button", name="Save").click()
    path = "/block_types/slug/model-endpoint/block_documents/name/big"
    wait_until(lambda: prefect.ask(path)["data"]["concurrency"] == 7)
    assert set(prefect.ask(path)["data"]["api_key"]) == {"*"}
    assert prefect.ask(path + "?include_secrets=true")["data"]["api_key"] == KEY


def test_the_form_says_which_field_is_wrong(page: Page, prefect: Prefect, tmp_path: Path) -> None:
    open_form(page, prefect)
    before = len(synthesize_runs(prefect))
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("'workspace' is a required property").first.wait_for()
    page.get_by_text("'seeds' is a required property").first.wait_for()
    page.get_by_text("'endpoint' is a required property").first.wait_for()
    fill_form(page, tmp_path / "work", "rehearsal", 0)
    page.get_by_role("button", name="Submit").click()
    target = page.get_by_label("Target pairs")
    assert "greater than or equal to 1" in str(target.evaluate("field => field.validationMessage"))
    assert len(synthesize_runs(prefect)) == before


def test_a_schedule_that_is_switched_on_by_clicking_stays_on_when_the_server_is_prepared_again(
    page: Page, prefect: Prefect
) -> None:
    def prepare() -> str:
        command = [sys.executable, "-m", "deployments.prepare"]
        env = os.environ | {"PREFECT_API_URL": prefect.url}
        ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def schedules() -> list[bool]:
        return [each["active"] for each in prefect.ask("/deployments/name/synthesize/nightly")["schedules"]]

    prepare()
    nightly = prefect.ask("/deployments/name/synthesize/nightly")["id"]
    page.goto(prefect.page(f"/deployments/deployment/{nightly}"))
    page.get_by_role("switch", name="toggle At 02:00 AM").click()
    wait_until(lambda: schedules() == [True])
    assert "synthesize/nightly: kept schedules.0 2 * * * UTC = on (by the file: off)" in prepare()
    assert schedules() == [True]
    page.get_by_role("switch", name="toggle At 02:00 AM").click()
    wait_until(lambda: schedules() == [False])


def test_a_run_is_started_from_the_form_and_its_figures_are_read(page: Page, prefect: Prefect, tmp_path: Path) -> None:
    open_form(page, prefect)
    fill_form(page, tmp_path / "work", "rehearsal", 12, preset="grip")
    run = submit(page, prefect)
    assert prefect.ends(run, seconds=240) == "COMPLETED"
    asked = "SELECT max(sample) FROM solutions"
    assert query(tmp_path / "work", asked) == [(0,)], "the preset's number of solutions, not what the form shows"
    page.goto(prefect.page(f"/runs/flow-run/{run}"))
    page.get_by_text("publish: 12 pairs in").first.wait_for()
    figures = artifacts(prefect, run)
    for name, text in (("stages", "compose"), ("endpoints", "block:rehearsal"), ("sample", "Solution")):
        page.goto(prefect.page(f"/artifacts/artifact/{figures[name]['id']}"))
        page.get_by_text(text).first.wait_for()


def test_a_run_is_cancelled_retried_paused_and_resumed_by_clicking(
    page: Page, prefect: Prefect, tmp_path: Path
) -> None:
    slow = {
        "workspace": str(tmp_path / "work"),
        "seeds": [{"path": "deployments/demo/seeds.jsonl"}],
        "roles": {"others": "block:rehearsal"},
        "target_pairs": 12,
        "sandbox": ["--latency=0.7"],
    }
    run = prefect.begin(slow)
    wait_until(lambda: "stages" in artifacts(prefect, run), seconds=120)
    press(page, prefect, run, "Cancel", "Cancel Flow Run")
    assert prefect.ends(run) == "CANCELLED"
    assert query(tmp_path / "work", "SELECT state FROM runs") == [("interrupted",)]
    press(page, prefect, run, "Retry", "Retry")
    wait_until(lambda: told(tmp_path / "work") == "running", seconds=120)
    press(page, prefect, run, "Pause", "Pause Flow Run")
    wait_until(lambda: told(tmp_path / "work") == "interrupted", seconds=60)
    assert prefect.state(run) == "PAUSED"
    press(page, prefect, run, "Resume", "Resume")
    wait_until(lambda: prefect.state(run) == "COMPLETED", seconds=240)
    assert query(tmp_path / "work", "SELECT count(*) FROM pairs") == [(12,)]
    twice = "SELECT 1 FROM calls WHERE fault IS NULL GROUP BY subject_id, role, sample HAVING count(*) > 1"
    assert query(tmp_path / "work", twice) == []


def told(workspace: Path) -> str:
    """What a run says of itself to those who look."""
    return str((read_snapshot(workspace) or {})["state"])
