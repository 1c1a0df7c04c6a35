"""screen: the last gate before a pair counts: exact and near duplicates and contamination, in sampling order.

It runs behind the frontier, the first combination that is not finished, so what it decides is a function of the
answers and never of their timing: of two alike the earlier in sampling order is kept, and the target closes at the
first pairs of that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from graph.errors import SeedError
from graph.quotas import Room
from graph.records import Frontier, Pass, Record, Reject, Relation, Wanted, content_id
from tasks.compose import Slot, all_slots, slots
from tasks.gates.contamination import Contamination
from tasks.gates.duplicates import DuplicateIndex
from tasks.ingest import checked_rows
from tasks.settings import BenchmarkFile
from tasks.store.database import Store
from tasks.workbench import Workbench

QUOTA_FULL = "quota full"
TAKEN = """
    SELECT c.relation, p.difficulty, c.points
    FROM pairs p JOIN combinations c ON c.id = p.combination_id AND c.position = p.position
    WHERE c.recipe = (SELECT recipe FROM current_recipes WHERE stage = 'sample')"""
BLOCK = 2000
"""Texts in memory at a time while the index is built."""


async def finished_until(work: Workbench, start: int, stop: int) -> int:
    """The first position from `start` whose combination still has work before it, at most `stop`."""
    asked = slots(work, start, stop)
    ended = await _ended(work, asked)
    if work.room:
        rated = {work.pass_id("review", slot.problem_id): slot.problem_id for slot in asked}
        found = await work.store.of(Pass, rated)
        ended |= {row.problem_id for row in found if work.room.refuses_difficulty(row.difficulty)}
    return next((slot.combination.position for slot in asked if slot.problem_id not in ended), stop)


async def _ended(work: Workbench, asked: Sequence[Slot]) -> set[UUID]:
    """The problems that no stage before this one has work with."""
    gates = {(stage, slot.problem_id) for slot in asked for stage in ("compose", "review", "grade")}
    rejects = {work.reject_id(*gate): gate[1] for gate in gates}
    passes = {work.pass_id("grade", slot.problem_id): slot.problem_id for slot in asked}
    ended = {rejects[key] for key in await work.store.existing(Reject, rejects)}
    return ended | {passes[key] for key in await work.store.existing(Pass, passes)}


async def open_screen(work: Workbench) -> Screen:
    """The gate as the store's frontier stands; at the beginning again where target or quotas have changed.

    Which pairs find room depends on how much of it there is, so under other quotas every decision is made anew. That
    costs no answer: what was passed over is asked for when its turn comes.
    """
    settings, recipe = work.settings, work.recipes["screen"]
    found = {row.wanted for row in work.store.select(Wanted, "recipe = ?", [recipe])}
    wanted = content_id("wanted", settings.target_pairs, settings.accept.model_dump(mode="json"))
    present = {wanted} if settings.accept.given else set()
    if found != present:
        clear = [
            (f"DELETE FROM {table} WHERE recipe = ?", [recipe]) for table in ("quotas", "passes", "rejects", "frontier")
        ]
        await work.store.write(*(Wanted(recipe=recipe, wanted=each) for each in present), statements=clear)
    return Screen(work)


class Waiting(NamedTuple):
    """A graded problem that is not screened yet."""

    position: int
    relation: Relation
    points: list[UUID]
    problem_id: UUID
    text: str
    passed: Pass


class Screen:
    """The gate with its memory: the texts of the seeds and of the pairs kept so far, and the room that is left."""

    def __init__(self, work: Workbench) -> None:
        """Take up where the store's frontier stands. Use `open_screen`."""
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
        self.passed_over = 0
        """Combinations that were not gone on with for want of room, in this process."""
        over = "SELECT subject_id FROM rejects WHERE stage = 'screen' AND recipe = ? AND reason = ?"
        self._over = {row[0] for row in work.store.rows(over, [recipe, QUOTA_FULL])}
        if work.settings.accept.given:
            work.room = Room(work.settings.accept, work.settings.target_pairs, work.settings.sample.shares)
            for relation, difficulty, points in work.store.rows(TAKEN):
                work.room.take(relation, difficulty, points)

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
        for item in await self._waiting(start, stop):
            if self.kept >= target:
                break
            self.frontier = item.position + 1
            row = self._refuse(item) or self._decide(item)
            self.kept += isinstance(row, Pass)
            rows.append(row)
        if self.kept < target:
            self.frontier = max(self.frontier, stop)
        rows += await self._pass_over(start, self.frontier)
        recipe = work.recipes["screen"]
        await work.store.write(
            *rows,
            Frontier(recipe=recipe, position=self.frontier),
            statements=[("DELETE FROM frontier WHERE recipe = ?", [recipe])],
        )
        work.counts.pairs = self.kept
        work.counts.note("screen", done=sum(isinstance(row, Pass) for row in rows))
        return self.kept

    async def _waiting(self, start: int, stop: int) -> list[Waiting]:
        """Graded problems that are not screened yet, in sampling order."""
        work = self._work
        found = await work.store.fetch(
            """SELECT c.position, c.relation, c.points, m.id, m.text, p.id
               FROM combinations c JOIN problems m ON m.combination_id = c.id AND m.recipe = ?
               JOIN passes p ON p.problem_id = m.id AND p.stage = 'grade' AND p.recipe = ?
               WHERE c.recipe = ? AND c.position >= ? AND c.position < ? ORDER BY c.position, m.sample""",
            [work.recipes["compose"], work.recipes["grade"], work.recipes["sample"], start, stop],
        )
        open_ids = await work.undecided("screen", [row[3] for row in found])
        passes = {row.id: row for row in await work.store.of(Pass, [row[5] for row in found])}
        return [
            Waiting(position, relation, points, problem_id, text, passes[pass_id])
            for position, relation, points, problem_id, text, pass_id in found
            if problem_id in open_ids
        ]

    def _refuse(self, item: Waiting) -> Reject | None:
        """Reject a pair that finds no room. It leaves no trace in the index, as if it had never been paid for."""
        room = self._work.room
        why = room and (room.refuses(item.relation, item.points) or room.refuses_difficulty(item.passed.difficulty))
        return self._work.reject("screen", item.problem_id, QUOTA_FULL, why) if why else None

    async def _pass_over(self, start: int, stop: int) -> list[Reject]:
        """Rows for what was not gone on with, because there was no room for it."""
        work, room = self._work, self._work.room
        if room is None:
            return []
        asked = [slot for slot in all_slots(work, start, stop) if slot.problem_id not in self._over]
        ended = await _ended(work, asked)
        open_slots = [slot for slot in asked if slot.problem_id not in ended]
        self._over.update(slot.problem_id for slot in open_slots)
        self.passed_over += len({slot.combination.position for slot in open_slots})
        return [
            work.reject(
                "screen",
                slot.problem_id,
                QUOTA_FULL,
                room.refuses(slot.combination.relation, slot.combination.points) or "enough of its difficulty",
            )
            for slot in open_slots
        ]

    def _decide(self, item: Waiting) -> Pass | Reject:
        work, problem_id = self._work, item.problem_id
        evidence = work.contamination.check(item.text) if work.contamination else None
        if evidence:
            detail = f"{evidence.item}: {evidence.rule}: {evidence.overlap}"
            return work.reject("screen", problem_id, "contaminated", detail)
        duplicate = self._index.add(problem_id, item.text)
        if duplicate:
            reason = f"{duplicate.kind} duplicate" + (" of a seed" if duplicate.key in self._seeds else "")
            return work.reject("screen", problem_id, reason, f"{duplicate.key}: {duplicate.similarity:.2f}")
        if work.room:
            work.room.take(item.relation, item.passed.difficulty, item.points)
        return item.passed.model_copy(
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
