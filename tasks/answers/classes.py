"""Answers by equivalence class, whatever order they came in.

"The same" is not transitive where a policy lets something be left out: 5 is 5 cm and 5 is 5 m. So a class is a set of
answers that agree with each other, all of them, and which sets those are is a function of the answers alone: of the
answers that are tied together, the largest set that agrees is taken first. Where several largest sets share an answer,
nobody can tell where it belongs, and only answers that agree with the same others are put together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations, islice

import networkx as nx

from tasks.answers.equivalence import Equivalence

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
    agreement = await _agreement(sorted(places), equivalence, question)
    weights = {answer: len(found) for answer, found in places.items()}
    by_answer = partition(agreement, weights)
    classes = [sorted(index for answer in members for index in places[answer]) for members in by_answer]
    return sorted(classes, key=lambda members: (-len(members), members[0]))


async def _agreement(answers: Sequence[str], equivalence: Equivalence, question: str) -> nx.Graph:
    """The answers, with an edge between two that are the same."""
    pairs = list(combinations(answers, 2))
    verdicts = await asyncio.gather(*(equivalence.compare(*pair, question) for pair in pairs))
    agreement = nx.Graph()
    agreement.add_nodes_from(answers)
    agreement.add_edges_from(pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict.outcome == "same")
    return agreement


def partition(agreement: nx.Graph, weights: dict[str, int]) -> list[frozenset[str]]:
    """The classes of answers, given which agree and how often each was given."""
    left = agreement.copy()
    classes: list[frozenset[str]] = []
    while left:
        tied = left.subgraph(nx.node_connected_component(left, min(left)))
        members = _largest(tied, weights)
        found = [members] if members else _alike(tied)
        classes += found
        left.remove_nodes_from(frozenset().union(*found))
    return classes


def _largest(tied: nx.Graph, weights: dict[str, int]) -> frozenset[str] | None:
    """The set of agreeing answers that was given most often; None where several are or there are too many."""
    sets = [frozenset(members) for members in islice(nx.find_cliques(tied), MAX_SETS + 1)]
    sizes = [sum(weights[answer] for answer in members) for members in sets]
    most = max(sizes)
    return sets[sizes.index(most)] if sizes.count(most) == 1 and len(sets) <= MAX_SETS else None


def _alike(tied: nx.Graph) -> list[frozenset[str]]:
    """The answers that agree with each other and with the same others."""
    by_ties: dict[frozenset[str], set[str]] = {}
    for answer in sorted(tied):
        by_ties.setdefault(frozenset((answer, *tied[answer])), set()).add(answer)
    return [frozenset(members) for members in by_ties.values()]
