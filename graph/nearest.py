"""Which names are near: by their vectors, exactly or nearly so, and without vectors by their letters.

Letters are clearly second best. They find another spelling or word order. They do not find that an
*antiderivative* is an *indefinite integral*, nor what tells two look-alikes apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graph.likeness import loose_form

Pair = tuple[int, int, float]
"""Two items, the lower index first, and their likeness."""

BLOCK = 1 << 24
"""Similarities computed at once: 64 MB of float32."""
DECIMALS = 6
"""Scores are rounded to this, which hides the last bits in which linear algebra libraries differ."""
EXACT_UNTIL = 50_000
"""Items. Exact work grows with the square: about half a minute here at this number with 384 dimensions."""
NEIGHBOURS = 32
"""Nearest items that the index is first asked for; those who have more near ones are asked again, for twice as many."""
HALF = 0.01
"""How far the index's half-precision cosine may be off; what it finds is scored again."""
COMMON = 0.05
"""Share of the names from which on a run of letters tells nothing, and its many pairs are not looked at."""
ROWS = 512
"""Names whose letters are compared with all others at once."""
SHORTEST, LONGEST = 2, 4
"""Letters in a run."""

ACRONYM = re.compile(r"[A-Z]{2,6}")
UNSAID = frozenset(("of", "the", "and", "for", "in"))


def near_pairs(vectors: NDArray[np.floating], floor: float) -> list[Pair]:
    """All pairs with a cosine of at least `floor`, in order: exactly up to EXACT_UNTIL items, beyond that by an index.

    The index is that of usearch, an extra (`pip install 'gsdp[ann]'`). Without it the exact way is taken at any size.
    """
    if len(vectors) > EXACT_UNTIL and (index := _index_class()) is not None:
        return indexed_pairs(vectors, floor, index)
    return nearest_pairs(vectors, floor)


