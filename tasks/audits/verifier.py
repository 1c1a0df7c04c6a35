"""Our verdicts next to math-verify's, on the answers that the run's own solvers gave to one problem.

Knows: where the two part. Does not know who is right: those rows are for a person to look at. Each pair is two
writings that solutions of one problem ended with; writings that are alike letter by letter tell nothing and are left
out. math-verify is asked as its users ask it, the answers between dollars, but within our limits of time and memory.
It costs no call to a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from graph.evaluations import VerifierAudit
from graph.ledger import utc_now
from graph.records import content_id
from tasks.answers.reference import reference
from tasks.answers.verdict import Outcome
from tasks.context.run_context import RunContext

MOST_PER_PROBLEM = 6
"""Pairs of one problem: where all solutions differ, it would else outweigh the others."""
AT_ONCE = 16


class ComparedPair(NamedTuple):
    """Two answers to a problem, and what both verifiers say."""

    problem: str
    a: str
    b: str
    ours: Outcome
    tier: str
    theirs: bool | None
    """None where math-verify came to no end within the limits."""

    @property
    def parts(self) -> bool:
        """Whether one says the same and the other says different."""
        return self.theirs is not None and self.ours != "unknown" and (self.ours == "same") != self.theirs


async def audit_verifier(work: RunContext, size: int) -> list[ComparedPair]:
    """Compare the answers of `size` problems whose solutions ended differently, and keep the counts for the card."""
    rows = [row for problem, answers in await _answers(work, size) for row in _pairs(problem, answers)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def compared(problem: str, a: str, b: str) -> ComparedPair:
        async with gate:
            verdict = await work.equivalence.compare(a, b, problem)
            return ComparedPair(problem, a, b, *verdict, await reference(work.equivalence, a, f"${b}$"))

    found = list(await asyncio.gather(*(compared(*row) for row in rows)))
    if found:
        await work.store.write(_counts(found))
    return found


async def _answers(work: RunContext, size: int) -> list[tuple[str, list[str]]]:
    """Problems with the answers that their solutions ended with, where those are written in several ways."""
    # Ids are hashes, so their order is a random one that is the same tomorrow.
    rows = await work.store.fetch(
        """SELECT any_value(p.text), list(DISTINCT s.answer ORDER BY s.answer)
           FROM solutions s JOIN problems p ON p.id = s.problem_id
           WHERE s.answer IS NOT NULL
           GROUP BY s.problem_id HAVING count(DISTINCT s.answer) > 1 ORDER BY s.problem_id LIMIT ?""",
        [size],
    )
    return [(str(text), [str(answer) for answer in answers]) for text, answers in rows]


def _pairs(problem: str, answers: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(problem, a, b) for a, b in combinations(answers, 2)][:MOST_PER_PROBLEM]


def _counts(found: Sequence[ComparedPair]) -> VerifierAudit:
    now = utc_now()
    outcomes = [row.ours for row in found]
    return VerifierAudit(
        id=content_id("verifier audit", now.isoformat()),
        audited_at=now,
        pairs=len(found),
        same=outcomes.count("same"),
        different=outcomes.count("different"),
        unknown=outcomes.count("unknown"),
        unread=sum(row.theirs is None for row in found),
        parted=sum(row.parts for row in found),
    )
