r"""Words of a text as 64-bit numbers, the same on every machine.

Knows: how prose, LaTeX and CJK text is cut into words. A word is a run of letters and digits in a script with
spaces; a CJK character is a word of its own, since those scripts do not mark words. Numbers keep their decimals.
Does not know: meaning, word forms, languages.

Hashes are blake2b of the word, cached, and combined by odd 64-bit multipliers; Python's `hash` differs by process.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{CJK}]|\d+(?:\.\d+)+|[^\W_{CJK}]+")
_MATH_WORD = re.compile(_WORD.pattern + r"|[+*/^=<>×÷±≤≥≠√]|-(?![^\W\d_])|(?<![^\W\d_])-")
_WORD_ASCII = re.compile(r"\d+(?:\.\d+)+|[a-z0-9]+")
_MATH_WORD_ASCII = re.compile(_WORD_ASCII.pattern + r"|[+*/^=<>]|-(?![a-z])|(?<![a-z])-")
_CACHE_LIMIT = 500_000
"""Words remembered before the cache is emptied (about 60 MB); generated numbers never run out."""


def math_words(text: str) -> list[str]:
    """Lower-case words without punctuation, and operators: `3 + 4` and `3 - 4` are two texts. A hyphen is none."""
    plain = folded(text)
    return (_MATH_WORD_ASCII if plain.isascii() else _MATH_WORD).findall(plain)


def folded(text: str) -> str:
    """Lower case, compatible forms of characters made one, and one minus sign."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text.replace("\u2212", "-")).casefold()


def as_written(word: str) -> str:
    """The word itself."""
    return word


class WordHashes(dict[str, int]):
    """The hash of each word, computed once.

    Args:
        spell: What stands for a word: words that it spells alike have one hash, and those it spells "" have hash 0.
    """

    def __init__(self, spell: Callable[[str], str] = as_written) -> None:
        super().__init__()
        self._spell = spell

    def __missing__(self, word: str) -> int:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        shown = self._spell(word).encode("utf-8", "surrogatepass")
        value = int.from_bytes(hashlib.blake2b(shown, digest_size=8).digest(), "little") if shown else 0
        self[word] = value
        return value

    def of(self, some: Sequence[str]) -> Hashes:
        """The hashes of several words, in their order."""
        return np.fromiter(map(self.__getitem__, some), dtype=np.uint64, count=len(some))


def multipliers(count: int, name: str) -> Hashes:
    """`count` odd 64-bit numbers drawn from `name`."""
    raw = b"".join(hashlib.blake2b(f"{name} {i}".encode(), digest_size=8).digest() for i in range(count))
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64) | np.uint64(1)


def windows(hashes: Hashes, factors: Hashes) -> Hashes:
    """One mixed hash per run of `len(factors)` neighbours; empty when there are fewer."""
    size = len(hashes) - len(factors) + 1
    if size <= 0:
        return np.empty(0, dtype=np.uint64)
    total = hashes[:size] * factors[0]
    for offset in range(1, len(factors)):
        total += hashes[offset : offset + size] * factors[offset]
    return mixed(total)


def mixed(values: Hashes) -> Hashes:
    """Spread the high bits over the low ones; linear combinations alone leave visible patterns."""
    values = (values ^ (values >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return values ^ (values >> np.uint64(32))
