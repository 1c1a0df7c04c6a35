"""A Prefect server asked over HTTP as its UI asks it, and processes that end with a test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

from flows.orchestration.local_server import AUTH
from flows.orchestration.started import PREFECT_DEFAULTS
from tests.support.rehearsal import ROOT, wait_until

BUSY_FOR = 30
"""Seconds that the server may turn a request away, because another one writes to its database."""
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

Start = Callable[..., subprocess.Popen[bytes]]


@dataclass(frozen=True)
class Prefect:
    """A Prefect server."""

    url: str
    """Of its API."""

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What it answers; a `body` is posted."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        # A server of the tests' own has a password, by which Prefect's client gets in too; others have none.
        if self.url == os.environ.get("PREFECT_API_URL"):
            headers["Authorization"] = "Basic " + b64encode(os.environ[AUTH].encode()).decode()
        request = Request(self.url + path, data, headers)
        for _ in range(BUSY_FOR):
            try:
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(1)
        raise AssertionError(f"{path}: the server was busy for {BUSY_FOR} s")

    def answers(self, path: str) -> bool:
        """Whether there is something at a path."""
        try:
            return bool(self.ask(path))
        except (OSError, AssertionError):
            return False

    def page(self, path: str) -> str:
        """The address of a page of its UI."""
        return f"{self.url.removesuffix('/api')}/v2{path}"

    def begin(self, settings: dict[str, Any], deployment: str = "synthesize/synthesize-served") -> str:
        """Start a run as the form does; its id."""
        found = self.ask(f"/deployments/name/{deployment}")["id"]
        return str(self.ask(f"/deployments/{found}/create_flow_run", {"parameters": {"settings": settings}})["id"])

    def become(self, run: str, kind: str, name: str, **details: Any) -> None:
        """Put a run into a state, as the buttons of its page do."""
        state = {"type": kind, "name": name, "state_details": details}
        self.ask(f"/flow_runs/{run}/set_state", {"state": state, "force": kind in ("SCHEDULED", "PAUSED")})

    def state(self, run: str) -> str:
        """The type of a run's state."""
        return str(self.ask(f"/flow_runs/{run}")["state"]["type"])

    def ends(self, run: str, seconds: float = 180.0) -> str:
        """Wait until a run has ended; how."""
        wait_until(lambda: self.state(run) in FINAL, seconds=seconds)
        return self.state(run)

    def retry(self, run: str) -> str:
        """Press Retry, and wait for the end."""
        self.become(run, "SCHEDULED", "AwaitingRetry")
        return self.ends(run)


@contextmanager
def processes() -> Iterator[Start]:
    """Starts modules of Python as processes, which end with the `with` block, the last one first."""
    with ExitStack() as stack:

        def start(*module: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
            # A process started behind an `&` ignores Ctrl-C, and so would its children.
            former = signal.signal(signal.SIGINT, signal.default_int_handler)
            quiet = subprocess.DEVNULL
            command = [sys.executable, "-m", *map(str, module)]
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=quiet, stderr=quiet)
            signal.signal(signal.SIGINT, former)
            stack.callback(end, process)
            return process

        yield start


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and see to it that nothing is left of it."""
    family = [*psutil.Process(process.pid).children(recursive=True), process] if process.poll() is None else [process]
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def start_server(start: Start, home: Path, port: int, **environment: str) -> tuple[Prefect, subprocess.Popen[bytes]]:
    """A Prefect server on a port, with its database in `home`, once it answers."""
    named = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    env = PREFECT_DEFAULTS | named | environment | {"PREFECT_HOME": str(home), "PREFECT_SERVER_API_PORT": str(port)}
    process = start("prefect", "server", "start", "--port", port, env=env)
    found = Prefect(f"http://127.0.0.1:{port}/api")
    wait_until(lambda: found.answers("/health"), seconds=180)
    return found, process


def home_with(database: Path, folder: Path) -> Path:
    """A home for a server: `folder`, with a copy of a database, which is faster than making one."""
    folder.mkdir(exist_ok=True)
    shutil.copy(database, folder)
    return folder
