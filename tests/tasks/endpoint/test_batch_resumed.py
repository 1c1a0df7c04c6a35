"""Calls that go by batches are found again by the next run, and paid once, whenever a run ends."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from graph.errors import BudgetReached, EndpointDown
from graph.ledger import Batch
from tasks.endpoint.money.budget import AHEAD, BLOCKS
from tasks.reports.money import spent
from tasks.store.database import open_store
from tests.support.batch_owner import EACH, Owner, ask
from tests.support.batch_server import Answer, BatchServer
from tests.support.rehearsal import NOISE, content, gsdp, number, query, rehearsal, started, wait_until, write_toml
from tests.support.scripted_server import scripted_server


@pytest.mark.parametrize("moment", ["upload", "create", "look", "collect"])
async def test_a_batch_that_was_sent_is_found_again_and_collected(tmp_path: Path, moment: str) -> None:
    server, requests = BatchServer(), [ask(number) for number in range(12)]
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted(moment, server, requests)
        held = {} if moment == "upload" else {ask(number).call_id for number in range(12)}
        async with owner.run() as queue:
            assert set(queue.held.amounts) == set(held)
            before = owner.account.before + owner.account.reserved
            aside = sum(queue.held.amounts.values())
            replies = await owner.answers(queue, requests)
            assert [reply.text for reply in replies] == [f"to question {number}" for number in range(12)]
            assert owner.account.spent == pytest.approx(12 * EACH)
            assert owner.account.reserved == pytest.approx(0.0)
            if held:  # what was held for them is free again, and only what they cost is spent
                assert 0 < 12 * EACH < before
        store = open_store(tmp_path)
        called, lost = spent(store, "USD")
        assert called == pytest.approx(12 * EACH)
        # What the killed run had leased ahead stays lost; and where nothing tells of the calls, so does their worst.
        assert lost == pytest.approx(before - aside)
        if held:
            assert 0 < lost <= min(owner.budget / BLOCKS, AHEAD * aside) * 1.001
        assert store.rows("SELECT count(*) FROM calls") == [(12,)]
        store.close()
    assert set(server.answered.values()) == {1}
    assert len(server.batches) == 1
    assert server.seen.count("upload") == (0 if held else 1)


async def test_what_is_not_asked_for_again_counts_as_spent_until_it_is(tmp_path: Path) -> None:
    server, requests = BatchServer(), [ask(number) for number in range(10)]
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("look", server, requests)
        # What the run that was killed had leased ahead of what it had set aside.
        block, aside = query(
            tmp_path,
            "SELECT sum(amount) - any_value(worst), any_value(worst) FROM leases, "
            "(SELECT sum(worst) AS worst FROM batched)",
        )[0]
        assert 0 < block <= AHEAD * aside * 1.001
        async with owner.run() as queue:
            await owner.answers(queue, requests[:4])
            worst = sum(queue.held.amounts.values())
            assert owner.account.reserved == pytest.approx(worst)
        async with owner.run() as queue:
            assert owner.account.before == pytest.approx(4 * EACH + block)
            assert owner.account.reserved == pytest.approx(worst)
            await owner.answers(queue, requests[4:])
        store = open_store(tmp_path)
        assert spent(store, "USD") == pytest.approx((10 * EACH, block))
        store.close()
    assert set(server.answered.values()) == {1}


async def test_what_a_batch_may_cost_stays_set_aside_when_the_budget_is_reached(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("look", server, [ask(1)])
        async with owner.run() as queue:
            held = dict(queue.held.amounts)
            owner.account.close()
            with pytest.raises(BudgetReached):
                await queue.complete(ask(1))
            assert queue.held.amounts == held
            assert owner.account.reserved == pytest.approx(sum(held.values()))
        assert owner.account.spent == pytest.approx(sum(held.values()))


async def test_a_batch_is_found_among_others_by_its_file(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("create", server, [ask(1)])
        for number in range(5):
            server.batches[f"other-{number}"] = {"id": f"other-{number}", "status": "completed", "input_file_id": "x"}
        async with owner.run() as queue:
            assert (await queue.complete(ask(1))).text == "to question 1"
        assert "create" not in server.seen
        assert server.seen.count("list") == 3


@pytest.mark.parametrize("gone", ["batches", "files"])
async def test_what_the_server_has_forgotten_is_sent_anew(tmp_path: Path, gone: str) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("look", server, [ask(1)])
        server.batches.clear()
        if gone == "files":
            server.files.clear()
        async with owner.run() as queue:
            reply = await queue.complete(ask(1))
            assert (reply.text, reply.attempts) == ("to question 1", 2)
            # It was begun, so somebody may have been billed for it.
            assert reply.presumed_tokens > 64
            assert reply.cost == pytest.approx(owner.account.spent)
            assert owner.account.spent > EACH


async def test_a_silent_server_is_left_with_its_batch_and_asked_for_it_later(tmp_path: Path) -> None:
    server = BatchServer(looks=3)
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, outage_patience=5, timeout=0.05)
        async with owner.run() as queue:
            server.hold = {"look"}
            with pytest.raises(EndpointDown) as down:
                await queue.complete(ask(1))
            assert down.value.transient
            assert owner.account.reserved > 0
            server.hold = set()
            assert (await queue.complete(ask(1))).text == "to question 1"
            assert owner.account.reserved == pytest.approx(0.0)
    assert len(server.batches) == 1


async def test_a_batch_that_may_have_been_begun_is_looked_for_before_it_is_begun(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, outage_patience=0, timeout=0.05)
        async with owner.run() as queue:
            server.hold = {"create"}
            with pytest.raises(EndpointDown):
                await queue.complete(ask(1))
            server.hold = set()
            assert (await queue.complete(ask(1))).text == "to question 1"
    assert len(server.batches) == 1


async def test_a_batch_whose_beginning_was_not_heard_of_is_not_begun_twice(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, timeout=0.05)
        server.hold = {"create"}
        async with owner.run() as queue:
            assert (await queue.complete(ask(1))).text == "to question 1"
            rows = owner.store.select(Batch)
            assert [(found.file, found.remote) for found in rows] == [("file-0", "batch-0")]
    assert len(server.batches) == 1


# Whole runs


@contextmanager
def behind(server: BatchServer) -> Iterator[str]:
    """The address of a batch server in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready: Future[str] = Future()

    async def serve() -> None:
        async with scripted_server(server.play) as there:
            ready.set_result(there.url)
            await stopped.wait()

    stopped = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(10)
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


