"""Every kind of trouble, met always, at every third request, and once: each call ends and is in the books.

Where the server recovers, all answers are those of a server without trouble.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from graph.errors import EndpointError
from tasks.endpoint.replies import Reply
from tests.support.scripted_server import ASK, Play, Received, Time, client, drip, http, ok, refusal, scripted_server
from tests.tasks.endpoint.test_shapes import AGAIN, ENDS, NOBODY, STOPS, WITNESSED

CALLS = 9
LIMITS = {
    f"429, {name}": http(429, "{}", {"Retry-After": value})
    for name, value in (("seconds", "3"), ("none", "0"), ("a moment", "4102444800"), ("milliseconds", "4102444800000"))
}
RESETS = {
    f"429, reset {name}": http(429, "{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": value})
    for name, value in (("seconds", "3"), ("a past moment", "1700000000"), ("far milliseconds", "4102444800000"))
}
TRANSIENT = {**AGAIN, **{f"{name}, nobody": line for name, (line, _) in NOBODY.items() if line is not drip}}
"""Whoever meets these is answered when asking again."""
LASTING: dict[str, bytes | Play] = {
    **{name: line for name, (line, _, _) in ENDS.items() if line is not drip},
    **{name: line for name, (line, _) in STOPS.items()},
}
"""These end an item, or the run."""
KINDS = {**TRANSIENT, **WITNESSED, **LIMITS, **RESETS, **{f"{name}, for good": line for name, line in LASTING.items()}}
RECOVER = {*TRANSIENT, *WITNESSED, *LIMITS, *RESETS} - {"429, a moment", "429, milliseconds"}
"""After these every answer is the one of an undisturbed server; two of them ask for more patience than there is."""
SLOW = {"a drip past the deadline"}
"""These take as long as their deadline allows, in earnest."""
DEADLINE, SHORT = 5.0, 0.25
"""Seconds for an attempt; the second where it always lasts that long."""

Weather = Callable[[int], bool]
PATTERNS: dict[str, Weather] = {
    "always": lambda number: True,
    "every third": lambda number: number % 3 == 0,
    "once": lambda number: number == CALLS // 2,
}


def under(line: bytes | Play, weather: Weather) -> Play:
    """A server that echoes each question, and answers as `line` does when the weather is so."""
    number = 0

    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        nonlocal number
        number += 1
        chosen = line if weather(number) else ok("answer to " + received.json["messages"][0]["content"])
        if callable(chosen):
            return await chosen(received, writer)
        writer.write(chosen)
        await writer.drain()
        return True

    return play


async def ask_all(url: str, calls: int = CALLS, deadline: float = DEADLINE) -> tuple[list[Reply | EndpointError], int]:
    """What came of every call, and the attempts that are in their books."""
    async with client(url, Time(), concurrency=8, timeout=deadline) as c:
        asked = [ASK._replace(messages=[{"role": "user", "content": f"{n}"}]) for n in range(calls)]
        found = await asyncio.gather(*(c.complete(request) for request in asked), return_exceptions=True)
    results = [one for one in found if isinstance(one, Reply | EndpointError)]
    assert len(results) == calls, found
    books = [one if isinstance(one, Reply) else one.spent for one in results]
    return results, sum(one.attempts for one in books if one is not None)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_call_ends_and_is_in_the_books(kind: str, pattern: str) -> None:
    async with asyncio.timeout(20), scripted_server(under(KINDS[kind], PATTERNS[pattern])) as server:
        results, attempts = await ask_all(server.url, deadline=SHORT if kind in SLOW else DEADLINE)
    assert attempts == len(server.requests)
    if (pattern == "once" and kind in RECOVER) or (pattern == "every third" and kind in RECOVER - WITNESSED.keys()):
        assert [getattr(one, "text", one) for one in results] == [f"answer to {n}" for n in range(CALLS)]
    if pattern == "always":
        assert not any(isinstance(one, Reply) and one.fault is None for one in results)


@pytest.mark.parametrize("seed", range(2))
async def test_where_three_of_ten_requests_meet_a_500_nothing_is_lost(seed: int) -> None:
    dice = random.Random(seed)
    error = refusal(500, "Internal Server Error")
    async with asyncio.timeout(60), scripted_server(under(error, lambda _: dice.random() < 0.3)) as server:
        results, attempts = await ask_all(server.url, calls=200)
    assert [getattr(one, "text", one) for one in results] == [f"answer to {n}" for n in range(200)]
    assert attempts == len(server.requests)
