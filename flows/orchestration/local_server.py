"""A Prefect server of a run's own, for people who have none running.

Prefect would start one itself, in the terminal's process group: Ctrl-C then ends the server before the run, which
goes on asking for it. This one stands in a session of its own and ends when its parent does, however that ends. It
starts while the run still imports and checks, and has no UI.

It listens on loopback, which every user of the machine reaches, so it asks for a password that only the run knows,
lets no web page in, and keeps its database in a folder of its own that goes with it: nobody else's deployments, blocks
or runs are there, and none can be left behind. Does not protect against somebody who can read this process's memory.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from graph.errors import GsdpError

STARTUP = 300.0
"""Seconds the server may take until it answers: a first one on a busy machine makes its database for minutes."""
PATIENCE = 10.0
"""Seconds it may take to end."""
HANDOVER = 3.0
"""Seconds that Prefect's last log lines and events may take to reach it."""
EPHEMERAL = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
"""What Prefect tells the server that it starts itself."""
AUTH = "PREFECT_API_AUTH_STRING"
"""Prefect's name for the password that a client sends."""
DATABASE = "prefect.db"
OURS_ALONE = 0o077
"""What a file of ours lets others do: nothing."""


def server_environment(folder: Path, password: str) -> dict[str, str]:
    """What makes a server private, over whatever the environment says of others."""
    return {
        **EPHEMERAL,
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / DATABASE}",
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / DATABASE}",
    }


@contextmanager
def own_server() -> Iterator[Callable[[], None]]:
    """Start a server and make it this process's; what it gives waits until the server answers, or raises GsdpError."""
    password = f"gsdp:{secrets.token_urlsafe(32)}"
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as said:
        # Requests wait in the listener's queue from here on, so the address holds before the server is up.
        port = listener.getsockname()[1]
        # The server removes the folder, because it ends in order also where this process does not.
        folder = Path(tempfile.mkdtemp(prefix="gsdp-prefect-"))
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.orchestration.local_server", str(listener.fileno()), str(folder)],
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**os.environ, **server_environment(folder, password)},
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

        use_server(f"http://127.0.0.1:{port}/api", password)
        try:
            yield wait
        finally:
            if answered:
                _send_the_rest()
            use_server(None, None)
            if process.stdin:
                process.stdin.close()
            # One that is not up yet may be at work on its database: it is left to end by itself.
            if answered:
                _end(process)


def use_server(url: str | None, password: str | None) -> None:
    """Make a server's address the one that Prefect uses in this process, also in its threads."""
    from prefect.context import refresh_global_settings_context

    for name, value in (("PREFECT_API_URL", url), (AUTH, password)):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
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


def empty_database() -> Path:
    """A database of Prefect's without content, kept for later runs: making one takes longer than all else."""
    import prefect

    return Path(prefect.settings.PREFECT_HOME.value(), f"gsdp-empty-{prefect.__version__}.db")


def _make_database(kept: Path, database: Path) -> None:
    """Make `database`, from the one that was kept for it where there is one; else keep one."""
    from prefect.server.database import provide_database_interface

    if kept.is_file():
        shutil.copyfile(kept, database)
        return
    asyncio.run(provide_database_interface().create_db())
    fresh = kept.with_name(f"{kept.name}.{secrets.token_hex(8)}")
    with closing(sqlite3.connect(database)) as made, closing(sqlite3.connect(fresh)) as copy:
        made.backup(copy)
    fresh.replace(kept)


def main() -> None:
    """Serve on the inherited socket until standard input ends, which it does with the parent."""
    listener, folder = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    os.umask(OURS_ALONE)
    try:
        _serve(listener, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(listener: socket.socket, folder: Path) -> None:
    import uvicorn
    from prefect.server.api.server import create_app

    _make_database(empty_database(), folder / DATABASE)
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error", timeout_graceful_shutdown=2))

    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
