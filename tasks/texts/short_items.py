"""Short benchmark items in a text: as whole sentences of it, in list marks and between others, or with a word changed.

Knows: where sentences, lines and list items begin and end. A stretch of a text that begins and ends with sentences is
looked up by the sum of its words' hashes, and by that sum without one word; what is found is compared word by word,
with the operators between the words. `What is 2 + 2?` is found in `Q: What is 2+2? Explain.`, and not in `What is 2 + 2
times 5?`.
Does not know: an item within a sentence of a longer text; two words changed. An item that differs in a number alone is
another problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.texts.runs import Runs
from tasks.texts.shingles import Hashes, mixed
from tasks.texts.words import SignedWords

LONGEST = 28
"""Words of a short item: a longer one of which a word is changed still shares half of its runs of 8 words."""
LEAST = 3
"""Words of an item that is found with a word changed."""

_COUNTS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half
    third quarter twice double triple first second fourth fifth 零 一 二 三 四 五 六 七 八 九 十 百 千 万 两"""
COUNTS = frozenset(_COUNTS.split())
"""Words that are numbers."""
_FILLING = """a an the of is are be in to for and that this what find compute calculate evaluate determine give state
    write simplify solve work out then now let us we you your that which following given value 的 求 计算 请"""
FILLING = frozenset(_FILLING.split())
"""Words that can be changed for one another and leave the problem as it is."""


class Stretch(NamedTuple):
    """Words of a text, from sentence to sentence, that are an item, or nearly so."""

    row: int
    """Which text."""
    start: int
    stop: int
    """Places among the words of all texts."""
    item: int


class ShortItems:
    """The items of at most `LONGEST` words, by their sums of hashes.

    Args:
        hashes: The words of each item as hashes; an item of more words than `LONGEST`, or of none, is left out.
    """

    def __init__(self, hashes: Sequence[Hashes]) -> None:
        self._runs = Runs([_keys(some) if len(some) <= LONGEST else some[:0] for some in hashes])

    def stretches(self, alike: Hashes, rows: NDArray[np.int64], marks: Edges) -> Iterator[Stretch]:
        """What may be an item, to be compared; `alike`: the words of all texts, `rows`: which text each belongs to."""
        if not len(self._runs.values) or not len(alike):
            return
        sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(alike)])
        begins = np.flatnonzero(marks.begins)
        seen: set[Stretch] = set()
        for length in range(1, min(LONGEST + 1, len(alike)) + 1):
            begins = begins[begins + length <= len(alike)]
            begins = begins[rows[begins] == rows[begins + length - 1]]
            starts = begins[marks.ends[begins + length - 1]]
            if not len(starts):
                continue
            whole = sums[starts + length] - sums[starts]
            less = [whole - alike[starts + place] for place in range(length)] if length >= LEAST else []
            for sums_of in (whole, *less):
                hits, runs = self._runs.find(mixed(sums_of))
                for hit, run in zip(hits.tolist(), runs.tolist(), strict=True):
                    start = int(starts[hit])
                    for item in self._runs.owners_of(run).tolist():
                        seen.add(Stretch(int(rows[start]), start, start + length, item))
        yield from sorted(seen)


class Edges(NamedTuple):
    """At which words something begins or ends."""

    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]


def _keys(alike: Hashes) -> Hashes:
    """The sum of an item's words, and the sums without one of them."""
    if not len(alike):
        return alike
    whole = alike.sum(dtype=np.uint64)
    less = whole - alike if len(alike) >= LEAST else alike[:0]
    return mixed(np.unique(np.append(less, whole)))


def same_but_for_one(item: SignedWords, text: SignedWords, is_number: Callable[[str], bool]) -> tuple[str, str] | None:
    """(the item's word, the text's word) where the two differ in one word, "" where one has none; None for other pairs.

    A number for a number makes another problem, and so does another operator.
    """
    if item.signs != text.signs or abs(len(item.words) - len(text.words)) > 1 or item.words == text.words:
        return None
    at = next((n for n, (a, b) in enumerate(zip(item.words, text.words, strict=False)) if a != b), None)
    at = min(len(item.words), len(text.words)) if at is None else at
    longer = len(item.words) - len(text.words)
    rest = item.words[at + (longer >= 0) :], text.words[at + (longer <= 0) :]
    if rest[0] != rest[1]:
        return None
    pair = (item.words[at] if longer >= 0 else "", text.words[at] if longer <= 0 else "")
    return None if all(not word or is_number(word) for word in pair) else pair


def is_number(word: str) -> bool:
    """Digits, or a word that counts."""
    return word[0].isdigit() or word in COUNTS


def is_filling(pair: tuple[str, str]) -> bool:
    """Both words say nothing about the problem."""
    return all(not word or word in FILLING for word in pair)
