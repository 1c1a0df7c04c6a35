"""What a call costs: from the settings, or from a kept library of the prices that hosted endpoints publish.

A server of one's own has no price a token; it has one an hour (`gpu_hour`), and its calls share what each moment
costs. A price that nobody states is unknown, which is not the same as nothing.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import NamedTuple

from tasks.endpoint.replies import Usage
from tasks.settings.endpoints import Endpoint

MILLION = 1_000_000


class Price(NamedTuple):
    """USD a token, by kind of token; USD a second of a server that is paid by the hour; and who says so."""

    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0
    reasoning: float = 0.0
    second: float = 0.0
    source: str = "settings"

    def of(self, usage: Usage) -> float:
        """USD of a call's tokens; `cached` is part of the input, `reasoning` part of the output."""
        cached, reasoning = min(usage.cached, usage.input), min(usage.reasoning, usage.output)
        return (
            (usage.input - cached) * self.input
            + cached * self.cached
            + (usage.output - reasoning) * self.output
            + reasoning * self.reasoning
        )

    def most(self, input_tokens: int, output_tokens: int) -> float:
        """USD of a call that uses all of its tokens in the dearest way."""
        return input_tokens * max(self.input, self.cached) + output_tokens * max(self.output, self.reasoning)


def find_price(endpoint: Endpoint, model: str) -> Price | None:
    """The price of a model at an endpoint: of the settings, else of the library; None when neither knows."""
    given = endpoint.prices
    if given is None:
        return _published(endpoint.base_url, model)
    output = given.output or 0.0
    inputs = given.input or 0.0
    return Price(
        input=inputs / MILLION,
        cached=(inputs if given.cached is None else given.cached) / MILLION,
        output=output / MILLION,
        reasoning=(output if given.reasoning is None else given.reasoning) / MILLION,
        second=(given.gpu_hour or 0.0) * given.gpus / 3600,
    )


def _published(base_url: str, model: str) -> Price | None:
    """What a hosted endpoint takes, known by its address: the same model's name elsewhere says nothing of a price."""
    # A table of a megabyte and a half: only runs that ask for it pay for reading it.
    from genai_prices import Usage as Amount
    from genai_prices import calc_price

    try:
        found = calc_price(Amount(input_tokens=1), model_ref=model, provider_api_url=base_url).model_price
    except LookupError:
        return None
    # A price in tiers has no single number; the dearest tier keeps a budget safe.
    inputs, cached, output = (
        _dearest(getattr(found, name)) for name in ("input_mtok", "cache_read_mtok", "output_mtok")
    )
    if inputs is None:
        return None
    return Price(
        input=inputs,
        cached=inputs if cached is None else cached,
        output=output or 0.0,
        reasoning=output or 0.0,
        source=f"genai-prices {version('genai-prices')}",
    )


def _dearest(price: object) -> float | None:
    """USD a token of a price a million tokens, which may be a number or tiers of them."""
    if price is None:
        return None
    tiers = getattr(price, "tiers", None)
    if tiers is None:
        return float(str(price)) / MILLION
    return max(float(price.base), *(float(tier.price) for tier in tiers)) / MILLION  # type: ignore[attr-defined]