def forward_to(url: str) -> Answer:
    """Answers of another server."""

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as found:
            return found.status, json.load(found)

    return answer


KILLS = (("upload", 1), ("create", 1), ("look", 3), ("collect", 1), ("create", 1), ("collect", 1))
"""Steps of the server that runs are killed at, one run after another: first while extracting, then while composing."""


@pytest.mark.slow
def test_a_run_killed_again_and_again_pays_for_no_batch_twice(prefect_server: str, tmp_path: Path) -> None:
    with rehearsal(*NOISE) as sandbox, behind(server := BatchServer(forward_to(sandbox.url), looks=2)) as url:
        values = content(tmp_path / "work", sandbox.url, 12)
        stages = ["extract", "compose"]
        queue = {"stages": stages, "requests": 60}
        values["endpoints"]["hosted"] = {"base_url": url, "batch": queue}
        for role in ("extractor", "composer"):
            values["roles"][role]["endpoint"] = "hosted"
        settings = write_toml(tmp_path / "settings.toml", values)
        for step, times in KILLS:
            server.seen.clear()
            with started("run", settings) as process:
                wait_until(lambda: server.seen.count(step) >= times, process)  # noqa: B023
                process.send_signal(signal.SIGKILL)
                process.wait(10)
        ended = gsdp("run", settings)
        assert ended.returncode == 0, ended.stderr
    for stage in stages:
        assert number(tmp_path / "work", "SELECT count(*) FROM calls WHERE stage = ?", [stage]) > 0
    called = "SELECT count(*) FROM calls WHERE endpoint = 'hosted'"
    assert number(tmp_path / "work", called) == len(server.answered)
    assert set(server.answered.values()) == {1}
