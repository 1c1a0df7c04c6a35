"""A flow started by a command: Prefect's defaults and server, the checks beforehand, and its errors in sentences."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from graph.errors import GsdpError, SettingsError, TargetMissed, UsageError
from graph.nouns import counted

if TYPE_CHECKING:
    from flows.reporting.report import View
    from tasks.settings.run import RunSettings

T = TypeVar("T")
Flow = Callable[[], Coroutine[Any, Any, T]]

PREFECT_DEFAULTS = {
    # Our own lines are what a person reads in the terminal; Prefect's go to its server and its UI.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
}
"""Settings of Prefect that a run starts with unless the environment says otherwise."""


def run_until(settings: RunSettings, until: str, accept_changes: bool) -> dict[str, Any]:
    """Run the pipeline up to a stage; what the flow returns. Raises UsageError where it is none."""
    from tasks.settings.run import STAGES

    last = next((stage for stage in STAGES if stage == until), None)
    if last is None:
        raise UsageError(f"--until {until!r} is no stage; the stages are {', '.join(STAGES)}.")

    def load() -> Flow[Any]:
        from flows.synthesize import synthesize

        return partial(synthesize, settings, until=last, accept_changes=accept_changes)

    found: dict[str, Any] = with_prefect(settings, load, accept_changes)
    return found


def check_target(found: Mapping[str, Any], target: int) -> None:
    """Raises TargetMissed where a run has ended below its target, with what would help."""
    if found.get("end"):
        raise TargetMissed(
            f"The run ended with {found['pairs']:,} of {counted(target, 'pair')}: {found['end']}. More seeds or larger "
            "`sample.samples_per_combination` give more to ask for; `gsdp status` counts what was rejected and why."
        )


def with_prefect(settings: RunSettings, load: Callable[[], Flow[T]], accept_changes: bool) -> T:
    """What a flow returns, shown at its work. `load` imports it, once Prefect is set up."""
    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    came = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.default_int_handler(number, frame)

    # SIGTERM does what Ctrl-C does; Prefect hands the signal on once its flows have ended.
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        return _started(settings, load, accept_changes)
    except Exception as error:
        # What was at work when a signal came may have made an error of its own of it, as pydantic does.
        if came.is_set():
            raise KeyboardInterrupt from error
        raise


def _started(settings: RunSettings, load: Callable[[], Flow[T]], accept_changes: bool) -> T:
    """Run with the Prefect server that is named, or with one of the run's own."""
    from prefect.settings import get_current_settings

    from flows.reporting.console import make_view

    if get_current_settings().api.url:
        with make_view("starting") as shown:
            return _flow(settings, load, accept_changes, shown, lambda: None)
    if settings.asks_prefect:
        raise SettingsError(
            "The settings name blocks that are saved in Prefect, and no Prefect server is named: start it with "
            "`prefect server start`, set PREFECT_API_URL to its address, and run the same command again."
        )
    from flows.orchestration.local_server import own_server

    with make_view("starting, with a Prefect server of its own") as shown, own_server() as wait:
        return _flow(settings, load, accept_changes, shown, wait)


def _flow(
    settings: RunSettings,
    load: Callable[[], Flow[T]],
    accept_changes: bool,
    shown: View,
    wait: Callable[[], None],
) -> T:
    """Check what can be checked, wait for Prefect's server, and run."""
    import asyncio

    import httpx
    from prefect.exceptions import ObjectNotFound, TerminationSignal

    from flows.reporting.report import view
    from tasks.runs.plan import check

    flow = load()
    if settings.has_blocks:
        wait()
    check(settings, accept_changes)
    wait()
    view.set(shown)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        # From no other handler does asyncio take over Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return asyncio.run(flow())
    except TerminationSignal:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if "reach API" not in str(error):
            raise
        raise GsdpError(
            f"Prefect's server does not answer ({error}): start it with `prefect server start`, or unset "
            "PREFECT_API_URL and the run starts one of its own."
        ) from error
    except (httpx.HTTPError, ObjectNotFound) as error:
        said = " ".join([type(error).__name__, *str(error).splitlines()[:1]])
        why = "no longer knows this run" if isinstance(error, ObjectNotFound) else f"failed ({said})"
        raise GsdpError(
            f"Prefect's server {why}. What was paid for is safe in {settings.workspace}: once the server is well, run "
            "the same command again, and it goes on."
        ) from error
