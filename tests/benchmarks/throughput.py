"""How many calls a second one core makes, all costs in, and how full the pipe is when answers take a second.

    python tests/benchmarks/throughput.py            # needs nginx; two cores
    python tests/benchmarks/throughput.py --curator PYTHON --distilabel PYTHON      # interpreters that have them

Zero latency: nginx answers every request with one canned completion from the second core. Ours is the true path of a
composed problem (prompt rendered, admitted, sent, parsed, committed with its ledger row), on the first core. Beside
it, in the same run: each part of that path alone, our client alone, the OpenAI SDK, bare aiohttp, and the peers. Ours
and its parts look for garbage as seldom as a run does; the others as often as Python does by itself.

One second: a server on the second core answers a second later; what counts is the share of the ideal that is reached
while the pipe is full, at 256 and at 512 in flight, beside the share of bare aiohttp.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
import canned

from flows.commands.settings_file import make_settings
from graph.records import Combination, Problem, content_id
from prompts.answers import read_problem
from tasks.context.run_context import Question, RunContext
from tasks.context.slots import Slot
from tasks.endpoint.load.admission import Ticket
from tasks.endpoint.replies import ChatRequest, read_answer
from tasks.runs.opening import open_run
from tasks.stages.compose import _compose

IN_FLIGHT = 256
LATENCY = 1.0
"""Seconds that the slow server takes."""
WAVES, FIRST_WAVES = 20, 5
"""Round trips of a full pipe, and those before anything is counted."""
NAMES = ("Vieta's formulas", "Law of cosines", "Geometric series")


@asynccontextmanager
async def open_context(base_url: str, model: str, in_flight: int = IN_FLIGHT) -> AsyncIterator[RunContext]:
    """A true run context in a temporary folder."""
    folder = Path(tempfile.mkdtemp())
    (folder / "seeds.jsonl").write_text("{}")
    settings = make_settings(
        {
            "workspace": folder / "ws",
            "seeds": [{"path": folder / "seeds.jsonl"}],
            "endpoints": {"canned": {"base_url": base_url, "model": model, "concurrency": in_flight}},
        }
    )
    async with open_run(settings) as work:
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


Call = Callable[[int], Awaitable[object]]


class Rate(NamedTuple):
    """What was measured of some calls."""

    per_second: float
    cpu: float
    """Milliseconds a call, over all threads of its process."""


async def timed(count: int, one: Call, at_once: int = IN_FLIGHT) -> Rate:
    """`count` calls, with a few times as many waiting as may be in flight."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(4 * at_once)))
    return Rate(count / (time.monotonic() - began), 1e3 * (time.process_time() - used) / count)


async def parts(work: RunContext, count: int) -> dict[str, float]:
    """CPU of each part of the path alone, in milliseconds a call."""
    prompt, role, client = work.library["compose"], work.roles["composer"], work.clients["canned"]
    connection, content = client._connection, b""
    recipe = content_id("recipe", "benchmark")

    async def render(number: int) -> bytes:
        slot_ = slot(number)
        messages = prompt.render(points=list(slot_.names), level="")
        call_id = content_id("call", "compose", str(slot_.problem_id), role.name, 0)
        request = ChatRequest(messages, role.model, role.temperature, None, role.max_tokens, call_id.int % 2**31)
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
        problem_id = uuid4()
        call = work.ledger_row(Question("compose", role, prompt.hash, problem_id), reply, None)
        problem = Problem(
            id=problem_id, recipe=recipe, combination_id=problem_id, sample=0, text=canned.PROBLEM, call_id=call.id
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


@asynccontextmanager
async def bare_aiohttp(base_url: str, body: dict[str, Any], in_flight: int) -> AsyncIterator[Call]:
    """A session, and nothing else."""
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> object:
            async with session.post(f"{base_url}/chat/completions", json=body) as response:
                return await response.json()

        yield one


def of_a_peer(name: str, python: str, base_url: str, prompt: str, count: int) -> Rate:
    """Another program, in its own environment and on the same core."""
    command = [python, str(Path(__file__).with_name("peers.py")), name, base_url, str(count), str(IN_FLIGHT)]
    ended = subprocess.run(command, input=prompt, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{name}: {ended.stderr[-2000:]}")
    per_second, used = ended.stdout.split()
    return Rate(float(per_second), float(used))


async def zero_latency(count: int, peers: dict[str, str]) -> None:
    """Ours, its parts, and the others, on one core."""
    with canned.at_once() as base_url:
        rates: dict[str, Rate] = {}
        async with open_context(base_url, "canned") as work:
            await timed(2000, lambda number: _compose(work, slot(number)))
            rates["ours, all in"] = ours = await timed(count, lambda number: _compose(work, slot(number)))
            costs = await parts(work, count // 4)
            prompt = work.library["compose"].render(points=list(NAMES), level="")
            request = ChatRequest(messages=prompt, model="canned", temperature=0.9, max_tokens=2048, seed=1)
            rates["our client alone"] = await timed(count, lambda number: work.clients["canned"].complete(request))
        body = {"model": "canned", "messages": prompt, "temperature": 0.9, "max_tokens": 2048, "seed": 1}
        async with bare_aiohttp(base_url, body, IN_FLIGHT) as one:
            rates["bare aiohttp"] = await timed(count, one)
        rates["the OpenAI SDK"] = await of_the_sdk(base_url, body, count // 4)
        for name, python in peers.items():
            text = "\n".join(message["content"] for message in prompt)
            rates[name] = of_a_peer(name, python, base_url, text, count // 5)
    print(f"zero latency, {IN_FLIGHT} in flight, one core, {count:,} calls")
    for name, rate in rates.items():
        times, by_cpu = ours.per_second / rate.per_second, rate.cpu / ours.cpu
        print(
            f"  {name:<18}{rate.per_second:8,.0f} calls/s{rate.cpu:8.2f} ms of CPU a call   "
            f"ours is x{times:.2f}, by CPU x{by_cpu:.2f}"
        )
    costs["all else"] = ours.cpu - sum(costs.values())
    print(
        "  of ours, alone:   " + ", ".join(f"{name} {cost:.3f}" for name, cost in costs.items()) + " ms of CPU a call"
    )


async def one_second(in_flight: int) -> None:
    """The share of the ideal that is reached while the pipe is full."""
    calls = WAVES * in_flight
    with canned.later(LATENCY) as base_url:
        async with open_context(base_url, "canned", in_flight) as work:
            used = await timed(calls, lambda number: _compose(work, slot(number)), in_flight)
            ends = [row[0] for row in work.store.rows("SELECT epoch(ended_at) FROM calls ORDER BY 1")]
        ours, bare = share(ends, in_flight), []
        async with bare_aiohttp(base_url, {"model": "canned"}, in_flight) as one:

            async def noted(number: int) -> None:
                await one(number)
                bare.append(time.time())

            await timed(calls, noted, in_flight)
    print(f"one second of latency, {in_flight} in flight, {calls:,} calls, {used.cpu:.2f} ms of CPU a call")
    print(f"  while the pipe is full: {ours:.1%} of {in_flight} calls/s; bare aiohttp {share(bare, in_flight):.1%}")


def share(ends: list[float], in_flight: int) -> float:
    """Calls a second as a share of the ideal, by the moments at which calls ended.

    Calls come home in waves, so what is timed begins and ends at the same place of one: after the limit has doubled
    up to the ceiling, and before the pipe runs empty.
    """
    waves = WAVES - FIRST_WAVES - 2
    seconds = ends[(FIRST_WAVES + waves) * in_flight] - ends[FIRST_WAVES * in_flight]
    return waves * LATENCY / seconds


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
