"""Whether a graph can give what is asked of it, in sentences: a pure function of counts.

Names left unmerged, a name that stands in every seed, a seed with very many points: each makes a graph that draws, and
draws something else than was asked. Nothing fails then, so it has to be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb
from typing import NamedTuple

from pydantic import Field

from graph.nouns import counted
from graph.records import Record, Relation
from graph.sampling import crowded_from

IMPLICIT: tuple[Relation, ...] = ("two_hop", "three_hop", "distant")
"""Relations whose points no seed has together."""
SHORT = 0.02
"""How far, as a share of all combinations, what comes may stay behind what is asked before that is worth a word."""
CROWDED = 0.2
"""Share of the seeds above which a point is named, whatever share the plan keeps from paths."""
OWNED = 0.1
"""Share of a relation from which one seed's part in it is worth a word."""
NAMED = 5
"""Most names in a sentence."""


class GraphCounts(Record):
    """What a verdict rests on."""

    seeds: int
    """Seeds with a point."""
    points: int
    edges: int
    components: int
    largest: int
    """Points of the largest component."""
    shares: dict[Relation, int]
    """What is asked, in any unit."""
    available: dict[Relation, int | None]
    """Combinations that the graph has; None: more than can be listed."""
    wanted: int
    """Combinations that the target is expected to need."""
    drawn: dict[Relation, int] = Field(default_factory=dict)
    """Those that were drawn; empty before the first."""
    ends: dict[Relation, int] = Field(default_factory=dict)
    """At which place a relation was found to have nothing left."""
    often: tuple[tuple[str, int], ...] = ()
    """The points in most seeds, and in how many."""
    widest: tuple[str, int] | None = None
    """The seed with most points, and how many."""
    crowded_share: float = CROWDED
    """Share of the seeds above which a point is kept out of paths."""
    by_seed: bool = True
    """Whether seeds have turns."""
    hubs: tuple[tuple[str, int], ...] = ()
    """The points with most neighbours, and how many."""
    dropped: int = 0
    """Names that the curator dropped."""
    embedder: bool = False
    curator: bool = False
    min_weight: float = 1


