"""SIGTERM always ends a run: the event loop is told of it, and no exception is raised at a random place.

Prefect's handler raises an exception in whatever line is being run. Where that is a callback of the event loop, or the
end of an object's life, Python reports the exception and goes on, and so would the run, which pays for what it asks.
Here the loop calls a function instead, which cancels the run's task; Prefect then hears of the signal as ever. What has
not ended some time after it was told is stuck, and is ended by force: the store is made for that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from prefect.exceptions import TerminationSignal

LAST_RESORT = 25.0
"""Seconds from the signal until the process is ended by force. Prefect's worker itself waits 30."""
KILLED = 128 + signal.SIGTERM
"""The exit code of a process that was ended by force."""


_tell: ContextVar[Callable[[], None] | None] = ContextVar("gsdp_tell", default=None)


@asynccontextmanager
async def ended_by_signal(begin: bool = True) -> AsyncIterator[None]:
    """End what goes on in the block when SIGTERM comes. Raises TerminationSignal.

    `begin` is false for runs that Prefect's runner has started: it tells them in a way of its own whether a signal
    means Cancel, and ends by force what does not obey.

    Flows within flows enter it too: Prefect has put its own handler back for them. Works in the main thread's event
    loop; no signal reaches another.
    """
    if tell := _tell.get():
        _listen(tell)
    if tell or not begin:
        yield
        return
    task, told = asyncio.current_task(), False

    def end() -> None:
        nonlocal told
        if not told and task:
            told = True
            threading.Thread(target=end_by_force, daemon=True).start()
            task.cancel()

    before, token = signal.getsignal(signal.SIGTERM), _tell.set(end)
    _listen(end)
    try:
        yield
    except BaseException as error:
        # What ends at the same time may have errors of its own, which then stand for the cancel.
        if not told or not task:
            raise
        if not isinstance(error, asyncio.CancelledError):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        task.uncancel()
        raise TerminationSignal(signal=signal.SIGTERM) from (error if isinstance(error, Exception) else None)
    finally:
        _tell.reset(token)
        if asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM):
            signal.signal(signal.SIGTERM, before)


def _listen(tell: Callable[[], None]) -> None:
    """Let the loop hear of SIGTERM, and nothing else."""
    with suppress(ValueError, RuntimeError):  # not the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, tell)


def end_by_force() -> None:
    """End this process if it is still there after a while."""
    threading.Event().wait(LAST_RESORT)
    os._exit(KILLED)
