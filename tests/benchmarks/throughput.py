"""How many calls a second one core makes, all costs in, and how full the pipe is when answers take a second.

    python tests/benchmarks/throughput.py            # needs nginx; two cores

Zero latency: nginx answers every request with one canned completion from the second core. Ours is the true path of a
composed problem (prompt rendered, admitted, sent, parsed, committed with its ledger row), on the first core. Beside
it, in the same run, the client alone, and bare aiohttp sending the same body.

One second: the sandbox holds every answer for a second, 256 in flight; what counts is the share of 256 calls/s that
is reached while the pipe is full.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp

from flows.configure import make_settings
from graph.records import Combination, content_id
from tasks.compose import Slot, _compose
from tasks.endpoint.answers import ChatRequest
from tasks.opening import open_workbench
from tasks.workbench import Workbench

IN_FLIGHT = 256
NAMES = ("Vieta's formulas", "Law of cosines", "Geometric series")
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
def nginx(port: int):  # type: ignore[no-untyped-def]
    """The canned server, pinned to the second core."""
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
    server = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        wait_for(port)
        for child in (server.pid, *children(server.pid)):
            os.sched_setaffinity(child, {1})
        yield
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    """Child processes, from /proc."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(port: int) -> None:
    """Wait until something listens."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@asynccontextmanager
async def workbench(base_url: str, model: str) -> AsyncIterator[Workbench]:
    """A true workbench in a temporary folder."""
    folder = Path(tempfile.mkdtemp())
    (folder / "seeds.jsonl").write_text("{}")
    settings = make_settings(
        {
            "workspace": folder / "ws",
            "seeds": [{"path": folder / "seeds.jsonl"}],
            "endpoints": {"canned": {"base_url": base_url, "model": model, "concurrency": IN_FLIGHT}},
        }
    )
    async with open_workbench(settings) as work:
        yield work
    shutil.rmtree(folder)


def slot(number: int) -> Slot:
    """Something to compose."""
    recipe = content_id("recipe", "benchmark")
    points = tuple(content_id("point", name) for name in NAMES)
    combination = Combination(
        id=uuid4(), recipe=recipe, position=number, relation="community", points=points, weight=1, asks=1
    )
    return Slot(uuid4(), combination, 0, NAMES)


async def timed(count: int, one: Callable[[int], Awaitable[object]]) -> float:
    """Calls per second of `count` calls, with a few times as many waiting as may be in flight."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    began = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(4 * IN_FLIGHT)))
    return count / (time.monotonic() - began)


async def zero_latency(count: int) -> None:
    """Ours, the client alone, and bare aiohttp, on one core."""
    port = free_port()
    with nginx(port):
        os.sched_setaffinity(0, {0})
        base_url = f"http://127.0.0.1:{port}/v1"
        async with workbench(base_url, "canned") as work:
            await timed(2000, lambda number: _compose(work, slot(number)))
            used = time.process_time()
            ours = await timed(count, lambda number: _compose(work, slot(number)))
            used = time.process_time() - used
            prompt = work.library["compose"].render(points=list(NAMES))
            request = ChatRequest(messages=prompt, model="canned", temperature=0.9, max_tokens=2048, seed=1)
            client = await timed(count, lambda number: work.clients["canned"].complete(request))
        body = {"model": "canned", "messages": prompt, "temperature": 0.9, "max_tokens": 2048, "seed": 1}
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def bare(number: int) -> object:
                async with session.post(f"{base_url}/chat/completions", json=body) as response:
                    return await response.json()

            aio = await timed(count, bare)
        os.sched_setaffinity(0, {0, 1})
    print(f"zero latency, {IN_FLIGHT} in flight, one core, {count:,} calls")
    print(f"  ours, all in      {ours:8,.0f} calls/s   {1e3 * used / count:.2f} ms of CPU a call")
    print(f"  the client alone  {client:8,.0f} calls/s   x{client / ours:.2f}")
    print(f"  bare aiohttp      {aio:8,.0f} calls/s   x{aio / ours:.2f}")


async def one_second(count: int) -> None:
    """The share of the ideal that is reached while the pipe is full."""
    command = [sys.executable, "-m", "deployments.sandbox", "--port", "0", "--latency", "1"]
    with subprocess.Popen([*command, "--parent-pid", str(os.getpid())], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
        assert server.stdout
        base_url = json.loads(server.stdout.readline())["base_url"]
        async with workbench(base_url, "sandbox-composer") as work:
            await timed(count, lambda number: _compose(work, slot(number)))
            times = [row[0] for row in work.store.rows("SELECT epoch(ended_at) FROM calls ORDER BY 1")]
        server.terminate()
    # Full: from the first answer until the last requests were sent, one latency before the end.
    full = [at for at in times if times[0] <= at < times[-1] - 1.0]
    rate = len(full) / (full[-1] - full[0])
    print(f"one second of latency, {IN_FLIGHT} in flight, {count:,} calls")
    print(f"  {rate:.0f} calls/s while the pipe is full: {rate / IN_FLIGHT:.1%} of {IN_FLIGHT}")


async def main() -> None:
    """Both parts."""
    if shutil.which("nginx"):
        await zero_latency(20_000)
    else:
        print("zero latency: skipped, there is no nginx")
    await one_second(20 * IN_FLIGHT)


if __name__ == "__main__":
    asyncio.run(main())
