"""Shards: a round of combinations dealt to several workers, each with a store of its own.

The graph and the combinations are made once, in the workspace's own store. What is dealt is combinations alone, by
their position modulo the number of shards, and only such as nobody has worked on; answers come home by `unite`, where
ids that hash the work make them what they would be had one worker asked for all. Screening, which compares all with
all, stays at home. Limits a minute, requests at once, the price of shared GPUs and what is left of the budget are
split evenly: together the shards keep to what one run would keep to.

A round is a folder, named after the positions it holds and the number of its shards. It is there from the dealing to
the moment when all of its shards are done and united, so whoever finds one goes on with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from graph.records import Combination
from tasks.endpoint.budget import Purse
from tasks.endpoint.config import Endpoint
from tasks.settings import RunSettings
from tasks.store.database import open_store
from tasks.workbench import Workbench

FOLDER = "shards"
BLOCK = 5000
"""Combinations in memory at a time."""


class Round(NamedTuple):
    """Combinations from `start` to before `stop`, and how many shards share them."""

    start: int
    stop: int
    shards: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.start:07d}-{self.stop:07d}-by-{self.shards}"

    def folder(self, workspace: Path) -> Path:
        """Where its shards work."""
        return workspace.absolute() / FOLDER / self.name

    def workspaces(self, workspace: Path) -> list[Path]:
        """The workspace of each shard."""
        return [self.folder(workspace) / str(number) for number in range(self.shards)]


def rounds(workspace: Path) -> Iterator[Round]:
    """The rounds that are not done, the earliest first."""
    for path in sorted((workspace / FOLDER).glob("*")):
        if match := re.fullmatch(r"(\d+)-(\d+)-by-(\d+)", path.name):
            yield Round(*map(int, match.groups()))


def untouched(work: Workbench) -> int:
    """The first position from which no combination has a problem yet."""
    found = work.store.rows(
        """SELECT max(position) + 1 FROM combinations
           WHERE recipe = ? AND id IN (SELECT combination_id FROM problems WHERE recipe = ?)""",
        [work.recipes["sample"], work.recipes["compose"]],
    )
    return max(int(found[0][0] or 0), work.screened)


async def deal(work: Workbench, dealt: Round) -> None:
    """Make the stores of a round's shards, each with its combinations; those that are there stay as they are."""
    recipe = work.recipes["sample"]
    for number, workspace in enumerate(dealt.workspaces(work.settings.workspace)):
        workspace.mkdir(parents=True, exist_ok=True)
        store = open_store(workspace)
        try:
            if store.rows("SELECT 1 FROM combinations LIMIT 1"):
                continue
            share = [
                combination
                for start in range(dealt.start, dealt.stop, BLOCK)
                for combination in work.store.select(
                    Combination,
                    "recipe = ? AND position >= ? AND position < ? AND position % ? = ? ORDER BY position",
                    [recipe, start, min(start + BLOCK, dealt.stop), dealt.shards, number],
                )
            ]
            await store.write(*share)
        finally:
            store.close()


def shard_settings(settings: RunSettings, dealt: Round, workspace: Path, purse: Purse) -> RunSettings:
    """The settings of a shard: its workspace, and its share of every limit."""
    budget = purse.budget and f"{max(purse.unspent, 0) / dealt.shards:.9f} {purse.budget.unit}"
    endpoints = {name: _share(endpoint, dealt.shards) for name, endpoint in settings.endpoints.items()}
    update = {"workspace": workspace, "endpoints": endpoints, "budget": budget, "shards": 1}
    return settings.model_copy(update=update)


def _share(endpoint: Endpoint, shards: int) -> Endpoint:
    def part(amount: float | None) -> float | None:
        return None if amount is None else amount / shards

    prices = endpoint.prices
    return endpoint.model_copy(
        update={
            "concurrency": max(1, endpoint.concurrency // shards),
            **{name: part(getattr(endpoint, name)) for name in ("rpm", "input_tpm", "output_tpm")},
            "prices": prices and prices.model_copy(update={"gpu_hour": part(prices.gpu_hour)}),
        }
    )
