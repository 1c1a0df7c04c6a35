"""Which kept text a new one resembles most by the cosine of their vectors.

Knows: vectors of one width, scaled to length 1. Exact: every new text is compared with all kept ones, in matrix
products, so the time grows with their number; meant for up to some hundred thousand texts.
Does not know: whether two texts that mean nearly the same ask for the same; problems of one kind with other numbers are
close, so the threshold should be high.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


class VectorIndex:
    """Vectors kept so far, under their keys."""

    def __init__(self) -> None:
        self._keys: list[Hashable] = []
        self._kept: Vector = np.empty((0, 0), dtype=np.float32)

    def keep(self, key: Hashable, vector: Vector) -> None:
        """Add a vector."""
        row = _unit(vector)
        if len(self._keys) == len(self._kept):
            grown: Vector = np.zeros((max(64, len(self._kept) * 5 // 4), len(row)), dtype=np.float32)
            if len(self._kept):
                grown[: len(self._kept)] = self._kept
            self._kept = grown
        self._kept[len(self._keys)] = row
        self._keys.append(key)

    def nearest(self, vector: Vector) -> tuple[Hashable, float] | None:
        """The kept text with the greatest cosine, the earliest of equals, and the cosine; None when none is kept."""
        if not self._keys:
            return None
        cosines = self._kept[: len(self._keys)] @ _unit(vector)
        best = int(np.argmax(cosines))
        return self._keys[best], float(cosines[best])


def _unit(vector: Vector) -> Vector:
    row: Vector = np.asarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(row))
    return row / length if length else row
