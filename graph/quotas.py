"""What the accepted pairs should be made of: shares by relation and by difficulty, and a cap on each point.

Pairs are taken in sampling order as long as there is room for them, so which are taken is a function of the answers.
Room only ever shrinks: what finds none now would find none later, and need not be paid for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, TypeVar, get_args
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator

from graph.records import Difficulty, Record, Relation

Name = TypeVar("Name", bound=str)
OTHERS = "others"
TOLERANCE = 1e-9


class Quotas(Record):
    """Shares of the target. What is named gets exactly its share; what is not named shares the rest in any mixture."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    relations: dict[Relation, float] = Field(default_factory=dict)
    """Shares by relation, which must be among those that are drawn; with all of these named, they are normalised."""
    difficulties: dict[Difficulty, float] = Field(default_factory=dict)
    """Shares by difficulty, 0 for what is not wanted; with all three named, they are normalised."""
    difficulty_by: Literal["rated", "measured"] = "rated"
    """rated: as the rater says, before it is solved; measured: by the agreement of the solutions."""
    per_point: int | None = Field(default=None, ge=1)
    """Most accepted pairs that a point may be in."""

    @field_validator("relations", "difficulties")
    @classmethod
    def _are_shares(cls, shares: dict[str, float]) -> dict[str, float]:
        if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1 + TOLERANCE:
            raise ValueError("shares are fractions of the accepted pairs: each from 0 to 1, and not above 1 in sum")
        return shares

    @property
    def given(self) -> bool:
        """Whether anything is asked of the pairs at all."""
        return bool(self.relations or self.difficulties or self.per_point)


class Room:
    """What of a target is still open, given the pairs taken so far."""

    def __init__(self, quotas: Quotas, target: int, drawn: Collection[Relation]) -> None:
        """`drawn`: the relations that the sampling plan draws."""
        self._left = {
            "relation": apportioned(quotas.relations, drawn, target),
            "difficulty": apportioned(quotas.difficulties, get_args(Difficulty), target),
        }
        self._rated = quotas.difficulty_by == "rated"
        self._per_point = quotas.per_point
        self._uses: Counter[UUID] = Counter()

    def refuses(self, relation: Relation, points: Iterable[UUID]) -> str:
        """Why no pair of this combination could be taken; empty when one could."""
        if self._of("relation", relation) <= 0:
            return f"enough of {relation}"
        if self._per_point and any(self._uses[point] >= self._per_point for point in points):
            return "enough of a point"
        return ""

    def refuses_difficulty(self, difficulty: Difficulty | None) -> str:
        """Why no pair of this difficulty could be taken; empty when one could."""
        return "" if self._of("difficulty", difficulty) > 0 else f"enough of {difficulty or 'no known'} difficulty"

    def refuses_rated(self, difficulty: Difficulty | None) -> str:
        """`refuses_difficulty`, of what the rater said: not known yet where the measured difficulty counts."""
        return self.refuses_difficulty(difficulty) if self._rated else ""

    def take(self, relation: Relation, difficulty: Difficulty | None, points: Iterable[UUID]) -> None:
        """Count a pair as taken."""
        for kind, name in (("relation", relation), ("difficulty", difficulty)):
            self._left[kind][self._key(kind, name)] -= 1
        self._uses.update(points)

    def missing(self) -> dict[str, int]:
        """Pairs still wanted, by what was asked for by name."""
        left = {name: count for counts in self._left.values() for name, count in counts.items()}
        return {name: count for name, count in left.items() if count > 0 and name != OTHERS}

    def _key(self, kind: str, name: str | None) -> str:
        return name if name in self._left[kind] and name is not None else OTHERS

    def _of(self, kind: str, name: str | None) -> int:
        return self._left[kind][self._key(kind, name)]


def apportioned(shares: Mapping[Name, float], known: Collection[str], target: int) -> dict[str, int]:
    """Whole numbers in proportion to the shares, `target` in sum, by the largest remainders; the rest is `OTHERS`."""
    total = sum(shares.values())
    complete = total > 0 and set(shares) >= set(known)
    parts: dict[str, float] = {name: target * share / (total if complete else 1) for name, share in shares.items()}
    parts[OTHERS] = 0.0 if complete else target * max(0.0, 1 - total)
    counts = {name: int(part + TOLERANCE) for name, part in parts.items()}
    by_remainder = sorted(parts, key=lambda name: counts[name] - parts[name])
    for name in by_remainder[: target - sum(counts.values())]:
        counts[name] += 1
    return counts
