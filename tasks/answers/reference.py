"""math-verify's own word on a whole answer, as evaluations elsewhere use it: shown next to ours, never to decide.

Its plain expression reader is left out, because that evaluates what it reads; so a number outside of any formula is
no answer to it.
"""

from __future__ import annotations

import importlib

from tasks.answers.algebra import CPU_LIMIT, limited
from tasks.answers.equivalence import Equivalence
from tasks.answers.guards import MAX_LENGTH

LONGEST_TEXT = 50_000
"""Characters of an answer that is shown to it."""


async def reference(equivalence: Equivalence, gold: str, text: str) -> bool | None:
    """Whether math-verify takes `text` to state the answer `gold`; None where it could not tell within its bounds."""
    if len(gold) > MAX_LENGTH or len(text) > LONGEST_TEXT:
        return None
    return (await equivalence.in_worker(verified, gold, text))[0]


def verified(gold: str, text: str) -> bool:
    """Asked in a worker."""
    math_verify = importlib.import_module("math_verify")
    config = [math_verify.LatexExtractionConfig(boxed_match_priority=0)]
    with limited(CPU_LIMIT):
        left = math_verify.parse(f"${gold}$", config, parsing_timeout=None)
        right = math_verify.parse(text, config, parsing_timeout=None)
        return bool(math_verify.verify(left, right, timeout_seconds=None))
