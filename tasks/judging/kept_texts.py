"""The texts that a new problem may repeat: those of the seeds and of the pairs kept so far.

They are read when the first pair needs them, so that a run that is taken up again asks its first questions at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Literal, cast
from uuid import UUID

from graph.records import Repeat
from tasks.context.embedder import Vector, vectors
from tasks.context.run_context import RunContext
from tasks.store.latest import recipe_of
from tasks.texts.duplicates import DuplicateIndex
from tasks.texts.semantic import VectorIndex

BLOCK = 2000
"""Texts in memory at a time while the index is built."""

SEEDS = """
    SELECT s.id, s.problem, c.contaminated FROM seeds s JOIN selection c ON c.seed_id = s.id
    WHERE c.contaminated OR ? ORDER BY s.id"""
"""A contaminated seed takes no part, but what is near it is near a benchmark item."""

KEPT = f"""
    SELECT m.rowid AS place
    FROM passes p JOIN problems m ON m.id = p.problem_id
    JOIN combinations c ON c.id = m.combination_id AND c.recipe = {recipe_of("sample")}
    WHERE p.stage = 'screen' AND p.recipe = {recipe_of("screen")} ORDER BY c.position, m.sample"""
"""Where the problems of the pairs are, in sampling order: sorting millions of texts takes more memory than there is."""
AT = "SELECT rowid, id, text FROM problems WHERE rowid IN (SELECT unnest(?::BIGINT[]))"


class KeptTexts:
    """An index of them, by words and, where the settings say so, by meaning."""

    def __init__(self, work: RunContext) -> None:
        self._work, self._settings = work, work.settings.screen
        self._index: DuplicateIndex | None = None
        self._vectors = VectorIndex()
        self._seeds: dict[UUID, str] = {}
        """What is said of a problem near each."""

    async def open(self) -> None:
        """Read the texts, once; in a thread, as there may be millions. Raises EndpointError, BudgetError."""
        if self._index is not None:
            return
        settings = self._settings
        index = DuplicateIndex(settings.near_duplicate, settings.variants)
        await asyncio.to_thread(_remember, index, self._seeds_of_run(), seeds=True)
        await asyncio.to_thread(_remember, index, self._kept(), seeds=False)
        if settings.semantic:
            for block in chain(self._seeds_of_run(), self._kept()):
                await self._remember_vectors(block)
        self._index = index

    async def embedded(self, texts: Sequence[str]) -> Mapping[str, Vector]:
        """The vectors of texts, where texts are compared by meaning."""
        return {} if self._settings.semantic is None else await vectors(self._work, texts)

    def repeat(self, problem_id: UUID, text: str, vector: Vector | None) -> Repeat | None:
        """The kept text that a problem repeats; one that repeats none is kept. After `open`."""
        assert self._index is not None
        least = self._settings.semantic
        near = self._vectors.nearest(vector) if vector is not None and least else None
        if near and least and near[1] >= least - 1e-6:
            return self._repeat_of(problem_id, near[0], "semantic", near[1])
        duplicate = self._index.add(problem_id, text)
        if duplicate:
            return self._repeat_of(problem_id, duplicate.key, duplicate.kind, duplicate.similarity)
        if vector is not None:
            self._vectors.keep(problem_id, vector)
        return None

    def reason(self, repeat: Repeat) -> str:
        """The reason of the reject."""
        return REASONS[repeat.kind] + self._seeds.get(repeat.kept_id, "")

    def _repeat_of(
        self, problem_id: UUID, key: Hashable, kind: Literal["exact", "near", "template", "semantic"], similarity: float
    ) -> Repeat:
        return Repeat(
            recipe=self._work.recipes["screen"],
            problem_id=problem_id,
            kept_id=cast("UUID", key),
            kind=kind,
            similarity=similarity,
        )

    def _kept(self) -> Iterator[list[tuple[UUID, str]]]:
        """(id, text) of the problems of the pairs, some at a time."""
        (places,) = self._work.store.arrays(KEPT)
        for start in range(0, len(places), BLOCK):
            block = places[start : start + BLOCK].tolist()
            found = {row[0]: (row[1], row[2]) for row in self._work.store.rows(AT, [block])}
            yield [found[place] for place in block]

    def _seeds_of_run(self) -> Iterator[list[tuple[UUID, str]]]:
        """(id, text) of the seeds that pairs are compared with, some at a time."""
        rows = self._work.store.stream(SEEDS, [self._settings.seeds_too])
        while block := list(islice(rows, BLOCK)):
            self._seeds |= {row[0]: " of a contaminated seed" if row[2] else " of a seed" for row in block}
            yield [(row[0], row[1]) for row in block]

    async def _remember_vectors(self, block: Sequence[tuple[UUID, str]]) -> None:
        found = await vectors(self._work, [text for _, text in block])
        for key, text in block:
            if text in found:
                self._vectors.keep(key, found[text])


def _remember(index: DuplicateIndex, blocks: Iterable[list[tuple[UUID, str]]], *, seeds: bool) -> None:
    """Take texts into the index. A seed with other numbers is no new problem, so seeds have no variants."""
    for block in blocks:
        index.add_many(block, variants=not seeds)


REASONS = {
    "exact": "exact duplicate",
    "near": "near duplicate",
    "template": "template flood",
    "semantic": "semantic duplicate",
}
