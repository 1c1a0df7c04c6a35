"""What an endpoint's failure ended is open again; what a model answered stays as it is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from graph.errors import EndpointRefused
from tasks.endpoint.health import REFUSALS_IN_A_ROW
from tasks.runs.retry import open_again
from tasks.settings.run import RunSettings
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_server import http, ok, refusal, scripted_server

SEEDS = REFUSALS_IN_A_ROW + 5
POINTS = ok("<points>\nVieta's formulas\nLaw of cosines\n</points>")


def seeds(folder: Path, count: int) -> None:
    lines = (json.dumps({"problem": f"What is {n} + {n}?", "solution": f"{2 * n}"}) for n in range(1, count + 1))
    (folder / "seeds.jsonl").write_text("\n".join(lines), encoding="utf-8")


async def read_seeds(settings: RunSettings) -> None:
    async with open_context(settings) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])


async def test_rows_of_a_row_that_turns_out_to_be_the_endpoints_fault_are_withdrawn(tmp_path: Path) -> None:
    seeds(tmp_path, SEEDS)
    async with scripted_server(refusal(400, "the gateway is confused")) as server:
        settings = settings_for(
            tmp_path, endpoints={"local": {"base_url": server.url, "model": "tiny", "concurrency": 1}}
        )
        with pytest.raises(EndpointRefused, match="turns every request away"):
            await read_seeds(settings)
    async with open_context(settings) as work:
        assert len(pending_seeds(work)) == SEEDS
        assert work.store.rows("SELECT count(*) FROM rejects WHERE stage = 'extract'") == [(0,)]
        assert work.store.rows("SELECT count(*) FROM calls")[0][0] >= REFUSALS_IN_A_ROW, (
            "what was sent stays in the books"
        )


async def test_what_gave_up_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    seeds(tmp_path, 2)
    async with scripted_server(POINTS, http(200, "{}"), http(200, "{}"), POINTS) as server:
        local = {"base_url": server.url, "model": "tiny", "concurrency": 1, "attempts": 1, "outage_patience": 1e6}
        settings = settings_for(tmp_path, endpoints={"local": local})
        async with open_context(settings) as work:
            await plain(ingest)()
            await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])
            left = work.store.rows("SELECT reason FROM rejects WHERE stage = 'extract'")
        async with open_context(settings) as work:
            assert len(pending_seeds(work)) == len(left)
            await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])
            assert work.store.rows("SELECT reason FROM rejects WHERE stage = 'extract'") == []


def test_what_any_run_gave_up_is_opened_again_on_demand(tmp_path: Path) -> None:
    async def give_up() -> None:
        async with scripted_server(POINTS, http(200, "{}"), http(200, "{}"), POINTS) as server:
            local = {"base_url": server.url, "model": "tiny", "concurrency": 1, "attempts": 1, "outage_patience": 1e6}
            await read_seeds(settings_for(tmp_path, endpoints={"local": local}))

    seeds(tmp_path, 2)
    asyncio.run(give_up())
    assert open_again(tmp_path / "work") in (0, 1)
    assert open_again(tmp_path / "work") == 0
