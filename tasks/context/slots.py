"""The problems that are asked for: slots, the unit that a chunk of the paid stages is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from graph.records import Combination, content_id
from tasks.context.run_context import RunContext


@dataclass(frozen=True)
class Slot:
    """One problem that is asked for: the unit that a chunk of the paid stages is made of."""

    problem_id: UUID
    combination: Combination
    sample: int
    names: tuple[str, ...]


def combinations(work: RunContext, start: int, stop: int) -> list[Combination]:
    """The combinations at places start <= position < stop, in order."""
    where = "recipe = ? AND position >= ? AND position < ? ORDER BY position"
    return work.store.select(Combination, where, [work.recipes["sample"], start, stop])


def slots(work: RunContext, start: int, stop: int) -> list[Slot]:
    """The problems asked for on the combinations at places start <= position < stop, in sampling order.

    Where quotas are set, those for which there is no room any more are passed over.
    """
    found, room = all_slots(work, start, stop), work.screened.room
    if room is None:
        return found
    return [slot for slot in found if not room.refuses(slot.combination.relation, slot.combination.points)]


def all_slots(work: RunContext, start: int, stop: int) -> list[Slot]:
    """The same, whether or not there is room for them."""
    return slots_of(combinations(work, start, stop), work.roles["composer"].recipes["compose"])


def slots_of(found: Iterable[Combination], compose: UUID) -> list[Slot]:
    """The problems that are asked for on some combinations by a recipe, in order."""
    asked = []
    for combination in found:
        # A level is part of what is asked only where there is one.
        level = [combination.level] if combination.level else []
        for number in range(combination.asks):
            problem_id = content_id("problem", str(compose), str(combination.id), combination.names, number, *level)
            asked.append(Slot(problem_id, combination, number, combination.names))
    return asked


def sampled(work: RunContext) -> int:
    """How many combinations of the present recipe the store holds."""
    return int(work.store.value("SELECT count(*) FROM combinations WHERE recipe = ?", [work.recipes["sample"]]))
