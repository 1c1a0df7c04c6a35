"""Which answer the solutions of a problem agree on, and when no further solution can change that.

Knows: counts of solutions by class of equivalent answers, and which problems and answers can be voted on at all.
Does not know: what an answer means; classes come from `tasks/answers/equivalence.py`, where "unknown" is no agreement.
Does not protect against solvers that err alike: that is what the judges are for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graph.records import Difficulty


class Decision(NamedTuple):
    """What a gate decides; `reason` and `detail` say why it rejects."""

    accepted: bool
    score: float | None
    reason: str = ""
    detail: str = ""


def elect(sizes: Sequence[int], asked: int, least_agreement: float) -> Decision:
    """Whether the largest class of agreeing solutions speaks for the problem.

    `sizes` are those of the classes, largest first; `asked` is how many solutions were asked for, so one without an
    answer counts against. A tie for the first place is no agreement.
    """
    if not sizes:
        return Decision(False, None, "no solution", f"none of {asked} has a final answer")
    share = sizes[0] / asked
    if len(sizes) > 1 and sizes[0] == sizes[1]:
        return Decision(False, share, "no agreement", "two answers tie")
    if sizes[0] < _needed(asked, least_agreement):
        return Decision(False, share, "no agreement", f"{sizes[0]} of {asked} agree")
    return Decision(True, share)


def settled(sizes: Sequence[int], asked: int, samples: int, least_agreement: float) -> bool:
    """Whether `elect` would accept the same class, or reject, whatever the rest of `samples` solutions answer."""
    left = samples - asked
    if left <= 0:
        return True
    first, second = (*sizes, 0, 0)[:2]
    needed = _needed(samples, least_agreement)
    return first + left < needed or (first >= needed and first > second + left)


def _needed(asked: int, least_agreement: float) -> float:
    return least_agreement * asked - 1e-9


MEASURED: tuple[tuple[float, Difficulty], ...] = ((0.9, "easy"), (0.7, "medium"), (0.0, "hard"))
"""Least share of agreeing solutions, and what it says of the problem: of four solutions all, three, or two."""


def measured(share: float | None, asked: int) -> Difficulty | None:
    """How hard a problem is by the share of its solutions that agree; one solution measures nothing."""
    if share is None or asked < 2:
        return None
    return next(word for least, word in MEASURED if share >= least)


_PROOF = re.compile(
    r"(?:^|[.!?:;,)]\s*|\b(?:and|then|also|to|must|should|please|you|can)\s+)"
    r"(?:(?:prove|show|verify|demonstrate|disprove|justify)\b(?!\s+(?:your|the|all|each)\s+(?:work|steps?|answer|"
    r"reasoning|calculations?)\b)(?!\s+(?:whether|if)\b)(?:\s+(?:that|why|how|by|or|the|for|using|rigorously|formally|$)"
    r"|\s*[,:$])|deduce\s+(?:that|why|from)\b"
    r"|establish\s+(?:that|the\s+(?:following|inequality|identity|equality|formula|claim|result|bound|relation|lemma|"
    r"theorem|convergence|existence|uniqueness)))"
    r"|证明|求证|試證|试证|証明せよ|を示せ"
    r"|\b(?:beweisen?|zeigen?|begründen?|widerlegen?)\b(?:\s+sie)?[^.?!]{0,40}?\b(?:dass|daß|warum|die|den|das|folgende\w*)\b"
    r"|\b(?:dé)?montre[rz]?\b|\bprouve[rz]?\b|\b(?:établir|établis(?:sez)?|vérifie[rz]?|justifie[rz]?)\s+(?:que|qu['’]|l['’])"
    r"|\b(?:demuestr[ae]n?|demostrar|pruebe|prueba)\s+que\b",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\b(?:find|determine|compute|calculate|evaluate|solve|simplify|express|factor|expand|estimate|how\s+(?:many|much|"
    r"long|far|old|often|tall|large|fast)|what\s+(?:is|are|was|were|will|would|number|fraction|percent\w*|value)|which"
    r"|in\s+terms\s+of)\b|求(?!证)|计算|多少|几[个种]|求めよ"
    r"|\b(?:berechnen?|bestimmen?|ermitteln?|finden?|lösen?|wie\s+(?:viele?|groß|lange?)|was\s+ist|welche[rsn]?)\b"
    r"|\b(?:calcule[rz]?|détermine[rz]?|trouve[rz]?|résoudre|résolvez|combien|quel(?:le)?s?)\b",
    re.IGNORECASE,
)


def asks_for_proof(problem: str) -> bool:
    """Whether a problem asks for a proof alone; one that also asks for a value has an answer to vote on."""
    return bool(_PROOF.search(problem)) and not _VALUE.search(_PROOF.sub(" ", problem))


_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|textit|mbox)\s*|\\[A-Za-z]+|\\.")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE_WORDS = 8
_CJK_PROSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{16,}")


def is_open(answer: str) -> bool:
    """Whether an answer is an explanation rather than a value that could be compared with another."""
    return len(_WORD.findall(_COMMAND.sub(" ", answer))) >= _PROSE_WORDS or bool(_CJK_PROSE.search(answer))
