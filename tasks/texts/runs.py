"""Which items hold a run of words: a sorted array of the runs' hashes behind a table of bits that clears most texts.

Knows: runs as 64-bit hashes, items as their places.
Does not know: words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.texts.shingles import Hashes


class Runs:
    """All runs of the items, ascending, and the items that hold each: most texts are cleared by a table of bits."""

    def __init__(self, by_item: Sequence[Hashes], most: int | None = None) -> None:
        flat = np.concatenate(by_item) if by_item else np.empty(0, dtype=np.uint64)
        owner = np.repeat(np.arange(len(by_item), dtype=np.int64), [len(some) for some in by_item])
        order = np.argsort(flat, kind="stable")
        flat, owner = flat[order], owner[order]
        if most is not None and len(flat):
            _, first, times = np.unique(flat, return_index=True, return_counts=True)
            rare = np.repeat(times <= most, times)
            flat, owner = flat[rare], owner[rare]
        self.values, first = np.unique(flat, return_index=True)
        self.owners = owner
        self._starts = np.append(first, len(flat))
        bits = max(10, min(26, len(self.values).bit_length() + 4))
        self._shift = np.uint64(64 - bits)
        self._filter = np.zeros(1 << bits, dtype=np.bool_)
        self._filter[self.values >> self._shift] = True

    def find(self, runs: Hashes, rows: NDArray[np.int64] | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the runs that items hold, and which runs these are; `rows`: a run lies within one text."""
        likely = np.flatnonzero(self._filter[runs >> self._shift])
        if rows is not None and len(runs):
            likely = likely[rows[likely] == rows[likely + (len(rows) - len(runs))]]
        if not len(likely) or not len(self.values):
            return likely[:0], likely[:0]
        where = np.minimum(np.searchsorted(self.values, runs[likely]), len(self.values) - 1)
        held = self.values[where] == runs[likely]
        return likely[held], where[held]

    def owners_of(self, run: int) -> NDArray[np.int64]:
        return self.owners[self._starts[run] : self._starts[run + 1]]

    def expand(self, texts: NDArray[np.int64], runs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """One (text, item) for each item that holds the run of a (text, run)."""
        counts = self._starts[runs + 1] - self._starts[runs]
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(texts, counts), self.owners[np.repeat(self._starts[runs], counts) + offsets]
