"""What a comparison of two answers says. Light to import."""

from __future__ import annotations

from typing import Literal, NamedTuple

Outcome = Literal["same", "different", "unknown"]
"""unknown: nobody could tell within the bounds. It is neither agreement nor disagreement."""


class Verdict(NamedTuple):
    """An outcome and the tier that reached it. True where the answers are the same."""

    outcome: Outcome
    tier: str

    def __bool__(self) -> bool:
        return self.outcome == "same"
