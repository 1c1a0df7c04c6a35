"""Is each gate worth what it costs? A sample of what it rejected and of what it accepted is judged again.

The verifier (`roles.verifier`, in a rehearsal the sandbox's truth) takes the place of the truth: where it errs, so do
these figures, and one that is in the panel agrees with itself. Each gate is looked at alone: what it catches another
one might catch as well. A pair that a gate rejected is judged as it would have been published: with the first solution
of the answer that most solutions gave.

Screen decides by rules that a verifier of answers cannot judge; it is counted, and costs no call to a judge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from graph.evaluations import GateAudit
from graph.ledger import utc_now
from graph.records import Pass, Problem, Solution, content_id
from graph.shares import ShareEstimate, Stratum, share_within, wilson
from tasks.context.run_context import RunContext
from tasks.judging.second_opinion import AUDIT, Matter, calls_good, hear
from tasks.judging.votes import ballots, count
from tasks.store.latest import pair_count, recipe_of

DEAR = 10
"""Pairs' worth of cost from which a caught bad one is called dear. A matter of taste: the figures stand next to it."""


class Side(NamedTuple):
    """What a gate rejected, or what it accepted, and what the verifier says of a sample of it."""

    items: int
    good: int = 0
    bad: int = 0
    unread: int = 0
    """Of the sample, those of which the verifier said nothing that could be understood."""

    @property
    def read(self) -> int:
        """Items that the verifier judged."""
        return self.good + self.bad

    def estimate(self, number: int) -> float:
        """How many of all items `number` of the sample stand for."""
        return self.items * number / self.read if self.read else 0.0


class GateCost(NamedTuple):
    """What was paid; `usd` is None where nobody knows a price."""

    calls: int
    tokens: int
    usd: float | None

    @property
    def amount(self) -> float:
        """In money, else in tokens: what costs are compared by."""
        return self.tokens if self.usd is None else self.usd


class Audited(NamedTuple):
    """What a gate did and what that cost. `judged`: whether its items are of a kind that the verifier judges."""

    gate: str
    rejected: Side
    accepted: Side
    cost: GateCost
    judged: bool = True

    @property
    def false_rejects(self) -> ShareEstimate | None:
        """The share of the good items that it rejected."""
        return share_within(*(Stratum(side.items, side.good, side.read) for side in (self.rejected, self.accepted)))

    @property
    def false_accepts(self) -> ShareEstimate | None:
        """The share of the bad items that it accepted."""
        return share_within(*(Stratum(side.items, side.bad, side.read) for side in (self.accepted, self.rejected)))

    @property
    def caught(self) -> float:
        """About how many bad items it rejected."""
        return self.rejected.estimate(self.rejected.bad)

    @property
    def lost(self) -> float:
        """About how many good items it rejected."""
        return self.rejected.estimate(self.rejected.good)


Matters = Callable[[RunContext, Sequence[UUID]], Awaitable[list[Matter]]]


class Gate(NamedTuple):
    """Queries of the ids of problems that it rejected and accepted, and of its calls; and what is to be judged."""

    name: str
    rejected: str
    accepted: str
    calls: str | None
    matters: Matters | None


async def audit_gates(work: RunContext, size: int) -> list[Audited]:
    """Judge again up to `size` items that each gate rejected, and as many accepted ones.

    A larger sample holds the smaller one, and what was judged before is not paid for again.
    """
    found = [
        Audited(
            gate.name,
            await _side(work, gate.matters, gate.rejected, size),
            await _side(work, gate.matters, gate.accepted, size),
            cost(work, gate.calls) if gate.calls else GateCost(0, 0, None),
            gate.matters is not None,
        )
        for gate in GATES
    ]
    await work.store.write(*_rows(found))
    return found


def _rows(found: Sequence[Audited]) -> list[GateAudit]:
    """What was found, for reports to come."""
    now = utc_now()
    return [
        GateAudit(
            id=content_id("gate audit", row.gate, now.isoformat()),
            audited_at=now,
            gate=row.gate,
            rejected=row.rejected.items,
            rejected_good=row.rejected.good,
            rejected_bad=row.rejected.bad,
            accepted=row.accepted.items,
            accepted_good=row.accepted.good,
            accepted_bad=row.accepted.bad,
        )
        for row in found
        if row.judged
    ]


async def _side(work: RunContext, matters: Matters | None, query: str, size: int) -> Side:
    items = int(work.store.value(f"SELECT count(*) FROM ({query})"))
    if matters is None or not items:
        return Side(items)
    # Ids are hashes, so their order is a random one that is the same tomorrow.
    sample = work.store.column(f"SELECT id FROM ({query}) ORDER BY id LIMIT ?", [size])
    trials = await hear(work, work.roles["verifier"], await matters(work, sample))
    said = [calls_good(trial, work.settings.review) for trial in trials]
    return Side(items, said.count(True), said.count(False), len(sample) - said.count(True) - said.count(False))


