"""What audits share: whose settings they work with, how they open its run context, and what they say of a rehearsal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from flows.commands.settings_file import read_settings
from flows.commands.workspace import latest_settings
from graph.errors import UsageError
from graph.shares import ShareEstimate, wilson
from tasks.context.run_context import RunContext
from tasks.reports.card import is_rehearsal
from tasks.runs.opening import open_run
from tasks.runs.record import NOT_KEPT
from tasks.settings.addresses import SANDBOX
from tasks.settings.keys import is_reference
from tasks.settings.run import RunSettings
from tasks.store.looking import reading

T = TypeVar("T")

REHEARSAL = "This is a rehearsal: the sandbox is no model, so these figures say nothing of one."


HERE = ("127.0.0.1", "localhost", "::1")
"""Hosts that are this machine."""


def settings_of(run: Path) -> RunSettings:
    """The settings in a file, or those of a workspace's latest run.

    A workspace may come from somebody else, so a person is asked before its settings send anything elsewhere. Raises
    UsageError when nobody can be asked or the answer is no, and where the settings lack a secret.
    """
    if run.is_file():
        return read_settings(run)
    with reading(run) as store:
        settings = latest_settings(store)
    if NOT_KEPT in settings.model_dump_json():
        raise UsageError(f"{run} keeps no secrets, and its endpoints have some: give the settings file instead.")
    if places := sends_to(settings):
        _ask(run, places)
    # The folder may have been moved or copied since.
    return settings.model_copy(update={"workspace": run})


def sends_to(settings: RunSettings) -> list[str]:
    """Where settings would send texts, and which secrets with them; nothing when all stays on this machine."""
    places = []
    for name, endpoint in settings.endpoints.items():
        secrets = [value for value in (endpoint.api_key, endpoint.proxy, *endpoint.headers.values()) if value]
        references = sorted(value for value in secrets if is_reference(value))
        here = endpoint.base_url == SANDBOX or urlsplit(endpoint.base_url).hostname in HERE
        if references or endpoint.proxy or not here:
            with_what = f" with {', '.join(references)}" if references else ""
            places.append(f"{name}: {endpoint.proxy or endpoint.base_url}{with_what}")
    return places


def _ask(run: Path, places: list[str]) -> None:
    told = f"The settings that {run} keeps send texts to " + "; ".join(places) + "."
    if not sys.stdin.isatty():
        raise UsageError(f"{told} A workspace may come from somebody else: give the settings file instead of it.")
    print(told)
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was sent. Give a settings file of your own instead of the workspace.")


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
