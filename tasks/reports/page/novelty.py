"""How near the pairs come to the seeds: each problem of a sample next to the seed that shares most of its words.

It knows words in a row, as the screen does for duplicates. It does not know meaning: a seed told in other words is far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.store.database import Store
from tasks.texts.shingles import Hashes, WordHashes, math_words, multipliers, windows

LOOKED_AT = 1_000
"""Pairs that are compared: more make the picture no clearer."""
SEEDS = 50_000
"""Seeds they are compared with."""
WORDS_IN_A_ROW = 3
SEED_TEXT = 400
"""Characters of a seed that are told."""


class Nearest(NamedTuple):
    """A pair and the seed nearest to it."""

    pair: str
    seed: str
    similarity: float
    """Jaccard similarity of their word 3-grams."""
    text: str
    """The seed's problem, or its beginning."""


def nearest_seeds(store: Store) -> list[Nearest]:
    """The nearest seed of each pair of a sample, the nearest first."""
    words, factors = WordHashes(), multipliers(WORDS_IN_A_ROW, "novelty")

    def shingles(text: str) -> Hashes:
        return np.unique(windows(words.of(math_words(text)), factors))

    seeds = store.rows(_SEEDS, [SEEDS])
    sets = [shingles(problem) for _, problem in seeds]
    if not any(map(len, sets)):
        return []
    sizes = np.array([*map(len, sets)])
    every, owner = np.concatenate(sets), np.repeat(np.arange(len(sets)), sizes)
    order = np.argsort(every, kind="stable")
    every, owner = every[order], owner[order]
    found = []
    for pair, problem in store.rows(_PAIRS, [LOOKED_AT]):
        own = shingles(problem)
        starts, ends = np.searchsorted(every, own, "left"), np.searchsorted(every, own, "right")
        shared = np.bincount(owner[_spans(starts, ends)], minlength=len(sets))
        alike = shared / np.maximum(sizes + len(own) - shared, 1)
        best = int(np.argmax(alike))
        found.append(Nearest(pair, seeds[best][0], float(alike[best]), seeds[best][1][:SEED_TEXT]))
    return sorted(found, key=lambda each: (-each.similarity, each.pair))


def _spans(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[int]:
    return [place for start, end in zip(starts.tolist(), ends.tolist(), strict=True) for place in range(start, end)]


_SEEDS = "SELECT source || ':' || line, problem FROM current_seeds ORDER BY id LIMIT ?"
_PAIRS = """
    SELECT p.id::VARCHAR, p.text FROM problems p WHERE p.id IN (
        SELECT id FROM told WHERE outcome = 'pair' ORDER BY id LIMIT ?)"""
