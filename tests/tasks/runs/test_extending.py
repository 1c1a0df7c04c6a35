"""Another model for a role: refused, unless it is to go on with what the former one has begun."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flows.synthesize import synthesize
from graph.errors import SettingsError
from graph.ledger import Call
from tasks.context.run_context import RunContext
from tasks.settings.run import RunSettings
from tests.conftest import Sandboxes
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import content, query, settings

PAIRS = "FROM pairs ORDER BY position, sample"


PROBLEMS = "SELECT count(*) FROM problems"
SOLVERS = """SELECT DISTINCT a.model FROM pairs p
    JOIN solutions s ON s.id = p.solution_id JOIN calls a ON a.id = s.call_id"""


def with_model(folder: Path, model: str, **changes: Any) -> RunSettings:
    endpoint = {"base_url": "http://127.0.0.1:9/v1", "model": model}
    return settings_for(folder, endpoints={"local": endpoint}, **changes)


async def begun(folder: Path) -> RunContext:
    """The context of a run by the model `first`, which has answered once."""
    async with open_context(with_model(folder, "first")) as work:
        await work.store.write(answer(work))
    return work


def answer(work: RunContext) -> Call:
    return Call(
        id=uuid4(),
        run_id=work.run_id,
        stage="compose",
        role="composer",
        subject_id=uuid4(),
        sample=0,
        endpoint="local",
        model="first",
        prompt=uuid4(),
        fault=None,
        finish_reason="stop",
        attempts=1,
        input_tokens=1,
        cached_tokens=0,
        output_tokens=1,
        reasoning_tokens=0,
        seconds=1.0,
        text="",
        reasoning=None,
        ended_at=datetime(2026, 1, 1),
    )


async def test_another_model_is_refused_with_the_switch_that_keeps_what_is_there(tmp_path: Path) -> None:
    await begun(tmp_path)
    with pytest.raises(SettingsError, match=r'(?s)first -> second.* set `models = "extend"`'):
        async with open_context(with_model(tmp_path, "second")):
            pass


async def test_what_else_changes_is_no_matter_of_models(tmp_path: Path) -> None:
    await begun(tmp_path)
    with pytest.raises(SettingsError) as refused:
        async with open_context(
            with_model(tmp_path, "second", roles={"composer": {"endpoint": "local", "top_p": 0.5}})
        ):
            pass
    assert "extend" not in str(refused.value)


async def test_under_extend_work_is_known_as_before_and_goes_to_the_new_model(tmp_path: Path) -> None:
    before = await begun(tmp_path)
    for _ in range(2):
        async with open_context(with_model(tmp_path, "second", models="extend")) as work:
            assert work.recipes == before.recipes
            for role, former in zip(work.roles.all, before.roles.all, strict=True):
                assert role.name == former.name
                if role.name not in ("verifier", "local"):
                    assert (role.model, role.recipes) == ("second", former.recipes)
            (line,) = work.kept
            assert "composer: first -> second" in line
            assert "judge 1: first -> second" in line
    async with open_context(with_model(tmp_path, "first")) as work:
        assert work.kept == []


async def test_another_number_of_judges_or_another_temperature_is_still_refused(tmp_path: Path) -> None:
    await begun(tmp_path)
    for roles in ({"judges": ["local", "local"]}, {"composer": {"endpoint": "local", "temperature": 0.1}}):
        with pytest.raises(SettingsError, match="differ from the last run"):
            async with open_context(with_model(tmp_path, "second", models="extend", roles=roles)):
                pass


async def test_pairs_of_the_former_model_stay_and_new_ones_say_whose_they_are(
    prefect_server: str, sandboxes: Sandboxes, tmp_path: Path
) -> None:
    server = sandboxes()
    await synthesize(settings(tmp_path / "work", server.url, 5))
    paid, kept = server.served("composer", "extractor"), query(tmp_path / "work", PAIRS)
    ((written,),) = query(tmp_path / "work", PROBLEMS)
    changed = content(tmp_path / "work", server.url, 40, models="extend")
    changed["roles"]["solver"]["model"] = "sandbox-strong_solver"
    await synthesize(RunSettings.model_validate(changed))
    # No seed is read again, and no problem is written again.
    ((now,),) = query(tmp_path / "work", PROBLEMS)
    assert server.served("composer", "extractor") - paid == now - written
    assert query(tmp_path / "work", PAIRS)[:5] == kept
    assert sorted(query(tmp_path / "work", SOLVERS)) == [("sandbox-solver",), ("sandbox-strong_solver",)]
    assert query(tmp_path / "work", "SELECT count(*) FROM pairs") == [(40,)]
    with pytest.raises(SettingsError, match=r'set `models = "extend"`'):
        await synthesize(RunSettings.model_validate(changed | {"models": "same", "target_pairs": 41}))
