"""What files are called in messages, rows and settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def labels(paths: Sequence[Path]) -> list[str]:
    """The name of each file, and its folder's too where another one has that name."""
    alike = Counter(path.name for path in paths)
    return [path.name if alike[path.name] == 1 else f"{path.parent.name}/{path.name}" for path in paths]