class GraphVerdict(NamedTuple):
    """What a graph is and gives, and what to do; without advice it gives what is asked."""

    sentences: tuple[str, ...]
    advice: str
    drawable: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, the advice last."""
        return (*self.sentences, self.advice) if self.advice else self.sentences


def verdict(counts: GraphCounts) -> GraphVerdict:
    """Judge a graph by its counts."""
    drawable = any(number is None or number > 0 for number in counts.available.values())
    if sum(counts.drawn.values()) < counts.wanted and not set(counts.ends) >= set(counts.shares):
        # What came so far is the beginning; how it goes on is what has to be said.
        counts = counts.model_copy(update={"drawn": {}, "ends": {}})
    drawn, ends = expected(counts.shares, counts.available, counts.wanted)
    drawn, ends = (counts.drawn, counts.ends) if counts.drawn else (drawn, ends)
    if not drawable:
        return GraphVerdict((_shape(counts),), _nothing(counts), drawable)
    sentences = (
        _shape(counts),
        *_mixture(counts, drawn),
        *_ends(counts, drawn, ends),
        *_crowded(counts),
        *_owned(counts),
        *_hubs(counts),
    )
    return GraphVerdict(sentences, _advice(counts, drawn), drawable)


def expected(
    shares: Mapping[Relation, int], available: Mapping[Relation, int | None], wanted: int
) -> tuple[dict[Relation, int], dict[Relation, int]]:
    """How many of each relation are drawn, and about where relations end, when so many are drawn by these shares."""
    left, drawn, ends = dict(shares), dict.fromkeys(shares, 0), {}
    place = 0
    while left and place < wanted:
        total = sum(left.values())
        room = {relation: _left(available.get(relation), drawn[relation]) for relation in left}
        # How many turns of all of them until the first has nothing left.
        steps = {relation: number * total / left[relation] for relation, number in room.items() if number is not None}
        first = min(steps, key=steps.__getitem__, default=None)
        taken = min(wanted - place, int(steps[first])) if first else wanted - place
        for relation, share in left.items():
            drawn[relation] += round(taken * share / total)
        place += taken
        if first is None or place >= wanted:
            break
        drawn[first] = available[first] or 0
        ends[first] = place
        del left[first]
    return drawn, ends


def _left(available: int | None, drawn: int) -> int | None:
    return None if available is None else max(0, available - drawn)


def _shape(counts: GraphCounts) -> str:
    core = (
        f", the largest with {_percent(counts.largest, counts.points)} of the points" if counts.components > 1 else ""
    )
    components = "1 component" if counts.components == 1 else f"{counts.components:,} components{core}"
    points = (
        f"{counted(counts.points, 'point')} and {counted(counts.edges, 'edge')} from {counted(counts.seeds, 'seed')}"
    )
    return f"The graph has {points}, in {components}."


def _implicit(parts: Mapping[Relation, int]) -> float:
    return sum(number for relation, number in parts.items() if relation in IMPLICIT) / max(1, sum(parts.values()))


def _thin(counts: GraphCounts, drawn: Mapping[Relation, int]) -> bool:
    """Whether fewer implicit combinations come than were asked."""
    return _implicit(drawn) < _implicit(counts.shares) - SHORT


def _mixture(counts: GraphCounts, drawn: Mapping[Relation, int]) -> Iterator[str]:
    asked, found = _implicit(counts.shares), _implicit(drawn)
    if not asked:
        return
    names = " and ".join(relation for relation in counts.shares if relation in IMPLICIT)
    begin = f"{asked:.0%} of the combinations were asked to be implicit ({names})"
    if not _thin(counts, drawn):
        yield f"{begin}, and the graph has enough of them."
    elif counts.drawn:
        yield f"{begin}, and {found:.0%} of the {sum(drawn.values()):,} drawn are: the graph has no more."
    else:
        yield f"{begin}, and of {counts.wanted:,} at most {found:.0%} can be: the graph has no more."


def _ends(counts: GraphCounts, drawn: Mapping[Relation, int], ends: Mapping[Relation, int]) -> Iterator[str]:
    if ends:
        about = "" if counts.drawn else "about "
        told = [f"{relation} at {about}{place:,}" for relation, place in sorted(ends.items(), key=lambda item: item[1])]
        wanted = max(counts.wanted, sum(counts.drawn.values()))
        yield f"Nothing is left of {', '.join(told)} of {wanted:,} combinations."
    if sum(drawn.values()) < counts.wanted and set(ends) >= set(counts.shares):
        yield (
            f"All relations together have {counted(sum(drawn.values()), 'combination')}; the target is expected to "
            f"need {counts.wanted:,}, so about {_percent(sum(drawn.values()), counts.wanted)} of the pairs can come."
        )


def crowded(counts: GraphCounts) -> list[tuple[str, int]]:
    """The points that are in too many seeds; a few seeds alone say nothing."""
    least = crowded_from(min(CROWDED, counts.crowded_share), counts.seeds)
    return [(name, seeds) for name, seeds in counts.often if seeds >= least]


def _crowded(counts: GraphCounts) -> Iterator[str]:
    found = crowded(counts)
    if found:
        names = ", ".join(f"{name} ({_percent(seeds, counts.seeds)})" for name, seeds in found[:NAMED])
        more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        share = min(CROWDED, counts.crowded_share)
        yield f"In more than {share:.0%} of the seeds: {names}{more}. {_paths(counts, found[0][1])}"


def _paths(counts: GraphCounts, most: int) -> str:
    """Whether paths lead through points in too many seeds."""
    close = "Nearly everything is close to such a point"
    if most < crowded_from(counts.crowded_share, counts.seeds):
        return f"{close}, and paths lead through it, as sample.crowded_share = {counts.crowded_share:g} says."
    above = "" if counts.crowded_share <= CROWDED else f" in more than {counts.crowded_share:.0%}"
    return f"{close}, so no path leads through one{above}."


def _owned(counts: GraphCounts) -> Iterator[str]:
    if counts.widest is None:
        return
    seed, size = counts.widest
    own: dict[Relation, int] = {"one_hop": comb(size, 2), "community": comb(size, 3) + comb(size, 4)}
    told = [
        f"{own[relation]:,} of {number:,} {relation} combinations"
        for relation, number in counts.available.items()
        if relation in own and number and OWNED * number < own[relation]
    ]
    if told and counts.seeds > 1:
        turns = "seeds have turns, so they come late" if counts.by_seed else "sample.by_seed = true gives seeds turns"
        yield f"One seed, {seed}, has {size} points and with them {' and '.join(told)}; {turns}."


def _hubs(counts: GraphCounts) -> Iterator[str]:
    if counts.hubs and counts.shares.get("three_hop"):
        names = ", ".join(f"{name} ({degree:,})" for name, degree in counts.hubs[:NAMED])
        yield f"three_hop starts from the points with most neighbours: {names}."


def _advice(counts: GraphCounts, drawn: Mapping[Relation, int]) -> str:
    """The one thing to do first."""
    found = crowded(counts)
    if found:
        return (
            f"If {found[0][0]} is no fact that a solver must know, drop it by a line `{found[0][0]},` in "
            "connect.alias_file; if it is one, sample.crowded_share = 1 lets paths lead through it."
        )
    if _thin(counts, drawn):
        return _bridge(counts)
    if sum(drawn.values()) < counts.wanted:
        return "Bring more seeds, ask for fewer pairs, or raise sample.samples_per_combination."
    return ""


def _bridge(counts: GraphCounts) -> str:
    """What joins points that no seed has together."""
    if counts.min_weight > 1:
        return f"Lower sample.min_weight, which is {counts.min_weight:g}: weaker implicit combinations are left out."
    if not counts.embedder:
        return "Name an embedder under [roles]: names that mean the same are not joined by their letters."
    if not counts.curator:
        return "Name a curator under [roles]: it decides which names between the two cosines are one."
    return "Bring more seeds: too few of them share a point."


def _nothing(counts: GraphCounts) -> str:
    """Why nothing can be drawn, and what to do."""
    if not counts.points and counts.dropped:
        return (
            f"Nothing can be drawn: the curator dropped all {counted(counts.dropped, 'name')}. Name another model as "
            "curator, or set connect.filter = false."
        )
    if not counts.points:
        return "Nothing can be drawn: there is no knowledge point. Look with `gsdp doctor` at the extractor's model."
    if not counts.edges:
        return (
            "Nothing can be drawn: no seed has two points. Raise extract.limit, name a stronger extractor, or bring "
            "seeds that need more than one fact."
        )
    asked = ", ".join(counts.shares)
    if counts.min_weight > 1:
        return f"Nothing can be drawn of {asked}: lower sample.min_weight, which is {counts.min_weight:g}."
    return f"Nothing can be drawn of {asked}: add one_hop to sample.quotas, or bring seeds that share points."


def _percent(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.0%}"
