"""What a run leaves on its page in Prefect, and the events that automations wait for."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import flow
from prefect.artifacts import ProgressArtifact
from prefect.client.orchestration import get_client
from prefect.events.filters import EventFilter, EventNameFilter

from flows.reporting.artifacts import (
    artifact_key,
    bring_up_to_date,
    fenced,
    fenced_in_line,
    made_before,
    progress_line,
)
from flows.synthesize import synthesize
from tests.support.rehearsal import NOISE, content, number, query, rehearsal, settings

PAIRS = 12


@pytest.fixture(scope="module")
def workspace(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run that has ended; its folder is called like no other run's."""
    folder = tmp_path_factory.mktemp("shown") / "On the Board"
    with rehearsal(*NOISE) as server:
        prices = {"input": 1.0, "output": 2.0}
        priced = content(folder, server.url, PAIRS)["endpoints"]["rehearsal"] | {"prices": prices}
        asyncio.run(synthesize(settings(folder, server.url, PAIRS, endpoints={"rehearsal": priced})))
    return folder


@pytest.fixture(scope="module")
def shown(workspace: Path) -> dict[str, Any]:
    """The artifacts of the run, by name."""

    async def read() -> list[Any]:
        async with get_client() as prefect:
            return await prefect.read_artifacts()

    prefix = artifact_key("On the Board", "")
    found = [each for each in asyncio.run(read()) if (each.key or "").startswith(prefix)]
    return {each.key.removeprefix(f"{prefix}-"): each for each in found}


def test_a_run_that_goes_on_tells_no_share_of_what_earlier_ones_composed() -> None:
    stages = {"compose": {"done": 65}, "screen": {"done": 300}}
    content = {"pairs": 300, "target_pairs": 300, "stages": stages}
    assert progress_line(content, []) == "300 of 300 pairs"


def test_each_figure_is_there_once(shown: dict[str, Any]) -> None:
    assert {name: each.type for name, each in shown.items()} == {
        "pairs": "progress",
        "stages": "table",
        "endpoints": "table",
        "rejected": "table",
        "money": "table",
        "graph": "markdown",
        "report": "markdown",
        "funnel": "image",
        "costs": "image",
        "sample": "markdown",
    }


def test_progress_tells_pairs_yield_and_money(shown: dict[str, Any]) -> None:
    assert shown["pairs"].data == 100.0
    told = shown["pairs"].description
    assert told.startswith(f"{PAIRS} of {PAIRS} pairs, ")
    assert re.search(r"\d+% of the problems written are pairs so far; \d+\.\d\d USD in all, 0\.\d+ USD a pair$", told)


def test_tables_tell_what_the_ledger_holds(shown: dict[str, Any], workspace: Path) -> None:
    stages = {row["stage"]: row for row in json.loads(shown["stages"].data)}
    assert list(stages)[:5] == ["ingest", "extract", "connect", "sample", "compose"]
    calls = dict(query(workspace, "SELECT stage, count(*) FROM calls WHERE role <> 'embedder' GROUP BY 1"))
    assert {name: row["calls"] for name, row in stages.items() if row["calls"]} == calls
    assert stages["screen"]["done"] == PAIRS
    (endpoint,) = json.loads(shown["endpoints"].data)
    assert (endpoint["endpoint"], endpoint["calls"], endpoint["trouble"]) == (
        "rehearsal",
        number(workspace, "SELECT count(*) FROM calls"),
        "-",
    )
    assert endpoint["median seconds"] <= endpoint["95th percentile"]
    rejected = json.loads(shown["rejected"].data)
    assert sum(row["items"] for row in rejected) == sum(row["rejected"] for row in stages.values()) > 0


def test_the_sample_names_the_dataset_and_shows_pairs_of_it(shown: dict[str, Any], workspace: Path) -> None:
    page = shown["sample"].data
    assert f"[`{workspace / 'dataset'}`]({(workspace / 'dataset').as_uri()})" in page
    newest = query(workspace, "SELECT problem, answer FROM pairs ORDER BY position DESC, sample LIMIT 1")[0]
    assert " ".join(newest[0].split()) in " ".join(page.split())
    assert fenced(newest[1]) in page


