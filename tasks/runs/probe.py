"""The probe of a quote: a small run, and what its calls took.

It is a run of its own in a folder of the workspace, with a store of its own. Its answers are taken into the
workspace's store (`tasks/store/unite.py`): the run does not read the probe's seeds or judge its names again, and finds
its problems where it draws the same combinations. A quote is for the rest.

Hours are the seconds that the probe's calls were on the wire, shared by as many at once as the settings allow, or what
the settings' limits a minute take, if that is longer; endpoints work side by side. So the estimate includes how long
answers are and how fast the server was for few requests at once. It does not include how much slower the server is for
many, which limits it sets itself, or the end of a run, when there is little left to ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.arithmetic import Numbers
from graph.errors import SettingsError
from graph.names import normal_form
from graph.quotas import Quotas
from graph.records import content_id
from tasks.context.embedder import NO_PROMPT
from tasks.context.run_context import RunContext
from tasks.reports.money import PROBE, PRODUCTION, spent
from tasks.reports.outcomes import OWNERS, owners
from tasks.settings.amounts import read_budget
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.unite import unite

COMBINATIONS = 5
"""Combinations that the probe finishes for each of its seeds: a hundred tell a pass rate of a half within a tenth."""

SUMS = ("calls", "input_tokens", "output_tokens", "usd")


async def take_in(store: Store) -> None:
    """Take what the probe of a workspace has paid for into its store, also where it was broken off."""
    folder = store.path.parent / PROBE
    if (folder / FILE_NAME).exists():
        await unite(store, folder)


def probe_settings(settings: RunSettings, store: Store, seeds: int) -> RunSettings:
    """The settings of the probe. `store` is the workspace's, which the probe was taken into.

    The budget is what the workspace has left, and what the probe has spent of it already. Raises SettingsError where
    nothing is left.
    """
    folder = settings.workspace / PROBE
    asks = settings.sample.samples_per_combination * settings.sample.repeat_cap
    update = {
        "workspace": folder,
        "target_pairs": seeds * COMBINATIONS * asks + 1,
        "accept": Quotas(),
        # The screen's embeddings and a policy that learns cost calls that tell nothing of a larger run.
        "screen": settings.screen.model_copy(update={"semantic": None, "second_look": None}),
        "sample": settings.sample.model_copy(update={"policy": "uniform"}),
        # Nobody waits for a quote until tomorrow.
        "endpoints": {
            name: endpoint.model_copy(update={"batch": None}) for name, endpoint in settings.endpoints.items()
        },
        "shards": 1,
    }
    if settings.budget is None:
        return settings.model_copy(update=update)
    budget = read_budget(settings.budget)
    left = budget.amount - sum(spent(store, budget.unit))
    if left <= 0:
        raise SettingsError(f"The budget of {budget} is spent: raise `budget` and run the same command again.")
    probe = open_store(folder)
    left += sum(spent(probe, budget.unit))
    probe.close()
    return settings.model_copy(update={**update, "budget": f"{left:.9f} {budget.unit}"})


async def choose(work: RunContext, seeds: int) -> set[UUID]:
    """Leave the probe so many of the seeds that were read, the first by their ids; all that were read.

    Ids are hashes, so their order is a random one that is the same tomorrow.
    """
    there = set(work.store.column("SELECT id FROM current_seeds"))
    chosen = [sorted(there)[:seeds]]
    sql = "DELETE FROM selection WHERE seed_id NOT IN (SELECT unnest(?::UUID[]))"
    await work.store.write(statements=[(sql, chosen)])
    return there


class CallSums:
    """The probe's calls in rows of numbers, one row an item: `SUMS`, then the hours at each endpoint."""

    def __init__(self, work: RunContext) -> None:
        self._work = work
        self._endpoints = list(work.settings.endpoints)
        self.width = len(SUMS) + len(self._endpoints)
        self.unpriced: set[str] = set()
        """Stages with calls that nobody knows a price of."""

    def of(self, stage: str, items: Sequence[object], subjects: str, parameters: Sequence[object]) -> Numbers:
        """What the calls of a stage took for each of `items`; `subjects` is SQL for a table of `id` and `item`."""
        found = np.zeros((len(items), self.width))
        places = {item: place for place, item in enumerate(items)}
        for item, endpoint, calls, sent, came, usd, seconds, priced in self._work.store.rows(
            CALLS.format(subjects=subjects), [*parameters, stage]
        ):
            if calls > priced:
                self.unpriced.add(stage)
            if item in places:
                row = found[places[item]]
                row[: len(SUMS)] += (calls, sent, came, usd)
                if endpoint in self._endpoints:
                    place = len(SUMS) + self._endpoints.index(endpoint)
                    row[place] += self._hours(endpoint, seconds, calls, sent, came)
        return found

    def _hours(self, name: str, seconds: float, calls: int, sent: int, came: int) -> float:
        endpoint = self._work.settings.endpoints[name]
        limits = ((calls, endpoint.rpm), (sent, endpoint.input_tpm), (came, endpoint.output_tpm))
        minutes = [number / limit for number, limit in limits if limit]
        return max(seconds / endpoint.concurrency / 3600, *(each / 60 for each in minutes), 0.0)


