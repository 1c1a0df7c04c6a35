"""screen: the last gate before a pair counts: contamination, difficulty and duplicates, in sampling order.

It runs behind the frontier, the first combination that is not finished, so what it decides is a function of the
answers and never of their timing: of two alike the earlier in sampling order is kept, and the target closes at the
first pairs of that order. Why a problem is out is kept as a row: what it repeats, or which benchmark item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from graph.errors import BudgetReached
from graph.quotas import Room
from graph.records import (
    Difficulty,
    Frontier,
    Part,
    Pass,
    Problem,
    Record,
    Reject,
    Relation,
    Solution,
    Wanted,
    content_id,
)
from tasks.context.embedder import Vector
from tasks.context.run_context import RunContext, Screened
from tasks.context.slots import Slot, all_slots, slots
from tasks.judging.kept_texts import KeptTexts
from tasks.judging.paraphrases import UNJUDGED, ParaphraseFinding, SecondLook
from tasks.store.latest import pair_count, recipe_of

QUOTA_FULL = "quota full"
DIFFICULTY = {"rated": "p.difficulty", "measured": "e.difficulty"}
TAKEN = f"""
    SELECT c.relation, {{difficulty}}, c.points
    FROM pairs p JOIN combinations c ON c.id = p.combination_id AND c.position = p.position
    LEFT JOIN elections e
        ON e.problem_id = p.id AND e.recipe = {recipe_of("grade")}
    WHERE c.recipe = {recipe_of("sample")}"""


async def finished_until(work: RunContext, start: int, stop: int) -> int:
    """The first position from `start` whose combination still has work before it, at most `stop`."""
    asked = slots(work, start, stop)
    ended = await _ended(work, asked)
    if work.screened.room:
        rated = {work.pass_id("review", slot.problem_id): slot.problem_id for slot in asked}
        found = await work.store.of(Pass, rated)
        ended |= {row.problem_id for row in found if work.screened.room.refuses_rated(row.difficulty)}
    return next((slot.combination.position for slot in asked if slot.problem_id not in ended), stop)


async def _ended(work: RunContext, asked: Sequence[Slot]) -> set[UUID]:
    """The problems that no stage before this one has work with."""
    ids = {slot.problem_id for slot in asked}
    ended = await work.passed("grade", ids)
    for stage in ("compose", "review", "grade"):
        ended |= await work.rejected(stage, ids - ended)
    return ended


async def open_screen(work: RunContext) -> Screen:
    """The gate as the store's frontier stands; at the beginning again where target or quotas have changed.

    Which pairs find room depends on how much of it there is, so under other quotas every decision is made again. That
    costs no answer: what was passed over is asked for when its turn comes.
    """
    settings, recipe = work.settings, work.recipes["screen"]
    found = {row.wanted for row in work.store.select(Wanted, "recipe = ?", [recipe])}
    wanted = content_id("wanted", settings.target_pairs, settings.accept.model_dump(mode="json"))
    present = {wanted} if settings.accept.given else set()
    if found != present:
        clear = [
            (f"DELETE FROM {table} WHERE recipe = ?", [recipe])
            for table in ("quotas", "passes", "rejects", "repeats", "evidence", "frontier")
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
    solution: str
    difficulty: Difficulty | None
    """By the rater or by the votes, whichever the quotas count."""
    passed: Pass


class Screen:
    """The gate: what was kept so far, and the room that is left."""

    def __init__(self, work: RunContext) -> None:
        """Take up where the store's frontier stands. Use `open_screen`."""
        self._work = work
        self._difficulty = DIFFICULTY[work.settings.accept.difficulty_by]
        self._texts = KeptTexts(work)
        self._second_look = SecondLook(work)
        self.kept = pair_count(work.store)
        self._newest = ""
        recipe = work.recipes["screen"]
        found = work.store.value("SELECT max(position) FROM frontier WHERE recipe = ?", [recipe])
        self.frontier = int(found or 0)
        self.passed_over = 0
        """Combinations that were not gone on with for want of room, in this process."""
        over = "SELECT subject_id FROM rejects WHERE stage = 'screen' AND recipe = ? AND reason = ?"
        self._over = set(work.store.column(over, [recipe, QUOTA_FULL]))
        self._room = self._room_left()
        self._tell()

    def _tell(self) -> None:
        self._work.screened = Screened(self.frontier, self.kept, self._room, self._newest)

    def _room_left(self) -> Room | None:
        """What the pairs so far leave of the quotas; None without quotas."""
        settings, store = self._work.settings, self._work.store
        if not settings.accept.given:
            return None
        room = Room(settings.accept, settings.target_pairs, settings.sample.shares)
        for relation, difficulty, points in store.rows(TAKEN.format(difficulty=self._difficulty)):
            room.take(relation, difficulty, points)
        return room

    async def advance(self, stop: int) -> int:
        """Screen the finished combinations before `stop`; how many pairs are kept in all.

        At the target it stops within the combination that reaches it, which then is the last one of the dataset. Where
        the budget ends before all models are heard that the settings ask for, nothing is decided.
        """
        work, target = self._work, self._work.settings.target_pairs
        start = max(0, self.frontier - 1)
        waiting = await self._waiting(start, stop)
        try:
            await self._texts.open()
            embedded = await self._texts.embedded([item.text for item in waiting])
            evidence = await self._evidence(waiting)
        except BudgetReached:
            return self.kept
        rows: list[Record] = []
        for item in waiting:
            if self.kept >= target:
                break
            self.frontier = item.position + 1
            decided = self._refuse(item) or self._decide(item, evidence.get(item.problem_id), embedded.get(item.text))
            if isinstance(decided[0], Pass):
                self.kept += 1
                self._newest = item.text
            rows += decided
        if self.kept < target:
            self.frontier = max(self.frontier, stop)
        rows += await self._pass_over(start, self.frontier)
        recipe = work.recipes["screen"]
        await work.store.write(
            *rows,
            Frontier(recipe=recipe, position=self.frontier),
            statements=[("DELETE FROM frontier WHERE recipe = ?", [recipe])],
        )
        self._tell()
        work.counts.note("screen", done=sum(isinstance(row, Pass) for row in rows))
        return self.kept

    async def _waiting(self, start: int, stop: int) -> list[Waiting]:
        """Graded problems that are not screened yet, in sampling order."""
        work = self._work
        # By the ids that are asked for: a combination may also have problems under other names of its points.
        asked = [slot.problem_id for slot in all_slots(work, start, stop)]
        found = await work.store.fetch(
            f"""SELECT c.position, c.relation, c.points, m.id, p.solution_id, {self._difficulty}, p.id
               FROM combinations c JOIN problems m ON m.combination_id = c.id
               JOIN passes p ON p.problem_id = m.id AND p.stage = 'grade' AND p.recipe = ?
               LEFT JOIN elections e ON e.problem_id = m.id AND e.recipe = p.recipe
               WHERE c.recipe = ? AND c.position >= ? AND c.position < ? AND m.id IN (SELECT unnest(?::UUID[]))
               ORDER BY c.position, m.sample""",
            [work.recipes["grade"], work.recipes["sample"], start, stop, asked],
        )
        open_ids = await work.undecided("screen", [row[3] for row in found])
        found = [row for row in found if row[3] in open_ids]
        passes = {row.id: row for row in await work.store.of(Pass, [row[-1] for row in found])}
        texts = {row.id: row.text for row in await work.store.of(Problem, open_ids)}
        solutions = {row.id: row.text for row in await work.store.of(Solution, {row[4] for row in found})}
        return [
            Waiting(position, relation, points, key, texts[key], solutions[solution], difficulty, passes[pass_id])
            for position, relation, points, key, solution, difficulty, pass_id in found
        ]

    def _refuse(self, item: Waiting) -> list[Record]:
        """Reject a pair that finds no room. It leaves no trace in the index, as if it had never been paid for."""
        room = self._room
        why = room and (room.refuses(item.relation, item.points) or room.refuses_difficulty(item.difficulty))
        return [self._work.reject("screen", item.problem_id, QUOTA_FULL, why)] if why else []

    async def _pass_over(self, start: int, stop: int) -> list[Reject]:
        """Rows for what was not gone on with, because there was no room for it."""
        work, room = self._work, self._room
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

    async def _evidence(self, waiting: Sequence[Waiting]) -> dict[UUID, tuple[Part, ParaphraseFinding]]:
        """Why a problem, or else its solution, is contaminated, or may be: by words, and of the others by meaning."""
        contamination = self._work.contamination
        if contamination is None:
            return {}
        found: dict[UUID, tuple[Part, ParaphraseFinding]] = {}
        parts: dict[Part, Callable[[Waiting], str]] = {
            "problem": lambda item: item.text,
            "solution": lambda item: item.solution,
        }
        for part, text in parts.items():
            for item, evidence in zip(waiting, contamination.check_many([text(item) for item in waiting]), strict=True):
                if evidence and item.problem_id not in found:
                    found[item.problem_id] = part, ParaphraseFinding(evidence, sure=True)
        for part, text in parts.items():
            rest = [item for item in waiting if item.problem_id not in found]
            seen = await self._second_look.look("screen", [text(item) for item in rest])
            found |= {item.problem_id: (part, one) for item, one in zip(rest, seen, strict=True) if one}
        return found

    def _decide(
        self, item: Waiting, repeated: tuple[Part, ParaphraseFinding] | None, vector: Vector | None
    ) -> list[Record]:
        """The rows that a problem comes to: a pass, or a reject and what shows why."""
        work = self._work
        if repeated:
            part, (evidence, sure) = repeated
            reason = ("contaminated" if sure else UNJUDGED) + ("" if part == "problem" else f" {part}")
            reject = work.reject("screen", item.problem_id, reason, str(evidence))
            return [reject, evidence.row(reject.recipe, item.problem_id, part)] if sure else [reject]
        repeat = self._texts.repeat(item.problem_id, item.text, vector)
        if repeat:
            detail = f"{repeat.kept_id}: {repeat.similarity:.2f}"
            return [work.reject("screen", item.problem_id, self._texts.reason(repeat), detail), repeat]
        if self._room:
            self._room.take(item.relation, item.difficulty, item.points)
        graded = item.passed
        return [work.accept("screen", item.problem_id, graded.score, graded.difficulty, graded.solution_id)]
