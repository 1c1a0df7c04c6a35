"""The batches of one endpoint: calls gather in them, they are sent, followed to their end, and collected.

Which calls a batch holds is committed before it exists, and what the server calls it before it is looked at. So after a
crash each call finds its batch again: by its name there, or by the file of its requests, which the server repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from graph import ledger
from graph.errors import EndpointRefused
from tasks.endpoint.batch.api import BatchApi, Line
from tasks.endpoint.batch.held import HeldAmounts
from tasks.settings.endpoints import BatchCalls
from tasks.store.database import Store

QUIET = 3.0
"""Seconds without a new call after which those that have gathered are sent."""
LARGEST_FILE = 100_000_000
"""Bytes of a file of requests; hosted servers take 100 to 200 MB."""
QUEUE_WAIT = 60.0
"""Seconds after which a batch is offered again for which the server's queue had no room."""


class Job(NamedTuple):
    """One request of a batch."""

    line: bytes
    worst: float


@dataclass(eq=False)
class OpenBatch:
    """Calls to one model that go together: servers take no others. It gathers, is sent, stored, begun and collected."""

    stored: asyncio.Future[None]
    """Done when the server has its file and the store its calls."""
    id: UUID = field(default_factory=uuid4)
    jobs: dict[UUID, Job] = field(default_factory=dict)
    """What gathers, until it is sent."""
    size: int = 0
    file: str = ""
    remote: str | None = None
    earlier: bool = False
    """Whether an earlier run has sent it."""
    unsure: bool = False
    """Whether the server may have begun it, although nobody here has heard so."""
    results: dict[str, Line] | None = None
    """What came of its requests, by the ids of their calls, once it has ended."""
    following: asyncio.Task[None] | None = None
    lost: bool = False
    """Whether the server began it and knows it no more, so that it may have billed anything."""


class OpenCall(NamedTuple):
    """A call that an earlier run has sent, and what may be owed for it."""

    id: UUID
    worst: float
    run_id: UUID
    unit: str | None


