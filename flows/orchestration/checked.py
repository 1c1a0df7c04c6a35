"""The parameters of a run, checked where a person looks: what is wrong is an error in the run's own log.

Prefect checks them before the run has a log, and says of a saved endpoint that is gone neither where it was picked nor
what it was called.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prefect.exceptions import ParameterTypeError
from prefect.logging import get_logger

from flows.orchestration.deployed import STARTED
from flows.orchestration.ui_words import in_ui_words
from graph.errors import StoreError
from tasks.settings.blocks import is_saved
from tasks.store.database import open_store
from tasks.store.latest import latest

GONE = (
    "{place}: the Model Endpoint that was picked here{called} is gone. Save one again under Blocks, then Copy to new "
    "run and pick it."
)
Check = Callable[[dict[str, Any]], dict[str, Any]]


def checked(check: Check, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as `check` reads them. Raises ParameterTypeError, which the run's log tells too."""
    try:
        return check(parameters)
    except ParameterTypeError as error:
        said = "; ".join(gone(parameters)) or in_ui_words(str(error))
        log_of_run(said)
        raise ParameterTypeError(said) from error


def log_of_run(sentence: str) -> None:
    """Write an error into the log of the run that this process was started for."""
    if run := os.environ.get(STARTED):
        logging.LoggerAdapter(get_logger("prefect.flow_runs"), {"flow_run_id": run}).error("%s", sentence)


def gone(parameters: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each saved endpoint that was picked and is not there any more."""
    settings = parameters.get("settings")
    for place, block_id in picked(settings):
        if not is_saved(block_id):
            name = called_last(settings, place)
            yield GONE.format(place=place, called=f", {name!r}," if name else "")


def picked(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where a saved endpoint was picked, and its id."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, Mapping) and "block_document_id" in reference:
            yield place, str(reference["block_document_id"])
            return
        for name, inner in value.items():
            yield from picked(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from picked(inner, f"{place}.{number}")


def called_last(settings: Any, place: str) -> str:
    """What the endpoint of a place was called in the last run of the workspace; empty where nobody knows."""
    try:
        store = open_store(Path(settings["workspace"]), read_only=True)
    except (StoreError, KeyError, TypeError):
        return ""
    try:
        found: Any = json.loads(latest(store, "settings"))
    except StoreError:
        return ""
    finally:
        store.close()
    try:
        for part in place.split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return str(found["endpoint"]).removeprefix("block:")
    except (LookupError, TypeError, ValueError):
        return ""  # the last run had no such place
