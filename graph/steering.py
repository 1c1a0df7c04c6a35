"""Yield-aware sampling: combinations come more often where they bring more new pairs for what they cost.

A cell is a relation and the communities that a combination joins: two of them, or one twice. Whose turn it is among
the relations the quotas decide, as under every policy; which of the relation's cells then has its turn is decided by
Thompson sampling (Thompson, 1933). Pairs are taken to come at a constant rate per unit of cost, so what is known of a
cell's rate is a Gamma distribution: each turn one rate is drawn for every cell, and the highest has the turn. Every
`EXPLORE`th turn of a relation goes to the cell that was drawn least, so none is given up. Within a cell the
combinations come in the order of the policy `uniform`.

What holds, although draws depend on outcomes:

- A draw is a function of graph, plan, what was drawn before it, and the outcomes of the first half of that
  (`round_of`). No timing has part in it: chunks, breaks and crashes do not change the sequence.
- So two runs whose models answer alike draw alike, and a smaller target's sequence is the start of a larger one's. With
  quotas on accepted pairs the target decides which pairs find room, and this holds only for what is drawn already.
- The first round rests on no outcome: it is the same whatever the models answer.
- Quotas, caps, distinctness and exhaustion are those of `graph/sampling.py`: the policy changes the order of a
  relation's combinations, never which they are.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.arithmetic import Numbers
from graph.knowledge import KnowledgeGraph
from graph.order import Hashes, Integers, Members, Stream, id_keys, member_keys, mix, salt
from graph.records import Relation
from graph.sampling import Sampler, SamplingPlan

OTHERS = 12
"""Communities from this number on, the small ones, are taken as one: too little would be known of each alone."""
FIRST_ROUND = 256
"""Combinations of the first round, which rests on no outcome."""
EXPLORE = 10
TRUST = 8.0
"""Combinations' worth of trust that a cell is like its communities in all relations, and these like the whole."""
READ = 1 << 14
LOOK = 1 << 18
"""Combinations, beyond those drawn, among which a cell's next one is looked for before the cell sits out. Only a
relation with more of them has such cells, and those are rare there."""
PLANNED = 64
"""Turns whose rates are drawn in one go."""

Number = TypeVar("Number", int, Integers)
Cell = tuple[Relation, int]
Drawn = tuple[Relation, Sequence[UUID]]
"""Relation and points of a combination that was drawn."""


class CellOutcome(NamedTuple):
    """What the finished combinations of a cell came to."""

    combinations: int
    """Those that anything was paid for."""
    pairs: int
    """Accepted and new."""
    cost: int
    """In a unit that is the same for all cells."""


def round_of(position: int) -> tuple[int, int]:
    """(combinations whose outcomes a draw at this position rests on, first position of the next round).

    Half of what was drawn before the round: so the draws need not wait for what is under way.
    """
    start, stop = 0, FIRST_ROUND
    while stop <= position:
        start, stop = stop, stop + stop // 4
    return start // 2, stop


def cells_of(points: NDArray[np.int32], groups: Integers) -> Integers:
    """The cell of each row of points: the communities that it joins; of three or four the outer two."""
    known = np.minimum(groups, OTHERS)
    low = np.append(known, OTHERS)[points].min(axis=1)
    return cell_number(low, np.append(known, -1)[points].max(axis=1))


def cell_number(low: Number, high: Number) -> Number:
    """A number for two communities, `low` not above `high`."""
    return high * (high + 1) // 2 + low


def rates(outcomes: Mapping[Cell, CellOutcome], relation: Relation, lots: Hashes, cells: int) -> Numbers:
    """A rate drawn for every cell of a relation (columns) at each lot (rows): pairs for the cost of a combination.

    What a cell is expected to bring before it is seen is what its communities bring in all relations.
    """
    everywhere, here = np.zeros((2, cells, 3), dtype=np.int64)
    for (each, number), outcome in outcomes.items():
        everywhere[number] += outcome
        if each == relation:
            here[number] += outcome
    asked, pairs, cost = everywhere.sum(axis=0).tolist()

    def spent(found: Integers) -> Numbers:
        """In combinations' worth of cost."""
        worth: Numbers = found[:, 2] * (asked / cost) if cost else found[:, 0].astype(np.float64)
        return worth

    expected = (TRUST * (1 + pairs) / (2 + asked) + everywhere[:, 1]) / (TRUST + spent(everywhere))
    hashes = mix(lots[:, None] ^ mix(np.arange(cells, dtype=np.uint64)))
    drawn: Numbers = gamma(TRUST * expected + here[:, 1], hashes) / (TRUST + spent(here))
    return drawn


def gamma(shape: Numbers, hashes: Hashes) -> Numbers:
    """Gamma variates of scale 1: their cube root is nearly normal (Wilson and Hilferty, 1931).

    Only sums, products, quotients and square roots, so equal to the last bit on every machine.
    """
    root = np.maximum(0, 1 - 1 / (9 * shape) + normal(hashes) / (3 * np.sqrt(shape)))
    result: Numbers = shape * root * root * root
    return result


