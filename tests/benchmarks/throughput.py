"""How many calls a second one core makes, all costs in, and how full the pipe is when answers take a second.

    python tests/benchmarks/throughput.py            # needs nginx; two cores
    python tests/benchmarks/throughput.py --curator PYTHON --distilabel PYTHON      # interpreters that have them

Zero latency: nginx answers every request with one canned completion from the second core. Ours is the true path of a
composed problem (prompt rendered, admitted, sent, parsed, committed with its ledger row), on the first core. Beside
it, in the same run: each part of that path alone, our client alone, the OpenAI SDK, bare aiohttp, and the peers.

One second: the sandbox holds every answer for a second; what counts is the share of the ideal that is reached while the
pipe is full, at 256 and at 512 in flight.
"""

from __future__ import annotations

import argparse
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
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp

from flows.configure import make_settings
from graph.records import Combination, Problem, content_id
from prompts.answers import read_problem
from tasks.compose import Slot, _compose
from tasks.endpoint.admission import Ticket
from tasks.endpoint.answers import ChatRequest, read_answer
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
async def workbench(base_url: str, model: str, in_flight: int = IN_FLIGHT) -> AsyncIterator[Workbench]:
    """A true workbench in a temporary folder."""
    folder = Path(tempfile.mkdtemp())
    (folder / "seeds.jsonl").write_text("{}")
    settings = make_settings(
        {
            "workspace": folder / "ws",
            "seeds": [{"path": folder / "seeds.jsonl"}],
            "endpoints": {"canned": {"base_url": base_url, "model": model, "concurrency": in_flight}},
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


class Rate(NamedTuple):
    """What was measured of some calls."""

    per_second: float
    cpu: float
    """Milliseconds a call, over all threads of this process."""


async def timed(count: int, one: Callable[[int], Awaitable[object]], at_once: int = IN_FLIGHT) -> Rate:
    """`count` calls, with a few times as many waiting as may be in flight."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(4 * at_once)))
    return Rate(count / (time.monotonic() - began), 1e3 * (time.process_time() - used) / count)


async def parts(work: Workbench, count: int) -> dict[str, float]:
    """CPU of each part of the path alone, in milliseconds a call."""
    prompt, player, client = work.library["compose"], work.cast["composer"], work.clients["canned"]
    connection, content = client._connection, b""
    recipe = content_id("recipe", "benchmark")

    async def render(number: int) -> bytes:
        slot_ = slot(number)
        messages = prompt.render(points=list(slot_.names), level="")
        call_id = content_id("call", "compose", str(slot_.problem_id), player.name, 0)
        request = ChatRequest(messages, player.model, player.temperature, None, player.max_tokens, call_id.int % 2**31)
        return json.dumps(client._dialect.chat(request)).encode()

    async def admit(number: int) -> None:
        ticket = Ticket(number % 6)
        await client.admission.enter(ticket)
        await asyncio.sleep(0)
        client.admission.limit.answered(client.admission.in_flight)
        client.admission.leave(ticket)

    async def send(number: int) -> object:
        async with asyncio.timeout(60):
            return await connection.post(client._chat_url, content)

    async def parse(number: int) -> str:
        return read_problem(read_answer(raw.json()).text)

    async def commit(number: int) -> None:
        call_id, problem_id = uuid4(), uuid4()
        call = work.ledger_row("compose", player, prompt.hash, problem_id, 0, call_id, reply, None)
        problem = Problem(
            id=problem_id, recipe=recipe, combination_id=problem_id, sample=0, text=PROBLEM, call_id=call_id
        )
        await work.store.write(call, problem)

    content = await render(0)
    raw: Any = await send(0)
    reply = await client.complete(ChatRequest([{"role": "user", "content": "x"}], "canned"))
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def gated_send(number: int) -> None:
        async with gate:
            await send(number)

    async def nothing(number: int) -> None:
        await asyncio.sleep(0)

    alone = {"render": render, "admit": admit, "send": gated_send, "parse": parse, "commit": commit}
    idle = (await timed(count, nothing)).cpu
    return {name: (await timed(count, part)).cpu - idle for name, part in alone.items()}


async def of_the_sdk(base_url: str, body: dict[str, Any], count: int) -> Rate:
    """The OpenAI SDK as its documentation has it, no retries."""
    import openai

    # Its own five seconds for a connection are too short for its own work on a busy core.
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=600) as sdk:
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> object:
            async with gate:
                return await sdk.chat.completions.create(**body)

        return await timed(count, one)


async def of_aiohttp(base_url: str, body: dict[str, Any], count: int) -> Rate:
    """A session, and nothing else."""
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> object:
            async with session.post(f"{base_url}/chat/completions", json=body) as response:
                return await response.json()

        return await timed(count, one)


def of_a_peer(name: str, python: str, base_url: str, prompt: str, count: int) -> Rate:
    """Another program, in its own environment and on the same core."""
    command = [python, str(Path(__file__).with_name("peers.py")), name, base_url, str(count), str(IN_FLIGHT)]
    ended = subprocess.run(command, input=prompt, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{name}: {ended.stderr[-2000:]}")
    return Rate(float(ended.stdout), float("nan"))


async def zero_latency(count: int, peers: dict[str, str]) -> None:
    """Ours, its parts, and the others, on one core."""
    port = free_port()
    with nginx(port):
        os.sched_setaffinity(0, {0})
        base_url = f"http://127.0.0.1:{port}/v1"
        rates: dict[str, Rate] = {}
        async with workbench(base_url, "canned") as work:
            await timed(2000, lambda number: _compose(work, slot(number)))
            rates["ours, all in"] = ours = await timed(count, lambda number: _compose(work, slot(number)))
            costs = await parts(work, count // 4)
            prompt = work.library["compose"].render(points=list(NAMES), level="")
            request = ChatRequest(messages=prompt, model="canned", temperature=0.9, max_tokens=2048, seed=1)
            rates["our client alone"] = await timed(count, lambda number: work.clients["canned"].complete(request))
        body = {"model": "canned", "messages": prompt, "temperature": 0.9, "max_tokens": 2048, "seed": 1}
        rates["bare aiohttp"] = await of_aiohttp(base_url, body, count)
        rates["the OpenAI SDK"] = await of_the_sdk(base_url, body, count // 4)
        for name, python in peers.items():
            text = "\n".join(message["content"] for message in prompt)
            rates[name] = of_a_peer(name, python, base_url, text, count // 5)
        os.sched_setaffinity(0, {0, 1})
    print(f"zero latency, {IN_FLIGHT} in flight, one core, {count:,} calls")
    for name, rate in rates.items():
        share = ours.per_second / rate.per_second
        print(f"  {name:<18}{rate.per_second:8,.0f} calls/s{rate.cpu:8.2f} ms of CPU a call   ours is x{share:.2f}")
    costs["all else"] = ours.cpu - sum(costs.values())
    print(
        "  of ours, alone:   " + ", ".join(f"{name} {cost:.3f}" for name, cost in costs.items()) + " ms of CPU a call"
    )


async def one_second(in_flight: int) -> None:
    """The share of the ideal that is reached while the pipe is full."""
    command = [sys.executable, "-m", "deployments.sandbox", "--port", "0", "--latency", "1"]
    with subprocess.Popen([*command, "--parent-pid", str(os.getpid())], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
        assert server.stdout
        base_url = json.loads(server.stdout.readline())["base_url"]
        async with workbench(base_url, "sandbox-composer", in_flight) as work:
            used = await timed(20 * in_flight, lambda number: _compose(work, slot(number)), in_flight)
            times = [row[0] for row in work.store.rows("SELECT epoch(ended_at) FROM calls ORDER BY 1")]
        server.terminate()
    # Full: when the limit has doubled up to the ceiling, until the last requests were sent, one latency before the end.
    full = [at for at in times if times[0] + 4.0 <= at < times[-1] - 1.0]
    rate = len(full) / (full[-1] - full[0])
    print(f"one second of latency, {in_flight} in flight, {len(times):,} calls, {used.cpu:.2f} ms of CPU a call")
    print(f"  {rate:.0f} calls/s while the pipe is full: {rate / in_flight:.1%} of {in_flight}")


async def main() -> None:
    """Both parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20_000)
    for name in ("curator", "distilabel"):
        parser.add_argument(f"--{name}", metavar="PYTHON", help=f"an interpreter that has {name}")
    chosen = vars(parser.parse_args())
    count = chosen.pop("calls")
    if shutil.which("nginx"):
        await zero_latency(count, {name: python for name, python in chosen.items() if python})
    else:
        print("zero latency: skipped, there is no nginx")
    for in_flight in (256, 512):
        await one_second(in_flight)


if __name__ == "__main__":
    asyncio.run(main())
