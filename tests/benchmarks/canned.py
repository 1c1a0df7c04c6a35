"""Servers with one canned answer, for benchmarks: nginx that answers at once, and one that takes its time.

Both run on the second core, and neither looks at what it is asked. A module beside the benchmarks, not one of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

CLIENT_CORE, SERVER_CORE = 0, 1
PROBLEM = (
    "A farmer in Lima owns a triangular field with sides of $35$, $33$ and $26$ metres. Compute its area exactly. " * 3
)
ANSWER = json.dumps(
    {
        "id": "canned",
        "object": "chat.completion",
        "created": 1,
        "model": "canned",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": f"<problem>\n{PROBLEM}\n</problem>"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 500, "completion_tokens": 120, "total_tokens": 620},
    }
)


@contextmanager
def at_once() -> Iterator[str]:
    """nginx; yields the base URL."""
    port = _free_port()
    folder = Path(tempfile.mkdtemp())
    (folder / "logs").mkdir()
    quoted = ANSWER.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
        events {{ worker_connections 4096; }}
        http {{
            access_log off; keepalive_requests 1000000; client_max_body_size 1m;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            geo $dollar {{ default "$"; }}
            server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{quoted}'; }} }}
        }}"""
    )
    try:
        with _running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], port) as base_url:
            yield base_url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def later(seconds: float, spread: float = 0.0, most: int = 1_000_000) -> Iterator[str]:
    """One that takes so many seconds, more or less by a share of them; yields the base URL.

    It holds at most so many requests, and answers 429 at once to all above.
    """
    port = _free_port()
    with _running([sys.executable, __file__, str(port), str(seconds), str(spread), str(most)], port) as base_url:
        yield base_url


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    """A server on the second core, and this process on the first one, as long as the `with` block lasts."""
    server = subprocess.Popen(command)
    try:
        _wait_for(port)
        for child in (server.pid, *_children(server.pid)):
            os.sched_setaffinity(child, {SERVER_CORE})
        os.sched_setaffinity(0, {CLIENT_CORE})
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        server.terminate()
        server.wait()


def _children(pid: int) -> list[int]:
    """Child processes, from /proc."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(port: int) -> None:
    """Wait until something listens."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def _free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


class _Slow(asyncio.Protocol):
    """One connection: requests come one after the other, each in full before its answer."""

    held = 0

    def __init__(self, seconds: float, spread: float, most: int) -> None:
        self._seconds, self._spread, self._most = seconds, spread, most
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self._heard = b""
        if _Slow.held >= self._most:
            self._transport.write(TOO_MANY)
            return
        _Slow.held += 1
        wait = self._seconds * random.uniform(1 - self._spread, 1 + self._spread)
        asyncio.get_running_loop().call_later(wait, self._answer)

    def _answer(self) -> None:
        _Slow.held -= 1
        self._transport.write(OK)


def _reply(status: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


OK, TOO_MANY = _reply("200 OK", ANSWER), _reply("429 Too Many Requests", '{"error": "too many"}')


async def _serve(port: int, seconds: float, spread: float, most: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Slow, seconds, spread, most), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
