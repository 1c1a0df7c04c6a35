"""A Prefect server of a run's own, for whoever has none running.

Prefect would start one itself, in the terminal's process group: Ctrl-C then ends the server before the run, which
goes on asking for it. This one stands in a session of its own and ends when its parent does, however that ends. It
starts while the run still imports and checks, and has no UI.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

from graph.errors import GsdpError

STARTUP = 60.0
"""Seconds the server may take until it answers."""
PATIENCE = 10.0
"""Seconds it may take to end."""
HANDOVER = 3.0
"""Seconds that Prefect's last log lines and events may take to reach it."""
EPHEMERAL = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
"""What Prefect tells the server that it starts itself."""


@contextmanager
def own_server() -> Iterator[Callable[[], None]]:
    """Start a server and make it this process's; what it gives waits until the server answers, or raises GsdpError."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as said:
        # Requests wait in the listener's queue from here on, so the address holds before the server is up.
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.orchestration.local_server", str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**os.environ, **EPHEMERAL},
        )
        listener.close()
        answered = False

        def wait() -> None:
            nonlocal answered
            try:
                with urlopen(f"http://127.0.0.1:{port}/api/health", timeout=STARTUP):
                    answered = True
            except (URLError, OSError) as error:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().splitlines()[-1:]
                raise GsdpError(
                    f"Prefect's server did not start ({last[0] if last else error}): start one with "
                    "`prefect server start`, set PREFECT_API_URL to its address, and run the same command again."
                ) from error

        _use(f"http://127.0.0.1:{port}/api")
        try:
            yield wait
        finally:
            if answered:
                _send_the_rest()
            _use(None)
            if process.stdin:
                process.stdin.close()
            # One that is not up yet may be at work on its database: it is left to end by itself.
            if answered:
                _end(process)


def _use(url: str | None) -> None:
    """Make a server's address the one that Prefect uses in this process, also in its threads."""
    from prefect.context import refresh_global_settings_context

    if url is None:
        os.environ.pop("PREFECT_API_URL", None)
    else:
        os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()


def _send_the_rest() -> None:
    """Let Prefect hand over its last log lines and events, which it does behind the run's back."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=HANDOVER)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Serve on the inherited socket until standard input ends, which it does with the parent."""
    import uvicorn
    from prefect.server.api.server import create_app

    listener = socket.socket(fileno=int(sys.argv[1]))
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error", timeout_graceful_shutdown=2))

    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
