"""A workspace that an earlier version made, from before the modules were moved: it opens, goes on, and publishes.

Its store was made by `gsdp run settings.toml` at that version, with the first twelve of the demo's seeds.
"""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.commands.settings_file import read_settings
from flows.commands.workspace import print_status
from tasks.context.run_context import RunContext
from tasks.runs.opening import open_run
from tasks.runs.plan import check
from tasks.settings.run import RunSettings
from tasks.stages.compose import compose
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.grade import grade
from tasks.stages.ingest import ingest
from tasks.stages.publish import publish
from tasks.stages.review import review
from tasks.stages.sample import sample
from tasks.stages.screen import open_screen
from tasks.stages.solve import solve
from tasks.store.database import FILE_NAME, open_store
from tests.support.contexts import plain
from tests.support.rehearsal import SEEDS

MADE = Path(__file__).parents[2] / "support" / "before_the_move"
PAIRS, CALLS = 6, 180
"""What that run told when it ended."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunSettings:
    """The settings file of then, beside the workspace of then."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(MADE / "settings.toml", tmp_path)
    Path("seeds.jsonl").write_text("".join(SEEDS.read_text().splitlines(keepends=True)[:12]))
    Path("work").mkdir()
    Path("work", FILE_NAME).write_bytes(lzma.decompress((MADE / f"{FILE_NAME}.xz").read_bytes()))
    return read_settings(Path("settings.toml"), ())


def card(found: dict[str, Any]) -> str:
    return Path(found["folder"], "README.md").read_text()


def counted(settings: RunSettings) -> dict[str, Any]:
    store = open_store(settings.workspace)
    try:
        return {table: store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("calls", "pairs", "problems")}
    finally:
        store.close()


async def on_to(work: RunContext, wanted: int) -> None:
    """Take further combinations through all stages. Prompts have changed since, so the seeds may be read again."""
    await plain(ingest)()
    await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
    await plain(connect)()
    await plain(sample)(wanted)
    for chunk in (compose, review, solve, grade):
        await plain(chunk)(0, wanted)
    await (await open_screen(work)).advance(wanted)


def test_a_store_of_before_opens_with_all_it_held(settings: RunSettings, capsys: pytest.CaptureFixture[str]) -> None:
    held = counted(settings)
    assert (held["calls"], held["pairs"]) == (CALLS, PAIRS)
    print_status(settings.workspace)
    assert f"{PAIRS} of {PAIRS} wanted" in capsys.readouterr().out


async def test_a_run_of_before_goes_on_and_publishes(settings: RunSettings) -> None:
    check(settings, accept_changes=True)
    more = settings.model_copy(update={"target_pairs": 2 * PAIRS})
    before = counted(settings)
    async with open_run(more, accept_changes=True) as work:
        await on_to(work, 20)
        found = await plain(publish)()
        assert found["pairs"] > 0
    assert "made before the move" in card(found)
    after = counted(more)
    assert after["calls"] > before["calls"]
    assert after["problems"] > before["problems"]
