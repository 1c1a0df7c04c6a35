"""The ways in which a model server misbehaves, as switches.

Which request is hit, and by what, depends on the request and on how often it was seen: a retry draws again, so that it
succeeds in the end while two runs see the same weather. Each fault was seen on a real server.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass

from deployments.sandbox.dice import digest, share

FAULTS: dict[str, str] = {
    "429": "too many requests, without a hint when to return",
    "429-retry-after": "too many requests, with Retry-After headers: a second, and more exactly 100 ms",
    "500": "internal error",
    "503": "overloaded",
    "drop": "the connection closes before any answer",
    "drip": "newlines trickle for a while before the answer, as keep-alive proxies do",
    "cut": "the connection closes in the middle of the body",
    "think-leak": "reasoning starts in the content and is never closed",
    "null-content": "200 with content null",
    "html": "200 with a web page",
    "empty": "200 with an empty body",
    "wrong-json": "200 with JSON that is not an object",
}
_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which faults, and for what share of the attempts."""

    rate: float = 0.0
    kinds: tuple[str, ...] = ()


class Weather:
    """Decides each attempt's fault; its only state is how often a request was seen, for a bounded number of them."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._seen: OrderedDict[str, int] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def next_fault(self, request: str) -> str | None:
        """The fault of this attempt at this request, or None."""
        if not self._plan.kinds or self._plan.rate <= 0:
            return None
        attempt = self._seen.pop(request, 0)
        self._seen[request] = attempt + 1
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if share("fault", request, attempt) >= self._plan.rate:
            return None
        return self._plan.kinds[digest("which", request, attempt) % len(self._plan.kinds)]
