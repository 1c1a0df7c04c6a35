"""What a comparison of two answers says. Light to import."""

from __future__ import annotations

from typing import Literal, NamedTuple

Outcome = Literal["same", "different", "unknown"]
"""unknown: nobody could tell within the bounds. It is neither agreement nor disagreement."""


class Verdict(NamedTuple):
    """An outcome and the tier that reached it. Ask for `same`: as a tuple, a verdict itself is always true."""

    outcome: Outcome
    tier: str

    @property
    def same(self) -> bool:
        """Whether the answers are the same; neither "different" nor "unknown" is."""
        return self.outcome == "same"
