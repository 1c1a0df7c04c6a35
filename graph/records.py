"""What flows between the stages: frozen records with content-hash ids, and no behaviour.

A record's fields are, in order, the columns of the table that holds it. An id is a hash of the work that made the row
(`content_id`), never of its outcome: the same work has the same id, so a row is its own checkpoint. `recipe` is the
hash of everything but the data that shaped the row (prompts, models, sampling settings, thresholds, and the recipes
of the stages before it); rows of an older recipe stay in the store and are simply not selected.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, field_validator

Relation = Literal[
    "one_hop",
    "two_hop",
    "three_hop",
    "community",
    "random",
    "distant",
    "walk",
]
Difficulty = Literal["easy", "medium", "hard"]
Part = Literal["problem", "solution", "seed problem", "seed solution"]
"""Which text a benchmark item was found in."""


def content_id(kind: str, *parts: object) -> UUID:
    """128 bits of sha256 over canonical JSON of `kind` and `parts` (JSON values and UUIDs)."""
    return hashed(_canonical([kind, *parts]))


def hashed(canonical: str) -> UUID:
    """The id of work that is canonical JSON already."""
    return UUID(int=int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:16]))


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str).encode


class Record(BaseModel):
    """Base of all records: immutable, and closed to fields it does not declare."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Seed(Record):
    """A solved problem that the user brings."""

    id: UUID
    problem: str
    solution: str
    answer: str | None
    points: tuple[str, ...]
    """Knowledge points the row itself carries; extraction is skipped when there are any."""
    metadata: str
    """The row's other columns, as a JSON object."""
    source: str
    line: int


class Selected(Record):
    """A seed that the present settings name."""

    seed_id: UUID
    contaminated: bool = False
    """It repeats a benchmark item: it takes no part, and what is near it is kept out."""


class SeedSource(Record):
    """A seed file that the present settings name, as it was read."""

    source: str
    digest: str
    """SHA-256 of its bytes."""


class Basis(Record):
    """A digest of the data of a workspace that all later stages rest on: the seeds (ingest), the graph (connect)."""

    stage: Literal["ingest", "connect"]
    digest: UUID


class Mention(Record):
    """One raw name extracted from one seed."""

    id: UUID
    recipe: UUID
    seed_id: UUID
    position: int
    name: str


class Embedding(Record):
    """The vector of a name by one embedding model."""

    id: UUID
    model: str
    name: str
    vector: tuple[float, ...]


class CuratorVerdict(Record):
    """What the curator said of a name (keep, drop ...) or of a pair of names (same, different)."""

    id: UUID
    recipe: UUID
    task: Literal["filter", "same", "name"]
    subject: str
    verdict: str


class Alias(Record):
    """A mention's name and the knowledge point it stands for."""

    id: UUID
    recipe: UUID
    name: str
    point_id: UUID
    how: Literal["file", "normal_form", "embedding", "curator"]


class Proposal(Record):
    """Two names that may be one point, and what was decided of them."""

    recipe: UUID
    name: str
    other: str
    score: float | None
    """Likeness in 0-1; None where something else than likeness proposed the pair."""
    verdict: Literal["same", "different", "undecided"]
    decided_by: Literal["file", "form", "contrast", "score", "curator", "nobody"]
    """Who decided: the user, the normal form, a contrast of words, the score alone, the curator, or nobody."""


class KnowledgePoint(Record):
    """A named fact a solver must know; a node of the graph."""

    id: UUID
    recipe: UUID
    name: str
    mentions: int
    seeds: int


class Edge(Record):
    """Two knowledge points that occur in one seed; weight = number of such seeds; a < b."""

    recipe: UUID
    a: UUID
    b: UUID
    weight: int


class Combination(Record):
    """A relation and its 2-10 points (ascending ids): the unit that is asked for."""

    id: UUID
    recipe: UUID
    position: int
    """Place in sampling order, from 0."""
    relation: Relation
    points: tuple[UUID, ...]
    names: tuple[str, ...] = ()
    """Names of the points when it was drawn; a graph knows none, so sampling leaves them to the caller."""
    weight: float
    asks: int
    """How many problems are asked for on this combination."""
    level: Difficulty | None = None
    """How hard its problems are asked to be; None where nothing is said of it."""

    @field_validator("points")
    @classmethod
    def _none_twice(cls, points: tuple[UUID, ...]) -> tuple[UUID, ...]:
        # Not a CHECK of the table: DuckDB 2.0 cannot replay its log where a constraint calls a function of lists.
        if len(set(points)) < len(points):
            raise ValueError("a combination holds no point twice")
        return points


