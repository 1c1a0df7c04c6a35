"""screen: the last gate before a pair counts: exact and near duplicates and contamination, in sampling order.

It runs behind the frontier, the first combination that is not finished, so what it decides is a function of the
answers and never of their timing: of two alike the earlier in sampling order is kept, and the target closes at the
first pairs of that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from graph.errors import SeedError
from graph.records import Frontier, Pass, Record, Reject
from tasks.compose import slots
from tasks.gates.contamination import Contamination
from tasks.gates.duplicates import DuplicateIndex
from tasks.ingest import checked_rows
from tasks.settings import BenchmarkFile
from tasks.store.database import Store
from tasks.workbench import Workbench

BLOCK = 2000
"""Texts in memory at a time while the index is built."""


async def finished_until(work: Workbench, start: int, stop: int) -> int:
    """The first position from `start` whose combination still has work before it, at most `stop`."""
    asked = slots(work, start, stop)
    gates = {(stage, slot.problem_id) for slot in asked for stage in ("compose", "review", "grade")}
    rejects = {work.reject_id(*gate): gate[1] for gate in gates}
    passes = {work.pass_id("grade", slot.problem_id): slot.problem_id for slot in asked}
    ended = {rejects[key] for key in await work.store.existing(Reject, rejects)}
    ended |= {passes[key] for key in await work.store.existing(Pass, passes)}
    return next((slot.combination.position for slot in asked if slot.problem_id not in ended), stop)


class Screen:
    """The gate with its memory: the texts of the seeds and of the pairs kept so far."""

    def __init__(self, work: Workbench) -> None:
        """Take up where the store's frontier stands."""
        self._work = work
        self._index = DuplicateIndex(work.settings.screen.near_duplicate)
        recipe = work.recipes["screen"]
        seeds = (
            work.store.rows("SELECT id, problem FROM current_seeds ORDER BY id")
            if work.settings.screen.seeds_too
            else []
        )
        kept = work.store.rows("SELECT id, problem FROM pairs ORDER BY position, sample")
        self._index.add_many([*seeds, *kept])
        self._seeds = {key for key, _ in seeds}
        self.kept = work.counts.pairs = len(kept)
        found = work.store.rows("SELECT max(position) FROM frontier WHERE recipe = ?", [recipe])[0][0]
        self.frontier = int(found or 0)

    def _remember(self, sql: str) -> set[UUID]:
        """Take (id, text) rows into the index, a block at a time; their ids."""
        ids: set[UUID] = set()
        rows = self._work.store.stream(sql)
        while block := list(islice(rows, BLOCK)):
            self._index.add_many(block)
            ids.update(row[0] for row in block)
        return ids

    async def advance(self, stop: int) -> int:
        """Screen the finished combinations before `stop`; how many pairs are kept in all.

        At the target it stops within the combination that reaches it, which then is the last one of the dataset.
        """
        work, target = self._work, self._work.settings.target_pairs
        start = max(0, self.frontier - 1)
        rows: list[Record] = []
        position = start
        for position, problem_id, text, passed in await self._waiting(start, stop):
            if self.kept >= target:
                break
            self.frontier = position + 1
            row = self._decide(problem_id, text, passed)
            self.kept += isinstance(row, Pass)
            rows.append(row)
        if self.kept < target:
            self.frontier = max(self.frontier, stop)
        recipe = work.recipes["screen"]
        await work.store.write(
            *rows,
            Frontier(recipe=recipe, position=self.frontier),
            statements=[("DELETE FROM frontier WHERE recipe = ?", [recipe])],
        )
        work.counts.pairs = self.kept
        work.counts.note("screen", done=sum(isinstance(row, Pass) for row in rows))
        return self.kept

    async def _waiting(self, start: int, stop: int) -> list[tuple[int, UUID, str, Pass]]:
        """Graded problems that are not screened yet, in sampling order."""
        work = self._work
        found = await work.store.fetch(
            """SELECT c.position, m.id, m.text, p.id
               FROM combinations c JOIN problems m ON m.combination_id = c.id AND m.recipe = ?
               JOIN passes p ON p.problem_id = m.id AND p.stage = 'grade' AND p.recipe = ?
               WHERE c.recipe = ? AND c.position >= ? AND c.position < ? ORDER BY c.position, m.sample""",
            [work.recipes["compose"], work.recipes["grade"], work.recipes["sample"], start, stop],
        )
        open_ids = await work.undecided("screen", [row[1] for row in found])
        passes = {row.id: row for row in await work.store.of(Pass, [row[3] for row in found])}
        return [(row[0], row[1], row[2], passes[row[3]]) for row in found if row[1] in open_ids]

    def _decide(self, problem_id: UUID, text: str, passed: Pass) -> Pass | Reject:
        work = self._work
        evidence = work.contamination.check(text) if work.contamination else None
        if evidence:
            detail = f"{evidence.item}: {evidence.rule}: {evidence.overlap}"
            return work.reject("screen", problem_id, "contaminated", detail)
        duplicate = self._index.add(problem_id, text)
        if duplicate:
            reason = f"{duplicate.kind} duplicate" + (" of a seed" if duplicate.key in self._seeds else "")
            return work.reject("screen", problem_id, reason, f"{duplicate.key}: {duplicate.similarity:.2f}")
        return passed.model_copy(
            update={
                "id": work.pass_id("screen", problem_id),
                "recipe": work.recipes["screen"],
                "stage": "screen",
            }
        )


def read_benchmarks(store: Store, files: Sequence[BenchmarkFile]) -> Contamination | None:
    """The texts that must not be published. Raises SeedError for a row without text: a gap would go unnoticed."""
    items = []
    for file in files:
        for line, row in checked_rows(store, file.path, file.column, {"problem": file.column}):
            text = row.get(file.column) if isinstance(row, dict) else None
            if not text:
                why = "has no text in column " + repr(file.column) if isinstance(row, dict) else f"is {row}"
                raise SeedError(f"{file.path}:{line} {why}: mend or remove the row of this benchmark.")
            items.append((f"{file.path.name}:{line}", str(text)))
    return Contamination(items) if items else None
