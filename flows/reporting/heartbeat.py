"""What a run says of itself in its log while it works: a line a minute, and a warning when an endpoint is in trouble.

It decides by snapshots alone. What stays as it is, is not said again before its time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from flows.reporting.snapshot import money, pace, progress

MINUTE = 60.0
"""Seconds between two lines."""
AGAIN = 600.0
"""Seconds after which an endpoint that is still in trouble is told of once more."""

Line = tuple[int, str]
"""A level of `logging`, and what is said."""


class Heartbeat:
    """The lines of one run."""

    def __init__(self) -> None:
        self._said = 0.0
        self._troubles: dict[str, tuple[str, float]] = {}
        """Endpoints in trouble: what was said of each, and when."""

    def lines(self, content: dict[str, Any]) -> Iterator[Line]:
        """What is to be said now, by a snapshot."""
        now = float(content["seconds"])
        yield from self._endpoints(content["endpoints"], now)
        if now - self._said >= MINUTE:
            self._said = now
            yield logging.INFO, how_it_goes(content)

    def _endpoints(self, endpoints: dict[str, dict[str, Any]], now: float) -> Iterator[Line]:
        for name, told in endpoints.items():
            trouble = trouble_of(told)
            before, since = self._troubles.get(name, ("", now))
            if not trouble and before:
                del self._troubles[name]
                yield logging.INFO, f"Endpoint {name} answers again."
            elif trouble and (_kind(trouble) != _kind(before) or now - since >= AGAIN):
                self._troubles[name] = trouble, now
                yield logging.WARNING, f"Endpoint {name} {trouble}"


def trouble_of(told: dict[str, Any]) -> str:
    """Why an endpoint gives no answers at the moment; empty where it does."""
    if told["trouble"]:
        return f"gives no answer: {told['trouble']}. It is tried again until its patience ends."
    if told["limited_until"]:
        return f"has asked to be left alone until {told['limited_until']}, or its limits do."
    return ""


def _kind(trouble: str) -> str:
    """What of a trouble makes it another one: not the time that it is said to last."""
    return trouble.partition(":")[0]


def how_it_goes(content: dict[str, Any]) -> str:
    """Pairs, pace, what is to go, money, and what is on its way, in a line."""
    done, wanted, what = progress(content)
    in_flight = sum(told["in_flight"] for told in content["endpoints"].values())
    batched = sum(told["batched"] for told in content["endpoints"].values())
    stages = [name for name, told in content["stages"].items() if told["calls"]]
    told = [f"{done:,} of {wanted:,} {what}{pace(content)}", *money(content), f"{in_flight:,} calls on their way"]
    if batched:
        told.append(f"{batched:,} wait for batches")
    if not done and stages:
        told.append(f"at {stages[-1]}, {content['stages'][stages[-1]]['done']:,} done")
    return "; ".join(told)
