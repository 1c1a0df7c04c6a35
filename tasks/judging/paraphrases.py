"""Whether a text is a benchmark item in other words: what an embedder finds near, the verifier reads.

It comes after the rules on words (`tasks/texts/contamination.py`), for texts that these let through; the idea is that
of the LLM decontaminator (arXiv 2311.04850, section 4). The verifier reads the short item that a text may be with a
word changed, then the nearest items, one at a time, until it calls one the same. What it says is a row, and is not paid
for twice.
Does not know: an item whose vector is not near, or that the verifier takes for another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from tasks.context.embedder import Vector, vectors
from tasks.context.run_context import RunContext, together
from tasks.judging.second_opinion import Matter, hear
from tasks.texts.contamination import Evidence

UNJUDGED = "contamination unjudged"
HEAD = 2000
"""Characters of a text that are embedded: many embedders take no more than 512 tokens."""
NEAREST = 3
"""Most items that are read next to one text."""
BLOCK = 500
"""Texts compared with all items in one matrix product."""


class ParaphraseFinding(NamedTuple):
    """The item that a text is, or that it may be: nobody could say."""

    evidence: Evidence
    sure: bool


class SecondLook:
    """The benchmark items by meaning. The embedder is asked about them when the first text is looked at."""

    def __init__(self, work: RunContext) -> None:
        self._work = work
        self._matrix: Vector | None = None
        self._items = list(work.benchmark_items)
        self._texts = dict(self._items)

    async def look(self, stage: Literal["ingest", "screen"], texts: Sequence[str]) -> list[ParaphraseFinding | None]:
        """For each text, the benchmark item that it is; nothing where the settings ask for no second look.

        A text that has no vector, or of which the verifier said nothing that could be understood, is not cleared.
        Raises EndpointError.
        """
        least = self._work.settings.screen.second_look
        if least is None or not self._items or not texts:
            return [None] * len(texts)
        known = await self._embedded_items()
        if not len(known):
            return [None] * len(texts)
        found = await vectors(self._work, [text[:HEAD] for text in texts])
        near = _near([found.get(text[:HEAD]) for text in texts], known, least)
        doubts = self._work.contamination.doubts(texts) if self._work.contamination else [None] * len(texts)
        return await together(
            self._read(stage, text, some, doubt) for text, some, doubt in zip(texts, near, doubts, strict=True)
        )

    async def _embedded_items(self) -> Vector:
        if self._matrix is None:
            found = await vectors(self._work, [text[:HEAD] for _, text in self._items])
            self._items = [item for item in self._items if item[1][:HEAD] in found]
            self._matrix = _units([found[text[:HEAD]] for _, text in self._items])
        return self._matrix

    async def _read(
        self, stage: str, text: str, near: Sequence[tuple[int, float]] | None, doubt: Evidence | None
    ) -> ParaphraseFinding | None:
        """What the verifier says of the items that a text may be; `doubt`: the one whose words it nearly has."""
        asked = [(doubt, self._texts[doubt.item])] if doubt else []
        for place, cosine in near or ():
            name, item = self._items[place]
            if not doubt or name != doubt.item:
                asked.append((Evidence(name, "meaning", cosine, item), item))
        unsure: ParaphraseFinding | None = None
        for evidence, item in asked:
            said = (await hear(self._work, self._work.roles["verifier"], [Matter(text, item=item)], stage))[0]
            if said.value == 1:
                return ParaphraseFinding(evidence, sure=True)
            if said.value is None and unsure is None:
                unsure = ParaphraseFinding(evidence, sure=False)
        if near is None and unsure is None:
            return ParaphraseFinding(Evidence("no vector", "meaning", 0.0, ""), sure=False)
        return unsure


def _near(rows: Sequence[Vector | None], known: Vector, least: float) -> list[list[tuple[int, float]] | None]:
    """(item, cosine) of the items near each text, the nearest first; None for a text without a vector."""
    near: list[list[tuple[int, float]] | None] = [None] * len(rows)
    embedded = [(place, row) for place, row in enumerate(rows) if row is not None]
    for start in range(0, len(embedded), BLOCK):
        block = embedded[start : start + BLOCK]
        cosines = _units([row for _, row in block]) @ known.T
        for (place, _), row in zip(block, cosines, strict=True):
            order = np.argsort(-row, kind="stable")[:NEAREST]
            near[place] = [(int(item), float(row[item])) for item in order if row[item] >= least - 1e-6]
    return near


def _units(rows: Sequence[Vector]) -> Vector:
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    matrix: Vector = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.where(lengths == 0, 1, lengths)
    return matrix
