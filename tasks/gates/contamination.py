"""Whether a text repeats a benchmark item, with the evidence.

Rules: any run of 13 words in common with an item (lower case, punctuation removed; characters for CJK text), and, for
items shorter than 13 words, the same words as the whole item. 13 is the conservative convention (GPT-3, lm-eval); runs
of 8 flag every fourth text where texts share template sentences.
Does not know: paraphrases, translations, the same problem with other numbers; an item shorter than 13 words inside a
longer text. Does not protect against a benchmark that nobody named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.gates.shingles import Hashes, WordHashes, multipliers, windows, words

RUN = 13
"""Words in a row that must be shared."""


class Evidence(NamedTuple):
    """Which benchmark item a text repeats, by which rule, and the words they share."""

    item: str
    rule: Literal["13-gram", "whole text"]
    overlap: str


class Contamination:
    """The benchmarks' runs of words, to check texts against.

    Args:
        items: (name, text) of each benchmark item; the first item that holds a run is named for it.
    """

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._hashes = WordHashes()
        self._names: list[str] = []
        self._short: dict[tuple[str, ...], int] = {}
        runs: list[Hashes] = []
        owners: list[int] = []
        for name, text in items:
            found = words(text)
            if 0 < len(found) < RUN:
                self._short.setdefault(tuple(found), len(self._names))
            if found:
                runs.append(windows(self._hashes.of(found), _FACTORS))
                owners.append(len(self._names))
                self._names.append(name)
        self._runs, self._owners = _first_owners(runs, owners)
        self._filter = _bit_filter(self._runs)

    def __len__(self) -> int:
        """How many benchmark items there are to find."""
        return len(self._names)

    def check(self, text: str) -> Evidence | None:
        """The first run of words in `text` that a benchmark item holds, or the short item that it is."""
        found = words(text)
        if len(found) < RUN:
            index = self._short.get(tuple(found))
            return None if index is None else Evidence(self._names[index], "whole text", _joined(found))
        if not len(self._runs):
            return None
        return self._shared_run(found)

    def _shared_run(self, found: Sequence[str]) -> Evidence | None:
        runs = windows(self._hashes.of(found), _FACTORS)
        likely = np.flatnonzero(self._filter[runs >> _filter_shift(self._filter)])
        for start in likely.tolist():
            index = int(np.searchsorted(self._runs, runs[start]))
            if index < len(self._runs) and self._runs[index] == runs[start]:
                return Evidence(self._names[int(self._owners[index])], "13-gram", self._overlap(found, runs, start))
        return None

    def _overlap(self, found: Sequence[str], runs: Hashes, start: int) -> str:
        """The words from the first shared run to the end of the runs that follow it without a gap."""
        end = start
        while end + 1 < len(runs):
            index = int(np.searchsorted(self._runs, runs[end + 1]))
            if index == len(self._runs) or self._runs[index] != runs[end + 1]:
                break
            end += 1
        return _joined(found[start : end + RUN])


_FACTORS = multipliers(RUN, "contamination")


def _first_owners(runs: Sequence[Hashes], owners: Sequence[int]) -> tuple[Hashes, NDArray[np.int32]]:
    """All distinct runs, ascending, and the first item that holds each."""
    if not runs:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int32)
    flat = np.concatenate(runs)
    owner = np.repeat(np.array(owners, dtype=np.int32), [len(some) for some in runs])
    values, first = np.unique(flat, return_index=True)
    return values, owner[first]


def _bit_filter(runs: Hashes) -> NDArray[np.bool_]:
    """One byte per value of the runs' leading bits: most texts are cleared without a search."""
    bits = max(10, min(26, len(runs).bit_length() + 4))
    table = np.zeros(1 << bits, dtype=np.bool_)
    table[runs >> np.uint64(64 - bits)] = True
    return table


def _filter_shift(table: NDArray[np.bool_]) -> np.uint64:
    return np.uint64(64 - (len(table).bit_length() - 1))


def _joined(found: Sequence[str]) -> str:
    """Words as a readable line; CJK characters without spaces between them."""
    line = ""
    for word in found:
        both_wide = line[-1:] > "\u2fff" and word[:1] > "\u2fff"
        line += word if both_wide or not line else f" {word}"
    return line
