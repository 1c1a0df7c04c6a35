"""What came later is told by a counter: a clock that is set back or ahead changes no decision."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from graph.errors import GsdpError, SettingsError
from graph.ledger import Quote, Quoted
from graph.records import content_id
from tasks.endpoint.faults import GAVE_UP
from tasks.reports.money import latest_quote, paid_since
from tasks.runs import record
from tasks.runs.quote import Estimate, keep
from tasks.runs.retry import gave_up_last
from tasks.store.database import open_store
from tasks.store.latest import latest
from tests.support.contexts import open_context, settings_for
from tests.tasks.settings.test_settings import answered

NOON = datetime(2026, 6, 1, 12)
DAY = timedelta(days=1)
SHIFTS = pytest.mark.parametrize("shift", [-DAY, timedelta(0), DAY], ids=["back", "standing", "ahead"])


@SHIFTS
async def test_the_latest_run_is_the_one_that_was_opened_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: timedelta
) -> None:
    for moment, threshold in ((NOON, 0.6), (NOON + shift, 0.7)):
        monkeypatch.setattr(record, "utc_now", lambda moment=moment: moment)
        async with open_context(settings_for(tmp_path, review={"threshold": threshold})) as work:
            pass
    async with open_context(settings_for(tmp_path, review={"threshold": 0.7})) as work:
        await work.store.write(answered(work))
        now = dict(work.store.rows("SELECT stage, recipe FROM current_recipes"))
        assert now == {stage: recipe for stage, recipe in work.recipes.items() if stage in now}
        assert '"threshold":0.7' in latest(work.store, "settings")
    for threshold in (0.6, 0.8):
        with pytest.raises(SettingsError, match=f"review.threshold: 0.7 -> {threshold}"):
            async with open_context(settings_for(tmp_path, review={"threshold": threshold})):
                pytest.fail("changed thresholds must be accepted first")


@SHIFTS
async def test_what_was_paid_since_a_quote_is_what_later_runs_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: timedelta
) -> None:
    monkeypatch.setattr(record, "utc_now", lambda: NOON)
    async with open_context(settings_for(tmp_path)) as work:
        await work.store.write(answered(work))
        for place, moment in enumerate((NOON, NOON + shift)):
            made = Quote(
                id=content_id("quote", place),
                quoted_at=moment,
                target_pairs=place,
                wanted=1,
                seeds=1,
                combinations=1,
                pairs=1,
            )
            figures = [Quoted(quote_id=made.id, stage="solve", measure="calls", expected=1, low=1, high=1)]
            await keep(work.store, Estimate(made, figures, []))
    async with open_context(settings_for(tmp_path)) as work:
        found = latest_quote(work.store)
        assert found is not None
        assert found[0].target_pairs == 1, "the second quote is the latest"
        assert [row.paid for row in paid_since(work.store, *found)] == [0]
        call = answered(work)
        update = {"id": content_id("another"), "ended_at": NOON + shift}
        await work.store.write(call.model_copy(update=update))
        assert [row.paid for row in paid_since(work.store, *found)] == [1]


@SHIFTS
async def test_what_the_last_run_gave_up_is_of_the_run_that_was_opened_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: timedelta
) -> None:
    given_up: list[UUID] = []
    settings = settings_for(tmp_path)

    async def give_up() -> None:
        async with open_context(settings) as work:
            update = {"id": content_id("call", len(given_up)), "fault": f"{GAVE_UP}: no answer"}
            call = answered(work).model_copy(update=update)
            given_up.append(call.id)
            await work.store.write(call)
            raise GsdpError("broken off")

    for moment in (NOON, NOON + shift):
        monkeypatch.setattr(record, "utc_now", lambda moment=moment: moment)
        with pytest.raises(GsdpError, match="broken off"):
            await give_up()
    with closing(open_store(settings.workspace)) as store:
        assert gave_up_last(store) == given_up[1:]
