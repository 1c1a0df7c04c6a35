"""What an open run context changes about the process, and that it is undone."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tasks.endpoint.replies import ChatRequest, Reply
from tasks.runs.opening import COLLECT_AFTER
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_extractor import Extractor


async def test_calls_that_wait_are_not_searched_for_garbage_again_and_again(tmp_path: Path) -> None:
    before = gc.get_threshold()
    (tmp_path / "seeds.jsonl").write_text("{}")
    async with open_context(settings_for(tmp_path)):
        collections = sum(generation["collections"] for generation in gc.get_stats())
        waiting = [[number] for number in range(COLLECT_AFTER // 2)]
        assert sum(generation["collections"] for generation in gc.get_stats()) == collections
        waiting += [[number] for number in range(COLLECT_AFTER)]
        assert sum(generation["collections"] for generation in gc.get_stats()) > collections
    assert gc.get_threshold() == before


class Warmth(Extractor):
    """An extractor that keeps at which temperature it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.points = {"one": "<problem>"}
        self.temperatures: list[float | None] = []

    async def complete(self, request: ChatRequest) -> Reply:
        self.temperatures.append(request.temperature)
        return await super().complete(request)


@pytest.mark.parametrize(("given", "asked"), [(0.0, [0.0, 0.3, 0.3]), (0.7, [0.7, 0.7, 0.7])])
async def test_what_is_asked_again_is_not_asked_at_temperature_zero(
    given: float, asked: list[float], tmp_path: Path
) -> None:
    (tmp_path / "seeds.jsonl").write_text('{"problem": "one", "solution": "two"}')
    roles = {"extractor": {"endpoint": "local", "temperature": given}}
    client = Warmth()
    async with open_context(settings_for(tmp_path, roles=roles, samples_per_item=3), {"local": client}) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
    assert client.temperatures == asked
