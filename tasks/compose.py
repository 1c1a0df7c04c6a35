"""compose: ask for brand-new problems that need all points of a combination together (GRIP, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from graph.records import Combination, Problem, Reject, content_id
from prompts.answers import read_problem
from tasks.retry import chunk_task
from tasks.workbench import Workbench, bench, together


@dataclass(frozen=True)
class Slot:
    """One problem that is asked for: the unit that a chunk of the paid stages is made of."""

    problem_id: UUID
    combination: Combination
    sample: int
    names: tuple[str, ...]


def combinations(work: Workbench, start: int, stop: int) -> list[Combination]:
    """The combinations at places start <= position < stop, in order."""
    where = "recipe = ? AND position >= ? AND position < ? ORDER BY position"
    return work.store.select(Combination, where, [work.recipes["sample"], start, stop])


def slots(work: Workbench, start: int, stop: int) -> list[Slot]:
    """The problems asked for on the combinations at places start <= position < stop, in sampling order.

    Where quotas are set, those for which there is no room any more are passed over.
    """
    found = all_slots(work, start, stop)
    if work.room is None:
        return found
    return [slot for slot in found if not work.room.refuses(slot.combination.relation, slot.combination.points)]


def all_slots(work: Workbench, start: int, stop: int) -> list[Slot]:
    """The same, whether or not there is room for them."""
    recipe = work.cast["composer"].recipes["compose"]
    found = []
    for combination in combinations(work, start, stop):
        # A level is part of what is asked only where there is one.
        level = [combination.level] if combination.level else []
        for number in range(combination.asks):
            problem_id = content_id("problem", str(recipe), str(combination.id), combination.names, number, *level)
            found.append(Slot(problem_id, combination, number, combination.names))
    return found


@chunk_task("compose", "compose-{start:06d}")
async def compose(start: int, stop: int) -> int:
    """Write the problems of some combinations; how many were asked for now."""
    work = bench()
    asked = slots(work, start, stop)
    # Rejects of this stage alone: what screen passed over under other settings may be wanted now.
    rejects = {work.reject_id("compose", slot.problem_id): slot.problem_id for slot in asked}
    done = {rejects[key] for key in await work.store.existing(Reject, rejects)}
    done |= await work.store.existing(Problem, rejects.values())
    pending = [slot for slot in asked if slot.problem_id not in done]
    await together(_compose(work, slot) for slot in pending)
    return len(pending)


async def _compose(work: Workbench, slot: Slot) -> None:
    player = work.cast["composer"]
    prompt, values = work.library["compose"], {"points": list(slot.names), "level": slot.combination.level or ""}
    answer = await work.ask("compose", player, prompt, values, slot.problem_id, read_problem)
    if answer.value is None:
        reject = work.ended("compose", slot.problem_id, answer.fault, " | ".join(slot.names))
        await work.store.write(answer.call, reject)
        return
    problem = Problem(
        id=slot.problem_id,
        recipe=work.recipes["compose"],
        combination_id=slot.combination.id,
        sample=slot.sample,
        text=answer.value,
        call_id=answer.call.id,
    )
    await work.store.write(answer.call, problem)
    work.counts.note("compose", done=1)
