"""Whether a text repeats a benchmark item, with the evidence.

Rules, in this order: any run of 13 words in common with an item; a share of the item's runs of 8 words, where single
letters and Greek ones count as one word, so that renamed variables do not hide it; and, for items too short for
either, the whole item as sentences of the text. 13 is the conservative convention (GPT-3, lm-eval); any run of 8 would
flag every fourth text where texts share template sentences, a share of them does not.
Shared runs must hold content: a share of the item's rarer words, each counted by how few items hold it, or several
words that hardly any item holds. So the form of an answer ("where m and n are relatively prime") bars no text, nor does
drawing code; runs that stand in more than 64 items say nothing. How a formula is written does not matter
(`tasks/texts/words.py`).
A short item of which one word is changed is a doubt, for a reader to decide (`tasks/judging/paraphrases.py`); where the
word says nothing ("find" for "compute") it is the item.
Does not know: paraphrases, translations, the same problem with other numbers or with other names of people; a short
item within a sentence of a longer text. Does not protect against a benchmark that nobody named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.records import Overlap, Part
from tasks.texts.runs import Runs
from tasks.texts.shingles import Hashes, WordHashes, multipliers, windows
from tasks.texts.short_items import Edges, ShortItems, Stretch, is_filling, is_number, same_but_for_one
from tasks.texts.words import (
    LIST_MARK,
    MARKS,
    SENTENCE_END,
    SignedWords,
    canonical,
    folded_mathematics,
    formula,
    is_code,
    readable,
    spans_of,
    variables_alike,
    words,
)

RUN = 13
"""Words in a row that must be shared."""
SHORT_RUN = 8
"""Words in a row of which a share must be shared; items of fewer words are short ones."""
PHRASE = 64
"""Items that may hold a run of words before it says nothing about any of them."""
CONTENT = 0.4
"""Least share of an item's rarer words in what a text shares with it."""
RARE = 6
"""Or as much as so many words weigh that stand in one item alone."""
SPECIFIC = 1.5
"""What the words of a short item without a number must weigh to be found among other sentences, in such words."""
DRAWN = 0.9
"""Least share of the runs of an item that is a drawing with fewer than `RUN` words."""
CANDIDATES = 8
"""Items that are looked at for a text: those of which it shares the most runs."""
BLOCK = 1000
"""Texts checked together."""

LONGEST = 1000
"""Characters of shared words that are kept."""

Rule = Literal["13-gram", "8-gram coverage", "whole text", "one word changed", "meaning"]
"""`meaning` is the word of a model (`tasks/judging/paraphrases.py`)."""


class Evidence(NamedTuple):
    """Which benchmark item a text repeats, by which rule, how much of it, and the words they share."""

    item: str
    rule: Rule
    coverage: float
    """Share of the item's runs of words that the text holds; 1 for a whole text. The cosine for meaning."""
    overlap: str
    """The words that they share; the item's own words for meaning."""

    def __str__(self) -> str:
        return f"{self.item}: {self.rule}: {self.overlap}"

    def row(self, recipe: UUID, subject_id: UUID, part: Part) -> Overlap:
        """The record that keeps it."""
        return Overlap(
            recipe=recipe,
            subject_id=subject_id,
            part=part,
            item=self.item,
            rule=self.rule,
            coverage=self.coverage,
            overlap=self.overlap[:LONGEST],
        )