def normal(hashes: Hashes) -> Numbers:
    """Nearly normal variates: twelve uniform numbers less their mean, of 16 bits each."""
    total = np.zeros(hashes.shape, dtype=np.int64)
    for word in range(3):
        bits = mix(hashes + np.uint64(word))
        for shift in range(0, 64, 16):
            total += ((bits >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
    result: Numbers = (total - 6 * 0xFFFF) / 0x10000
    return result


class SteeredStream:
    """The combinations of one relation, cell by cell as the outcomes call for.

    `before`: rows that are drawn already, the start of this stream. `take` says of a combination's nodes, when its turn
    has come, whether it may be had, and counts it.
    """

    def __init__(
        self,
        inner: Stream,
        groups: Integers,
        relation: Relation,
        secret: int,
        keys: Hashes,
        before: Members,
        take: Callable[[list[int]], bool],
    ) -> None:
        self._inner = inner
        self._groups = groups
        self._relation = relation
        self._secret = secret
        self._keys = keys
        self._there = np.sort(member_keys(before.points, keys, secret))
        self._begun = len(before)
        self._take = take
        most = min(OTHERS, int(groups.max(initial=0)))
        count = 1 + cell_number(most, most)
        self._uses = np.bincount(cells_of(before.points, groups), minlength=count)
        self._waiting: list[deque[int]] = [deque() for _ in range(count)]
        self._seen = 0
        self._ready = 0
        self._rows = array("q")
        self._outcomes: Mapping[Cell, CellOutcome] = {}
        self._plan: tuple[int, Numbers] | None = None

    @property
    def total(self) -> int | None:
        return self._inner.total

    def steer(self, outcomes: Mapping[Cell, CellOutcome]) -> None:
        """Let what follows rest on these outcomes."""
        self._outcomes, self._plan = outcomes, None

    def reach(self, count: int) -> int:
        """Make ready what was drawn already, then one more at a time: each choice rests on all before it."""
        if count > self._ready:
            if self._ready < self._begun:
                self._ready = self._begun
            elif (row := self._next()) is not None:
                self._rows.append(row)
                self._ready += 1
        return min(count, self._ready)

    def read(self, start: int, stop: int) -> Members:
        rows = np.array(self._rows[start - self._begun : stop - self._begun], dtype=np.int64)
        return self._inner.read(0, self._seen).at(rows)

    def _next(self) -> int | None:
        """The row of the inner stream whose turn it is; None when nothing is left."""
        turn = int(self._uses.sum())
        order, bound = self._order(turn), turn + LOOK
        while True:
            for cell in order:
                row = self._next_of(cell, bound)
                if row is not None:
                    self._uses[cell] += 1
                    return row
            if self._seen < bound:
                return None
            bound += LOOK

    def _order(self, turn: int) -> list[int]:
        """The cells, that whose turn it is first."""
        if turn % EXPLORE == 0:
            return list(np.argsort(self._uses, kind="stable").tolist())
        first = turn - turn % PLANNED
        if self._plan is None or self._plan[0] != first:
            lots = mix(np.arange(first, first + PLANNED, dtype=np.uint64) ^ np.uint64(self._secret))
            self._plan = first, rates(self._outcomes, self._relation, lots, len(self._uses))
        return list(np.argsort(-self._plan[1][turn - first], kind="stable").tolist())

    def _next_of(self, cell: int, bound: int) -> int | None:
        """The cell's next combination among the first `bound` of the inner stream."""
        waiting = self._waiting[cell]
        while True:
            while not waiting:
                if not self._read_on(bound):
                    return None
            if waiting[0] >= bound:
                return None
            row = waiting.popleft()
            if self._take([node for node in self._inner.read(row, row + 1).points[0].tolist() if node >= 0]):
                return row

    def _read_on(self, bound: int) -> bool:
        """Sort more of the inner stream into its cells, unless `bound` is reached or it is at its end."""
        start = self._seen
        if start < bound:
            self._seen = self._inner.reach(start + READ)
        if self._seen == start:
            return False
        block = self._inner.read(start, self._seen)
        fresh = ~np.isin(member_keys(block.points, self._keys, self._secret), self._there)
        cells = cells_of(block.points, self._groups)
        for cell in np.unique(cells[fresh]).tolist():
            self._waiting[cell].extend((np.flatnonzero(fresh & (cells == cell)) + start).tolist())
        return True


class SteeredSampler(Sampler):
    """The sequence under the policy `yield`, behind what the store holds.

    `groups`: the community of each node. `before`: what of this sequence is drawn already. Before each round
    (`round_of`) it is to be told the outcomes.
    """

    def __init__(
        self, graph: KnowledgeGraph, plan: SamplingPlan, groups: Integers, before: Iterable[Drawn] = ()
    ) -> None:
        super().__init__(graph, plan)
        self._groups = groups
        self._steered: dict[Relation, SteeredStream] = {}
        self._outcomes: Mapping[Cell, CellOutcome] = {}
        self._before: dict[Relation, list[list[int]]] = {relation: [] for relation in plan.shares}
        number = {point: node for node, point in enumerate(graph.ids)}
        for relation, points in before:
            nodes = [number[point] for point in points]
            self._uses[nodes] += 1
            self._before[relation].append(nodes)

    def steer(self, outcomes: Mapping[Cell, CellOutcome]) -> None:
        """Let what follows rest on these outcomes."""
        self._outcomes = outcomes
        for each in self._steered.values():
            each.steer(outcomes)

    def stream(self, relation: Relation) -> Stream:
        """The combinations of one relation, steered."""
        if relation not in self._steered:
            self._steered[relation] = made = SteeredStream(
                super().stream(relation),
                self._groups,
                relation,
                salt(self.plan.seed, f"yield {relation}"),
                id_keys(self.graph.ids),
                _members(self._before.pop(relation)),
                self._counted,
            )
            made.steer(self._outcomes)
        return self._steered[relation]

    def _use(self, relation: Relation, place: int) -> bool:
        # The stream has asked already, and hands out nothing that may not be had.
        return True


def _members(rows: Sequence[Sequence[int]]) -> Members:
    width = max(map(len, rows), default=2)
    filled = [[*row, *[-1] * (width - len(row))] for row in rows]
    points = np.array(filled, dtype=np.int32).reshape(-1, width)
    return Members(points, np.zeros(len(rows), dtype=np.int64))
