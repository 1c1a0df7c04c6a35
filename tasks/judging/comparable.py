"""Which problems and answers can be voted on at all: a proof and an explanation have nothing that could be compared."""

from __future__ import annotations

import re

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