class Batches:
    """All batches of an endpoint that are not collected."""

    def __init__(
        self,
        api: BatchApi,
        rule: BatchCalls,
        store: Store,
        run_id: UUID,
        held: HeldAmounts,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._api, self._rule, self._store, self._run_id = api, rule, store, run_id
        self._held, self._sleep = held, sleep
        self._gathering: dict[str, OpenBatch] = {}
        self._sent: dict[UUID, OpenBatch] = {}
        """The batch of each call whose answer is still to be collected."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self) -> list[OpenCall]:
        """What earlier runs have sent and not collected."""
        batches: dict[UUID, OpenBatch] = {}
        found = []
        for call_id, worst, key, file, remote, run_id, unit in await self._store.fetch(OPEN_CALLS, [self._api.address]):
            if key not in batches:
                batches[key] = OpenBatch(_done(), key, file=file, remote=remote, earlier=True, unsure=True)
            self._sent[call_id] = batches[key]
            found.append(OpenCall(call_id, worst, run_id, unit))
        return found

    async def close(self) -> None:
        """Let go of what is under way; the next run finds it again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def join(self, call_id: UUID, model: str, job: Job) -> OpenBatch:
        """The batch that has a call or takes it; it leaves when it is full, or no call has come for a while."""
        if call_id in self._sent:
            return self._sent[call_id]
        batch = self._gathering.get(model)
        if batch is None:
            batch = self._gathering[model] = OpenBatch(asyncio.get_running_loop().create_future())
            self._start(self._leave_when_quiet(model, batch))
        batch.jobs[call_id] = job
        batch.size += len(job.line)
        self._sent[call_id] = batch
        if len(batch.jobs) >= self._rule.requests or batch.size >= LARGEST_FILE:
            del self._gathering[model]
            self._start(self._send(batch))
        return batch

    async def _leave_when_quiet(self, model: str, batch: OpenBatch) -> None:
        seen = 0
        while self._gathering.get(model) is batch and seen < len(batch.jobs):
            seen = len(batch.jobs)
            await self._sleep(QUIET)
        if self._gathering.get(model) is batch:
            del self._gathering[model]
            await self._send(batch)

    def abandon(self, batch: OpenBatch, call_id: UUID) -> bool:
        """Whether the server has, or may get, a call that nobody waits for now; one that only gathers is taken out."""
        if batch in self._gathering.values():
            del batch.jobs[call_id], self._sent[call_id]
        return call_id in self._sent

    async def _send(self, batch: OpenBatch) -> None:
        """Give the server the file of the requests, and commit which calls are in it."""
        jobs, batch.jobs = batch.jobs, {}
        if not jobs:
            return
        try:
            batch.file = await self._api.upload([job.line for job in jobs.values()])
            row = ledger.Batch(
                id=batch.id,
                run_id=self._run_id,
                server=self._api.address,
                file=batch.file,
                remote=None,
                sent_at=ledger.utc_now(),
                number=(await self._store.fetch("SELECT coalesce(max(number), 0) + 1 FROM batches"))[0][0],
            )
            calls = (ledger.BatchedCall(call_id=key, batch=batch.id, worst=job.worst) for key, job in jobs.items())
            await self._store.write(row, *calls)
        except Exception as error:
            for call_id in jobs:
                self._sent.pop(call_id, None)
            batch.stored.set_exception(error)
            batch.stored.exception()  # those who waited may be gone
        else:
            batch.stored.set_result(None)

    async def collect(self, batch: OpenBatch, call_id: UUID) -> Line | None:
        """What the server answers to a call, once its batch has ended; None where it does not."""
        await asyncio.shield(batch.stored)
        if batch.results is None:
            if batch.following is None or batch.following.done():
                batch.following = self._start(self._follow(batch))
            await asyncio.shield(batch.following)
        self._sent.pop(call_id, None)
        return (batch.results or {}).get(str(call_id))

    async def _follow(self, batch: OpenBatch) -> None:
        """See a batch through to its end. What the server has forgotten, or never took, is sent another time."""
        while True:
            remote = await self._begin(batch)
            state = await self._api.watch(remote) if remote else None
            if state is None:
                batch.lost = batch.remote is not None
                await self._forget(batch)
                return
            if state.get("status") != "failed":
                batch.results = await self._api.results(state)
                return
            batch.remote = None
            words = self._api.complaint(state)
            if "token_limit_exceeded" in words and self._others_under_way(batch):
                await self._sleep(QUEUE_WAIT)
                continue
            await self._forget(batch)
            if batch.earlier:
                return
            raise EndpointRefused(f"{self._api.where} refuses a batch: {words}. {FAILED}")

    async def _begin(self, batch: OpenBatch) -> str | None:
        """Have the server begin a batch, once; None where its file is gone."""
        if batch.remote is None:
            unsure, batch.unsure = batch.unsure, True
            batch.remote = await self._api.begin(batch.file, unsure, batch.earlier)
            known = ("UPDATE batches SET remote = ? WHERE id = ?", [batch.remote, batch.id])
            await self._store.write(statements=[known])
        return batch.remote

    async def _forget(self, batch: OpenBatch) -> None:
        """Its calls are in no batch any more."""
        for call_id in [call_id for call_id, of in self._sent.items() if of is batch]:
            del self._sent[call_id]
            self._held.let_go(call_id, spent=batch.lost)
        await self._store.write(statements=[("DELETE FROM batched WHERE batch = ?", [batch.id])])
        batch.results = {}

    def _others_under_way(self, batch: OpenBatch) -> bool:
        others = {other.id for other in self._sent.values() if other.remote is not None and other.results is None}
        return bool(others - {batch.id})

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


FAILED = "Mend what it names, or lower batch.requests, then run the same command again."

OPEN_CALLS = """
    SELECT c.call_id, c.worst, b.id, b.file, b.remote, b.run_id, l.unit
    FROM batched c JOIN batches b ON b.id = c.batch LEFT JOIN leases l ON l.run_id = b.run_id
    WHERE b.server = ? AND c.call_id NOT IN (SELECT id FROM calls)
    QUALIFY row_number() OVER (PARTITION BY c.call_id ORDER BY b.number DESC) = 1"""
"""Calls without an answer, each in the batch that left last with it."""
