"""Exact and near duplicates and floods of one template among a stream of texts: the earliest are kept.

Knows: word 3-grams (characters for CJK text), MinHash in 25 bands of 5 rows, exact Jaccard of what the bands propose.
A pair with Jaccard similarity J is proposed with probability 1 - (1 - J^5)^25: 0.87 at 0.6, 0.99 at 0.7. Everything
proposed is verified, so a near duplicate that is reported always has the similarity that is reported.
Texts that differ in nothing but their numbers are variants of one template: another problem each, and no duplicates,
but only so many of them are kept. So are near texts that differ in their mathematics alone or in a word that denies
(`distinguishable`, `indistinguishable`).
Does not know: paraphrases, translations, number words, or a template whose names change with its numbers.
Does not protect against: more than `MAX_PER_BUCKET` kept texts that share a band, of which later texts are compared
with the earliest ones only.

Decisions depend on the order of the texts and on nothing else: not on batch sizes, process or machine. A new text costs
the same whether a thousand or a million were kept, and none of those is computed again.
Memory per kept text: 4 bytes per shingle, about 500 bytes of tables, and the keys. Shingles are compared by 32 bits;
whole texts by 64, by which chance makes two texts of two million one in less than one run of a million.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from tasks.texts.band_table import MAX_PER_BUCKET, BandTable, FreshTexts, ShingleSets, Short
from tasks.texts.shingles import Hashes, WordHashes, math_words, mixed, multipliers, windows

SHINGLE = 3
BANDS = 25
ROWS = 5
PERMUTATIONS = BANDS * ROWS
MAX_VERIFIED = 64
"""Proposals verified per text: those that share the most bands, then the earliest."""
BLOCK = 512
"""Texts of a batch whose signatures are computed and looked up together."""


class Duplicate(NamedTuple):
    """The earlier kept text that this one repeats."""

    key: Hashable
    kind: Literal["exact", "near", "template"]
    """template: the first of as many variants with other numbers as may be kept."""
    similarity: float
    """Jaccard similarity of the shingle sets, 0-1."""


class DuplicateIndex:
    """Texts kept so far. `add` decides on one text, `add_many` on a batch, with the same result.

    Args:
        threshold: Smallest Jaccard similarity of a near duplicate. Below 0.5 the bands miss too many.
        variants: Most texts kept that differ only in their numbers.
    """

    def __init__(self, threshold: float = 0.6, variants: int = 8) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold is a similarity in (0, 1], not {threshold}")
        self._threshold = threshold
        self._variants = variants
        self._words = WordHashes()
        self._blanks = WordHashes(_without_numbers)
        self._outlines = WordHashes(_outline)
        self._keys: list[Hashable] = []
        self._exact = BandTable(1, 1)
        self._templates = BandTable(1, variants)
        """The kept texts of each template that has numbers."""
        self._kin: list[int] = []
        """The key of each kept text without its mathematics and denials."""
        self._numberless: dict[int, int] = {}
        """The template of each kept text that has no variants with other numbers."""
        self._shingles = ShingleSets()
        self._bands = BandTable(BANDS, MAX_PER_BUCKET)

    def __len__(self) -> int:
        """How many texts were kept."""
        return len(self._keys)

    def add(self, key: Hashable, text: str) -> Duplicate | None:
        """The earlier kept text that `text` repeats; None when `text` is new and was kept under `key`."""
        return self._add_block([(key, text)], True)[0]

    def add_many(self, items: Iterable[tuple[Hashable, str]], *, variants: bool = True) -> list[Duplicate | None]:
        """`add` for each (key, text) in order, several times faster.

        Without `variants`, texts that differ from these in nothing but their numbers are near duplicates of them.
        """
        rows = list(items)
        blocks = (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
        return [decision for block in blocks for decision in self._add_block(block, variants)]

    def _add_block(self, block: Sequence[tuple[Hashable, str]], variants: bool) -> list[Duplicate | None]:
        tokens = [math_words(text) for _, text in block]
        digests = np.array([_digest(some, text) for some, (_, text) in zip(tokens, block, strict=True)], np.uint64)
        every = [word for some in tokens for word in some]
        flat = self._words.of(every)
        shingles = _shingles(flat, tokens)
        blank = templates = _templates(flat, self._blanks.of(every), tokens)
        kin = self._kin_of(every, tokens)
        if not variants:
            templates = np.zeros_like(blank)
        values = band_values(shingles)
        proposed, held = self._bands.lookup(values)
        fresh = FreshTexts(values, held)
        exact, alike = self._exact.lookup(digests)[0], self._templates.lookup(templates)[0]
        exact_here: dict[int, list[int]] = {}
        alike_here: dict[int, list[int]] = {}
        decisions: list[Duplicate | None] = []
        kept: list[int] = []
        for row, (key, _) in enumerate(block):
            proposals = [*proposed[row], *fresh.lookup(row)]
            digest, template, short = int(digests[row]), int(templates[row]), _short(shingles[row])
            same = [*exact[row], *exact_here.get(digest, ())]
            numbered_alike = [*sorted(alike[row]), *alike_here.get(template, ())]
            found = self._decide(same, numbered_alike, short, proposals, (kin[row], int(blank[row])))
            decisions.append(found)
            if found is None:
                fresh.keep(row, len(self._keys))
                kept.append(row)
                exact_here[digest] = [len(self._keys)]
                if template:
                    alike_here.setdefault(template, []).append(len(self._keys))
                if not variants:
                    self._numberless[len(self._keys)] = int(blank[row])
                self._keys.append(key)
                self._kin.append(kin[row])
                self._shingles.append(short)
        ids = np.arange(len(self._keys) - len(kept), len(self._keys), dtype=np.int64)
        self._bands.insert(values[kept].ravel(), np.repeat(ids, BANDS))
        self._exact.insert(digests[kept], ids)
        numbered = templates[kept] != 0
        self._templates.insert(templates[kept][numbered], ids[numbered])
        return decisions

    def _decide(
        self,
        exact: Sequence[int],
        variants: Sequence[int],
        shingles: Short,
        proposals: list[int],
        outline: tuple[int, int],
    ) -> Duplicate | None:
        """What a text repeats; `outline`: its keys without mathematics and denials, and without numbers."""
        if exact:
            return Duplicate(self._keys[exact[0]], "exact", 1.0)
        family = set(variants)
        best: tuple[float, int] | None = None
        for index in _most_shared(proposals) if len(family) < self._variants else ():
            if index in family:
                continue
            similarity = jaccard(shingles, self._shingles[index])
            if similarity < self._threshold:
                continue
            numbers_alone = outline[1] and self._numberless.get(index) == outline[1]
            if self._kin[index] == outline[0] and not numbers_alone:
                family.add(index)
            elif best is None or (similarity, -index) > (best[0], -best[1]):
                best = (similarity, index)
        if len(family) >= self._variants:
            first = min(family)
            return Duplicate(self._keys[first], "template", jaccard(shingles, self._shingles[first]))
        return Duplicate(self._keys[best[1]], "near", best[0]) if best else None

    def _kin_of(self, every: Sequence[str], tokens: Sequence[Sequence[str]]) -> list[int]:
        """The key of each text's words without denials, formulas as one word each, whatever is in them."""
        outlines = self._outlines.of(every)
        formulas = outlines == self._outlines["1"]
        goes_on = np.append(np.zeros(1, dtype=np.bool_), formulas[1:] & formulas[:-1])
        stops = np.cumsum([len(some) for some in tokens])
        starts = stops - [len(some) for some in tokens]
        goes_on[starts[starts < len(every)]] = False
        kept = (outlines != 0) & ~goes_on[: len(every)]
        return [
            _key(outlines[start:stop][kept[start:stop]].tobytes())
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
        ]