class Contamination:
    """The benchmarks' runs of words, to check texts against.

    Args:
        items: (name, text) of each benchmark item; the first item that holds a run is named for it.
        coverage: Least share of an item's runs of 8 words that is a hit. An item of fewer than 13 words must be there
            as a whole.
    """

    def __init__(self, items: Iterable[tuple[str, str]], coverage: float = 0.5) -> None:
        self._plain, self._alike = WordHashes(canonical), WordHashes(variables_alike)
        self.names: list[str] = []
        self._formulas: list[SignedWords] = []
        self._words: list[Hashes] = []
        runs, short_runs, wholes, least = [], [], [], []
        for name, text in items:
            found = [word for word in words(text) if canonical(word) not in MARKS]
            plain, alike = self._plain.of(found), self._alike.of(found)
            code = np.array([is_code(word) for word in found], dtype=np.bool_)[plain != 0]
            plain, alike = plain[plain != 0], alike[plain != 0]
            if not len(plain):
                continue
            drawn = bool(code.any()) and len(plain) - int(code.sum()) < RUN
            left_out = np.zeros(len(code), dtype=np.bool_) if drawn else code
            runs.append(_without(windows(plain, _FACTORS[:RUN]), code, RUN))
            short_runs.append(np.unique(_without(windows(alike, _FACTORS[:SHORT_RUN]), left_out, SHORT_RUN)))
            wholes.append(alike)
            least.append(DRAWN if drawn else coverage if len(runs[-1]) else 1.0)
            self._words.append(np.unique(alike[~left_out]))
            self._formulas.append(_formula(folded_mathematics(text), 0, len(plain)))
            self.names.append(name)
        self._runs, self._short_runs = Runs(runs, PHRASE), Runs(short_runs, PHRASE)
        self._least, self._content = np.array(least), min(CONTENT, coverage)
        self._sizes = np.bincount(self._short_runs.owners, minlength=len(self.names))
        self._rarity = _Rarity(self._words, self._alike["x"])
        self._short = ShortItems(wholes)
        self._specific = [
            any(map(is_number, shown.words)) or self._rarity.of(some).sum() >= SPECIFIC * self._rarity.most
            for shown, some in zip(self._formulas, self._words, strict=True)
        ]

    def __len__(self) -> int:
        """How many benchmark items there are to find."""
        return len(self.names)

    def check(self, text: str) -> Evidence | None:
        """The evidence that `text` repeats an item, or None."""
        return self.check_many([text])[0]

    def check_many(self, texts: Sequence[str]) -> list[Evidence | None]:
        """`check` for each text, several times faster."""
        return [found[0] for found in self._look(texts)]

    def doubts(self, texts: Sequence[str]) -> list[Evidence | None]:
        """For each text the short item that it may be, with a word changed, where nothing shows that it repeats one."""
        return [found[1] for found in self._look(texts)]

    def _look(self, texts: Sequence[str]) -> Iterator[tuple[Evidence | None, Evidence | None]]:
        """(evidence, doubt) of each text."""
        if not self.names:
            yield from [(None, None)] * len(texts)
            return
        for start in range(0, len(texts), BLOCK):
            sure, doubts = self._look_at_block(texts[start : start + BLOCK])
            yield from ((one, None if one else doubt) for one, doubt in zip(sure, doubts, strict=True))

    def _look_at_block(self, texts: Sequence[str]) -> tuple[list[Evidence | None], list[Evidence | None]]:
        block = _Block(texts, self._plain, self._alike)
        found: list[Evidence | None] = [None] * len(texts)
        doubts: list[Evidence | None] = [None] * len(texts)
        for stretch in self._short.stretches(block.alike, block.rows, block.marks):
            evidence = self._compared(stretch, block)
            if evidence:
                told = doubts if evidence.rule == "one word changed" else found
                told[stretch.row] = told[stretch.row] or evidence
        eights, thirteens = block.hits(self._short_runs, SHORT_RUN), block.hits(self._runs, RUN)
        proposals: tuple[tuple[Rule, Iterator[tuple[int, list[int]]]], ...] = (
            ("8-gram coverage", self._covered(eights)),
            ("13-gram", self._most_shared(thirteens)),
        )
        for rule, proposed in proposals:
            for row, items in proposed:
                shown = [one for item in items if (one := self._shown(block, eights, thirteens, row, item, rule))]
                if shown:
                    found[row] = max(shown, key=lambda one: one[0])[1]
        return found, doubts

    def _covered(self, hits: _Hits) -> Iterator[tuple[int, list[int]]]:
        """Each text that covers enough of items, and these items."""
        texts, items, counts = hits.shared(len(self.names))
        enough = counts / np.maximum(self._sizes[items], 1) >= self._least[items] - 1e-9
        return _grouped(texts[enough], items[enough], counts[enough])

    def _most_shared(self, hits: _Hits) -> Iterator[tuple[int, list[int]]]:
        """Each text with a run of an item, and the items of which it has the most."""
        return _grouped(*hits.shared(len(self.names)))

    def _shown(
        self, block: _Block, eights: _Hits, thirteens: _Hits, row: int, item: int, rule: Rule
    ) -> tuple[float, Evidence] | None:
        """(share of the item's content, evidence); None where what is shared holds too little of it."""
        runs, long = eights.of(row, item), thirteens.of(row, item)
        places = np.unique(np.append(_spread(runs, SHORT_RUN), _spread(long, RUN)))
        content, weight = self._content_of(item, block.alike[places])
        if content < self._content and weight < RARE * self._rarity.most:
            return None
        starts, size = (long, RUN) if rule == "13-gram" else (runs, SHORT_RUN)
        first, last = _longest_stretch(starts.tolist())
        share = len(np.unique(eights.runs_at(runs))) / max(int(self._sizes[item]), 1)
        return content, Evidence(self.names[item], rule, share, block.between(first, last + size))

    def _content_of(self, item: int, shared: Hashes) -> tuple[float, float]:
        """How much of an item's words is shared, each by its rarity: as a share, and as it is."""
        held = self._rarity.of(self._words[item])
        weight = float(held[np.isin(self._words[item], shared)].sum())
        total = float(held.sum())
        return (weight / total if total else 1.0), weight

    def _compared(self, stretch: Stretch, block: _Block) -> Evidence | None:
        """The short item that a stretch of a text is, or nearly is."""
        item, text = self._formulas[stretch.item], block.formula(stretch)
        if item == text:
            if not (self._specific[stretch.item] or block.is_whole(stretch)):
                return None
            return Evidence(self.names[stretch.item], "whole text", 1.0, readable(text.words))
        pair = same_but_for_one(item, text, is_number)
        if pair is None:
            return None
        share = 1 - 1 / len(item.words)
        rule: Rule = "whole text" if is_filling(pair) and self._specific[stretch.item] else "one word changed"
        return Evidence(self.names[stretch.item], rule, share, readable(text.words))


