"""What the pairs of an arm are worth: do they need the points they were asked for, and how many are bad.

A fixed sample of each arm is read again by the extractor and by the verifier, which in a rehearsal is the sandbox's
truth. The readings are in the ledger, and no part of what the arms are compared by in cost.
"""

from __future__ import annotations

from typing import NamedTuple

from tasks.audits.adherence import adherence
from tasks.audits.gates import accepted_pairs
from tasks.context.run_context import RunContext

SAMPLE = 100
"""Pairs of an arm that are read again; all, where there are fewer."""


class CheckedArm(NamedTuple):
    """A sample of an arm's pairs, read again. What neither extractor nor verifier could read is left out."""

    name: str
    read: int
    whole: int
    """Of those read, the pairs in which every point asked for was found again."""
    judged: int
    bad: int


async def check_arm(work: RunContext, name: str) -> CheckedArm:
    """Read a sample of an arm's pairs again; what was read before is not paid for again."""
    found = [row for row in await adherence(work, SAMPLE) if row.found is not None]
    pairs = await accepted_pairs(work, SAMPLE)
    return CheckedArm(name, len(found), sum(row.found == row.asked for row in found), pairs.read, pairs.bad)
