"""Calls by batches on a server that is not ours: aimock answers every request of a batch alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from graph.errors import EndpointRefused
from tests.support.aimock import aimock, free_port, needs_aimock
from tests.support.batch_owner import Owner, ask

pytestmark = [pytest.mark.servers, needs_aimock]

OUTCOME = "X-AIMock-Batch-Outcome"


async def test_a_batch_is_answered_collected_and_found_again(tmp_path: Path) -> None:
    with aimock(tmp_path / "fixtures", free_port(), []) as url:
        owner = Owner(tmp_path / "work", url, batch={"requests": 20})
        async with owner.run() as queue:
            replies = await owner.answers(queue, [ask(number) for number in range(50)])
            assert {(reply.text, reply.fault) for reply in replies} == {("Mock batch completion", None)}
            assert owner.store.rows("SELECT count(*), count(DISTINCT remote) FROM batches") == [(3, 3)]
        async with owner.run(killed=True) as queue:
            work = asyncio.create_task(owner.answers(queue, [ask(number) for number in range(50, 60)]))
            newest = "SELECT 1 FROM batches WHERE sent_at > (SELECT max(ended_at) FROM calls)"
            while not owner.store.rows(newest):  # noqa: ASYNC110  a store has no bell
                await asyncio.sleep(0.01)
            work.cancel()
        async with owner.run() as queue:
            assert len(queue.held.amounts) == 10
            replies = await owner.answers(queue, [ask(number) for number in range(50, 60)])
            assert {reply.text for reply in replies} == {"Mock batch completion"}
            assert owner.store.rows("SELECT count(*), count(remote) FROM batches") == [(4, 4)]


async def test_a_batch_that_fails_there_ends_the_run(tmp_path: Path) -> None:
    with aimock(tmp_path / "fixtures", free_port(), []) as url:
        owner = Owner(tmp_path / "work", url, headers={OUTCOME: "failed"})
        async with owner.run() as queue:
            with pytest.raises(EndpointRefused, match=r"refuses a batch: .*mock_failure"):
                await queue.complete(ask(1))


async def test_what_expires_there_is_sent_again_and_then_given_up(tmp_path: Path) -> None:
    with aimock(tmp_path / "fixtures", free_port(), []) as url:
        owner = Owner(tmp_path / "work", url, headers={OUTCOME: "expired"}, attempts=2)
        async with owner.run() as queue:
            reply = await queue.complete(ask(1))
    assert (reply.fault, reply.attempts, reply.cost) == ("gave up after 2 attempts: not answered in time", 2, 0.0)
