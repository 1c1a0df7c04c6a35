"""How well names are merged, on a table with known answers: pairwise precision and recall of what connect makes.

No embedding model can be had offline, so a stand-in takes its place: the cosine of runs of 2-4 letters, weighted by
rarity, folded into 1,024 numbers. It is worse than any real model and puts look-alikes closer together, so it says
nothing of recall; what it does exercise are the bands, the contrasts and the classes. A curator that knows the table
shows the ceiling: the pairs that are proposed at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import log
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np

from graph.names import normal_form
from graph.records import Alias
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.concept_names import BLIND, OURS
from tests.support.contexts import NOWHERE, open_context, plain, settings_for
from tests.support.scripted_curator import Curator, reply, written

WIDTH = 1024
LETTERS = {"base_url": "http://127.0.0.1:9/v1", "model": "letters"}
ROLES = dict.fromkeys(("composer", "solver"), "local") | {"judges": ["local"]}


def concepts(table: str) -> dict[str, int]:
    """Name -> number of its concept, for the table called ours or blind. A look-alike is a concept of its own."""
    if table == "ours":
        return {name: number for number, group in enumerate(OURS) for name in group}
    found = {name: number for number, (names, _) in enumerate(BLIND) for name in names}
    for name in (name for _, lookalikes in BLIND for name in lookalikes):
        found.setdefault(name, len(found) + len(BLIND))
    return found


@dataclass(frozen=True)
class Score:
    """Pairs of names that were joined, or should have been."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}, recall {self.recall:.3f} ({self.right} right, {self.wrong} wrong)"


def score(truth: Mapping[str, int], joined: Mapping[str, object]) -> Score:
    """The pairs of names that share a value in `joined`, against those that share a concept."""
    pairs = [(joined[a] == joined[b], truth[a] == truth[b]) for a, b in combinations(sorted(truth), 2)]
    return Score(pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))


def by_form(names: Sequence[str]) -> dict[str, object]:
    """What our own rules join unasked."""
    return {name: normal_form(name) for name in names}


async def by_connect(
    truth: Mapping[str, int], folder: Path, embedder: Mapping[str, str] | None, curator: bool, **connect_settings: Any
) -> tuple[dict[str, object], int]:
    """What the whole stage joins, with stand-ins for the two models; and how many pairs the curator was asked about.

    `embedder` is an endpoint's address and model, `LETTERS` for the stand-in, or None for no embedder.
    """
    same = {frozenset((a, b)) for a, b in combinations(truth, 2) if truth[a] == truth[b]} if curator else set()
    client = Letters(same=same)
    client.learn(list(truth))
    roles: dict[str, Any] = dict(ROLES)
    roles |= {"embedder": "vectors"} if embedder else {}
    roles |= {"curator": "local"} if curator else {}
    settings = settings_for(
        folder,
        roles=roles,
        endpoints=NOWHERE | {"vectors": dict(embedder or LETTERS)},
        connect={"filter": False, **connect_settings},
        **written(folder, *([name] for name in truth)),
    )
    async with open_context(settings) as work:
        stand_ins = {"local": client} | ({"vectors": client} if embedder is LETTERS else {})
        work.clients = cast("Any", {**work.clients, **stand_ins})
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        await plain(connect)()
        joined = {alias.name: alias.point_id for alias in work.store.select(Alias)}
    # A cleaned name stands for the name as it is in the table.
    forms = {normal_form(name): point for name, point in joined.items()}
    return {name: forms[normal_form(name)] for name in truth}, sum(map(len, client.questions("pairs")))


class Letters(Curator):
    """A curator that knows the table, and an embedder that knows letters only."""

    weights: Mapping[str, float]

    def learn(self, names: Sequence[str]) -> None:
        """How rare each run of letters is among the names."""
        spread = Counter(run for name in names for run in set(_runs(name)))
        self.weights = {run: log((1 + len(names)) / (1 + number)) + 1 for run, number in spread.items()}

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any]
    ) -> tuple[list[list[float]], Reply]:
        return [self._vector(text) for text in texts], reply("")

    async def complete(self, request: ChatRequest) -> Reply:
        return replace(await super().complete(request), endpoint="local")

    def _vector(self, text: str) -> list[float]:
        vector = np.zeros(WIDTH)
        for run, number in Counter(_runs(text)).items():
            place = crc32(run.encode())
            vector[place % WIDTH] += (1 if place >> 16 & 1 else -1) * number * self.weights.get(run, 1.0)
        found: list[float] = vector.tolist()
        return found


def _runs(name: str) -> list[str]:
    words = f" {normal_form(name)} "
    return [words[at : at + size] for size in (2, 3, 4) for at in range(len(words) - size + 1)]