class _Block:
    """The words of some texts, one after another, without dress and marks."""

    def __init__(self, texts: Sequence[str], plain: WordHashes, alike: WordHashes) -> None:
        self.texts = texts
        found = [words(text) for text in texts]
        self._every = [word for some in found for word in some]
        rows = np.repeat(np.arange(len(texts)), [len(some) for some in found])
        hashes = plain.of(self._every)
        ends, lists = hashes == plain[SENTENCE_END], hashes == plain[LIST_MARK]
        kept = (hashes != 0) & ~ends & ~lists
        self._places = np.flatnonzero(kept)
        self.plain, self.alike, self.rows = hashes[kept], alike.of(self._every)[kept], rows[kept]
        self.marks = _marks(np.cumsum(ends | lists)[kept], np.cumsum(ends)[kept], self.rows)

    def hits(self, runs: Runs, size: int) -> _Hits:
        """The runs of words that items hold."""
        hashes = self.plain if size == RUN else self.alike
        places, which = runs.find(windows(hashes, _FACTORS[:size]), self.rows)
        return _Hits(runs, places, which, self.rows[places])

    def between(self, start: int, stop: int) -> str:
        """The words from one place to another."""
        return readable(self._every[int(self._places[start]) : int(self._places[stop - 1]) + 1])

    def formula(self, stretch: Stretch) -> SignedWords:
        """The words of a stretch with the operators between them and behind."""
        plain = folded_mathematics(self.texts[stretch.row])
        first = int(np.searchsorted(self.rows, stretch.row))
        return _formula(plain, stretch.start - first, stretch.stop - first)

    def is_whole(self, stretch: Stretch) -> bool:
        """The stretch is all of its text."""
        first, stop = np.searchsorted(self.rows, [stretch.row, stretch.row + 1])
        return (stretch.start, stretch.stop) == (first, stop)


