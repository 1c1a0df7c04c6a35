"""A curator and embedder that answer from tables, in the test's process, and keep what they were asked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import cos, radians, sin
from pathlib import Path
from typing import Any
from uuid import UUID

from graph.errors import EndpointDown
from graph.records import Alias, KnowledgePoint, Proposal, Reject
from tasks.context.run_context import RunContext
from tasks.endpoint.faults import Failure
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.settings.run import RunSettings
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain

EMBEDDER = {"roles": {"embedder": {"endpoint": "local", "model": "embedding-model"}}}


@dataclass
class Curator:
    """Answers from tables, in this process, and keeps what it was asked."""

    filter: Mapping[str, str] = field(default_factory=dict)
    """Name -> verdict; names not in it are kept."""
    same: set[frozenset[str]] = field(default_factory=set)
    names: Mapping[frozenset[str], str] = field(default_factory=dict)
    """Class -> its name; the others go by their first name."""
    degrees: Mapping[str, float] = field(default_factory=dict)
    """Direction of each name's vector in the plane."""
    answers: int | None = None
    """How many questions are answered before the endpoint is down."""
    mute: int = 0
    """How many requests for vectors get none, for `mute_fault`."""
    mute_fault: Failure | None = None
    failure: EndpointDown | None = None
    """What every request for vectors ends with."""
    unfit: dict[str, Failure] = field(default_factory=dict)
    """Name -> fault of every request for vectors with it."""
    vain: Sequence[UUID] = ()
    """What a real client calls off: nothing."""
    width: int = 2
    """Numbers of a vector; those beyond two are 0. `dimensions` in the body wins."""
    garbled: Counter[str] = field(default_factory=Counter)
    """Name -> how many questions with it get an answer that cannot be read."""
    asked: list[tuple[str, ...]] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    extra_bodies: list[Mapping[str, Any]] = field(default_factory=list)

    async def complete(self, request: ChatRequest) -> Reply:
        if self.answers is not None and len(self.asked) >= self.answers:
            raise EndpointDown("down")
        text = request.messages[-1]["content"]
        kind, body = next(
            (tag, found[1]) for tag in READERS if (found := re.search(f"<{tag}>(.*)</{tag}>", text, re.S))
        )
        items = tuple(re.sub(r"^\d+\. ", "", line.strip()) for line in body.splitlines() if line.strip())
        self.asked.append((kind, *items))
        for name in items:
            if self.garbled[name]:
                self.garbled[name] -= 1
                return reply("I would rather not say.")
        return reply(READERS[kind](self, items))

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any]
    ) -> tuple[list[list[float]], Reply]:
        if self.failure is not None:
            raise self.failure
        self.embedded += texts
        self.extra_bodies.append(dict(extra_body))
        if self.mute:
            self.mute -= 1
            return [], replace(reply(""), failure=self.mute_fault)
        if faults := [self.unfit[text] for text in texts if text in self.unfit]:
            return [], replace(reply(""), failure=faults[0])
        angles = [radians(self.degrees[text]) for text in texts]
        zeros = [0.0] * (extra_body.get("dimensions", self.width) - 2)
        return [[cos(angle), sin(angle), *zeros] for angle in angles], reply("")

    def verdicts(self, names: Sequence[str]) -> str:
        lines = [f"{number} {self.filter.get(name, 'keep')}" for number, name in enumerate(names, 1)]
        return "<verdicts>\n" + "\n".join(lines) + "\n</verdicts>"

    def comparisons(self, pairs: Sequence[str]) -> str:
        plain_pairs = [pair.replace("∣", "|") for pair in pairs]
        same = [any(pair in (f"{a} | {b}", f"{b} | {a}") for a, b in self.same) for pair in plain_pairs]
        lines = [f"{number} {'same' if one else 'different'}" for number, one in enumerate(same, 1)]
        return "<verdicts>\n" + "\n".join(lines) + "\n</verdicts>"

    def name(self, names: Sequence[str]) -> str:
        return f"<name>{self.names.get(frozenset(names), names[0])}</name>"

    def questions(self, kind: str) -> list[tuple[str, ...]]:
        return sorted(question[1:] for question in self.asked if question[0] == kind)


READERS: dict[str, Callable[[Curator, Sequence[str]], str]] = {
    "names": Curator.verdicts,
    "pairs": Curator.comparisons,
    "class": Curator.name,
}


TOO_LONG = Failure("context_length", "context length")
REFUSED = Failure("request_refused", "refused request: no")


def reply(text: str) -> Reply:
    return Reply(text, "", "stop", None, endpoint="local", attempts=1, input_tokens=1, output_tokens=1, seconds=0.1)


def written(folder: Path, *seeds: Sequence[str]) -> dict[str, Any]:
    """The settings of seeds that carry their own points."""
    rows = [json.dumps({"problem": f"problem {number}", "points": points}) for number, points in enumerate(seeds)]
    folder.mkdir(exist_ok=True)
    (folder / "seeds.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return {"seeds": [{"path": folder / "seeds.jsonl", "columns": {"points": "points"}}]}


@dataclass(frozen=True)
class Graph:
    """What connect left in the store, by name."""

    points: dict[str, KnowledgePoint]
    aliases: dict[str, Alias]
    edges: dict[frozenset[str], int]
    rejects: dict[str, str]
    calls: list[Any]
    proposals: dict[frozenset[str], Proposal]

    def classes(self) -> set[frozenset[str]]:
        members: dict[object, set[str]] = {}
        for alias in self.aliases.values():
            members.setdefault(alias.point_id, set()).add(alias.name)
        return {frozenset(names) for names in members.values()}


def look(work: RunContext) -> Graph:
    points = {point.id: point for point in work.store.select(KnowledgePoint)}
    return Graph(
        {point.name: point for point in points.values()},
        {alias.name: alias for alias in work.store.select(Alias)},
        {
            frozenset({points[a].name, points[b].name}): w
            for a, b, w in work.store.rows("SELECT a, b, weight FROM edges")
        },
        {row.detail: row.reason for row in work.store.select(Reject, "stage = 'connect'")},
        [row[0] for row in work.store.rows("SELECT id FROM calls")],
        {frozenset({row.name, row.other}): row for row in work.store.select(Proposal)},
    )


async def connected(settings: RunSettings, curator: Curator) -> Graph:
    """Run ingest, extract and connect, and look at what they left."""
    async with open_context(settings, {"local": curator}) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        await plain(connect)()
        return look(work)
