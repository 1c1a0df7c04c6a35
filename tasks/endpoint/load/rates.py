"""Limits per minute: requests, tokens in, tokens out. What the settings say, and what a server's headers tell.

Token buckets. A bucket holds about a second's worth and fills a little slower than the limit, so that no minute,
wherever it begins, sees more than the limit, but for the one request that opened the last tokens' debt: a request is
let through when its bucket is full enough or as full as it gets, and takes what it costs. Tokens are guessed before a
request and put right afterwards. Pure: the clock is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, isfinite
from typing import NamedTuple

from tasks.endpoint.faults import since_now

MINUTE = 60.0
BURST = 1.0
"""Seconds' worth that a bucket holds."""

LONGEST_WAIT = 60.0
"""Seconds that a request waits for what headers tell: then it asks, and the server says itself how long it wants to be
left alone. A limit a day, or a clock that is wrong, would otherwise stop everything in silence."""

BYTES_PER_TOKEN = 4
"""Of a request's JSON; a guess that real usage replaces."""


class Cost(NamedTuple):
    """What a request takes of each kind of limit."""

    requests: float
    input: float
    output: float
    tokens: float
    """Both directions together, as OpenAI limits them."""


def cost(input_tokens: float, output_tokens: float) -> Cost:
    """What one request takes."""
    return Cost(1.0, input_tokens, output_tokens, input_tokens + output_tokens)


@dataclass(slots=True)
class Bucket:
    """Fills by `rate` a second up to `capacity`; below zero is a debt."""

    rate: float
    capacity: float
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.capacity, self.level + self.rate * (now - self.at))
        self.at = now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken."""
        self.fill(now)
        missing = min(amount, self.capacity) - self.level
        # What rounding leaves missing would never fill up.
        return 0.0 if missing <= 1e-9 * self.capacity else missing / self.rate

    def take(self, amount: float, now: float) -> None:
        self.fill(now)
        self.level = min(self.capacity, self.level - amount)


def per_minute(limit: float, now: float) -> Bucket:
    """A bucket that no minute takes more than `limit` from."""
    rate = limit / (MINUTE + BURST)
    capacity = max(1.0, rate * BURST)
    return Bucket(rate, capacity, capacity, now)


@dataclass(slots=True)
class Rates:
    """The limits per minute of one endpoint, by the fields of `Cost`."""

    buckets: dict[str, Bucket] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    """Kinds whose bucket the server's headers made."""
    mean_output: float | None = None
    """Output tokens of a call, lately; what the next one is guessed to take."""
    closed_until: float = 0.0
    """When the server said that the next window begins."""

    def guess(self, size: int, max_tokens: int | None) -> Cost:
        """What a request of `size` bytes will cost."""
        output = self.mean_output if self.mean_output is not None else float(max_tokens or 0)
        return cost(size / BYTES_PER_TOKEN, output)

    def wait(self, expected: Cost, now: float) -> float:
        """Seconds until a request of this cost may leave."""
        waits = (self._wait(kind, getattr(expected, kind), now) for kind in self.buckets)
        return max(self.closed_until - now, *waits, 0.0)

    def _wait(self, kind: str, amount: float, now: float) -> float:
        bucket = self.buckets[kind]
        seconds = bucket.wait(amount, now)
        if kind in self.heard and seconds > LONGEST_WAIT:
            bucket.level += (seconds - LONGEST_WAIT) * bucket.rate
            return LONGEST_WAIT
        return seconds

    def take(self, expected: Cost, now: float) -> None:
        """A request leaves."""
        for kind, bucket in self.buckets.items():
            bucket.take(getattr(expected, kind), now)

    def settle(self, expected: Cost, input_tokens: int, output_tokens: int, now: float) -> None:
        """A request came home; without usage the guess stands."""
        if not input_tokens and not output_tokens:
            return
        last = float(output_tokens)
        self.mean_output = last if self.mean_output is None else 0.95 * self.mean_output + 0.05 * last
        real = cost(input_tokens, output_tokens)
        for kind, bucket in self.buckets.items():
            bucket.take(getattr(real, kind) - getattr(expected, kind), now)

    def close(self, until: float) -> None:
        """The server has nothing left before that moment."""
        self.closed_until = max(self.closed_until, until)

    def hear(self, headers: Mapping[str, str], later: int, age: float, now: float) -> None:
        """Take in what an answer's headers tell of the server's limits.

        What remains is what remained when the server took the request in, `age` seconds ago; since then the bucket
        has filled, and `later` requests were sent whose cost is not in it yet.
        """
        for kind, (limits, remains, resets) in HEADERS.items():
            remaining = _number(headers, remains)
            if remaining is None:
                continue
            limit, reset = _number(headers, limits), _duration(headers, resets)
            rate = self._rate(limit, remaining, reset)
            bucket = self.buckets.get(kind)
            if bucket is None or kind in self.heard:
                if rate is None:
                    continue
                capacity = max(limit or remaining, 1.0)
                bucket = self.buckets[kind] = Bucket(rate, capacity, bucket.level if bucket else capacity, now)
                self.heard.add(kind)
            typical = 1.0 if kind == "requests" else self._typical(kind)
            bucket.fill(now)
            bucket.level = min(bucket.level, remaining + bucket.rate * age - later * typical)

    @staticmethod
    def _rate(limit: float | None, remaining: float, reset: float | None) -> float | None:
        """Per second: what is missing comes back until the reset; without one, the limit is a minute's."""
        if limit is None or limit <= 0:
            return None
        missing = limit - remaining
        return missing / reset if reset and missing > 0 else limit / MINUTE

    def _typical(self, kind: str) -> float:
        return self.mean_output or 0.0 if kind in ("output", "tokens") else 0.0


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    for name in names:
        try:
            number = float(headers[name])
        except (KeyError, ValueError):
            continue
        if isfinite(number) and number >= 0:
            return number
    return None


def _duration(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    """Seconds from `6m0s`, `20ms`, `1.5` or a date."""
    for name in names:
        text = headers.get(name, "").strip()
        if text and (seconds := _seconds(text)) is not None and 0 <= seconds < inf:
            return seconds
    return None


def _seconds(text: str) -> float | None:
    parts = DURATION.fullmatch(text)
    if parts:
        return sum(float(parts[unit] or 0) * scale for unit, scale in UNITS.items())
    try:
        return since_now(float(text), datetime.now(UTC))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DURATION = re.compile(
    r"(?=\d)(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+(?:\.\d+)?)ms)?"
)


def _names(openai: str, anthropic: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Header names for limit, remaining and reset: OpenAI's, behind LiteLLM's prefix, and Anthropic's."""

    def named(what: str) -> tuple[str, ...]:
        plain = f"x-ratelimit-{what}-{openai}"
        return (plain, f"llm_provider-{plain}", *([f"anthropic-ratelimit-{anthropic}-{what}"] if anthropic else []))

    return named("limit"), named("remaining"), named("reset")


HEADERS = {
    "requests": _names("requests", "requests"),
    "tokens": _names("tokens", "tokens"),
    # Fireworks counts the two directions apart.
    "input": _names("tokens-prompt", "input-tokens"),
    "output": _names("tokens-generated", "output-tokens"),
}
"""Kind of limit -> names of its three headers."""
