"""Which candidates are one knowledge point: likely pairs, a verdict on each, and complete classes of them.

Likely pairs come from vectors, or without an embedder from letters; from initials, which neither finds; and from names
that differ in accents, order, articles or script (`graph.likeness`). Who decides a pair, in this order: the user's
file; words that exclude each other (`graph.contrasts`); a high score where the content words are the same; the curator.
A high score of other words is not enough: at 0.90 real embedders put opposites together. What nobody decides stays
apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from graph.classes import complete_linkage
from graph.contrasts import contrast, joins_alone
from graph.errors import SettingsError
from graph.likeness import loose_pairs
from graph.nearest import initial_pairs, near_pairs, spelled_pairs
from graph.records import Proposal
from tasks.context.embedder import vectors
from tasks.context.run_context import RunContext
from tasks.inputs.aliases import Decisions
from tasks.points.curator import judge_all

How = Literal["file", "normal_form", "embedding", "curator"]
Link = tuple[int, int]
"""Two candidates by index, the lower one first."""

SPELLED_FROM = 0.5
"""Likeness of letters from which the curator is asked. Lower, most pairs are nothing; higher, synonyms are missed."""


@dataclass(frozen=True)
class Candidate:
    """Mentioned names that are one by normal form (or by the alias file, which then also names them)."""

    form: str
    name: str
    names: tuple[str, ...]
    mentions: int
    told: bool
    asked: str
    """The spelling that curator and embedder are given. It stays when another spelling becomes the most frequent."""


@dataclass(frozen=True)
class PointClass:
    """Candidates that are one knowledge point, the most frequent first."""

    members: tuple[Candidate, ...]
    how: How


@dataclass(frozen=True)
class PairVerdict:
    """What was decided of a link, and what decided it."""

    verdict: Literal["same", "different", "undecided"]
    by: Literal["file", "contrast", "score", "curator", "nobody"]


SAID = {"same": PairVerdict("same", "curator"), "different": PairVerdict("different", "curator")}
"""What the curator's words come to."""


@dataclass(frozen=True)
class Merged:
    """The classes, and every pair that was looked at."""

    classes: list[PointClass]
    proposals: list[Proposal]
    embedded: int
    """How many candidates have a vector."""


async def merge(work: RunContext, free: list[Candidate], decisions: Decisions) -> Merged:
    """Partition the candidates into classes of those that are one point."""
    likely, embedded = await likely_links(work, free)
    verdicts = await judge_links(work, free, likely, _decided(free, decisions), embedded > 0)
    by_user = {link: found.verdict for link, found in verdicts.items() if found.by == "file"}
    frozen = _frozen(free, by_user)
    same = {link: likely.get(link) or 0.0 for link, found in verdicts.items() if found.verdict == "same"}
    classes = [_class(free, members, verdicts) for members in complete_linkage(len(free), same, frozen)]
    recipe = work.recipes["connect"]
    proposals = [
        Proposal(
            recipe=recipe,
            name=free[a].name,
            other=free[b].name,
            score=likely.get((a, b)),
            verdict=found.verdict,
            decided_by=found.by,
        )
        for (a, b), found in sorted(verdicts.items())
    ]
    return Merged(classes, proposals, embedded)


async def likely_links(work: RunContext, free: Sequence[Candidate]) -> tuple[dict[Link, float | None], int]:
    """Links worth a verdict, with their score, and how many candidates have a vector."""
    names = [candidate.asked for candidate in free]
    found: dict[Link, float | None] = dict.fromkeys([*initial_pairs(names), *loose_pairs(names)])
    if work.roles.get("embedder") is None:
        found.update({(a, b): score for a, b, score in await asyncio.to_thread(spelled_pairs, names, SPELLED_FROM)})
        return found, 0
    known = await vectors(work, names)
    there = [index for index, name in enumerate(names) if name in known]
    if there:
        rows = np.stack([known[names[index]] for index in there])
        near = await asyncio.to_thread(near_pairs, rows, work.settings.connect.ask_from)
        found.update({(there[a], there[b]): score for a, b, score in near})
    return found, len(there)


