"""Prefect's server with PostgreSQL and Redis, for `compose.yaml`: `python -m deployments.server`, with the options of
`prefect server start`.

Prefect takes the address of one of its queues as a URL alone, in which a password's `@`, `:` and `/` mean something.
Here it is made of the parts that Prefect's messaging has anyway. Without a password of its own the server does not
start: it listens to other machines, and anybody who starts a run reads files as the worker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from urllib.parse import quote

AUTH = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")
"""Prefect's names for its own password, at the server and at its clients."""
REDIS = "PREFECT_REDIS_MESSAGING_"
QUEUE = 1
"""The database of Redis that the queue is in; messages are in 0."""


def server_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What the server needs besides; raises SystemExit with what is missing."""
    password = next((environment[name] for name in AUTH if environment.get(name)), None)
    if password is None:
        raise SystemExit(f"Choose a password for the server: {AUTH[1]}=admin:CHOOSE-ONE, here and for its clients.")
    host, port = environment.get(f"{REDIS}HOST", "localhost"), environment.get(f"{REDIS}PORT", "6379")
    secret = quote(environment.get(f"{REDIS}PASSWORD", ""), safe="")
    return {
        AUTH[0]: password,
        "PREFECT_SERVER_DOCKET_URL": f"redis://{f':{secret}@' if secret else ''}{host}:{port}/{QUEUE}",
    }


def main() -> None:
    os.environ.update(server_settings(os.environ))
    os.execv(sys.executable, [sys.executable, "-m", "prefect", "server", "start", *sys.argv[1:]])


if __name__ == "__main__":
    main()
