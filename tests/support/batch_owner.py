"""Runs on one store and a server with batches, as far as batch queues see them: what they ask, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from graph.ledger import Call, Lease
from graph.records import content_id
from tasks.endpoint.batch.batch_queue import BatchQueue
from tasks.endpoint.batch.batches import QUIET
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.prices import Price
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.reports.money import spent
from tasks.settings.amounts import Budget
from tasks.settings.endpoints import BatchCalls, Endpoint
from tasks.store.database import Store, open_store
from tests.support.batch_server import BatchServer
from tests.support.scripted_server import KEY, Time

PRICE = Price(input=1e-3, cached=1e-3, output=1e-2, reasoning=1e-2)
EACH = (7 * 1e-3 + 5 * 1e-2) / 2
"""USD of an answer of the scripted server (7 tokens in, 5 out), at half the price."""


def ask(number: int, model: str = "tiny") -> ChatRequest:
    message = {"role": "user", "content": f"question {number}"}
    return ChatRequest([message], model, 0.5, None, 64, 7, stage="solve", call_id=content_id("call", number))


class Owner:
    """One run after another on one store, as far as batch queues see them."""

    def __init__(self, folder: Path, url: str, budget: float = 100.0, **changes: Any) -> None:
        self.folder, self.budget = folder, budget
        queue = BatchCalls(stages=("solve",), **{"requests": 100, **changes.pop("batch", {})})
        self.endpoint = Endpoint(base_url=url, batch=queue, **changes)
        self.account = BudgetAccount(None)
        self.store: Store
        self.time = Time()

    async def sleep(self, seconds: float) -> None:
        """No time at all, but for calls to gather."""
        await self.time.sleep(seconds)
        await asyncio.sleep(0.15 if seconds == QUIET else 0.002)

    @asynccontextmanager
    async def run(self, killed: bool = False) -> AsyncIterator[BatchQueue]:
        """A queue for as long as the block lasts. A run that is killed leaves its lease and its store as they are."""
        self.store = store = open_store(self.folder)
        run_id = uuid4()

        async def lease(amount: float) -> None:
            row = Lease(run_id=run_id, unit="USD", amount=amount)
            await store.write(row, statements=[("DELETE FROM leases WHERE run_id = ?", [run_id])])

        self.account = account = BudgetAccount(Budget(self.budget, "USD"), sum(spent(store, "USD")), lease)
        prices = dict.fromkeys(("tiny", "other"), PRICE)
        queue = BatchQueue(
            "hosted",
            self.endpoint,
            KEY,
            None,
            prices,
            account,
            store,
            run_id,
            sleep=self.sleep,
            clock=self.time.clock,
        )
        try:
            await queue.open()
            self.run_id = run_id
            yield queue
        finally:
            if killed:
                leased = store.rows("SELECT * FROM leases")
            await queue.close()
            if killed:
                assert store.rows("SELECT * FROM leases") == leased
            else:
                exact = "UPDATE leases SET amount = ? WHERE run_id = ?"
                await store.write(statements=[(exact, [account.spent, run_id])])
            store.close()

    async def answers(self, queue: BatchQueue, requests: Iterable[ChatRequest]) -> list[Reply]:
        """Ask, and enter what comes into the ledger as a stage does."""

        async def one(request: ChatRequest) -> Reply:
            reply = await queue.complete(request)
            await self.store.write(row(self.run_id, request, reply))
            return reply

        return await asyncio.gather(*(one(request) for request in requests))

    async def interrupted(self, moment: str, server: BatchServer, requests: list[ChatRequest]) -> None:
        """A run that is killed when the server has done a step and not yet told of it."""
        server.hold = {moment}
        async with self.run(killed=True) as queue:
            work = asyncio.create_task(self.answers(queue, requests))
            await server.until(moment)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        server.hold = set()
        server.seen.clear()


def row(run_id: UUID, request: ChatRequest, reply: Reply) -> Call:
    assert request.call_id
    fields = {
        name: getattr(reply, name) for name in ("fault", "finish_reason", "attempts", "endpoint", "seconds", "cost")
    }
    tokens = {f"{kind}_tokens": getattr(reply, f"{kind}_tokens") for kind in ("input", "cached", "output", "reasoning")}
    return Call(
        id=request.call_id,
        run_id=run_id,
        stage="solve",
        role="solver",
        subject_id=request.call_id,
        sample=0,
        model=request.model,
        prompt=request.call_id,
        text=reply.text,
        reasoning=None,
        ended_at=datetime.now(UTC).replace(tzinfo=None),
        presumed_tokens=reply.presumed_tokens,
        **fields,
        **tokens,
    )
