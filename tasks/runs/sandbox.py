"""Starting the bundled rehearsal server for a run whose settings name it, and ending it with the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import TracebackType

from graph.errors import EndpointDown
from tasks.settings.addresses import SANDBOX
from tasks.settings.endpoints import Endpoint
from tasks.settings.run import RunSettings

PATIENCE = 10.0
"""Seconds a server may take to end."""


class Sandbox:
    """The server's process, for as long as the `with` block lasts; nothing when no endpoint needs it."""

    def __init__(self, settings: RunSettings) -> None:
        self._needed = any(endpoint.base_url == SANDBOX for endpoint in settings.endpoints.values())
        self._switches = settings.sandbox
        self._process: subprocess.Popen[str] | None = None
        self._address = ""

    def address(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its real address."""
        return endpoint.model_copy(update={"base_url": self._address}) if endpoint.base_url == SANDBOX else endpoint

    def __enter__(self) -> Sandbox:
        if self._needed:
            command = [sys.executable, "-m", "deployments.sandbox", "--port", "0", "--parent-pid", str(os.getpid())]
            # Its own session: Ctrl-C is for the run, which still needs answers while it drains.
            self._process = subprocess.Popen(
                [*command, *self._switches], stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            line = self._process.stdout.readline() if self._process.stdout else ""
            if not line:
                raise EndpointDown("The sandbox server did not start: see the lines above.")
            self._address = json.loads(line)["base_url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
