"""What an open run context changes about the process, and that it is undone."""

from __future__ import annotations

import gc
from pathlib import Path

from tasks.runs.opening import COLLECT_AFTER
from tests.support.contexts import open_context, settings_for


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
