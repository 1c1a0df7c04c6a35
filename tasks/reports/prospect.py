"""What seeds can give, said before anything is paid for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from graph.names import normal_form
from graph.nouns import counted
from graph.prospect import GUESSED, graph_of, likely_graph, pairs_of
from graph.relations import sizes
from graph.sampling import SamplingPlan
from tasks.reports.graph_verdict import EXPECTED_YIELD, Available
from tasks.store.database import Store
from tasks.store.latest import recipe_of

ENOUGH = 0.5
"""Share of the seeds whose points must be known: their graph is looked at then, and not a likely one."""


class Prospect(NamedTuple):
    """What seeds can give."""

    seeds: int
    read: int
    """Those whose points are known."""
    available: Available
    pairs: int | None
    """About how many; None: more than can be listed."""

    @property
    def guessed(self) -> bool:
        """Whether it rests on the number of the seeds alone."""
        return self.read < ENOUGH * self.seeds

    def short_of(self, target: int) -> str | None:
        """A sentence, where that is less than what is wanted."""
        if self.pairs is None or self.pairs >= target:
            return None
        why = "a guess from their number alone" if self.guessed else "by the points that are known of them"
        return (
            f"{counted(self.seeds, 'seed')} can give about {counted(self.pairs, 'pair')} ({why}); "
            f"{target:,} {'is' if target == 1 else 'are'} wanted: bring more seeds, raise "
            "sample.samples_per_combination, or want fewer"
        )


def prospect_of(points: Sequence[Collection[str]], plan: SamplingPlan) -> Prospect | None:
    """What seeds with these points can give, or None where nobody can say; a seed that nobody has read yet has none."""
    known = [{normal_form(name) for name in names} for names in points if names]
    if len(known) < ENOUGH * len(points):
        if len(points) > GUESSED:
            return None
        graph = likely_graph(len(points))
    else:
        graph = graph_of(known)
    found = sizes(graph, plan.shares, plan.cutoffs)
    return Prospect(len(points), len(known), found, pairs_of(found, plan, EXPECTED_YIELD))


def read_before(store: Store) -> dict[UUID, list[str]]:
    """The names that were found in seeds by the latest run's extractor."""
    found = f"SELECT seed_id, list(name) FROM mentions WHERE recipe = {recipe_of('extract')} GROUP BY 1"
    return dict(store.rows(found))


def present_points(store: Store) -> list[Sequence[str]]:
    """The points of each seed that takes part, as far as they are known."""
    before = read_before(store)
    return [before.get(seed_id) or own for seed_id, own in store.rows("SELECT id, points FROM current_seeds")]
