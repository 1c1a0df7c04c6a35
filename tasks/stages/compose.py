"""compose: ask for brand-new problems that need all points of a combination together (GRIP, section 3.3)."""

from __future__ import annotations

from graph.records import Problem, Reject
from prompts.answers import read_problem
from tasks.context.run_context import Asked, RunContext, run_context, together
from tasks.context.slots import Slot, slots
from tasks.stages.chunk_task import chunk_task


@chunk_task("compose", "compose-{start:06d}")
async def compose(start: int, stop: int) -> int:
    """Write the problems of some combinations; how many were asked for now."""
    work = run_context()
    asked = slots(work, start, stop)
    # Rejects of this stage alone: what screen passed over under other settings may be wanted now.
    ids = {slot.problem_id for slot in asked}
    done = await work.rejected("compose", ids) | await work.store.existing(Problem, ids)
    pending = [slot for slot in asked if slot.problem_id not in done]
    await together(_compose(work, slot) for slot in pending)
    return len(pending)


async def _compose(work: RunContext, slot: Slot) -> None:
    def row(answer: Asked[str]) -> Problem | Reject:
        if answer.value is None:
            return work.ended("compose", slot.problem_id, answer.failure, " | ".join(slot.names))
        return Problem(
            id=slot.problem_id,
            recipe=work.recipes["compose"],
            combination_id=slot.combination.id,
            sample=slot.sample,
            text=answer.value,
            call_id=answer.call.id,
            names=slot.names,
            level=slot.combination.level,
        )

    values = {"points": list(slot.names), "level": slot.combination.level or ""}
    made = await work.ask_once("compose", work.roles["composer"], "compose", values, slot.problem_id, read_problem, row)
    work.counts.note("compose", done=isinstance(made, Problem))
