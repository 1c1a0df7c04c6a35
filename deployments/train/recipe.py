"""The numbers of a training, apart from the libraries that train.

Full fine-tuning has those of GRIP (arXiv 2412.08864 v4, section 4.1), which trained with LLaMA-Factory: two epochs,
learning rate 5e-6, 128 examples a step, 4,096 tokens, a cosine with 3% warm-up, ZeRO-3. The paper trains no adapters
and uses no rewards: the numbers of `lora` and `grpo` are ours, common ones, and nothing was tuned.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Literal, NamedTuple

Method = Literal["full", "lora", "grpo"]


class Recipe(NamedTuple):
    """What a training is set to."""

    epochs: float
    learning_rate: float
    batch: int
    """Examples of a step, over all devices; of `grpo`, answers."""
    max_length: int
    """Tokens of an example; of `grpo`, of an answer."""
    warmup: float = 0.03
    """Share of the steps."""
    schedule: str = "cosine"
    weight_decay: float = 0.0


class Course(NamedTuple):
    """How one training goes, whatever its recipe."""

    seed: int
    at_once: int
    """Examples that a device takes at once."""
    steps: int
    """After so many it stops; -1 for all epochs."""
    deepspeed: Path | None
    """The file of DeepSpeed's settings."""


class Adapter(NamedTuple):
    """The low-rank matrices that `lora` trains, next to every linear layer."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    target: str = "all-linear"


RECIPES: dict[Method, Recipe] = {
    "full": Recipe(epochs=2, learning_rate=5e-6, batch=128, max_length=4096),
    "lora": Recipe(epochs=2, learning_rate=1e-4, batch=128, max_length=4096),
    "grpo": Recipe(epochs=1, learning_rate=1e-6, batch=64, max_length=1024),
}
ADAPTER = Adapter()
GENERATIONS = 8
"""Answers to one problem whose rewards `grpo` compares."""


def accumulation(batch: int, at_once: int, devices: int) -> int:
    """Gradient accumulation steps that make up a step's batch, when each device takes `at_once` examples."""
    return max(1, ceil(batch / (at_once * max(1, devices))))
