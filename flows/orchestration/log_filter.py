"""Errors that are made for people are one sentence in the logs too, without the traceback that Prefect adds to each."""

from __future__ import annotations

import logging
import os

from prefect.exceptions import ParameterTypeError

from flows.orchestration.deployed import STARTED
from flows.orchestration.ui_words import in_ui_words
from graph.errors import GsdpError

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine", "prefect.flows", "prefect._internal.concurrency")
NOISE = (
    "Parameter validation failed",
    "Service 'ConcurrencySlotAcquisition",
    "Service 'EventsWorker' failed",
    "Finished in state Running()",
    "Finished in state Suspended(",
    "Crash detected! Execution was cancelled",
)
"""How records begin that say nothing new: all parameters of a run again, where the next record names the wrong one;
that a run still waits for its turn, which `flows/orchestration/turns.py` says in words; in full, each event that did
not reach a server which is gone; and, as errors, that a run was told to end, where `flows/reporting/report.py` says
what became of it."""


class OneSentence(logging.Filter):
    """Leaves of a record about an error of ours nothing but what it says; it is said once, where it was raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, GsdpError | ParameterTypeError):
            said = in_ui_words(str(error)) if STARTED in os.environ else str(error)
            record.msg, record.args, record.exc_info = said, (), None
        return not record.getMessage().startswith(NOISE)


def speak_in_sentences() -> None:
    """Put the filter on Prefect's loggers. A second time changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, OneSentence) for each in logger.filters):
            logger.addFilter(OneSentence())
