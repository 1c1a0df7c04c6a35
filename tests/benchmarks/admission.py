"""How well the number of requests at once settles on what a server bears, which it tells only by refusing.

    python tests/benchmarks/admission.py             # about two minutes

The server, in a process of its own, holds at most L requests for about 0.2 seconds each, and answers 429 to all above.
In steady state (after the first quarter of the calls) the rate should be within 10 % of the best that L allows, which
is measured as well, by a client that is told L; and fewer than 2 % of the requests should be refused.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time

from aiohttp import web

from tasks.endpoint.answers import ChatRequest
from tasks.endpoint.client import Client
from tasks.endpoint.config import Endpoint

LATENCY = 0.2
CEILING = 256
ASK = ChatRequest([{"role": "user", "content": "2 + 2?"}], "tiny", max_tokens=64)
ANSWER = json.dumps({"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}]}).encode()


async def serve(limit: int) -> None:
    """Print the port, then answer until killed."""
    busy = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal busy
        await request.read()
        if busy >= limit:
            return web.json_response({"error": "too many"}, status=429)
        busy += 1
        await asyncio.sleep(LATENCY * random.uniform(0.5, 1.5))
        busy -= 1
        return web.Response(body=ANSWER, content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def measure(url: str, at_once: int, calls: int, told: bool) -> tuple[float, float]:
    """Answers a second and share of refused requests, both after the first quarter of the calls."""
    client = Client("server", Endpoint(base_url=url, concurrency=at_once, outage_patience=600), None)
    if told:
        client.admission.limit.value = float(at_once)
    numbers, ended = iter(range(calls)), 0
    began = refused = attempts = 0.0

    async def worker() -> None:
        nonlocal ended, began, refused, attempts
        for _ in numbers:
            await client.complete(ASK)
            ended += 1
            if ended == calls // 4:
                began, refused, attempts = time.monotonic(), client.refused, client.attempts

    await asyncio.gather(*(worker() for _ in range(2 * CEILING)))
    # The last round trip empties the pipe.
    seconds = time.monotonic() - began - LATENCY
    await client.close()
    return (calls - calls // 4) / seconds, (client.refused - refused) / (client.attempts - attempts)


async def main() -> None:
    """Each hidden limit: told, learnt."""
    print(f"hidden limit L, answers after {LATENCY} s, up to {CEILING} at once")
    print(f"{'L':>6}{'told L':>12}{'learnt':>12}{'share':>8}{'refused':>9}")
    for limit in (4, 16, 64, 200):
        with subprocess.Popen([sys.executable, __file__, str(limit)], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
            assert server.stdout
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
            calls = max(400, min(60 * limit, 6000))
            best, _ = await measure(url, limit, calls, told=True)
            rate, refused = await measure(url, CEILING, calls, told=False)
            server.terminate()
        print(f"{limit:>6}{best:>10.1f}/s{rate:>10.1f}/s{rate / best:>8.1%}{refused:>9.2%}")


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])) if len(sys.argv) > 1 else main())
