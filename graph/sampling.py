"""Which combinations are asked for, in which order: the relations' streams, interleaved by fixed quotas.

Sampling is without replacement and needs no number in advance: the sequence is a function of graph and plan, a run
takes as much of it as it needs, and a later run goes on where it stopped. It knows nothing of models or prices.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import isfinite
from uuid import UUID

from pydantic import Field, field_validator

from graph.knowledge import KnowledgeGraph
from graph.order import Stream
from graph.records import Combination, Record, Relation, content_id
from graph.relations import RELATIONS, Cutoffs, stream

SHARES = 1_000_000
"""Quotas are rounded to this fraction, so that interleaving is exact integer arithmetic."""


def default_quotas() -> dict[Relation, float]:
    return {"one_hop": 0.25, "two_hop": 0.35, "three_hop": 0.2, "community": 0.2}


class SamplingPlan(Record):
    """How combinations are drawn. Any change but that of a quota's scale gives another sequence."""

    seed: int = 0
    """Chooses one of the equally good orders."""
    quotas: dict[Relation, float] = Field(default_factory=default_quotas)
    """Fractions of the combinations by relation (normalised; a relation not named, or at 0, is off). The paper gives
    no shares; that 71.8 % of its pairs join points which no seed had together (GRIP table 1) says that two- and
    three-hop prevail. Here they begin at 55 %, so that short runs see every kind, and pass that as the others end."""
    min_weight: float = Field(default=1, ge=0)
    """Implicit combinations (two_hop, three_hop) below this weight, in seeds, are dropped (GRIP 3.3 drops "low-weight"
    ones, without a number). 1 keeps all: which weights pay is for a run's own yield to say."""
    hub_share: float = Field(default=0.01, ge=0, le=1)
    """Fraction of the points, by degree, that count as hubs for three_hop. The paper says "highest-degree" only; with
    1 % a hub is a name that occurs all over the subject, such as *quadratic formula*."""
    hub_least: int = Field(default=10, ge=0)
    """Fewest hubs, whatever the share: with only a few, the same names would be in every three_hop problem."""
    samples_per_combination: int = Field(default=1, ge=1)
    """Problems asked for on a combination. 1: fresh combinations give more variety than repeats, while they last."""
    repeat_cap: int = Field(default=1, ge=1)
    """A one_hop combination is asked for `samples_per_combination` times its weight, but at most times this. GSDP
    repeats by weight without a cap; 1 switches that off, because repeats of one pair are often near duplicates."""

    @field_validator("quotas")
    @classmethod
    def _some_quota(cls, quotas: dict[Relation, float]) -> dict[Relation, float]:
        if not all(isfinite(quota) and quota >= 0 for quota in quotas.values()) or not any(quotas.values()):
            raise ValueError("quotas are fractions of at least 0, and one of them must be more than 0")
        return quotas

    @property
    def shares(self) -> dict[Relation, int]:
        """The quotas in millionths, without those at 0, in the order of the registry."""
        total = sum(self.quotas.values())
        asked = {relation: self.quotas.get(relation, 0.0) for relation in RELATIONS}
        return {relation: max(1, round(SHARES * quota / total)) for relation, quota in asked.items() if quota}

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs(min_weight=self.min_weight, hub_share=self.hub_share, hub_least=self.hub_least)


class Sampler:
    """The sequence of combinations of a graph under a plan, worked out as far as it is drawn."""

    def __init__(self, graph: KnowledgeGraph, plan: SamplingPlan) -> None:
        self.graph = graph
        self.plan = plan
        self._streams: dict[Relation, Stream] = {}
        self._turns = Turns(plan.shares, lambda relation, count: self._stream(relation).reach(count))

    @property
    def exhausted(self) -> frozenset[Relation]:
        """Relations of the plan that were found to have no further combination."""
        return self._turns.exhausted

    def available(self) -> dict[Relation, int | None]:
        """How many combinations each relation of the plan has; None where they are too many to list."""
        return {relation: self._stream(relation).total for relation in self.plan.shares}

    def draw(self, start: int, stop: int, recipe: UUID) -> list[Combination]:
        """The combinations at positions `start` to `stop`; fewer when every relation is exhausted before."""
        turns = self._turns.between(start, stop)
        rows = {}
        for relation in dict.fromkeys(relation for relation, _ in turns):
            places = [place for each, place in turns if each == relation]
            members = self._stream(relation).read(places[0], places[-1] + 1)
            rows[relation] = zip(members.points.tolist(), members.weights.tolist(), strict=True)
        return [
            self._combination(position, relation, *next(rows[relation]), recipe)
            for position, (relation, _) in enumerate(turns, start)
        ]

    def _stream(self, relation: Relation) -> Stream:
        if relation not in self._streams:
            self._streams[relation] = stream(self.graph, relation, self.plan.seed, self.plan.cutoffs)
        return self._streams[relation]

    def _combination(
        self, position: int, relation: Relation, nodes: list[int], weight: int, recipe: UUID
    ) -> Combination:
        points = tuple(self.graph.ids[node] for node in nodes if node >= 0)
        repeats = min(weight, self.plan.repeat_cap) if relation == "one_hop" else 1
        return Combination(
            id=content_id("combination", relation, [str(point) for point in points]),
            recipe=recipe,
            position=position,
            relation=relation,
            points=points,
            weight=weight,
            asks=self.plan.samples_per_combination * repeats,
        )


class Turns:
    """Whose turn it is at each position, and which place of its stream that relation is at.

    Smooth weighted round robin: at every position each relation gains its share, the one with most credit (the first,
    if equal) has its turn and pays the sum of the shares. So every stretch keeps the quotas to within one or two, and
    a position depends only on the shares and on which relations were exhausted before it. When one is found empty,
    the others start again from no credit, and so take over its share in proportion to theirs.
    """

    def __init__(self, shares: dict[Relation, int], reach: Callable[[Relation, int], int]) -> None:
        self._shares = dict(shares)
        self._reach = reach
        self._relations = tuple(shares)
        self._credit = dict.fromkeys(shares, 0)
        self._taken = dict.fromkeys(shares, 0)
        self._ready = dict.fromkeys(shares, 0)
        self._codes = array("b")
        self._places = array("q")

    @property
    def exhausted(self) -> frozenset[Relation]:
        return frozenset(self._relations) - frozenset(self._shares)

    def between(self, start: int, stop: int) -> list[tuple[Relation, int]]:
        """(relation, place in its stream) of the positions from `start` to `stop`."""
        while len(self._codes) < stop and self._shares:
            self._take(stop - len(self._codes))
        codes, places = self._codes[start:stop], self._places[start:stop]
        return [(self._relations[code], place) for code, place in zip(codes, places, strict=True)]

    def _take(self, wanted: int) -> None:
        """Give the next turn, or find that the relation whose turn it is has nothing left."""
        for relation, share in self._shares.items():
            self._credit[relation] += share
        turn = max(self._shares, key=self._credit.__getitem__)
        place = self._taken[turn]
        if place >= self._ready[turn]:
            self._ready[turn] = self._reach(turn, place + wanted)
        if place >= self._ready[turn]:
            del self._shares[turn]
            self._credit = dict.fromkeys(self._shares, 0)
            return
        self._credit[turn] -= sum(self._shares.values())
        self._taken[turn] = place + 1
        self._codes.append(self._relations.index(turn))
        self._places.append(place)
