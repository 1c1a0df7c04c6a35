"""extract: name the knowledge points that a seed's problem and solution use (GRIP, section 3.1 and appendix A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from graph.errors import GsdpError
from graph.lines import name_in
from graph.names import normal_form
from graph.records import Mention, Record, Seed, SeedSolution, content_id
from prompts.answers import read_points
from tasks.answers.classes import group
from tasks.context.run_context import Asked, RunContext, run_context, together
from tasks.endpoint.faults import Failure
from tasks.judging.solutions import read_solution, stated_in
from tasks.stages.chunk_task import chunk_task

UNSOLVED = "(No solution is given: name what the shortest one would use.)"
"""What the extractor sees in the place of a solution."""


def pending_seeds(work: RunContext) -> list[UUID]:
    """Seeds without mentions and without a final failure under the present recipe, in a fixed order."""
    recipe = work.recipes["extract"]
    return work.store.column(
        """SELECT id FROM current_seeds
           WHERE id NOT IN (SELECT seed_id FROM mentions WHERE recipe = ?)
             AND id NOT IN (SELECT subject_id FROM rejects WHERE stage = 'extract' AND recipe = ?)
           ORDER BY id""",
        [recipe, recipe],
    )


def check_points(work: RunContext) -> None:
    """Raises GsdpError where seeds were read and no point was found in any of them."""
    recipe = work.recipes["extract"]
    if work.account.reached or work.store.rows("SELECT 1 FROM current_mentions WHERE recipe = ? LIMIT 1", [recipe]):
        return
    reasons = work.store.rows(
        """SELECT reason, count(*) FROM rejects WHERE stage = 'extract' AND recipe = ?
           AND coalesce(seed_id, subject_id) IN (SELECT id FROM current_seeds) GROUP BY 1
           ORDER BY 2 DESC, 1 LIMIT 3""",
        [recipe],
    )
    why = ", ".join(f"{reason}: {number:,}" for reason, number in reasons)
    raise GsdpError(
        f"No knowledge point was found in any seed so far ({why}), so there is nothing to combine: look with "
        "`gsdp doctor` whether the extractor's model answers as it should, or name another one, and run again."
    )


@chunk_task("extract", "extract-{number:04d}")
async def extract(number: int, seed_ids: Sequence[str]) -> int:
    """Find the points of some seeds; how many seeds were done."""
    work = run_context()
    open_ids = set(pending_seeds(work)) & {UUID(text) for text in seed_ids}
    seeds = await work.store.of(Seed, open_ids)
    await together(_extract(work, seed) for seed in seeds)
    return len(seeds)


async def _extract(work: RunContext, seed: Seed) -> None:
    if seed.points:
        await work.store.write(*_mentions(work, seed, list(seed.points)))
        work.counts.note("extract", done=1)
        return
    prompt = work.library["extract"]
    role = work.roles["extractor"]
    place = f"{seed.source}:{seed.line}"
    solution, gave_up = (seed.solution, None) if seed.solution else await _solved(work, seed)
    if gave_up:
        # Read without it, the seed would stay so for good; the next run asks again.
        await work.store.write(work.ended("extract", seed.id, gave_up, place))
        work.counts.note("extract", done=1)
        return
    values = {"problem": seed.problem, "solution": solution or UNSOLVED, "limit": work.settings.extract.limit}
    subject = content_id("extract", str(seed.id), str(work.recipes["extract"]))
    answer = await work.ask("extract", role, prompt, values, subject, read_points)
    if answer.value is None:
        reject = work.ended("extract", seed.id, answer.failure, place)
        await work.store.write(answer.call, reject)
    else:
        await work.store.write(answer.call, *_mentions(work, seed, answer.value))
    work.counts.note("extract", done=1)


async def _solved(work: RunContext, seed: Seed) -> tuple[str | None, Failure | None]:
    """The solver's solution of a seed that has an answer alone, where that is asked for and comes to the answer.

    Or why the endpoint gave none.
    """
    stated = stated_in(work.library.domain.answer)
    if not (work.settings.extract.solve_seeds and seed.answer and stated != "nowhere"):
        return None, None
    solver = work.roles["solver"]
    row_id = content_id("seed solution", str(seed.id), str(solver.recipes["solve"]))
    gave_up: Failure | None = None

    def row(asked: Asked[tuple[str, str | None]]) -> SeedSolution:
        nonlocal gave_up
        gave_up = asked.failure if asked.failure and asked.failure.gave_up else None
        text, answer = asked.value or ("", None)
        return SeedSolution(id=row_id, seed_id=seed.id, text=text, answer=answer, call_id=asked.call.id)

    known = {found.id: found for found in await work.store.of(SeedSolution, [row_id])}
    read, values = partial(read_solution, stated=stated), {"problem": seed.problem}
    found = await work.ask_once("extract", solver, "solve", values, row_id, read, row, known)
    same = len(await group([found.answer, seed.answer], work.equivalence, seed.problem)) == 1
    return found.text if found.answer and same else None, gave_up


def _mentions(work: RunContext, seed: Seed, names: list[str]) -> list[Record]:
    """Mentions of the first names that can be used, as many as the limit allows, and a reject for each other name.

    A name is taken whole: only the extractor knows whether *sum and difference of cubes* is one fact or two. A seed
    of which no name is left gets a reject of its own.
    """
    recipe, rules = work.recipes["extract"], work.library.domain.names
    rows: list[Record] = []
    seen: set[str] = set()
    for position, raw in enumerate(names):
        name, fault = name_in(raw)
        key = normal_form(name, rules)
        mention_id = content_id("mention", str(seed.id), str(recipe), position)
        if fault is None and key in seen:
            fault = "said twice"
        elif fault is None and len(seen) >= work.settings.extract.limit:
            fault = "beyond the limit"
        if fault:
            rows.append(work.reject("extract", mention_id, f"name {fault}", raw, seed.id))
        else:
            seen.add(key)
            rows.append(Mention(id=mention_id, recipe=recipe, seed_id=seed.id, position=position, name=name))
    if not seen:
        rows.append(work.reject("extract", seed.id, "no points found", f"{seed.source}:{seed.line}"))
    return rows
