"""Millions of kept texts in a few large arrays: their shingles, and which of them have a band value.

Knows numbers alone: what a band is, and what follows from sharing one, `duplicates.py` says.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tasks.texts.shingles import Hashes

MAX_PER_BUCKET = 16
"""Kept texts one band value may point to. Bounds the work on template floods."""
Ids = NDArray[np.int64]
Short = NDArray[np.uint32]


class ShingleSets:
    """Arrays of shingles, one after another in one growing array, so that two million of them are one object."""

    def __init__(self) -> None:
        self._data: Short = np.empty(1024, dtype=np.uint32)
        self._ends: NDArray[np.int64] = np.zeros(256, dtype=np.int64)
        self._count = 0

    def __getitem__(self, index: int) -> Short:
        start = self._ends[index - 1] if index else 0
        return self._data[start : self._ends[index]]

    def append(self, values: Short) -> None:
        start = int(self._ends[self._count - 1]) if self._count else 0
        end = start + len(values)
        if end > len(self._data):
            self._data.resize(max(end, len(self._data) * 5 // 4), refcheck=False)
        if self._count == len(self._ends):
            self._ends.resize(len(self._ends) * 5 // 4, refcheck=False)
        self._data[start:end] = values
        self._ends[self._count] = end
        self._count += 1


class FreshTexts:
    """The texts of one block that were kept and are not in the table yet, by the band values that the block repeats."""

    def __init__(self, values: Hashes, held: NDArray[np.int64]) -> None:
        ordered = np.sort(values, axis=None)
        repeated = ordered[1:][ordered[1:] == ordered[:-1]]
        where = np.isin(values, repeated) if len(repeated) else np.zeros(values.shape, dtype=np.bool_)
        self._room: dict[int, list[tuple[int, int]]] = {}
        for row, band in np.argwhere(where).tolist():
            self._room.setdefault(row, []).append((int(values[row, band]), MAX_PER_BUCKET - int(held[row, band])))
        self._ids: dict[int, list[int]] = {}

    def lookup(self, row: int) -> list[int]:
        """Kept texts of this block that share a band with the row, within what the bucket has room for."""
        shared = self._room.get(row, ())
        return [found for value, room in shared for found in self._ids.get(value, ())[: max(0, room)]]

    def keep(self, row: int, identity: int) -> None:
        for value, _ in self._room.get(row, ()):
            self._ids.setdefault(value, []).append(identity)


class BandTable:
    """Open addressing with linear probing, vectorised: value -> up to `most` ids. `width` of them make a row.

    12 bytes a slot at a load of at most 0.7, against about 100 for a dict. A slot is the value's share of the capacity,
    so any capacity works and growth by a half keeps the peak low. The value 0 is found nowhere.
    """

    def __init__(self, width: int, most: int) -> None:
        self._width, self._most = width, most
        self._allocate(1 << 12)
        self._used = 0

    def _allocate(self, capacity: int) -> None:
        self._values: Hashes = np.zeros(capacity, dtype=np.uint64)
        self._ids: NDArray[np.int32] = np.zeros(capacity, dtype=np.int32)

    def _slots(self, values: Hashes) -> NDArray[np.int64]:
        share = ((values >> np.uint64(32)) * np.uint64(len(self._values))) >> np.uint64(32)
        return share.astype(np.int64)

    def lookup(self, values: Hashes) -> tuple[list[list[int]], NDArray[np.int64]]:
        """For each row of values the ids of any of them, with repeats, and how many each value held."""
        found: list[list[int]] = [[] for _ in range(len(values))]
        held = np.zeros(values.size, dtype=np.int64)
        for queries, ids in self._probe(values.ravel()):
            held[queries] += 1
            for query, identity in zip(queries.tolist(), ids.tolist(), strict=True):
                found[query // self._width].append(identity)
        return found, held.reshape(values.shape)

    def _probe(self, flat: Hashes) -> Iterable[tuple[Ids, NDArray[np.int32]]]:
        """Hits as (positions in `flat`, ids), one probing step after another until every query met a free slot."""
        queries: Ids = np.arange(len(flat), dtype=np.int64)
        slots, wanted = self._slots(flat), flat
        while len(queries):
            here = self._values[slots]
            hit = (here == wanted) & (wanted != 0)
            if hit.any():
                yield queries[hit], self._ids[slots[hit]]
            going = here != 0
            queries, wanted = queries[going], wanted[going]
            slots = (slots[going] + 1) % len(self._values)

    def insert(self, values: Hashes, ids: Ids) -> None:
        """Add entries, ids ascending; those past the limit of their bucket are left out."""
        if not len(values):
            return
        fits = self._within_limit(values)
        values, ids = values[fits], ids[fits]
        if (self._used + len(values)) > 0.7 * len(self._values):
            self._grow(self._used + len(values))
        self._place(values, ids.astype(np.int32))
        self._used += len(values)

    def _within_limit(self, values: Hashes) -> NDArray[np.bool_]:
        held = np.zeros(len(values), dtype=np.int64)
        for queries, _ in self._probe(values):
            held[queries] += 1
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        first = np.searchsorted(ordered, ordered, side="left")
        rank = np.empty(len(values), dtype=np.int64)
        rank[order] = np.arange(len(values)) - first
        return held + rank < self._most

    def _grow(self, entries: int) -> None:
        values, ids = self._values, self._ids
        self._allocate(max(len(values) * 3 // 2, int(entries / 0.6)))
        for start in range(0, len(values), 1 << 20):
            held = values[start : start + (1 << 20)]
            full = held != 0
            self._place(held[full], ids[start : start + (1 << 20)][full])

    def _place(self, values: Hashes, ids: NDArray[np.int32]) -> None:
        slots = self._slots(values)
        tickets = np.arange(len(values), dtype=np.int32)
        while len(values):
            free = np.flatnonzero(self._values[slots] == 0)
            self._ids[slots[free]] = tickets[free]
            won = free[self._ids[slots[free]] == tickets[free]]
            self._values[slots[won]] = values[won]
            self._ids[slots[won]] = ids[won]
            left = np.ones(len(values), dtype=np.bool_)
            left[won] = False
            values, ids, tickets = values[left], ids[left], tickets[left]
            slots = (slots[left] + 1) % len(self._values)
