"""Shards: a round of combinations dealt to several workers, each with a store of its own.

The graph and the combinations are made once, in the workspace's own store. What is dealt is combinations alone, by
their position modulo the number of shards, and only those that nobody has worked on. Answers are taken back by `unite`;
since ids hash the work, they are the same as if one worker had asked for all. Screening, which compares all with all,
is done in the workspace's own store. Limits a minute, requests at once, the price of shared GPUs and what is left of
the budget are split evenly: together the shards keep to what one run would keep to.

A round is a folder, named after the positions it holds and the number of its shards. It is there from the dealing to
the moment when all of its shards are done and united, so any run that finds one goes on with it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from graph.errors import StoreInUse, UsageError
from graph.records import Basis, Combination, Problem
from tasks.context.run_context import RunContext
from tasks.context.slots import all_slots, sampled
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.profiles import hand_over
from tasks.reports.money import spent
from tasks.settings.amounts import BudgetUnit
from tasks.settings.endpoints import Endpoint
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.unite import unite

FOLDER = "shards"
DONE = "done-"
"""Before the name of a round whose answers are all at home."""
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


async def untouched(work: RunContext) -> int:
    """The first position from which nobody has asked for a problem yet."""
    first = work.screened.until
    for start in range(work.screened.until, sampled(work), BLOCK):
        asked = {slot.problem_id: slot.combination.position for slot in all_slots(work, start, start + BLOCK)}
        done = await work.store.existing(Problem, asked) | await work.rejected("compose", asked)
        first = max([first, *(asked[problem_id] + 1 for problem_id in done)])
    return first


async def deal(work: RunContext, dealt: Round) -> list[Path]:
    """Make the stores of a round's shards, each with its combinations; the folders of those that nobody holds.

    Those that are there stay as they are. One that is held has been dealt to a worker that is still at it.
    """
    free = []
    for number, workspace in enumerate(dealt.workspaces(work.settings.workspace)):
        workspace.mkdir(parents=True, exist_ok=True)
        hand_over(work.settings.workspace, workspace)
        try:
            store = open_store(workspace)
        except StoreInUse:
            continue
        try:
            if not store.rows("SELECT 1 FROM combinations LIMIT 1"):
                await store.write(*_share_of(work, dealt, number), *work.store.select(Basis))
        finally:
            store.close()
        free.append(workspace)
    return free


def _share_of(work: RunContext, dealt: Round, number: int) -> list[Combination]:
    where = "recipe = ? AND position >= ? AND position < ? AND position % ? = ? ORDER BY position"
    return [
        combination
        for start in range(dealt.start, dealt.stop, BLOCK)
        for combination in work.store.select(
            Combination,
            where,
            [work.recipes["sample"], start, min(start + BLOCK, dealt.stop), dealt.shards, number],
        )
    ]


def refuse_open_rounds(workspace: Path) -> None:
    """Raises UsageError where shards hold combinations that a stage alone would pay for again."""
    for begun in rounds(workspace):
        raise UsageError(
            f"A round of shards is open in {begun.folder(workspace)}: run the whole pipeline (`gsdp run`, or the flow "
            "synthesize), which ends it; with shards = 1 it goes on without shards."
        )


def discard(folder: Path) -> None:
    """Delete a round that is done. Its name goes first: half of it, left by a kill, must not be taken for a round."""
    done = folder.with_name(f"{DONE}{folder.name}")
    folder.rename(done)
    shutil.rmtree(done, ignore_errors=True)


def sweep(workspace: Path) -> None:
    """Delete what is left of rounds that are done."""
    for folder in (workspace / FOLDER).glob(f"{DONE}*"):
        shutil.rmtree(folder, ignore_errors=True)


async def take_home(work: RunContext, folder: Path) -> None:
    """Unite a shard's store with the run's own, and count what it spent against the budget."""
    account = work.account
    before = sum(spent(work.store, account.unit))
    await unite(work.store, folder, decided=True)
    account.before += sum(spent(work.store, account.unit)) - before


async def end_rounds(store: Store) -> None:
    """Take what open rounds have paid for into the store of their workspace, which goes on without shards.

    Raises StoreError while a shard is still at work.
    """
    workspace = store.path.parent
    for begun in rounds(workspace):
        for folder in begun.workspaces(workspace):
            if (folder / FILE_NAME).exists():
                await unite(store, folder, decided=True)
        discard(begun.folder(workspace))


def spent_in(workspace: Path, unit: BudgetUnit) -> float:
    """What the store of a shard says it has spent or lost."""
    store = open_store(workspace, read_only=True)
    try:
        return sum(spent(store, unit))
    finally:
        store.close()


def shard_settings(
    settings: RunSettings, dealt: Round, workspace: Path, account: BudgetAccount, paid: float = 0.0
) -> RunSettings:
    """The settings of a shard: its workspace, and its share of every limit; `paid` is what its store has spent."""
    budget = account.budget and f"{account.unspent / dealt.shards + paid:.9f} {account.budget.unit}"
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
