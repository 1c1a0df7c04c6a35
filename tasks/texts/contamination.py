"""Whether a text repeats a benchmark item, with the evidence.

Rules, in this order: any run of 13 words in common with an item; a share of the item's runs of 8 words, where single
letters and Greek ones count as one word, so that renamed variables do not hide it; and, for items too short for
either, the whole item, as the text or as sentences of it that hold a number. 13 is the conservative convention (GPT-3,
lm-eval); any run of 8 would flag every fourth text where texts share template sentences, a share of them does not.
Words are lower case, without punctuation and LaTeX dress (`\\left`, `\\frac`, `\\text` ...), digits apart from letters,
and characters for CJK text. Runs that stand in more than 64 items are phrases and say nothing.
Does not know: paraphrases, translations, the same problem with other numbers or with other names of people; a short
item within a sentence of a longer text. Does not protect against a benchmark that nobody named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.records import Overlap, Part
from tasks.texts.shingles import CJK, Hashes, WordHashes, folded, multipliers, windows

RUN = 13
"""Words in a row that must be shared."""
SHORT_RUN = 8
"""Words in a row of which a share must be shared; items of fewer words are short ones."""
PHRASE = 64
"""Items that may hold a run of `SHORT_RUN` words before it says nothing about any of them."""
SENTENCES = 3
"""Sentences in a row of a text that are compared with a short item."""
BLOCK = 1000
"""Texts checked together."""

LONGEST = 1000
"""Characters of shared words that are kept."""

Rule = Literal["13-gram", "8-gram coverage", "whole text", "meaning"]
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
        self._plain, self._masked = WordHashes(_canonical), WordHashes(_variables_alike)
        self.names: list[str] = []
        self._short: dict[tuple[str, ...], int] = {}
        runs, short_runs, hashes = [], [], []
        for name, text in items:
            tokens = _tokens(text)
            plain, alike = self._hashed(tokens)
            if not len(plain):
                continue
            if len(plain) < SHORT_RUN:
                self._short.setdefault(_key(text), len(self.names))
                hashes.append(alike)
            runs.append(windows(plain, _FACTORS[:RUN]))
            short_runs.append(np.unique(windows(alike, _FACTORS[:SHORT_RUN])))
            self.names.append(name)
        self._runs = _Runs(runs)
        self._short_runs = _Runs(short_runs, PHRASE)
        held = np.array([len(some) for some in runs], dtype=np.int64) == 0
        self._least = np.where(held, 1.0, coverage)
        self._sizes = np.bincount(self._short_runs.owners, minlength=len(self.names))
        self._lengths = sorted({len(some) for some in hashes})
        self._wholes = [
            _Runs([windows(some, _FACTORS[:length]) for some in hashes if len(some) == length])
            for length in self._lengths
        ]

    def __len__(self) -> int:
        """How many benchmark items there are to find."""
        return len(self.names)

    def check(self, text: str) -> Evidence | None:
        """The evidence that `text` repeats an item, or None."""
        return self.check_many([text])[0]

    def check_many(self, texts: Sequence[str]) -> list[Evidence | None]:
        """`check` for each text, several times faster."""
        if not self.names:
            return [None] * len(texts)
        blocks = (texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK))
        return [found for block in blocks for found in self._check_block(block)]

    def _check_block(self, texts: Sequence[str]) -> list[Evidence | None]:
        tokens = [_tokens(text) for text in texts]
        every = [word for some in tokens for word in some]
        rows = np.repeat(np.arange(len(texts)), [len(some) for some in tokens])
        plain, alike = self._plain.of(every), self._masked.of(every)
        kept = plain != 0
        plain, alike, rows, places = plain[kept], alike[kept], rows[kept], np.flatnonzero(kept)
        found: list[Evidence | None] = [None] * len(texts)
        for row in self._short_rows(alike, rows):
            found[row] = self._whole(texts[row])

        def shared(start: int, last: int) -> str:
            return _joined(every[int(places[start]) : int(places[last]) + 1])

        for row, item, share, start, last in self._covered(alike, rows):
            overlap = shared(start, last + SHORT_RUN - 1)
            found[row] = Evidence(self.names[item], "8-gram coverage", share, overlap)
        for row, item, start, last in self._long(plain, rows):
            begin, end = np.searchsorted(rows, [row, row + 1])
            share = self._share_of(item, alike[begin:end])
            found[row] = Evidence(self.names[item], "13-gram", share, shared(start, last + RUN - 1))
        return found

    def _long(self, plain: Hashes, rows: NDArray[np.int64]) -> Iterator[tuple[int, int, int, int]]:
        """(text, item, first and last place of the stretch of runs) of each text with a run of 13 of an item."""
        hits, where = self._runs.find(windows(plain, _FACTORS[:RUN]), rows)
        texts, first = np.unique(rows[hits], return_index=True)
        for row, at in zip(texts.tolist(), first.tolist(), strict=True):
            last = at
            while last + 1 < len(hits) and hits[last + 1] == hits[last] + 1 and rows[hits[last + 1]] == row:
                last += 1
            yield row, self._runs.first_owner(int(where[at])), int(hits[at]), int(hits[last])

    def _covered(self, alike: Hashes, rows: NDArray[np.int64]) -> Iterator[tuple[int, int, float, int, int]]:
        """(text, item, share, first and last place of runs) where a text covers enough of an item."""
        hits, where = self._short_runs.find(windows(alike, _FACTORS[:SHORT_RUN]), rows)
        if not len(hits):
            return
        held_by = rows[hits]
        number = np.int64(len(self._short_runs.values))
        once = np.unique(held_by * number + where)
        texts, items = self._short_runs.expand(once // number, once % number)
        keys, counts = np.unique(texts * np.int64(len(self.names)) + items, return_counts=True)
        texts, items = keys // len(self.names), keys % len(self.names)
        shares = counts / np.maximum(self._sizes[items], 1)
        enough = shares >= self._least[items] - 1e-9
        texts, items, shares = texts[enough], items[enough], shares[enough]
        for row in np.unique(texts).tolist():
            first, end = np.searchsorted(texts, [row, row + 1])
            best = int(first + np.argmax(shares[first:end]))
            item = int(items[best])
            begin, stop = np.searchsorted(held_by, [row, row + 1])
            mine = zip(hits[begin:stop].tolist(), where[begin:stop].tolist(), strict=True)
            own = [hit for hit, run in mine if self._holds(run, item)]
            yield row, item, float(shares[best]), *_longest_stretch(own)

    def _holds(self, run: int, item: int) -> bool:
        return item in self._short_runs.owners_of(run)

    def _share_of(self, item: int, alike: Hashes) -> float:
        _, runs = self._short_runs.find(np.unique(windows(alike, _FACTORS[:SHORT_RUN])))
        return sum(self._holds(run, item) for run in runs.tolist()) / max(int(self._sizes[item]), 1)

    def _short_rows(self, alike: Hashes, rows: NDArray[np.int64]) -> set[int]:
        """Texts that hold the words of a short item somewhere."""
        found: set[int] = set()
        for length, runs in zip(self._lengths, self._wholes, strict=True):
            hits, _ = runs.find(windows(alike, _FACTORS[:length]), rows)
            found.update(rows[hits].tolist())
        return found

    def _whole(self, text: str) -> Evidence | None:
        """The short item that a text is, or that some of its sentences are; these must hold a number."""
        parts = [text, *_passages(text)]
        for part in parts:
            key = _key(part)
            item = self._short.get(key)
            if item is not None and (part is text or any(word[0].isdigit() for word in key)):
                return Evidence(self.names[item], "whole text", 1.0, _joined(key))
        return None

    def _hashed(self, tokens: Sequence[str]) -> tuple[Hashes, Hashes]:
        plain, alike = self._plain.of(tokens), self._masked.of(tokens)
        return plain[plain != 0], alike[plain != 0]


class _Runs:
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

    def first_owner(self, run: int) -> int:
        return int(self.owners[self._starts[run]])

    def owners_of(self, run: int) -> NDArray[np.int64]:
        return self.owners[self._starts[run] : self._starts[run + 1]]

    def expand(self, texts: NDArray[np.int64], runs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """One (text, item) for each item that holds the run of a (text, run)."""
        counts = self._starts[runs + 1] - self._starts[runs]
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(texts, counts), self.owners[np.repeat(self._starts[runs], counts) + offsets]


_FACTORS = multipliers(RUN, "contamination")
_WORD_ASCII = re.compile(r"\d+(?:\.\d+)*|[a-z]+")
_WORD = re.compile(rf"[{CJK}]|\d+(?:\.\d+)*|[^\W\d_{CJK}]+")
_SIGNED = re.compile(rf"{_WORD.pattern}|[+/^=<>×÷±≤≥≠√-]")
_SENTENCE = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])|\n+")

_LOOKS = """left right big bigl bigr bigg biggl biggr displaystyle textstyle text textbf textit textrm mathrm mathbf
    mathit mathsf mathcal operatorname mbox boxed begin end align aligned equation array cases frac dfrac tfrac cfrac
    limits nolimits quad qquad hspace vspace phantom ldots cdots dots"""
DRESS = frozenset(_LOOKS.split())
"""LaTeX that changes a formula's look and not its sense; gone on both sides, so `1/2` is `\\frac{1}{2}`."""
SPELLINGS = {"leq": "le", "geq": "ge", "neq": "ne", "cdot": "times", "varphi": "phi", "varepsilon": "epsilon"}
_LETTERS = (
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega"""
)
GREEK = frozenset(_LETTERS.split())


def _tokens(text: str) -> list[str]:
    plain = folded(text)
    return (_WORD_ASCII if plain.isascii() else _WORD).findall(plain)


def _canonical(word: str) -> str:
    return "" if word in DRESS else SPELLINGS.get(word, word)


def _variables_alike(word: str) -> str:
    """Single letters (but those of CJK text, which are words) and Greek ones as one word."""
    word = _canonical(word)
    return "v" if word in GREEK or (len(word) == 1 and word.isalpha() and word < "\u2000") else word


def _key(text: str) -> tuple[str, ...]:
    """What a short item is looked up by: its words and the operators between them."""
    return tuple(shown for word in _SIGNED.findall(folded(text)) if (shown := _variables_alike(word)))


def _passages(text: str) -> Iterator[str]:
    """Every run of a few sentences of a text, but the text itself."""
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    for start in range(len(sentences)):
        for stop in range(start + 1, min(start + SENTENCES, len(sentences)) + 1):
            if stop - start < len(sentences):
                yield " ".join(sentences[start:stop])


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


def _joined(found: Sequence[str]) -> str:
    """Words as a readable line; CJK characters without spaces between them."""
    line = ""
    for word in found:
        both_wide = line[-1:] > "\u2fff" and word[:1] > "\u2fff"
        line += word if both_wide or not line else f" {word}"
    return line
