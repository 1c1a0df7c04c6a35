"""Chance that is a pure function of its key: the same request gets the same answer on every machine, for ever.

`random.Random` is not used because seeding it costs more than a whole answer here, and because its derived draws are
only promised within one Python version.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


def digest(*parts: object) -> int:
    """64 bits that depend on every part; parts cannot run into each other."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def share(*parts: object) -> float:
    """A number in [0, 1) that depends on every part."""
    return digest(*parts) / 2**64


class Dice:
    """A stream of draws (splitmix64) that starts at the digest of its key."""

    __slots__ = ("_state",)

    def __init__(self, *key: object) -> None:
        self._state = digest(*key)

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """An integer in 0..n-1; the bias of the remainder is below 2^-50 for the sizes drawn here."""
        return self.bits() % n

    def between(self, low: int, high: int) -> int:
        """An integer in low..high, both included."""
        return low + self.bits() % (high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.bits() % len(items)]

    def chance(self, rate: float) -> bool:
        """True with this probability."""
        return self.bits() < rate * 2**64
