"""Near duplicates, measured: time, memory, recall and precision on generated texts with planted repetitions.

    python tests/benchmarks/duplicates.py                       # 200,000 texts
    python tests/benchmarks/duplicates.py --texts 2000000       # memory and time at full size

One text in seven repeats an earlier one, edited in one of the ways of `EDITS`. Recall is that of planted pairs whose
true Jaccard similarity of word 3-grams is at least 0.6; precision that of reported near duplicates, of which a sample
is computed anew the plain way, with Python sets. Up to 400,000 texts are kept aside for that check; of more the memory
is the index's own. The time is that of the index alone, by the clock and of the processor.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator

from tasks.texts.duplicates import DuplicateIndex
from tasks.texts.shingles import math_words

BLOCK = 2000
LEAST = 0.6
CHECKED = 20_000
REMEMBERED = 5000
"""Texts that a repetition may be made of."""

Words = list[str]
VOCABULARY = [
    a + b + c
    for a in "bcdfghklmnprstv"
    for b in ("a", "e", "i", "o", "u", "ai")
    for c in ("l", "n", "r", "s", "t", "nd", "rk", "mp", "st", "ck", "m", "p", "ly", "ver", "ter", "sing")
]


def swapped(share: float) -> Callable[[Words, random.Random], Words]:
    """Replace a share of the words."""

    def edit(words: Words, draw: random.Random) -> Words:
        words = list(words)
        for _ in range(max(1, round(share * len(words)))):
            words[draw.randrange(len(words))] = draw.choice(VOCABULARY)
        return words

    return edit


def added(words: Words, draw: random.Random) -> Words:
    """A sentence before or behind."""
    extra = draw.choices(VOCABULARY, k=8)
    return extra + words if draw.random() < 0.5 else words + extra


def cut(words: Words, draw: random.Random) -> Words:
    """Without its last sixth."""
    return words[: len(words) * 5 // 6]


def moved(words: Words, draw: random.Random) -> Words:
    """Its two halves the other way round."""
    return words[len(words) // 2 :] + words[: len(words) // 2]


def cased(words: Words, draw: random.Random) -> Words:
    """In capitals, with punctuation: an exact duplicate."""
    return [word.upper() + draw.choice((",", "", "!")) for word in words]


EDITS = {
    "3 % of words": swapped(0.03),
    "6 % of words": swapped(0.06),
    "sentence added": added,
    "end cut": cut,
    "halves moved": moved,
    "case, marks": cased,
}


def texts(count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """(text, kind of edit or "", what it was made of)."""
    draw = random.Random(seed)
    kept: list[Words] = []
    for number in range(count):
        if number % 7 == 6:
            kind = draw.choice(list(EDITS))
            source = draw.choice(kept)
            yield " ".join(EDITS[kind](source, draw)), kind, " ".join(source)
            continue
        words = draw.choices(VOCABULARY, k=draw.randint(40, 108))
        for _ in range(3):
            words[draw.randrange(len(words))] = str(draw.randrange(1000))
        if len(kept) < REMEMBERED:
            kept.append(words)
        else:
            kept[draw.randrange(REMEMBERED)] = words
        yield " ".join(words), "", ""


def similarity(a: str, b: str) -> float:
    """Jaccard similarity of word 3-grams, the plain way."""
    left, right = ({tuple(w[n : n + 3]) for n in range(len(w) - 2)} for w in (math_words(a), math_words(b)))
    return len(left & right) / len(left | right)


def measure(count: int) -> None:
    """Index all texts and print what came."""
    index = DuplicateIndex(LEAST)
    due: Counter[str] = Counter()
    found: Counter[str] = Counter()
    reported = right = near = 0
    texts_of: dict[int, str] = {}
    seconds = used = 0.0
    stream = texts(count, 1)
    number = 0
    while block := [row for row, _ in zip(stream, range(BLOCK), strict=False)]:
        items = [(number + place, row[0]) for place, row in enumerate(block)]
        began, cpu = time.perf_counter(), time.process_time()
        decisions = index.add_many(items)
        seconds, used = seconds + time.perf_counter() - began, used + time.process_time() - cpu
        for (key, text), (_, kind, source), decision in zip(items, block, decisions, strict=True):
            if count <= 400_000:
                texts_of[key] = text
            if kind and similarity(text, source) >= LEAST:
                due[kind] += 1
                found[kind] += decision is not None
            if decision is not None:
                reported += 1
                if decision.kind == "near" and near < CHECKED and decision.key in texts_of:
                    near += 1
                    right += similarity(text, texts_of[decision.key]) >= LEAST
        number += len(block)
    # Without texts kept aside for the check, the peak is the index, the words' hashes and Python.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{count:,} texts, {seconds:.1f} s in the index ({used:.1f} s of one core), peak {peak:.2f} GB")
    print(f"recall at J >= {LEAST}: {found.total() / due.total():.4f} of {due.total():,} planted pairs")
    for kind in EDITS:
        if due[kind]:
            print(f"  {kind:<16}{found[kind] / due[kind]:.4f} of {due[kind]:,}")
    if near:
        print(f"precision at J >= {LEAST}: {right / near:.4f} of {near:,} near duplicates computed anew")
    print(f"reported {reported:,}, kept {len(index):,}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200_000)
    measure(parser.parse_args().texts)


if __name__ == "__main__":
    main()
