"""connect: turn the names that seeds mention into knowledge points and the edges between them (GRIP, appendix D.1).

1. Names with the same normal form are one candidate; the user's alias file wins over everything that follows.
2. The curator drops candidates that are vague, wrong or over-detailed. A name it does not judge is kept.
3. With an embedder, candidates whose cosine is high are one, those in the grey band are the curator's to decide, and a
   class is complete: every two of its names are the same, so nothing chains. A name that the embedder cannot take
   stays alone; a reject says so.
4. The curator names each class of several candidates; otherwise its most frequent name stands.

Verdicts are kept by name, so later seeds ask about new names only, and a class once made stays together: a new name
joins it if it matches all its members. Points, aliases and edges follow from mentions and verdicts, and are replaced
whole; other settings of connect build everything anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np

from graph.classes import complete_linkage, nearest_pairs
from graph.names import normal_form
from graph.records import Alias, KnowledgePoint, Record, Reject, content_id
from tasks.aliases import read_aliases
from tasks.curate import judge_all, name_classes, vectors
from tasks.retry import chunk_task
from tasks.store.writer import Statement
from tasks.workbench import Workbench, bench

How = Literal["file", "normal_form", "embedding", "curator"]
FILTER_VERDICTS = ("keep", "drop vague", "drop wrong", "drop detailed")
SAME_VERDICTS = ("same", "different")


@dataclass(frozen=True)
class Candidate:
    """Mentioned names that are one by normal form (or by the alias file, which then also names them)."""

    form: str
    name: str
    names: tuple[str, ...]
    mentions: int
    told: bool


@dataclass(frozen=True)
class PointClass:
    """Candidates that are one knowledge point, the most frequent first."""

    members: tuple[Candidate, ...]
    how: How


@chunk_task("connect")
async def connect() -> dict[str, int]:
    """Build points, aliases and edges from all mentions of the present recipe; how many of each."""
    work = bench()
    counted = work.store.rows(
        "SELECT name, count(*) FROM current_mentions WHERE recipe = ? GROUP BY name ORDER BY name",
        [work.recipes["extract"]],
    )
    found = candidates(counted, read_aliases(work.settings.connect.alias_file))
    kept = await _filter(work, found)
    classes = await _merge(work, kept)
    names = await _name(work, classes)
    await _replace(work, classes, names)
    edges = work.store.rows("SELECT count(*) FROM edges WHERE recipe = ?", [work.recipes["connect"]])[0][0]
    work.counts.note("connect", done=len(classes))
    return {"names": len(counted), "points": len(classes), "edges": int(edges)}


def candidates(counted: Sequence[tuple[str, int]], aliases: Mapping[str, str]) -> list[Candidate]:
    """Group names by normal form, after the alias file (normal form -> point name, '' to drop) has had its say."""
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    told: dict[str, str] = {}
    for name, mentions in counted:
        form = normal_form(name)
        if form in aliases:
            if not aliases[form]:
                continue
            form = normal_form(aliases[form])
            told[form] = aliases[normal_form(name)]
        groups[form].append((name, mentions))
    found = []
    for form, group in sorted(groups.items()):
        names = tuple(name for name, _ in sorted(group, key=lambda item: (-item[1], len(item[0]), item[0])))
        total = sum(mentions for _, mentions in group)
        found.append(Candidate(form, told.get(form, names[0]), names, total, form in told))
    return found


async def _filter(work: Workbench, found: list[Candidate]) -> list[Candidate]:
    """Candidates that stay. What the user's file names is not questioned."""
    if not work.settings.connect.filter:
        return found
    names = [candidate.name for candidate in found if not candidate.told]
    verdicts = await judge_all(work, "filter", names, FILTER_VERDICTS)
    dropped = {name: verdict for name, verdict in verdicts.items() if verdict.startswith("drop")}
    rejects = [
        work.reject("connect", content_id("name", name), verdict.removeprefix("drop "), name)
        for name, verdict in dropped.items()
    ]
    known = await work.store.existing(Reject, [reject.id for reject in rejects])
    await work.store.write(*[reject for reject in rejects if reject.id not in known])
    return [candidate for candidate in found if candidate.told or candidate.name not in dropped]


async def _merge(work: Workbench, kept: list[Candidate]) -> list[PointClass]:
    """Classes of candidates that are the same point."""
    told = [PointClass((candidate,), "file") for candidate in kept if candidate.told]
    free = [candidate for candidate in kept if not candidate.told]
    embedded = await vectors(work, [candidate.name for candidate in free])
    alone = [PointClass((candidate,), "normal_form") for candidate in free if candidate.name not in embedded]
    if not embedded:
        return told + alone
    free = [candidate for candidate in free if candidate.name in embedded]
    settings = work.settings.connect
    rows = np.asarray([embedded[candidate.name] for candidate in free], dtype=np.float32)
    near = nearest_pairs(rows, settings.ask_from)
    same = {(a, b): score for a, b, score in near if score >= settings.same_at}
    grey = {(a, b): score for a, b, score in near if score < settings.same_at}
    subjects = {_pair(free[a].name, free[b].name): (a, b) for a, b in grey}
    verdicts = await judge_all(work, "same", sorted(subjects), SAME_VERDICTS)
    asked = {subjects[subject] for subject, verdict in verdicts.items() if verdict == "same"}
    same.update({pair: grey[pair] for pair in asked})
    classes = complete_linkage(len(free), same, _made(work, free))
    return told + alone + [_class(free, members, asked) for members in classes]