class _Hits(NamedTuple):
    """Runs of items in texts: at which words, which runs, in which texts; ascending."""

    of_items: Runs
    places: NDArray[np.int64]
    runs: NDArray[np.int64]
    rows: NDArray[np.int64]

    def shared(self, items: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(text, item, how many runs they share)."""
        number = np.int64(max(1, len(self.of_items.values)))
        once = np.unique(self.rows * number + self.runs)
        texts, owners = self.of_items.expand(once // number, once % number)
        keys, counts = np.unique(texts * np.int64(items) + owners, return_counts=True)
        return keys // items, keys % items, counts

    def of(self, row: int, item: int) -> NDArray[np.int64]:
        """The places of a text's runs that an item holds."""
        first, stop = np.searchsorted(self.rows, [row, row + 1])
        held = [item in self.of_items.owners_of(run) for run in self.runs[first:stop].tolist()]
        return self.places[first:stop][np.array(held, dtype=np.bool_)]

    def runs_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which runs are at these places."""
        return self.runs[np.searchsorted(self.places, places)]


class _Rarity:
    """What a word weighs: the rarer among the items, the more; a variable nothing."""

    def __init__(self, words_of: Sequence[Hashes], variable: int) -> None:
        flat = np.concatenate(words_of) if words_of else np.empty(0, dtype=np.uint64)
        self._values, counts = np.unique(flat, return_counts=True)
        self.most = math.log(len(words_of) + 1)
        self._weights = self.most - np.log(counts)
        self._weights[self._values == np.uint64(variable)] = 0

    def of(self, some: Hashes) -> NDArray[np.float64]:
        """The weights of words of items."""
        weights: NDArray[np.float64] = self._weights[np.searchsorted(self._values, some)]
        return weights


def _formula(plain: str, start: int, stop: int) -> SignedWords:
    """The words from one place to another of a text that is folded, and the operators up to the next word."""
    begins = [begin for word, begin, _ in spans_of(plain) if canonical(word)]
    return formula(plain[begins[start] : begins[stop] if stop < len(begins) else len(plain)])


def _marks(starts: NDArray[np.int64], ends: NDArray[np.int64], rows: NDArray[np.int64]) -> Edges:
    """Where something begins and ends, by the number of marks before each word."""
    edge = np.ones(1, dtype=np.bool_) if len(rows) else np.empty(0, dtype=np.bool_)
    begins = np.append(edge, (starts[1:] != starts[:-1]) | (rows[1:] != rows[:-1]))
    ended = np.append((ends[1:] != ends[:-1]) | (rows[1:] != rows[:-1]), edge)
    return Edges(begins, ended)


def _grouped(
    texts: NDArray[np.int64], items: NDArray[np.int64], counts: NDArray[np.int64]
) -> Iterator[tuple[int, list[int]]]:
    """Each text with the items of which it shares the most runs."""
    order = np.lexsort((items, -counts, texts))
    texts, items = texts[order], items[order]
    for row in np.unique(texts).tolist():
        first, stop = np.searchsorted(texts, [row, row + 1])
        yield row, items[first : min(stop, first + CANDIDATES)].tolist()


def _without(runs: Hashes, code: NDArray[np.bool_], size: int) -> Hashes:
    """The runs that hold no drawing code."""
    if not len(runs) or not code.any():
        return runs
    held = np.convolve(code, np.ones(size, dtype=np.int64), "valid")
    kept: Hashes = runs[held == 0]
    return kept


def _spread(starts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The places of the words of runs."""
    return (starts[:, None] + np.arange(size)).ravel()


def _longest_stretch(places: Sequence[int]) -> tuple[int, int]:
    """First and last of the longest run of consecutive numbers; `places` ascend."""
    best = start = 0
    length = 0
    for at in range(len(places)):
        if at and places[at] != places[at - 1] + 1:
            start = at
        if at - start + 1 > length:
            best, length = start, at - start + 1
    return places[best], places[best + length - 1]


_FACTORS = multipliers(RUN, "contamination")
