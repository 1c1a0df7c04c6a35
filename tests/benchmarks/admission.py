"""How well the number of requests at once settles on what a server bears, which it tells only by refusing.

    python tests/benchmarks/admission.py             # about two minutes

The server, on the second core, holds at most L requests for about 0.2 seconds each, and answers 429 to all above.
In steady state (after the first quarter of the calls) the rate should be within 10 % of the best that L allows, which
is measured as well, by a client that is told L; and fewer than 2 % of the requests should be refused.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import canned

from tasks.endpoint.client import Client
from tasks.endpoint.replies import ChatRequest
from tasks.settings.endpoints import Endpoint

LATENCY = 0.2
CEILING = 256
ASK = ChatRequest([{"role": "user", "content": "2 + 2?"}], "tiny", max_tokens=64)


class Steady(NamedTuple):
    """What was seen after the first quarter of the calls."""

    per_second: float
    refused: float
    """Share of the requests."""
    at_once: float
    """Requests on the wire, on the mean. On a busy machine it says more than calls a second do."""


async def measure(url: str, at_once: int, calls: int, told: bool) -> Steady:
    """So many calls, of which more wait than may be on the wire."""
    client = Client("server", Endpoint(base_url=url, concurrency=at_once, outage_patience=600), None)
    if told:
        client.admission.limit.value = float(at_once)
    numbers, ended = iter(range(calls)), 0
    flying: list[int] = []
    began = refused = attempts = 0.0

    async def worker() -> None:
        nonlocal ended, began, refused, attempts
        for _ in numbers:
            await client.complete(ASK)
            ended += 1
            if ended == calls // 4:
                began, refused, attempts = time.monotonic(), client.refused, client.attempts
            elif ended > calls // 4 and client.admission.waiting:
                flying.append(client.in_flight)

    await asyncio.gather(*(worker() for _ in range(2 * CEILING)))
    # The last round trip empties the pipe.
    seconds = time.monotonic() - began - LATENCY
    await client.close()
    counted = calls - calls // 4
    share = (client.refused - refused) / (client.attempts - attempts)
    return Steady(counted / seconds, share, sum(flying) / len(flying))


async def main() -> None:
    """Each hidden limit: told, learnt."""
    print(f"hidden limit L, answers after {LATENCY} s, up to {CEILING} at once")
    print(f"{'L':>6}{'told L':>12}{'learnt':>12}{'share':>8}{'at once':>10}{'share':>8}{'refused':>9}")
    for limit in (4, 16, 64, 200):
        calls = max(400, min(60 * limit, 6000))
        with canned.later(LATENCY, 0.5, limit) as url:
            best = await measure(url, limit, calls, told=True)
            found = await measure(url, CEILING, calls, told=False)
        print(
            f"{limit:>6}{best.per_second:>10.1f}/s{found.per_second:>10.1f}/s{found.per_second / best.per_second:>8.1%}"
            f"{found.at_once:>10.1f}{found.at_once / best.at_once:>8.1%}{found.refused:>9.2%}"
        )


if __name__ == "__main__":
    asyncio.run(main())