class Community(Record):
    """The community that a point belongs to; numbered from 0, the largest first."""

    recipe: UUID
    graph: UUID
    """Digest of the graph."""
    point_id: UUID
    community: int


class GraphFinding(Record):
    """A sentence on whether the graph gives what sampling asks of it."""

    recipe: UUID
    """Of sample."""
    graph: UUID
    """Fingerprint of the graph."""
    place: int
    text: str


class Problem(Record):
    """What the composer wrote for a combination."""

    id: UUID
    recipe: UUID
    combination_id: UUID
    sample: int
    text: str
    call_id: UUID
    names: tuple[str, ...] | None = None
    """Names of the points when it was asked for; None in rows of older stores."""
    level: Difficulty | None = None
    """How hard it was asked to be."""


class Reading(Record):
    """The knowledge points that the extractor finds in a problem that was asked for; `fault` says why none was read."""

    id: UUID
    recipe: UUID
    problem_id: UUID
    names: tuple[str, ...]
    fault: str | None


class SeedSolution(Record):
    """What the solver wrote for a seed that came with an answer alone; whether it is right is found by comparing."""

    id: UUID
    seed_id: UUID
    text: str
    """Empty where no solution could be read."""
    answer: str | None
    call_id: UUID


class Review(Record):
    """One judge's scores of a problem in 0-1, or the rater's difficulty; `unjudged` says why there is neither."""

    id: UUID
    problem_id: UUID
    judge: str
    logic: float | None
    presentation: float | None
    difficulty: Difficulty | None
    unjudged: str | None
    call_id: UUID


class Solution(Record):
    """One model's solution of a problem."""

    id: UUID
    problem_id: UUID
    sample: int
    text: str
    answer: str | None
    call_id: UUID


class Grade(Record):
    """One judge's 0/1 vote on a solution; `unjudged` says why there is none."""

    id: UUID
    problem_id: UUID
    solution_id: UUID
    judge: str
    vote: int | None
    unjudged: str | None
    call_id: UUID


class Election(Record):
    """How the solutions of a problem voted: what was asked for, which answers came, and what that measures."""

    id: UUID
    recipe: UUID
    problem_id: UUID
    kind: Literal["votes", "proof", "open"]
    """votes: answers were compared. proof, open: there is nothing to compare, so the judges alone decide."""
    asked: int
    spared: int
    """Solutions that were not asked for, since none of them could have changed the outcome."""
    classes: tuple[int, ...]
    """Solutions that agree, by answer, most first."""
    share: float | None
    """Of the largest class among the solutions asked for."""
    difficulty: Difficulty | None
    """How hard the problem is by that share; the rater's word is in passes."""
    agreed: tuple[UUID, ...] | None = None
    """The solutions of the largest class; None in rows of older stores."""


class Pass(Record):
    """A problem that passed the gate of a stage (review, grade, screen)."""

    id: UUID
    recipe: UUID
    stage: str
    problem_id: UUID
    score: float | None
    """review: weighted mean of the judges. grade: share of the winning answer's class among the solutions."""
    difficulty: Difficulty | None
    solution_id: UUID | None


class Reject(Record):
    """An item that ended at a stage, with the reason (a short code that can be grouped by) and its detail."""

    id: UUID
    recipe: UUID
    stage: str
    subject_id: UUID
    reason: str
    detail: str
    seed_id: UUID | None = None
    """extract: the seed that a name was read in."""


class Repeat(Record):
    """A problem that was kept out because it repeats a kept one, or a seed: together they are a cluster."""

    recipe: UUID
    problem_id: UUID
    kept_id: UUID
    """The pair or seed that came first."""
    kind: Literal["exact", "near", "template", "semantic"]
    similarity: float
    """Jaccard similarity of word 3-grams; the cosine of the vectors for semantic."""


class Overlap(Record):
    """The evidence that a text repeats a benchmark item."""

    recipe: UUID
    subject_id: UUID
    """The problem, or the row of a seed file."""
    part: Part
    item: str
    """File and line of the benchmark."""
    rule: str
    coverage: float
    """Share of the item's runs of words that the text holds; by meaning, the cosine of their vectors."""
    overlap: str
    """Words that they share; by meaning, the item's own."""


class Frontier(Record):
    """Combinations before `position` are finished and screened, in sampling order."""

    recipe: UUID
    position: int


class Wanted(Record):
    """The target and quotas (a hash of them) that the decisions of a recipe of screen rest on."""

    recipe: UUID
    wanted: UUID
