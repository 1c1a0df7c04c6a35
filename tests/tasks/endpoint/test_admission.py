"""When requests leave: the limit that is learnt, the minute's room, the order of stages, and a silent endpoint."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import EndpointDown
from tasks.endpoint.circuit import SILENCE
from tasks.endpoint.load.admission import RANKS, STAGES, Admission, Ticket
from tasks.endpoint.load.concurrency import FIRST, Limit
from tasks.endpoint.load.rates import Bucket, Rates, cost, per_minute
from tests.support.scripted_server import ASK, Received, Time, after, client, hang_up, http, ok, scripted_server

# The limit


def served_by(limit: Limit, capacity: int, answers: int, refusal_after: float) -> tuple[float, float]:
    """A server with `capacity` places and answers after about a second: (answers a second, share refused).

    The first quarter, in which the limit is learnt, is left out.
    """
    dice, now, busy, out = random.Random(7), 0.0, 0, 0
    ends: list[tuple[float, int, bool]] = []
    log: list[tuple[float, bool]] = []
    served = 0
    while served < answers:
        while out < int(limit.value):
            number, taken = limit.send(), busy < capacity
            busy, out = busy + taken, out + 1
            heapq.heappush(ends, (now + (dice.uniform(0.5, 1.5) if taken else refusal_after), number, taken))
        now, number, taken = heapq.heappop(ends)
        served, busy = served + taken, busy - taken
        if taken:
            limit.answered(out)
        out -= 1
        if not taken:
            limit.refused(number, out)
        log.append((now, taken))
    steady = log[len(log) // 4 :]
    good = sum(taken for _, taken in steady)
    return good / (steady[-1][0] - steady[0][0]), 1 - good / len(steady)


@pytest.mark.parametrize("refusal_after", [0.01, 0.3])
@pytest.mark.parametrize("capacity", [1, 2, 4, 16, 40, 64, 100, 200])
def test_a_hidden_limit_is_found_and_kept(capacity: int, refusal_after: float) -> None:
    rate, refused = served_by(Limit(256), capacity, max(2000, 30 * capacity), refusal_after)
    assert rate > 0.9 * capacity
    assert refused < 0.02


def test_a_server_that_refuses_nothing_gets_all_it_may() -> None:
    limit = Limit(256)
    assert served_by(limit, 10_000, 2000, 0.01)[1] == 0.0
    assert limit.value == 256


def test_a_burst_of_refusals_cuts_once() -> None:
    limit = Limit(FIRST)
    numbers = [limit.send() for _ in range(40)]
    values = []
    for number in numbers[:4]:
        limit.refused(number, left=39)
        values.append(limit.value)
    assert len(set(values)) == 1, "all four were sent before the cut"
    limit.refused(limit.send(), left=30)
    assert limit.value < values[0]


def test_a_burst_of_timeouts_cuts_once() -> None:
    limit = Limit(FIRST)
    for number in [limit.send() for _ in range(40)]:
        limit.timed_out(number)
    assert limit.value == pytest.approx(0.7 * FIRST)


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    limit = Limit(512)
    for _ in range(1000):
        limit.answered(in_flight=3)
    assert limit.value == FIRST


@given(st.lists(st.sampled_from("arts"), max_size=300), st.integers(1, 512))
def test_the_limit_stays_between_one_and_its_ceiling(events: list[str], ceiling: int) -> None:
    limit = Limit(ceiling)
    for number, event in enumerate(events):
        out = int(limit.value)
        limit.send()
        if event == "a":
            limit.answered(out)
        elif event == "r":
            limit.refused(number, number % (out + 1))
        elif event == "t":
            limit.timed_out(number)
        else:
            limit.stop()
        assert 1 <= limit.value <= ceiling


# The minute's room


@given(
    st.floats(1, 20_000),
    st.lists(st.tuples(st.floats(0, 20), st.floats(1, 900)), min_size=1, max_size=300),
)
def test_no_minute_takes_more_than_its_limit_and_one_request(limit: float, requests: list[tuple[float, float]]) -> None:
    bucket, now, sent = per_minute(limit, 0.0), 0.0, deque[tuple[float, float]]()
    for pause, amount in requests:
        now += pause
        now += bucket.wait(amount, now)
        bucket.take(amount, now)
        sent.append((now, amount))
        while sent[0][0] <= now - 60:
            sent.popleft()
        assert sum(size for _, size in sent) <= limit + max(size for _, size in sent) + 1e-6


@pytest.mark.parametrize("rpm", [1, 6, 60, 600, 6000])
def test_a_busy_minute_comes_close_to_its_limit(rpm: int) -> None:
    bucket, now, sent = per_minute(rpm, 0.0), 0.0, 0
    while now < 600:
        now += bucket.wait(1.0, now)
        bucket.take(1.0, now)
        sent += 1
    assert 0.95 * 10 * rpm <= sent <= 10 * rpm + 2


def test_tokens_are_put_right_by_what_they_turned_out_to_be() -> None:
    rates = Rates({"output": per_minute(6100, 0.0), "input": per_minute(6100, 0.0)})
    guessed = rates.guess(400, 50)
    assert guessed == cost(100, 50)
    rates.take(guessed, 0.0)
    rates.settle(guessed, 200, 20, 0.0)
    assert (rates.buckets["input"].level, rates.buckets["output"].level) == (-100, 80)
    assert rates.guess(400, 50).output == 20, "the next one is guessed to be like this one"
    rates.settle(guessed, 0, 0, 0.0)
    assert rates.buckets["input"].level == -100, "a server that sends no usage leaves the guess"


@pytest.mark.parametrize(
    ("headers", "kind", "rate", "level"),
    [
        # OpenAI: what is missing comes back until the reset.
        ({"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "40",
          "x-ratelimit-reset-requests": "1m0s"}, "requests", 1.0, 40),
        ({"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "0",
          "x-ratelimit-reset-tokens": "500ms"}, "tokens", 2000.0, 0),
        ({"llm_provider-x-ratelimit-limit-requests": "60", "llm_provider-x-ratelimit-remaining-requests": "60"},
         "requests", 1.0, 60),
        ({"x-ratelimit-limit-tokens-generated": "600", "x-ratelimit-remaining-tokens-generated": "500"},
         "output", 10.0, 500),
        ({"x-ratelimit-limit-tokens-prompt": "600", "x-ratelimit-remaining-tokens-prompt": "5",
          "x-ratelimit-reset-tokens-prompt": "59.5"}, "input", 10.0, 5),
        ({"anthropic-ratelimit-requests-limit": "60", "anthropic-ratelimit-requests-remaining": "7",
          "anthropic-ratelimit-requests-reset": "not a time"}, "requests", 1.0, 7),
        # What cannot be understood changes nothing.
        ({"x-ratelimit-remaining-requests": "3"}, "requests", None, None),
        ({"x-ratelimit-limit-requests": "lots", "x-ratelimit-remaining-requests": "3"}, "requests", None, None),
        ({"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}, "requests", None, None),
        ({"x-ratelimit-limit-requests": "9", "x-ratelimit-remaining-requests": "nan"}, "requests", None, None),
    ],
)  # fmt: skip
def test_headers_tell_of_limits(headers: dict[str, str], kind: str, rate: float | None, level: float | None) -> None:
    rates = Rates()
    rates.hear(headers, later=0, age=0.0, now=5.0)
    found = rates.buckets.get(kind)
    assert (found and found.rate, found and found.level) == (rate, level)


def test_what_was_sent_since_and_what_came_back_since_are_reckoned_in() -> None:
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "20"}
    rates = Rates()
    rates.hear(headers, later=5, age=3.0, now=0.0)
    assert rates.buckets["requests"].level == 20 - 5 + 3


def test_a_limit_of_the_settings_is_lowered_by_headers_but_not_replaced() -> None:
    rates = Rates({"requests": per_minute(6100, 0.0)})
    rates.hear({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}, 0, 0.0, 0.0)
    assert rates.buckets["requests"] == Bucket(100.0, 100.0, 0.0, 0.0)


async def test_requests_wait_for_the_minutes_room_that_the_settings_name() -> None:
    time = Time()
    async with scripted_server(ok()) as server, client(server.url, time, rpm=61) as c:
        for _ in range(5):
            assert (await c.complete(ASK)).attempts == 1
    assert time.now == pytest.approx(1004)


async def test_a_window_that_the_server_calls_closed_is_waited_out_by_all() -> None:
    closed = {"x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "0", "Retry-After": "30"}
    time = Time()
    async with scripted_server(http(429, "{}", closed), ok()) as server, client(server.url, time) as c:
        first = asyncio.create_task(c.complete(ASK))
        while not c.circuit.retries:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
        second = await c.complete(ASK)
        assert (second.attempts, (await first).attempts) == (1, 2)
    assert time.now >= 1030


# The order


@contextmanager
def admission(places: int) -> Iterator[Admission]:
    time = Time()
    yield Admission(Limit(places), Rates(), time.clock, time.sleep)


async def order(places: int, *stages: str) -> list[str]:
    """In which order requests of these stages are let out, by one that leaves at a time."""
    with admission(places) as gate:
        first = [Ticket() for _ in range(places)]
        for ticket in first:
            assert await gate.enter(ticket)
        out: list[tuple[str, Ticket]] = []

        async def one(stage: str) -> None:
            ticket = Ticket(RANKS[stage])
            assert await gate.enter(ticket)
            out.append((stage, ticket))

        waiting = [asyncio.create_task(one(stage)) for stage in stages]
        await asyncio.sleep(0)
        leaving = deque(first)
        while len(out) < len(stages):
            gate.leave(leaving.popleft())
            done = len(out)
            while len(out) == done:  # noqa: ASYNC110 - a few turns of the loop
                await asyncio.sleep(0)
            leaving.append(out[-1][1])
        await asyncio.gather(*waiting)
        assert gate.in_flight == places
        return [stage for stage, _ in out]


async def test_later_stages_go_first() -> None:
    assert await order(1, "compose", "grade", "solve") == ["grade", "solve", "compose"]
    assert sorted(STAGES, key=lambda stage: RANKS[stage])[:2] == ["screen", "grade"]


async def test_no_stage_starves_however_many_of_a_later_one_wait() -> None:
    stages = ["grade"] * 200 + ["compose"] * 30 + ["extract"] * 30
    served = await order(4, *stages)
    assert Counter(served[:120])["compose"] == Counter(served[:120])["extract"] == 15
    assert served == await order(4, *reversed(stages)), "whoever came first"


async def test_one_that_has_been_out_goes_before_the_others_of_its_stage() -> None:
    with admission(1) as gate:
        first = Ticket()
        await gate.enter(first)
        fresh, again = Ticket(3), Ticket(3, again=True)
        tasks = [asyncio.create_task(gate.enter(ticket)) for ticket in (fresh, again)]
        await asyncio.sleep(0)
        gate.leave(first)
        await asyncio.sleep(0)
        assert (again.number, fresh.number) == (2, 0)
        gate.leave(again)
        await asyncio.gather(*tasks)


async def test_one_who_is_cancelled_while_waiting_or_just_let_out_takes_no_place() -> None:
    with admission(1) as gate:
        first = Ticket()
        await gate.enter(first)
        waiting, chosen, last = (asyncio.create_task(gate.enter(Ticket())) for _ in range(3))
        await asyncio.sleep(0)
        waiting.cancel()
        gate.leave(first)
        chosen.cancel()
        assert await last
        assert (gate.in_flight, gate.waiting) == (1, 0)


# A silent endpoint


async def test_a_silent_endpoint_is_probed_by_one_at_a_time_and_then_takes_all_again() -> None:
    time = Time()
    async with (
        scripted_server(*[hang_up] * 60, after(0.01, ok())) as server,
        client(server.url, time, concurrency=32, outage_patience=1e6) as c,
    ):
        replies = await asyncio.gather(*(c.complete(ASK) for _ in range(100)))
        assert {reply.fault for reply in replies} == {None}
        assert not c.admission.paused
    assert len(server.requests) == 160, "each failure was met once"
    probes = 60 - 32 - SILENCE
    assert time.now - 1000 > probes, "probes lie seconds apart"


async def test_a_dead_endpoint_gets_a_few_probes_and_not_every_waiting_request() -> None:
    async with scripted_server(hang_up) as server, client(server.url, concurrency=8, outage_patience=60) as c:
        results = await asyncio.gather(*(c.complete(ASK) for _ in range(500)), return_exceptions=True)
    assert {type(result) for result in results} == {EndpointDown}
    assert len(server.requests) < 8 + SILENCE + 60
    assert c.in_flight == 0


async def test_those_who_wait_say_for_whom() -> None:
    async with scripted_server(hang_up, ok()) as server:
        seen: list[str] = []

        class Watch(Time):
            async def sleep(self, seconds: float) -> None:
                seen.append(c.circuit.trouble)
                await super().sleep(seconds)

        async with client(server.url, Watch()) as c:
            await c.complete(ASK)
            assert c.circuit.trouble == ""
    assert seen == [f"{server.url}: connection closed before an answer"]


async def test_a_server_with_a_hidden_limit_is_kept_busy_and_refuses_few() -> None:
    places, calls = 8, 1200
    busy = 0

    async def play(_: Received, writer: asyncio.StreamWriter) -> bool:
        nonlocal busy
        if busy >= places:
            writer.write(http(429, "{}"))
        else:
            busy += 1
            await asyncio.sleep(0.004)
            busy -= 1
            writer.write(ok())
        await writer.drain()
        return True

    async with scripted_server(play) as server, client(server.url, concurrency=64) as c:
        replies = await asyncio.gather(*(c.complete(ASK) for _ in range(calls)))
        assert {reply.fault for reply in replies} == {None}
        assert int(c.admission.limit.value) in range(places - 1, places + 2)
        learning = 64 + 28 + 14
        assert c.refused - learning < 0.02 * calls
    assert len(server.requests) == calls + c.refused
