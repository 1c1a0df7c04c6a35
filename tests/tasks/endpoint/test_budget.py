"""Prices, and a budget that no order of calls can exceed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import BudgetOverrun, BudgetReached
from tasks.endpoint.calls import billed
from tasks.endpoint.connection import RawResponse
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.meter import HIDDEN_TOKENS, Meter
from tasks.endpoint.money.prices import Price, find_price
from tasks.endpoint.replies import NO_USAGE, Usage
from tasks.settings.amounts import Budget, BudgetUnit, read_budget
from tasks.settings.endpoints import Endpoint, Prices

MILLION = 1_000_000
PRICE = Price(input=1e-6, cached=1e-7, output=4e-6, reasoning=4e-6)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("25 USD", 25, "USD"),
        ("$25", 25, "USD"),
        ("0.5USD", 0.5, "USD"),
        ("$1,000.50", 1000.5, "USD"),
        ("5M tokens", 5e6, "tokens"),
        ("2_000_000 tokens", 2e6, "tokens"),
        ("1.5b tokens", 1.5e9, "tokens"),
        ("5M Tokens", 5e6, "tokens"),
        ("25 Usd", 25, "USD"),
        (" 1,234,567 tokens ", 1234567, "tokens"),
    ],
)
def test_a_budget_is_read(text: str, amount: float, unit: BudgetUnit) -> None:
    assert read_budget(text) == Budget(amount, unit)


@pytest.mark.parametrize("text", ["", "25", "5M", "USD", "-3 USD", "0 USD", "25 EUR", "1e3 USD", "25 USD a day"])
def test_what_is_no_budget_is_refused_with_two_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r'write "25 USD" or "5M tokens"|write USD or tokens'):
        read_budget(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,5 USD", "a comma only groups thousands"),
        ("1,50 USD", "a comma only groups thousands"),
        ("10,0000 tokens", "a comma only groups thousands"),
        ("$5 tokens", "is no budget"),
        (25, 'write "25 USD" or "25 tokens"'),
        (0.5, 'write "0.5 USD" or "0.5 tokens"'),
        (True, "has no unit"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_the_remedy(text: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_budget(text)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(MILLION, 0, 0, 0), 1.0),
        (Usage(MILLION, MILLION, 0, 0), 0.1),
        (Usage(0, 0, MILLION, MILLION), 4.0),
        (Usage(10, 50, 0, 0), 1e-6),  # a server that counts more cached tokens than there are
        (NO_USAGE, 0.0),
    ],
)
def test_a_call_costs_what_its_kinds_of_tokens_cost(usage: Usage, usd: float) -> None:
    assert PRICE.of(usage) == pytest.approx(usd)


@given(st.builds(Usage, *[st.integers(0, 10_000)] * 4), st.builds(Price, *[st.floats(0, 1e-3)] * 4))
def test_no_call_costs_more_than_the_most_it_could(usage: Usage, price: Price) -> None:
    assert price.of(usage) <= price.most(usage.input, usage.output) * (1 + 1e-9)


def endpoint(base_url: str = "http://127.0.0.1:9/v1", **prices: Any) -> Endpoint:
    return Endpoint(base_url=base_url, prices=Prices(**prices) if prices else None)


def test_a_price_is_that_of_the_settings_before_any_other() -> None:
    found = find_price(endpoint("https://api.openai.com/v1", input=2, output=6), "gpt-4o-mini")
    assert found == Price(2e-6, 2e-6, 6e-6, 6e-6, 0.0, "settings")
    assert find_price(endpoint(input=2, cached=0.5, output=6, reasoning=7), "m") == Price(2e-6, 5e-7, 6e-6, 7e-6)
    assert find_price(endpoint(gpu_hour=1.8, gpus=4), "m") == Price(second=1.8 * 4 / 3600)


def test_a_hosted_model_has_its_published_price_and_the_same_name_elsewhere_has_none() -> None:
    found = find_price(endpoint("https://api.openai.com/v1"), "gpt-4o-mini")
    assert found is not None
    assert found.source.startswith("genai-prices ")
    assert 0 < found.cached < found.input < found.output
    assert find_price(endpoint(), "gpt-4o-mini") is None
    assert find_price(endpoint("https://api.openai.com/v1"), "our-own-model") is None


@pytest.mark.parametrize("prices", [{"input": 1}, {"output": 1}, {"cached": 1}, {"input": -1, "output": 1}])
def test_half_a_price_is_refused(prices: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"give input and output|greater than or equal"):
        Prices(**prices)


Step = tuple[float, float, int]
"""What a call sets aside, the share of it that it really costs, and how many turns of the loop it takes."""


@settings(max_examples=150, deadline=None)
@given(
    st.floats(1, 100),
    st.floats(0, 50),
    st.lists(st.tuples(st.floats(0.01, 30), st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=40),
    st.booleans(),
)
def test_the_budget_is_never_exceeded_whatever_calls_do_at_once(
    amount: float, before: float, steps: list[Step], committing: bool
) -> None:
    leases: list[float] = []

    async def commit(lease: float) -> None:
        await asyncio.sleep(0)
        leases.append(lease)

    account = BudgetAccount(Budget(amount, "USD"), before, commit if committing else None)
    ended: list[str] = []

    async def call(worst: float, share: float, turns: int) -> None:
        try:
            await account.reserve(worst)
        except BudgetReached:
            ended.append("reached")
            return
        assert before + account.spent + account.reserved <= amount + 1e-6
        if committing:
            assert leases[-1] >= account.spent + worst - 1e-9, "sent before it was committed"
            assert leases[-1] <= amount - before + 1e-9
        for _ in range(turns):
            await asyncio.sleep(0)
        account.settle(worst, worst * share)
        ended.append("done")

    async def run() -> None:
        await asyncio.wait_for(asyncio.gather(*(call(*step) for step in steps)), 10)

    asyncio.run(run())
    assert len(ended) == len(steps)
    assert account.spent <= max(0.0, amount - before) + 1e-6
    assert abs(account.reserved) < 1e-6
    assert account.reached == ("reached" in ended)
    if sum(worst for worst, _, _ in steps) <= amount - before - 1e-6:
        assert not account.reached, "there was enough for all of them"


def test_a_call_that_is_cancelled_as_its_turn_comes_leaves_it_to_the_next() -> None:
    account = BudgetAccount(Budget(10, "USD"))

    async def calls() -> None:
        await account.reserve(10)
        first, second = (asyncio.create_task(account.reserve(4)) for _ in range(2))
        await asyncio.sleep(0)
        account.settle(10, 1)
        first.cancel()
        await asyncio.wait_for(second, 1)
        assert first.cancelled()

    asyncio.run(calls())
    assert account.reserved == 4


def metered(account: BudgetAccount, price: Price | None, clock: Callable[[], float] = lambda: 0.0) -> Meter:
    return Meter("local", {"m": price}, account, 10.0, clock)


def run(work: Awaitable[Any]) -> Any:
    async def wrapped() -> Any:
        return await work

    return asyncio.run(wrapped())


def test_a_call_of_unknown_outcome_counts_at_its_worst_and_an_unknown_price_is_not_nothing() -> None:
    account = BudgetAccount(Budget(1_000_000, "tokens"))
    meter = metered(account, None)

    async def calls() -> None:
        most = 100 + HIDDEN_TOKENS + 50
        assert meter.end(await meter.begin("m", 100, 50), None) == (None, most)
        assert account.spent == most
        assert meter.end(await meter.begin("m", 100, 50), Usage(30, 0, 7, 0)) == (None, 0)
        assert account.spent == most + 37
        assert meter.end(await meter.begin("m", 100, 50), NO_USAGE) == (None, 0)
        assert account.spent == most + 37

    run(calls())
    assert account.reserved == 0


def test_a_server_that_bills_beyond_its_limit_stops_the_run() -> None:
    account = BudgetAccount(Budget(10_000, "tokens"))
    meter = metered(account, None)

    async def calls() -> None:
        meter.end(await meter.begin("m", 100, 50), Usage(90, 0, 5000, 0))
        with pytest.raises(BudgetOverrun, match=r"Endpoint local bills 90 input and 5,000 output tokens for a call"):
            await meter.begin("m", 100, 50)

    run(calls())
    assert account.spent == 5090


def test_without_a_budget_nothing_is_refused_and_the_cost_is_known_all_the_same() -> None:
    meter = metered(BudgetAccount(None), PRICE)

    async def calls() -> None:
        cost, presumed = meter.end(await meter.begin("m", 10**9, 10**9), Usage(1000, 0, 1000, 0))
        assert cost == pytest.approx(0.005)
        assert presumed == 0

    run(calls())


def test_calls_share_what_each_moment_of_a_server_costs_and_its_timeout_is_set_aside_once() -> None:
    now = [0.0]
    account = BudgetAccount(Budget(30, "USD"))
    meter = metered(account, Price(second=1.0), lambda: now[0])

    async def calls() -> None:
        first = await meter.begin("m", 1, 1)
        assert account.reserved == 10, "ten seconds, the timeout, at a dollar a second"
        now[0] = 4.0
        second = await meter.begin("m", 1, 1)
        assert account.reserved == 10
        now[0] = 10.0
        assert meter.end(first, NO_USAGE)[0] == pytest.approx(4 + 3)
        now[0] = 12.0
        assert meter.end(second, NO_USAGE)[0] == pytest.approx(3 + 2)
        assert account.reserved == 0
        assert account.spent == pytest.approx(12)
        now[0] = 100.0
        third = await meter.begin("m", 1, 1)
        assert meter.end(third, NO_USAGE) == (0.0, 0), "nobody pays for the hour in which nothing was asked"
        now[0] = 130.0
        account.spend(9)
        with pytest.raises(BudgetReached):
            await meter.begin("m", 1, 1)

    run(calls())


async def test_until_a_server_has_shown_what_it_bills_calls_go_one_at_a_time() -> None:
    meter = Meter("test", {"tiny": PRICE}, BudgetAccount(Budget(1.0, "USD")), 60, lambda: 0.0)
    first = await meter.begin("tiny", 100, 50)
    others = [asyncio.create_task(meter.begin("tiny", 100, 50)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in others)
    meter.end(first, Usage())
    await asyncio.sleep(0.01)
    assert [task.done() for task in others] == [True, False, False], "an error shows nothing"
    meter.end(others[0].result(), Usage(100, 0, 50, 0))
    bills = await asyncio.gather(*others[1:], meter.begin("tiny", 100, 50))
    assert len(bills) == 3


async def test_what_a_crash_may_have_lost_is_about_what_was_in_flight() -> None:
    leased: list[float] = []

    async def lease(amount: float) -> None:
        leased.append(amount)

    account = BudgetAccount(Budget(1000.0, "USD"), lease=lease)
    for _ in range(8):
        await account.reserve(0.5)
    assert leased[-1] <= 1.05 * 8 * 0.5


@pytest.mark.parametrize(
    ("status", "seconds", "counts"),
    [(504, 60, True), (524, 100, True), (499, 1, True), (502, 61, True), (502, 0.1, False), (500, 60, False)],
)
def test_a_gateway_that_lost_patience_leaves_a_server_at_work(status: int, seconds: float, counts: bool) -> None:
    assert (billed(RawResponse(status, {}, b""), None, seconds) is None) == counts
