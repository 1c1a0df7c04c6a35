"""Answers by equivalence class, whatever order they came in.

"The same" is not transitive where a policy lets something be left out: 5 is 5 cm and 5 is 5 m. So a class is a set of
answers that agree with each other, all of them, and which sets those are is a function of the answers alone: of the
answers that are tied together, the largest set that agrees is taken first. Where several largest sets share an answer,
nobody can tell where it belongs, and only answers that agree with the same others are put together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations

from tasks.answers.equivalence import Equivalence

Ties = dict[str, frozenset[str]]
"""The other answers that each answer agrees with."""

MAX_SETS = 2_000
"""Agreeing sets that are looked at among answers that are tied together; where there are more, nothing is joined."""


async def group(answers: Sequence[str | None], equivalence: Equivalence, question: str = "") -> list[list[int]]:
    """Indices of `answers` by class: larger classes first, ties by first index.

    None joins no class; an unknown comparison is no agreement.
    """
    places: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        if answer is not None:
            places.setdefault(answer, []).append(index)
    ties = await _ties(sorted(places), equivalence, question)
    weights = {answer: len(found) for answer, found in places.items()}
    classes = [sorted(index for answer in members for index in places[answer]) for members in partition(ties, weights)]
    return sorted(classes, key=lambda members: (-len(members), members[0]))


async def _ties(answers: Sequence[str], equivalence: Equivalence, question: str) -> Ties:
    pairs = list(combinations(answers, 2))
    verdicts = await asyncio.gather(*(equivalence.compare(*pair, question) for pair in pairs))
    agreeing = [pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict.outcome == "same"]
    return {
        answer: frozenset(other for pair in agreeing if answer in pair for other in pair if other != answer)
        for answer in answers
    }


def partition(ties: Ties, weights: dict[str, int]) -> list[frozenset[str]]:
    """The classes of answers, given which agree and how often each was given."""
    left = set(ties)
    classes: list[frozenset[str]] = []
    while left:
        tied = _tied_together(min(left), ties, left)
        members = _largest(tied, ties, weights)
        found = [members] if members else _alike(tied, ties)
        classes += found
        left -= frozenset().union(*found)
    return classes


def _tied_together(answer: str, ties: Ties, left: set[str]) -> frozenset[str]:
    """The answers that some chain of agreements leads to."""
    reached, edge = {answer}, {answer}
    while edge:
        edge = {other for one in edge for other in ties[one] & left} - reached
        reached |= edge
    return frozenset(reached)


def _largest(tied: frozenset[str], ties: Ties, weights: dict[str, int]) -> frozenset[str] | None:
    """The set of agreeing answers that was given most often; None where several are or there are too many."""
    if all(tied - {answer} <= ties[answer] for answer in tied):
        return tied
    sets = _agreeing_sets(tied, ties)
    sizes = [sum(weights[answer] for answer in members) for members in sets]
    best = [members for members, size in zip(sets, sizes, strict=True) if size == max(sizes)]
    return best[0] if len(best) == 1 else None


def _agreeing_sets(tied: frozenset[str], ties: Ties) -> list[frozenset[str]]:
    """All maximal sets whose members agree with each other (Bron and Kerbosch, with a pivot)."""
    found: list[frozenset[str]] = []

    def extend(chosen: frozenset[str], possible: frozenset[str], excluded: frozenset[str]) -> None:
        if len(found) > MAX_SETS:
            return
        if not possible and not excluded:
            found.append(chosen)
            return
        pivot = max(sorted(possible | excluded), key=lambda answer: len(ties[answer] & possible))
        for answer in sorted(possible - ties[pivot]):
            extend(chosen | {answer}, possible & ties[answer], excluded & ties[answer])
            possible, excluded = possible - {answer}, excluded | {answer}

    extend(frozenset(), tied, frozenset())
    return found if len(found) <= MAX_SETS else []


def _alike(tied: frozenset[str], ties: Ties) -> list[frozenset[str]]:
    """The answers that agree with each other and with the same others."""
    by_ties: dict[frozenset[str], set[str]] = {}
    for answer in sorted(tied):
        by_ties.setdefault((ties[answer] | {answer}) & tied, set()).add(answer)
    return [frozenset(members) for members in by_ties.values()]