def _made(work: Workbench, free: list[Candidate]) -> list[list[int]]:
    """Classes of several candidates that an earlier graph of this recipe has made."""
    points = dict(work.store.rows("SELECT name, point_id FROM aliases WHERE recipe = ?", [work.recipes["connect"]]))
    classes: dict[UUID, list[int]] = defaultdict(list)
    for index, candidate in enumerate(free):
        known = [points[name] for name in candidate.names if name in points]
        if known:
            classes[known[0]].append(index)
    return [members for members in classes.values() if len(members) > 1]


def _pair(a: str, b: str) -> str:
    # A line break stands in no name; a bar does, in P(A | B).
    return "\n".join(sorted((a, b)))


def _class(free: list[Candidate], members: Sequence[int], asked: set[tuple[int, int]]) -> PointClass:
    by_size = sorted((free[index] for index in members), key=lambda member: (-member.mentions, member.form))
    if len(members) == 1:
        return PointClass(tuple(by_size), "normal_form")
    curated = any((a, b) in asked for a in members for b in members)
    return PointClass(tuple(by_size), "curator" if curated else "embedding")


async def _name(work: Workbench, classes: list[PointClass]) -> list[str]:
    """The name of each class: the curator's for classes of several candidates, else the most frequent one."""
    several = [tuple(member.name for member in group.members) for group in classes if len(group.members) > 1]
    chosen = await name_classes(work, several)
    return [chosen.get(tuple(member.name for member in group.members), group.members[0].name) for group in classes]


async def _replace(work: Workbench, classes: list[PointClass], names: list[str]) -> None:
    """Write aliases, then the points with their counts and the edges, which the store aggregates from them."""
    store, recipe, mentioned = work.store, work.recipes["connect"], work.recipes["extract"]
    before = dict(store.rows("SELECT name, point_id FROM aliases WHERE recipe = ? ORDER BY ALL", [recipe]))
    ids = _point_ids(classes, before)
    aliases: list[Record] = [
        Alias(id=content_id("alias", str(recipe), name), recipe=recipe, name=name, point_id=point_id, how=group.how)
        for group, point_id in zip(classes, ids, strict=True)
        for member in group.members
        for name in member.names
    ]
    await store.write(*aliases, statements=[("DELETE FROM aliases WHERE recipe = ?", [recipe])])
    counts = {
        row[0]: row[1:]
        for row in store.rows(
            """SELECT a.point_id, count(*), count(DISTINCT m.seed_id)
               FROM current_mentions m JOIN aliases a ON a.name = m.name AND a.recipe = ? WHERE m.recipe = ?
               GROUP BY 1""",
            [recipe, mentioned],
        )
    }
    points = [
        KnowledgePoint(id=point_id, recipe=recipe, name=name, mentions=counts[point_id][0], seeds=counts[point_id][1])
        for point_id, name in zip(ids, names, strict=True)
    ]
    edges: Statement = (
        """INSERT INTO edges
           WITH occurs AS (
               SELECT DISTINCT m.seed_id, a.point_id
               FROM current_mentions m JOIN aliases a ON a.name = m.name AND a.recipe = $1 WHERE m.recipe = $2)
           SELECT $1, x.point_id, y.point_id, count(*)
           FROM occurs x JOIN occurs y ON x.seed_id = y.seed_id AND x.point_id < y.point_id
           GROUP BY ALL ORDER BY ALL""",
        [recipe, mentioned],
    )
    clear: list[Statement] = [
        (f"DELETE FROM {table} WHERE recipe = ?", [recipe]) for table in ("knowledge_points", "edges")
    ]
    await store.write(*points, statements=[*clear, edges])


def _point_ids(classes: list[PointClass], before: Mapping[str, UUID]) -> list[UUID]:
    """Ids of classes. A point keeps the id that its most frequent name has had; nothing else may take it."""
    taken: set[UUID] = set()
    ids = []
    for group in classes:
        leader = group.members[0]
        known = [before[name] for member in group.members for name in member.names if name in before]
        wanted = [*known, content_id("point", leader.form), content_id("point", leader.form, str(leader.names))]
        point_id = next(candidate for candidate in wanted if candidate not in taken)
        taken.add(point_id)
        ids.append(point_id)
    return ids