def _without_numbers(word: str) -> str:
    """A number, and the number before a letter (`2x`), without its value; the number of a name (`x1`) stays."""
    return "#" + word.lstrip("0123456789.") if word[0].isdigit() else word


_FORMULA_WORDS = """frac dfrac tfrac sqrt log ln exp sin cos tan cot sec csc arcsin arccos arctan cdot pi theta
    alpha beta gamma delta epsilon lambda mu sigma phi omega infty circ le leq ge geq neq pm binom lfloor rfloor lceil
    rceil"""
_FORMULA = re.compile(rf"(?:{'|'.join(_FORMULA_WORDS.split())})?\d*|[^\W\d]|\d.*|\W+")
_DENIAL = re.compile(r"(?:(?:in|un|non|ir|im|il|dis)(?=[a-z]{5}))+")
_DENIED = frozenset({"not", "no", "never"})


def _outline(word: str) -> str:
    """A word of a formula as `#`, another without what denies it."""
    if word < "\u2000" and _FORMULA.fullmatch(word):
        return "#"
    return "" if word in _DENIED else word[found.end() :] if (found := _DENIAL.match(word)) else word


def _templates(flat: Hashes, blank: Hashes, tokens: Sequence[Sequence[str]]) -> Hashes:
    """The key of each text without its numbers (`blank`); 0 for a text that has none, and so is no template."""
    numbers = flat != blank
    found = np.zeros(len(tokens), dtype=np.uint64)
    start = 0
    for place, some in enumerate(tokens):
        end = start + len(some)
        if numbers[start:end].any():
            found[place] = _key(blank[start:end].tobytes())
        start = end
    return found


