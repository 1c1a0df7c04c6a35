"""Which combinations are asked for, in which order: the relations' streams, interleaved by fixed quotas.

Sampling is without replacement and needs no number in advance: the sequence is a function of graph and plan, a run
takes as much of it as it needs, and a later run goes on where it stopped. It knows nothing of models or prices.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from itertools import accumulate
from math import isfinite
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from graph.knowledge import KnowledgeGraph
from graph.order import Integers, Stream
from graph.policies import Policy
from graph.records import Combination, Difficulty, Record, Relation, content_id, hashed
from graph.relations import RELATIONS, Cutoffs, stream

Key = TypeVar("Key", bound=str)
Reach = Callable[[Relation, int], int]
Use = Callable[[Relation, int], bool]

BEFORE: tuple[tuple[str, Any], ...] = (
    ("by_seed", False),
    ("degree_penalty", 0.0),
    ("difficulty", None),
    ("hardest", 2),
    ("crowded_share", 1.0),
)
"""What a plan said implicitly before there was a setting for it: with these values, draws of older stores go on."""

CROWDED_LEAST = 20
"""Seeds that a point must be in to be crowded, whatever the share: among few seeds a common fact says nothing odd."""

SHARES = 1_000_000
"""Quotas are rounded to this fraction, so that interleaving is exact integer arithmetic."""


def in_millionths(fractions: Mapping[Key, float]) -> dict[Key, int]:
    """Fractions of any scale as integers that sum to about `SHARES`, without those at 0."""
    total = sum(fractions.values())
    return {key: max(1, round(SHARES * part / total)) for key, part in fractions.items() if part}


def default_quotas() -> dict[Relation, float]:
    return {"one_hop": 0.25, "two_hop": 0.35, "three_hop": 0.2, "community": 0.2}


def crowded_from(share: float, seeds: int) -> int:
    """In how many of so many seeds a point is in more than this share of them, and in enough to say so."""
    return max(CROWDED_LEAST, int(share * seeds) + 1)


class SamplingPlan(Record):
    """How combinations are drawn. Any change but that of a quota's scale gives another sequence."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    seed: int = 0
    """Chooses one of the equally good orders."""
    policy: Policy = "uniform"
    """In which order the combinations of a relation come (`graph/policies.py`): all alike; the heavier the earlier;
    the least used points first; or `yield`, the communities first that bring more pairs for their cost
    (`graph/steering.py`). The paper lists them all and names no order; uniform is the plain reading."""
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
    degree_penalty: float = Field(default=0, ge=0, le=1)
    """How much a point's many neighbours count against it, where it is to be a hub of three_hop and where a walk goes
    next. 0: not at all, as in the paper (a walk goes by edge weight alone). On real names the points of highest degree
    are vague ones such as *Logic in problem solving*; with 1 a hub is a point whose edges weigh most on average."""
    difficulty: str | None = None
    """Column of the seeds that says how hard each is (a number, *Level 4*, or easy, medium, hard). With it a seed
    counts in the weights of its edges from once, the easiest, to `hardest` times (QueST, 2510.17715, blends them)."""
    hardest: int = Field(default=3, ge=2, le=100)
    """How many times the hardest seeds count, where `difficulty` names a column."""
    by_seed: bool = True
    """Draw one_hop and community combinations by seed, every seed once before any has a second turn, and only then
    within the seed. The paper lists them all; but a seed of 21 points has 7,315 cliques, and drawn evenly one such seed
    gave 86 of 133. False: evenly. (`balanced` gives the turns to points instead.)"""
    crowded_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the seeds above which a point is crowded: no path (two_hop, three_hop, distant, walk) leads through it
    or to it, since nearly everything is a neighbour of it. One header line that an extractor wrote in each of 253 seeds
    turned 325 two_hop pairs into 759,514. 1: paths lead through every point. Points in fewer than 20 seeds are never
    crowded; one_hop and community are as they are. Not in the paper."""
    per_point: int | None = Field(default=None, ge=1)
    """Most combinations that a point may be in; None is no limit. A few points are in nearly everything (a hub has
    thousands of neighbours), and this keeps them from the dataset's every page. See also `accept.per_point`."""
    levels: dict[Difficulty, float] = Field(default_factory=dict)
    """Levels of difficulty to ask the composer for, as fractions of the combinations (normalised). Empty: no level is
    named, as in the paper. What a problem turns out to be is still for the rater to say."""
    samples_per_combination: int = Field(default=1, ge=1)
    """Problems asked for on a combination. 1: fresh combinations give more variety than repeats, while they last."""
    repeat_cap: int = Field(default=1, ge=1)
    """A one_hop combination is asked for `samples_per_combination` times its weight, but at most times this. GSDP
    repeats by weight without a cap; 1 switches that off, because repeats of one pair are often near duplicates."""

    @field_validator("quotas", "levels")
    @classmethod
    def _some_quota(cls, quotas: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        may_be_empty = info.field_name == "levels" and not quotas
        if not all(isfinite(quota) and quota >= 0 for quota in quotas.values()) or not (
            any(quotas.values()) or may_be_empty
        ):
            raise ValueError(f"{info.field_name} are fractions of at least 0, and one of them must be more than 0")
        return quotas

    @property
    def shares(self) -> dict[Relation, int]:
        """The quotas in millionths, without those at 0, in the order of the registry."""
        return in_millionths({relation: self.quotas.get(relation, 0.0) for relation in RELATIONS})

    @property
    def identity(self) -> dict[str, Any]:
        """What fixes the sequence. Settings that came later are left out where they change nothing of what was."""
        return {key: value for key, value in self.model_dump(mode="json").items() if (key, value) not in BEFORE}

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs(
            min_weight=self.min_weight,
            hub_share=self.hub_share,
            hub_least=self.hub_least,
            degree_penalty=self.degree_penalty,
        )


class Sampler:
    """The sequence of combinations of a graph under a plan, worked out as far as it is drawn."""

    def __init__(self, graph: KnowledgeGraph, plan: SamplingPlan) -> None:
        self.graph = graph
        self.plan = plan
        self._texts = [str(each) for each in graph.ids]
        self._streams: dict[Relation, Stream] = {}
        self._uses: Integers = np.zeros(graph.nodes, dtype=np.int64)
        reach: Reach = lambda relation, count: self.stream(relation).reach(count)  # noqa: E731
        self._turns = Turns(plan.shares, reach, self._use if plan.per_point else None)

    @property
    def exhausted(self) -> frozenset[Relation]:
        """Relations of the plan that were found to have no further combination."""
        return self._turns.exhausted

    @property
    def ends(self) -> dict[Relation, int]:
        """At which position a relation was found to have nothing left."""
        return self._turns.ends

    def available(self) -> dict[Relation, int | None]:
        """How many combinations each relation of the plan has; None where they are too many to list."""
        return {relation: self.stream(relation).total for relation in self.plan.shares}

    def draw(self, start: int, stop: int, recipe: UUID) -> list[Combination]:
        """The combinations at positions `start` to `stop`; fewer when every relation is exhausted before."""
        turns = self._turns.between(start, stop)
        rows = {}
        for relation in dict.fromkeys(relation for relation, _ in turns):
            places = [place for each, place in turns if each == relation]
            members = self.stream(relation).read(places[0], places[-1] + 1)
            points, weights = members.points.tolist(), members.weights.tolist()
            rows[relation] = {place: (points[place - places[0]], weights[place - places[0]]) for place in places}
        return [
            self.combination(position, relation, *rows[relation][place], recipe)
            for position, (relation, place) in enumerate(turns, start)
        ]

    def stream(self, relation: Relation) -> Stream:
        """The combinations of one relation in its own order."""
        if relation not in self._streams:
            self._streams[relation] = stream(self.graph, relation, self.plan.seed, self.plan.cutoffs, self.plan.policy)
        return self._streams[relation]

    def _use(self, relation: Relation, place: int) -> bool:
        nodes = [node for node in self.stream(relation).read(place, place + 1).points[0].tolist() if node >= 0]
        return self._counted(nodes)

    def _counted(self, nodes: list[int]) -> bool:
        """Count the points as used, unless one of them is at its cap."""
        if self.plan.per_point and (self._uses[nodes] >= self.plan.per_point).any():
            return False
        self._uses[nodes] += 1
        return True

    def combination(
        self, position: int, relation: Relation, nodes: list[int], weight: int, recipe: UUID
    ) -> Combination:
        """The record of a row of a stream."""
        if nodes[-1] < 0:
            nodes = [node for node in nodes if node >= 0]
        points = tuple([self.graph.ids[node] for node in nodes])
        repeats = min(weight, self.plan.repeat_cap) if relation == "one_hop" else 1
        # content_id("combination", relation, points), without going through them twice: this is made millions of times.
        texts = '","'.join([self._texts[node] for node in nodes])
        combination_id = hashed(f'["combination","{relation}",["{texts}"]]')
        return Combination(
            id=combination_id,
            recipe=recipe,
            position=position,
            relation=relation,
            points=points,
            weight=weight,
            asks=self.plan.samples_per_combination * repeats,
            level=self._level(combination_id),
        )

    def _level(self, combination_id: UUID) -> Difficulty | None:
        """The level to ask for: a lot of its own for each combination, so that no other one changes it."""
        if not self.plan.levels:
            return None
        shares = in_millionths(self.plan.levels)
        lot = content_id("level", self.plan.seed, str(combination_id)).int % sum(shares.values())
        return next(level for level, bound in zip(shares, accumulate(shares.values()), strict=True) if lot < bound)


class Turns:
    """Whose turn it is at each position, and which place of its stream that relation is at.

    Smooth weighted round robin: at every position each relation gains its share, the one with most credit (the first,
    if equal) has its turn and pays the sum of the shares. So every stretch keeps the quotas to within one or two, and
    a position depends only on the shares and on which relations were exhausted before it. When one is found empty,
    the others start again from no credit, and so take over its share in proportion to theirs.

    `reach` makes places of a relation ready; `use` says of each place, once and in turn, whether it may be taken.
    """

    def __init__(self, shares: dict[Relation, int], reach: Reach, use: Use | None = None) -> None:
        self._use = use
        self._shares = dict(shares)
        self._reach = reach
        self._relations = tuple(shares)
        self._credit = dict.fromkeys(shares, 0)
        self._taken = dict.fromkeys(shares, 0)
        self._ready = dict.fromkeys(shares, 0)
        self._codes = array("b")
        self._places = array("q")
        self.ends: dict[Relation, int] = {}
        """At which position a relation was found to have nothing left."""

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
        credit = self._credit
        for relation, share in self._shares.items():
            credit[relation] += share
        turn = max(credit, key=credit.__getitem__)
        place = self._next_place(turn, wanted)
        if place is None:
            del self._shares[turn]
            self.ends[turn] = len(self._codes)
            self._credit = dict.fromkeys(self._shares, 0)
            return
        self._credit[turn] -= sum(self._shares.values())
        self._codes.append(self._relations.index(turn))
        self._places.append(place)

    def _next_place(self, turn: Relation, wanted: int) -> int | None:
        """The relation's next place that may be taken, which then is taken; None when there is none."""
        while True:
            place = self._taken[turn]
            if place >= self._ready[turn]:
                self._ready[turn] = self._reach(turn, place + wanted)
                if place >= self._ready[turn]:
                    return None
            self._taken[turn] = place + 1
            if self._use is None or self._use(turn, place):
                return place
