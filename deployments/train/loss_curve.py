"""A training's loss as a picture and as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def points(history: Iterable[Mapping[str, Any]], key: str) -> list[tuple[int, float]]:
    """The steps at which a trainer's log has `key`, with its values. A reward is None where no answer had a verdict."""
    return [(int(row["step"]), float(row[key])) for row in history if "step" in row and row.get(key) is not None]


def write_curve(history: Iterable[Mapping[str, Any]], key: str, folder: Path) -> list[tuple[int, float]]:
    """Write `curve.csv` and `curve.png` into a folder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    found = points(history, key)
    with (folder / "curve.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("step", key), *found])
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(*zip(*found, strict=True) if found else ([], []), color="#2a5d84", linewidth=1.5)
    axes.set(xlabel="step", ylabel=key)
    axes.grid(alpha=0.3)
    figure.savefig(folder / "curve.png", dpi=120)
    pyplot.close(figure)
    return found