def test_money_is_told_by_stage_and_model(shown: dict[str, Any], workspace: Path) -> None:
    rows = json.loads(shown["money"].data)
    asked = "SELECT stage, model, count(*), sum(output_tokens)::BIGINT FROM calls GROUP BY ALL ORDER BY ALL"
    told = sorted((row["stage"], row["model"], row["calls"], row["output tokens"]) for row in rows)
    assert told == query(workspace, asked)
    paid = query(workspace, "SELECT sum(cost) FROM calls")[0][0]
    assert sum(row["USD"] or 0 for row in rows) == pytest.approx(paid, abs=0.01)
    assert shown["money"].description.startswith("What the workspace has paid for; ")


def test_the_report_is_told_in_short_with_pictures(shown: dict[str, Any], workspace: Path) -> None:
    page = shown["report"].data
    assert f"`{workspace / 'dataset/report.html'}`" in page
    assert f"| Accepted pairs | {PAIRS} | of {PAIRS} wanted" in page
    for name in ("funnel", "costs"):
        drawn = base64.b64decode(shown[name].data.removeprefix("data:image/svg+xml;base64,"))
        assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"


async def test_a_next_attempt_brings_the_artifacts_of_its_run_up_to_date(prefect_server: str) -> None:
    @flow(name="attempts")
    async def attempts() -> list[Any]:
        async with get_client() as client:
            for figure in (1.0, 2.0):
                shown = ProgressArtifact(key="attempts-pairs", progress=figure)
                await bring_up_to_date(client, shown, await made_before(client))
            return [each.data for each in await client.read_artifacts() if each.key == "attempts-pairs"]

    assert await attempts() == [2.0]


HOSTILE = [
    "</pre><script>alert(1)</script>",
    "```\n[click](javascript:alert(1))\n```",
    "~~~\n<img src=x onerror=alert(1)>",
    "`````` https://evil.example",
    "a\r```\r<b>bold</b>",
    "a\u2028```\u2028<b>bold</b>",
    "\t```\n   ```\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_within_ends_the_block(text: str) -> None:
    assert is_one_block(fenced(text))


@given(st.text(st.sampled_from("`~<>[]()ab \n\r\t\x0b\x0c\x85\u2028\\!:/"), max_size=60))
def test_no_text_ends_its_block(text: str) -> None:
    assert is_one_block(fenced(text))
    assert len(set(re.findall("`+", fenced_in_line(text)))) == len(set(re.findall("`+", text))) + 1


def is_one_block(page: str) -> bool:
    """Whether, by CommonMark, the whole page is one fenced block: only its last line may close it."""
    opening, *inner, closing = re.split("\r\n|\n|\r", page)
    fence = opening.removesuffix("text")
    closes = re.compile(rf" {{0,3}}`{{{len(fence)},}}[ \t]*")
    return bool(closes.fullmatch(closing)) and not any(closes.fullmatch(line) for line in inner)


@pytest.mark.parametrize(("folder", "key"), [("My Run_2", "my-run-2-pairs"), ("数学", "pairs"), ("a--b", "a-b-pairs")])
def test_keys_are_what_prefect_allows(folder: str, key: str) -> None:
    assert artifact_key(folder, "pairs") == key


async def test_stages_and_the_target_are_announced(workspace: Path) -> None:
    names = EventNameFilter(prefix=["gsdp."])
    async with get_client() as prefect:
        for _ in range(100):
            found = await prefect._client.post("/events/filter", json={"filter": as_json(EventFilter(event=names))})
            events = [each for each in found.json()["events"] if each["payload"]["workspace"] == str(workspace)]
            if any(each["event"] == "gsdp.target.reached" for each in events):
                break
            await asyncio.sleep(0.1)
    stages = {each["payload"]["stage"] for each in events if each["event"] == "gsdp.stage.completed"}
    assert {"ingest", "extract", "connect", "sample", "compose", "grade", "publish"} <= stages
    (reached,) = [each for each in events if each["event"] == "gsdp.target.reached"]
    assert reached["payload"]["pairs"] == PAIRS
    assert any(related["prefect.resource.id"].startswith("prefect.flow-run.") for related in reached["related"])


def as_json(filter_: EventFilter) -> dict[str, Any]:
    found: dict[str, Any] = filter_.model_dump(mode="json")
    return found