def nearest_pairs(vectors: NDArray[np.floating], floor: float) -> list[Pair]:
    """All pairs (i, j, cosine), i < j, with a cosine of at least `floor`; `vectors` has shape (items, dimensions).

    Exact, in blocks of rows. A zero vector is near to nothing.
    """
    unit = _units(vectors)
    there = np.any(unit != 0, axis=1)
    pairs: list[Pair] = []
    start = 0
    while start < len(unit):
        stop = start + max(1, BLOCK // (len(unit) - start))
        # A little below the floor, for the rounding that follows: it may lift a score to it.
        i, j = np.nonzero(unit[start:stop] @ unit[start:].T >= floor - 10.0**-DECIMALS)
        keep = (i < j) & there[i + start] & there[j + start]
        pairs += _scored(unit, i[keep] + start, j[keep] + start, floor)
        start = stop
    return pairs


def indexed_pairs(vectors: NDArray[np.floating], floor: float, index_class: Callable[..., Any]) -> list[Pair]:
    """Nearly all pairs with a cosine of at least `floor`, by an index of the nearest neighbours.

    What it finds is scored exactly; what it does not find is missing (the benchmark says how much). The index is built
    by one thread, so that the same vectors give the same pairs.
    """
    unit = _units(vectors)
    items = np.flatnonzero(np.any(unit != 0, axis=1))
    index = index_class(ndim=unit.shape[1], metric="cos", dtype="f16")
    index.add(items, unit[items], threads=1)
    found: set[tuple[int, int]] = set()
    open_items, wanted = items, NEIGHBOURS
    while len(open_items):
        wanted = min(wanted, len(items))
        matches = index.search(unit[open_items], wanted)
        keys, distances = matches.keys.reshape(-1, wanted), matches.distances.reshape(-1, wanted)
        there = np.arange(wanted) < matches.counts.reshape(-1, 1)
        near = there & (distances <= 1 - floor + HALF) & (keys != open_items[:, None])
        row, column = np.nonzero(near)
        one, other = open_items[row], keys[row, column].astype(np.int64)
        found.update(zip(np.minimum(one, other).tolist(), np.maximum(one, other).tolist(), strict=True))
        open_items = open_items[near[:, -1]] if wanted < len(items) else open_items[:0]
        wanted *= 2
    ordered = np.asarray(sorted(found), dtype=np.int64).reshape(-1, 2)
    return _scored(unit, ordered[:, 0], ordered[:, 1], floor)


def spelled_pairs(names: Sequence[str], floor: float) -> list[Pair]:
    """Pairs of names whose letters are alike: the cosine of their runs of 2-4 letters, weighted by rarity."""
    if not names:
        return []
    rows = _runs([loose_form(name) for name in names])
    pairs: list[Pair] = []
    for start in range(0, rows.shape[0], ROWS):
        block = (rows[start : start + ROWS] @ rows[start:].T).tocoo()
        keep = (block.data >= floor) & (block.row < block.col)
        scores = np.round(block.data[keep], DECIMALS).clip(0, 1)
        i, j = block.row[keep] + start, block.col[keep] + start
        pairs += zip(i.tolist(), j.tolist(), scores.tolist(), strict=True)
    return sorted(pairs)


def initial_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of which one name is the other's initials: CRT, *Chinese remainder theorem*."""
    spelled: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        words = [word for word in re.findall(r"[a-z]+", name.lower()) if word != "the"]
        for said in {tuple(words), tuple(word for word in words if word not in UNSAID)}:
            if len(said) > 1:
                spelled["".join(word[0] for word in said).upper()].append(index)
    short = [(index, re.sub(r"[.\s-]", "", name)) for index, name in enumerate(names)]
    pairs = {
        (min(index, other), max(index, other))
        for index, letters in short
        if ACRONYM.fullmatch(letters)
        for other in spelled[letters]
        if other != index
    }
    return sorted(pairs)


def _units(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError("vectors must be a matrix of finite numbers, one row per item")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.zeros(vectors.shape, np.float32)
    np.divide(vectors, lengths, out=unit, where=lengths > 0, casting="same_kind")
    return unit


def _scored(unit: NDArray[np.float32], i: NDArray[np.intp], j: NDArray[np.intp], floor: float) -> list[Pair]:
    """The pairs with their rounded cosines, in order, those below the floor left out."""
    pairs: list[Pair] = []
    step = max(1, BLOCK // max(1, unit.shape[1]))
    for start in range(0, len(i), step):
        one, other = i[start : start + step], j[start : start + step]
        exact = np.einsum("ij,ij->i", unit[one], unit[other], dtype=np.float64)
        scores = np.round(exact, DECIMALS).clip(-1, 1)
        keep = scores >= floor
        pairs += zip(one[keep].tolist(), other[keep].tolist(), scores[keep].tolist(), strict=True)
    return pairs


def _index_class() -> Callable[..., Any] | None:
    try:
        found: Callable[..., Any] = import_module("usearch.index").Index
    except ImportError:
        return None
    return found


def _runs(texts: Sequence[str]) -> sparse.csr_matrix:
    """Unit rows of weights, one column for each run of letters that is not common."""
    counts = [Counter(_letters(text)) for text in texts]
    spread = Counter(run for row in counts for run in row)
    most = max(20, int(COMMON * len(texts)))
    columns = {run: number for number, run in enumerate(sorted(run for run, n in spread.items() if n <= most))}
    cells = [
        (i, columns[run], n, spread[run]) for i, row in enumerate(counts) for run, n in row.items() if run in columns
    ]
    table = np.asarray(cells, dtype=np.float64).reshape(-1, 4)
    weights = table[:, 2] * (np.log((1 + len(texts)) / (1 + table[:, 3])) + 1)
    rows = table[:, 0].astype(np.int64)
    lengths = np.sqrt(np.bincount(rows, weights**2, len(texts)))
    shape = (len(texts), max(1, len(columns)))
    return sparse.csr_matrix((weights / lengths[rows], (rows, table[:, 1].astype(np.int64))), shape=shape)


def _letters(text: str) -> Iterator[str]:
    """Runs of letters within words, their edges marked; a Chinese text is one word, so shorter runs count there."""
    for word in text.split():
        marked = f" {word} "
        if not word.isascii():
            yield from word
        for size in range(SHORTEST, LONGEST + 1):
            yield from (marked[at : at + size] for at in range(len(marked) - size + 1))
    yield from (f"{one} {other}" for one, other in pairwise(text.split()))