def _shingles(flat: Hashes, tokens: Sequence[Sequence[str]]) -> list[Hashes]:
    """Each text's set of shingles, ascending; a text of fewer words is one shingle. `flat`: the words' hashes."""
    every = windows(flat, _FACTORS)
    found: list[Hashes] = []
    start = 0
    for some in tokens:
        end = start + len(some)
        if len(some) >= SHINGLE:
            found.append(_ascending_set(every[start : end - SHINGLE + 1]))
        else:
            found.append(windows(flat[start:end], _FACTORS[: len(some)]) if some else flat[:0])
        start = end
    return found


def _ascending_set(values: Hashes) -> Hashes:
    values = np.sort(values)
    first = np.empty(len(values), dtype=np.bool_)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


_FACTORS = multipliers(SHINGLE, "shingle")
_PERMUTE = multipliers(PERMUTATIONS, "permute")
_SHIFT = multipliers(PERMUTATIONS, "shift")
_BAND = multipliers(ROWS, "band")
_BAND_SALT = multipliers(BANDS, "salt")
_SLAB = 256
"""Shingles permuted at once: the products (256 KB) stay in the processor's cache, whatever the text's length."""


def band_values(shingles: Sequence[Hashes]) -> Hashes:
    """One row of `BANDS` values per text: equal in a band exactly when the band's five minima are.

    The multipliers are 64-bit and the upper half of the product counts; with 32-bit ones all permutations would put
    the same shingle first. The smallest upper half is the upper half of the smallest product. Values are never 0.
    """
    minima = np.zeros((len(shingles), PERMUTATIONS), dtype=np.uint64)
    longest = max(map(len, shingles), default=0)
    buffer = np.empty((min(longest, _SLAB), PERMUTATIONS), dtype=np.uint64)
    for row, some in enumerate(shingles):
        for start in range(0, len(some), _SLAB):
            part = some[start : start + _SLAB]
            product = np.multiply(part[:, None], _PERMUTE, out=buffer[: len(part)])
            product += _SHIFT
            least = product.min(axis=0)
            minima[row] = np.minimum(minima[row], least) if start else least
    minima >>= np.uint64(32)
    rows = minima.reshape(len(shingles), BANDS, ROWS)
    total: Hashes = _BAND_SALT + rows[:, :, 0] * _BAND[0]
    for row in range(1, ROWS):
        total += rows[:, :, row] * _BAND[row]
    return mixed(total) | np.uint64(1)


def _short(shingles: Hashes) -> Short:
    """The upper halves, still ascending."""
    return (shingles >> np.uint64(32)).astype(np.uint32)


def jaccard(a: Hashes | Short, b: Hashes | Short) -> float:
    """Similarity of two ascending sets; 0 when either is empty."""
    if not len(a) or not len(b):
        return 0.0
    shared = int(np.count_nonzero(b[np.minimum(np.searchsorted(b, a), len(b) - 1)] == a))
    return shared / (len(a) + len(b) - shared)


def _digest(tokens: Sequence[str], text: str) -> int:
    """The exact key: the words and operators without case, layout and punctuation; the text itself when it has none."""
    return _key("\x1f".join(tokens or [text.strip()]).encode("utf-8", "surrogatepass"))


def _key(content: bytes) -> int:
    """64 bits, never 0."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little") | 1


def _most_shared(proposals: list[int]) -> list[int]:
    if len(proposals) < 2:
        return proposals
    counts: dict[int, int] = {}
    for index in proposals:
        counts[index] = counts.get(index, 0) + 1
    return sorted(counts, key=lambda index: (-counts[index], index))[:MAX_VERIFIED]
