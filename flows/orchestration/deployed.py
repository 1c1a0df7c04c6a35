"""What a process does first that Prefect's runner has started for a run of a deployment.

It changes to the folder of the data, if the environment names one, so that relative paths hold on every machine. And it
goes on when nobody reads its output any more: that is a pipe to the worker, and when the worker is killed, the next
line that is logged would otherwise end the run.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

STARTED = "PREFECT__FLOW_RUN_ID"
"""The variable by which Prefect's runner tells a process which run it is for."""
DATA = "GSDP_DATA"
"""The variable that names the folder which relative paths are below."""


class Unbroken:
    """A stream whose writes do not fail: once nobody reads what it writes, that goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, if anybody reads it."""
        try:
            return self._stream.write(text)
        except OSError:
            self._write_nowhere()
            return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            self._stream.flush()
        except OSError:
            self._write_nowhere()

    def _write_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError):
            os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def settle() -> None:
    """Make a process ready that a runner has started. A second call changes nothing."""
    if STARTED not in os.environ:
        return
    if folder := os.environ.get(DATA):
        os.chdir(folder)
    outlive_readers()


def outlive_readers() -> None:
    """Go on when nobody reads the output any more, also where log handlers have kept a stream."""
    streams = {id(stream): unbroken(stream) for stream in (sys.stdout, sys.stderr)}
    sys.stdout, sys.stderr = (streams[id(stream)] for stream in (sys.stdout, sys.stderr))
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and id(handler.stream) in streams:
                handler.stream = streams[id(handler.stream)]
            # Rich ends the process when its stream is broken.
            console = getattr(handler, "console", None)
            if console is not None and id(console.file) in streams:
                console.file = streams[id(console.file)]


def unbroken(stream: TextIO) -> TextIO:
    """The stream, so that it does not break."""
    return stream if isinstance(stream, Unbroken) else cast("TextIO", Unbroken(stream))