async def accepted_pairs(work: RunContext, size: int) -> Side:
    """The accepted pairs, and what the verifier says of a sample of them."""
    return await _side(work, _pairs, _passed("screen"), size)


async def _problems(work: RunContext, ids: Sequence[UUID]) -> list[Matter]:
    sql = "SELECT text, names FROM current_problems WHERE id IN (SELECT unnest(?::UUID[]))"
    rows = await work.store.fetch(sql, [list(ids)])
    return [Matter(text, None, tuple(names)) for text, names in rows]


async def _pairs(work: RunContext, ids: Sequence[UUID]) -> list[Matter]:
    """The problems with the solution that was chosen, or would have been. Those without any are left out."""
    problems = await work.store.of(Problem, ids)
    chosen = await _chosen(work, problems)
    missing = [problem for problem in problems if problem.id not in chosen]
    reviewed = await work.store.of(Pass, [work.pass_id("review", problem.id) for problem in missing])
    for ballot in await ballots(work, missing, {row.problem_id: row for row in reviewed}):
        classes = (await count(work, ballot)).classes
        if classes:
            chosen[ballot.problem.id] = classes[0][0]
    return [Matter(problem.text, chosen[problem.id].text) for problem in problems if problem.id in chosen]


async def _chosen(work: RunContext, problems: Sequence[Problem]) -> dict[UUID, Solution]:
    graded = await work.store.of(Pass, [work.pass_id("grade", problem.id) for problem in problems])
    solutions = await work.store.of(Solution, [row.solution_id for row in graded if row.solution_id])
    return {solution.problem_id: solution for solution in solutions}


def cost(work: RunContext, calls: str) -> GateCost:
    """What some rows of the ledger cost."""
    number, tokens, usd = work.store.rows(
        f"SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0), sum(cost) FROM ({calls})"
    )[0]
    return GateCost(number, int(tokens), usd)


def pair_cost(work: RunContext) -> float | None:
    """What a pair costs in all stages, as `GateCost.amount`; None without pairs."""
    pairs = pair_count(work.store)
    made = cost(work, f"SELECT * FROM calls WHERE stage NOT IN ('{AUDIT}', 'adherence')")
    return made.amount / pairs if pairs else None


def worth(found: Audited, pair: float | None) -> str:
    """Whether a gate earns its cost, in a few words. `pair` is what a pair costs."""
    rejected, accepted = found.rejected, found.accepted
    if not found.judged:
        return "by rules, free"
    if not rejected.items:
        return "rejects nothing: " + ("and costs" if found.cost.calls else "free")
    if not rejected.read or not accepted.read:
        return "not known: nothing read"
    if rejected.bad * accepted.read <= accepted.bad * rejected.read:
        return "NO: no better than chance"
    if wilson(rejected.bad, rejected.read)[0] <= wilson(accepted.bad, accepted.read)[1]:
        return "not shown: too few read"
    if found.lost > found.caught:
        return "NO: rejects more good than bad"
    if pair and found.cost.amount / found.caught > DEAR * pair:
        return f"NO: dear, over {DEAR} pairs each"
    return "earns its cost"


PRESENT = "SELECT id FROM current_problems"


def _rejected(stage: str, condition: str = "true") -> str:
    return f"""SELECT subject_id AS id FROM rejects
        WHERE stage = '{stage}' AND recipe = {recipe_of(stage)} AND subject_id IN ({PRESENT}) AND {condition}"""


def _passed(stage: str) -> str:
    return f"""SELECT problem_id AS id FROM passes
        WHERE stage = '{stage}' AND recipe = {recipe_of(stage)} AND problem_id IN ({PRESENT})"""


def _calls(stage: str, table: str, condition: str = "true") -> str:
    return f"""SELECT c.* FROM calls c JOIN {table} t ON t.id = c.subject_id
        WHERE c.stage = '{stage}' AND t.problem_id IN ({PRESENT}) AND {condition}"""


SCORED = "t.judge <> 'rater'"
FURTHER = "t.sample > 0"
"""The first solution of a problem is needed in any case; agreement costs the others."""
UNAGREED = "reason = 'no agreement'"
DOUBTED = "reason IN ('voted wrong', 'unjudged')"
AGREED = f"""
    SELECT id FROM ({_passed("grade")} UNION ALL {_rejected("grade", DOUBTED)}) WHERE id IN (
        SELECT problem_id FROM elections WHERE kind = 'votes' AND recipe = {recipe_of("grade")})"""

GATES = (
    Gate("review", _rejected("review"), _passed("review"), _calls("review", "reviews", SCORED), _problems),
    Gate("agreement", _rejected("grade", UNAGREED), AGREED, _calls("solve", "solutions", FURTHER), _pairs),
    Gate("votes", _rejected("grade", DOUBTED), _passed("grade"), _calls("grade", "grades"), _pairs),
    Gate("screen", _rejected("screen", "reason <> 'quota full'"), _passed("screen"), None, None),
)