CALLS = """
    WITH {subjects}
    SELECT item, endpoint, count(*), sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT, coalesce(sum(cost), 0),
        sum(seconds), count(cost)
    FROM calls JOIN items ON items.id = calls.subject_id WHERE stage = ? GROUP BY ALL ORDER BY ALL"""
LISTED = "items AS (SELECT unnest(?::UUID[]) AS id, unnest(?::UUID[]) AS item)"
OWNED = f"{OWNERS}, items AS (SELECT id, position AS item FROM owners)"
ABOUT_NAMES = """
    items AS (
        SELECT DISTINCT subject_id AS id, if(list_contains(?::UUID[], prompt), 'single', 'paired') AS item
        FROM calls WHERE stage = 'connect' AND list_contains(?::VARCHAR[], model))"""


@dataclass(frozen=True, eq=False)
class ProbeFigures:
    """What a probe did, in rows of `CallSums`."""

    recipes: Mapping[str, UUID]
    width: int
    unpriced: set[str]
    seeds: int
    """Seeds that it has read."""
    extract: Numbers
    """One row for each of them."""
    names: int
    single: Numbers
    """Questions about names one by one, and below about pairs and classes of them."""
    paired: Numbers
    production: Numbers
    """One row for each combination that it finished: a one, then the sums of each stage."""
    pairs: NDArray[np.int64]
    paid: tuple[int, int, float | None]
    """Calls, tokens and USD of the probe in all, also for what was not finished."""


def measure(work: RunContext) -> ProbeFigures:
    """What the probe at the run context did, also in earlier runs of it."""
    sums = CallSums(work)
    kept = dict(work.store.rows("SELECT position, count(*) FROM pairs GROUP BY position"))
    places = range(work.screened.until)
    owned = owners(work, 0, work.screened.until)
    blocks = [sums.of(stage, places, OWNED, [[*owned], [*owned.values()]]) for stage in PRODUCTION]
    extracted = work.recipes["extract"]
    seeds = work.store.column(READ, [extracted, extracted])
    subjects = [content_id("extract", str(seed), str(extracted)) for seed in seeds]
    asked = [role.model for name in ("curator", "embedder") if (role := work.roles.get(name))]
    one_by_one = [work.library["connect_filter"].hash, NO_PROMPT]
    single, paired = sums.of("connect", ("single", "paired"), ABOUT_NAMES, [one_by_one, asked])
    names = work.store.rows("SELECT DISTINCT name FROM current_mentions WHERE recipe = ?", [extracted])
    calls, tokens, usd = work.store.rows(
        "SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0)::BIGINT, sum(cost) FROM calls"
    )[0]
    return ProbeFigures(
        work.settings_recipes,
        sums.width,
        sums.unpriced,
        len(seeds),
        sums.of("extract", seeds, LISTED, [subjects, seeds]),
        len({normal_form(name, work.library.domain.names) for (name,) in names}),
        single,
        paired,
        np.hstack([np.ones((work.screened.until, 1)), *blocks]),
        np.array([kept.get(position, 0) for position in places], dtype=np.int64),
        (calls, tokens, usd),
    )


READ = """
    SELECT id FROM current_seeds WHERE id IN (
        SELECT seed_id FROM mentions WHERE recipe = ?
        UNION ALL SELECT subject_id FROM rejects WHERE stage = 'extract' AND recipe = ?) ORDER BY 1"""