def _decided(free: Sequence[Candidate], decisions: Decisions) -> dict[Link, PairVerdict]:
    """The links that the user's file decides."""
    index = {candidate.form: number for number, candidate in enumerate(free)}
    found: dict[Link, PairVerdict] = {}
    for pairs, verdict in (
        (decisions.same, PairVerdict("same", "file")),
        (decisions.different, PairVerdict("different", "file")),
    ):
        for one, other in pairs:
            if one in index and other in index:
                found[_link(index[one], index[other])] = verdict
    for number, candidate in enumerate(free):
        form, parted, _ = candidate.form.partition("\n")
        for place, rest in enumerate(free) if parted else ():
            if place != number and rest.form.partition("\n")[0] == form:
                found[_link(number, place)] = PairVerdict("different", "file")
    return found


async def judge_links(
    work: RunContext,
    free: Sequence[Candidate],
    likely: Mapping[Link, float | None],
    decided: Mapping[Link, PairVerdict],
    vectors_used: bool,
) -> dict[Link, PairVerdict]:
    """A verdict on every likely link; `decided` are those that nobody else is asked about."""
    found, domain = dict(decided), work.library.domain
    asked: dict[str, Link] = {}
    for link, score in likely.items():
        if link in found:
            continue
        one, other = (free[index].asked for index in link)
        if contrast(one, other, domain.opposed) == "apart":
            found[link] = PairVerdict("different", "contrast")
        elif (
            vectors_used
            and score is not None
            and score >= work.settings.connect.same_at
            and joins_alone(one, other, domain.opposed, domain.names)
        ):
            found[link] = PairVerdict("same", "score")
        else:
            asked[_subject(one, other)] = link
    verdicts = await judge_all(work, "same", sorted(asked), tuple(SAID))
    for subject, link in asked.items():
        found[link] = SAID.get(verdicts[subject], PairVerdict("undecided", "nobody"))
    return found


def _subject(one: str, other: str) -> str:
    # A line break stands in no name; a bar does, in P(A | B).
    return "\n".join(sorted((one, other)))


def _frozen(free: Sequence[Candidate], by_user: Mapping[Link, str]) -> list[list[int]]:
    """Classes that are given: what the user calls the same.

    Raises SettingsError when the user's own decisions contradict each other.
    """
    apart = {link for link, verdict in by_user.items() if verdict == "different"}
    groups: list[set[int]] = []
    for link, verdict in sorted(by_user.items()):
        if verdict == "same":
            groups = _joined(groups, set(link))
    for group in groups:
        for a, b in combinations(sorted(group), 2):
            if (a, b) in apart:
                raise SettingsError(
                    f"The alias file says that {free[a].name!r} and {free[b].name!r} are different, and by way of "
                    "other pairs that they are the same: correct one of its decisions."
                )
    return [sorted(group) for group in groups]


def _joined(groups: list[set[int]], new: set[int]) -> list[set[int]]:
    """The groups and a new one, which takes in all that it has a member of."""
    touched = [group for group in groups if group & new]
    return [group for group in groups if not group & new] + [new.union(*touched)]


def _link(a: int, b: int) -> Link:
    return (a, b) if a < b else (b, a)


def _class(free: Sequence[Candidate], members: Sequence[int], verdicts: Mapping[Link, PairVerdict]) -> PointClass:
    by_size = sorted((free[index] for index in members), key=lambda member: (-member.mentions, member.form))
    deciders = {verdicts[link].by for link in combinations(sorted(members), 2) if link in verdicts}
    how: How = "file" if "file" in deciders else "curator" if "curator" in deciders else "embedding"
    return PointClass(tuple(by_size), how if len(members) > 1 else "normal_form")
