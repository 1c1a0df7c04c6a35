"""What audits share: whose settings they work with, how they open its run context, and what they say of a rehearsal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from flows.commands.settings_file import read_settings
from flows.commands.workspace import latest_settings, reading
from graph.errors import UsageError
from graph.shares import ShareEstimate, wilson
from tasks.context.run_context import RunContext
from tasks.reports.card import is_rehearsal
from tasks.runs.opening import open_run
from tasks.runs.record import NOT_KEPT
from tasks.settings.run import RunSettings

T = TypeVar("T")

REHEARSAL = "This is a rehearsal: the sandbox is no model, so these figures say nothing of one."


def settings_of(run: Path) -> RunSettings:
    """The settings in a file, or those of a workspace's latest run. Raises UsageError where those lack a secret."""
    if run.is_file():
        return read_settings(run)
    with reading(run) as store:
        settings = latest_settings(store)
    if NOT_KEPT in settings.model_dump_json():
        raise UsageError(f"{run} keeps no secrets, and its endpoints have some: give the settings file instead.")
    # The folder may have been moved or copied since.
    return settings.model_copy(update={"workspace": run})


def audited(settings: RunSettings, audit: Callable[[RunContext], Awaitable[T]]) -> tuple[T, bool]:
    """What an audit finds at the run context of some settings, and whether that is of a rehearsal."""

    async def done() -> tuple[T, bool]:
        async with open_run(settings) as work:
            return await audit(work), is_rehearsal(work.store, settings)

    return asyncio.run(done())


def share(hits: int, count: int) -> str:
    """A share with its interval, such as 2.0% [0.6%, 7.0%]; a dash of none."""
    return told(ShareEstimate(hits / count, *wilson(hits, count)) if count else None)


def told(found: ShareEstimate | None) -> str:
    """An estimate with its interval."""
    return f"{found.share:.1%} [{found.low:.1%}, {found.high:.1%}]" if found else "-"
