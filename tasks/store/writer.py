"""Group commit: one thread writes everything that arrived in the last moment as one transaction.

A caller goes on only after its rows are durable, so a `kill -9` loses at most what was not yet committed. The queue
takes *units*, the rows of one finished piece of work, possibly for several tables; a unit is committed whole.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graph.records import Record

INTERVAL = 0.05
"""Seconds that the first waiting unit waits for company; half of it is the mean price of a call's durability."""

Statement = tuple[str, Sequence[Any]]
"""SQL and its parameters, run before the rows of the same transaction."""


class Commit(Protocol):
    """Write rows and statements in one transaction, or raise with nothing written."""

    def __call__(self, rows: dict[type[Record], list[Record]], statements: list[Statement]) -> None: ...


@dataclass
class CommitUnit:
    """Rows and statements that must be committed together, and who waits for them."""

    rows: Sequence[Record]
    statements: Sequence[Statement]
    committed: asyncio.Future[None]
    at: float = field(default_factory=time.monotonic)


class Writer:
    """The one thread that writes. After a failed commit it fails every later unit with the same error."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: queue.SimpleQueue[CommitUnit | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gsdp-writer", daemon=True)
        self._thread.start()

    async def write(self, rows: Sequence[Record], statements: Sequence[Statement] = ()) -> None:
        """Return when the unit is committed; raise what the commit raised."""
        committed = asyncio.get_running_loop().create_future()
        self._queue.put(CommitUnit(rows, statements, committed))
        await committed

    def close(self) -> None:
        """Commit what is queued and stop the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing and (unit := self._queue.get()) is not None:
            batch, closing = self._gather(unit)
            if self._failure is None:
                self._failure = self._try(batch)
            _settle(batch, self._failure)

    def _gather(self, first: CommitUnit) -> tuple[list[CommitUnit], bool]:
        """All units that arrive within the interval after the first one; whether the writer is to stop then."""
        batch = [first]
        while True:
            wait = first.at + INTERVAL - time.monotonic()
            try:
                unit = self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if unit is None:
                return batch, True
            batch.append(unit)

    def _try(self, batch: list[CommitUnit]) -> BaseException | None:
        rows: dict[type[Record], list[Record]] = {}
        for unit in batch:
            for row in unit.rows:
                rows.setdefault(type(row), []).append(row)
        try:
            self._commit(rows, [statement for unit in batch for statement in unit.statements])
        except BaseException as error:
            return error
        return None


def _settle(batch: list[CommitUnit], failure: BaseException | None) -> None:
    """Wake the callers with one call into each event loop: waking them one by one costs the loop more."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for unit in batch:
        by_loop.setdefault(unit.committed.get_loop(), []).append(unit.committed)
    for loop, futures in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_wake, futures, failure)


def _wake(futures: list[asyncio.Future[None]], failure: BaseException | None) -> None:
    for future in futures:
        if future.done():
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)
