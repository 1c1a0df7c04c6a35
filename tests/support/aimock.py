"""aimock, a server that is not ours and answers from a script (npm @copilotkit/aimock; its program is llmock)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

needs_aimock = pytest.mark.skipif(shutil.which("llmock") is None, reason="aimock's llmock is not on the PATH")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def aimock(folder: Path, port: int, fixtures: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The address, up to /v1, of a server with these answers, which are written into `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "answers.json").write_text(json.dumps({"fixtures": list(fixtures)}))
    command = ["llmock", "-p", str(port), "-h", "127.0.0.1", "-f", str(folder), "--log-level", "warn"]
    with subprocess.Popen(command) as server:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
        server.terminate()
