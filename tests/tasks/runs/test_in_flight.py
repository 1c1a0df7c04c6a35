"""Calls that nobody waits for any more: in the ledger after a cancel, presumed lost after a kill."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from graph.ledger import InFlight
from tasks.reports.money import unanswered
from tasks.runs.record import Loads, note_in_flight, note_loads
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import opened, query


async def test_a_call_that_a_cancel_cuts_short_is_in_the_ledger_at_its_worst_case(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readline()).startswith(b"POST"):
            arrived.set()
            await reader.read()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    endpoint = {"base_url": f"http://127.0.0.1:{port}/v1", "model": "m", "prices": {"input": 1, "output": 1}}
    settings = settings_for(tmp_path, endpoints={"local": endpoint})
    async with open_context(settings) as work:
        values = {"problem": "1 + 1?", "solution": "2", "limit": 3}
        prompt, subject = work.library["extract"], uuid4()
        call = asyncio.create_task(work.ask("extract", work.roles["extractor"], prompt, values, subject, str))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    silent.close()
    ((fault, attempts, presumed, cost),) = query(
        settings.workspace, "SELECT fault, attempts, presumed_tokens, cost FROM calls"
    )
    assert (fault, attempts) == ("interrupted", 1)
    assert presumed > 1024
    assert cost == pytest.approx(presumed / 1e6)
    with opened(settings.workspace) as store:
        (told,) = unanswered(store)
    assert told == f"1 calls were on their way when runs were told to end: in the ledger as {presumed:,} tokens"


async def test_what_was_on_its_way_at_a_kill_is_presumed_lost(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    killed = uuid4()
    async with open_context(settings) as work:
        await work.store.write(InFlight(run_id=killed, endpoint="local", calls=64))
        for calls in (5, 7):
            await note_in_flight(work.store, work.run_id, {"local": calls, "idle": 0})
        rows = work.store.rows("SELECT run_id, endpoint, calls FROM in_flight ORDER BY calls")
        assert rows == [(work.run_id, "local", 7), (killed, "local", 64)]
        assert unanswered(work.store, work.run_id)[0].startswith("about 64 calls were on their way")
    assert query(settings.workspace, "SELECT run_id, calls FROM in_flight") == [(killed, 64)]


async def test_what_an_endpoint_bears_is_noted_when_it_changes(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        loads: Loads = {}
        limit = work.clients["local"].admission.limit
        for bears in (64.0, 64.0, 12.3, 12.7, 64.0):
            limit.value = bears
            loads = await note_loads(work, loads)
        rows = work.store.rows("SELECT run_id, endpoint, bears FROM loads ORDER BY noted_at")
        assert rows == [(work.run_id, "local", bears) for bears in (64, 12, 64)]
