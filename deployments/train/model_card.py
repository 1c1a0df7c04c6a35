"""The card of a trained model: which data by their hash, which numbers, and what is not known of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployments.train.recipe import ADAPTER, GENERATIONS, Method, Recipe

CARD = """---
base_model: {base}
tags: [gsdp, {method}]
---

# {name}

`{base}`, trained by the method `{method}` on a dataset of solved problems that a model wrote.

## Data

| file | rows | sha256 |
|---|---|---|
| `{file}` | {rows:,} | `{hash}` |

The card of the dataset says where its seeds come from, which models wrote it, and under which licences.

## Training

| setting | value |
|---|---|
{settings}

{curve}

## What is not known

This card claims no score. `gsdp evaluate` measures the model before and after on the same items, with intervals; the
dataset is screened against the benchmarks that its settings name, and against no others.
"""


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def told(method: Method, recipe: Recipe, seed: int, versions: Mapping[str, str]) -> dict[str, str]:
    """What a training was set to, in words."""
    numbers = {field.replace("_", " "): str(value) for field, value in recipe._asdict().items()}
    adapter = ADAPTER._asdict() if method == "lora" else {}
    group = {"answers to one problem": str(GENERATIONS), "reward": "`gsdp.verify`"} if method == "grpo" else {}
    return {
        **numbers,
        **{f"adapter {key}": str(value) for key, value in adapter.items()},
        **group,
        "seed": str(seed),
    } | {f"{name} version": version for name, version in versions.items()}


def model_card(
    base: str, method: Method, data: Path, rows: int, settings: Mapping[str, str], curve: Sequence[tuple[int, float]]
) -> str:
    """The card's text."""
    went = (
        f"From {curve[0][1]:.3f} at step {curve[0][0]} to {curve[-1][1]:.3f} at step {curve[-1][0]}: " if curve else ""
    )
    return CARD.format(
        base=base,
        method=method,
        name=f"{Path(base).name} on {data.name}",
        file=data.name,
        rows=rows,
        hash=file_hash(data),
        settings="\n".join(f"| {key} | {value} |" for key, value in settings.items()),
        curve=f"{went}![curve](curve.png)",
    )
