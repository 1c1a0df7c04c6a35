"""connect: turn the names that seeds mention into knowledge points and the edges between them (GRIP, appendix D.1).

1. Names with the same normal form are one candidate; the user's alias file wins over everything that follows.
2. The curator drops candidates that are vague, wrong or over-detailed. A name it does not judge is kept, and so are
   all names of an answer that would drop each of them for the same reason.
3. With an embedder, candidates whose cosine is high are one unless a telling word differs, those in the grey band are
   the curator's to decide, and a class is complete: every two of its names are the same, so nothing chains. A name that
   the embedder cannot take stays alone; a reject says so. Without an embedder the curator is asked about names whose
   letters are alike, which is clearly second best.
4. The curator names each class of several candidates; otherwise its most frequent name stands.

Verdicts are kept by name, so later seeds ask about new names only. Points, aliases and edges follow from mentions and
verdicts alone and are replaced whole: which seeds there were before, and in which order they came, changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from graph.names import ORDINARY, NameRules, normal_form
from graph.records import Alias, KnowledgePoint, Proposal, Record, Reject, content_id
from tasks.context.basis import rest_on_graph
from tasks.context.run_context import RunContext, run_context
from tasks.inputs.aliases import Decisions, read_aliases
from tasks.points.curator import judge_all, name_classes, unused
from tasks.points.resolution import Candidate, PointClass, merge
from tasks.reports.graph_verdict import judge_if_new, sampled_graph
from tasks.stages.chunk_task import chunk_task
from tasks.store.graphs import OCCURS
from tasks.store.writer import Statement

FILTER_VERDICTS = ("keep", "drop vague", "drop wrong", "drop detailed")


@chunk_task("connect")
async def connect() -> dict[str, int]:
    """Build points, aliases and edges from all mentions of the present recipe; how many of each."""
    work = run_context()
    counted = work.store.rows(
        "SELECT name, count(*) FROM current_mentions WHERE recipe = ? GROUP BY name ORDER BY name",
        [work.recipes["extract"]],
    )
    rules = work.library.domain.names
    decisions = read_aliases(work.settings.connect.alias_file, rules)
    kept = await _filter(work, candidates(counted, decisions, asked_names(work), rules))
    told = [PointClass((candidate,), "file") for candidate in kept if candidate.told]
    free = [candidate for candidate in kept if not candidate.told]
    merged = await merge(work, free, decisions)
    classes = told + merged.classes
    names = await _name(work, classes)
    await _replace(work, classes, names, [*merged.proposals, *_spellings(work, kept)])
    edges = work.store.value("SELECT count(*) FROM edges WHERE recipe = ?", [work.recipes["connect"]])
    await rest_on_graph(work, await asyncio.to_thread(sampled_graph, work))
    await judge_if_new(work)
    work.counts.note("connect", done=len(classes))
    return {
        "names": len(counted),
        "points": len(classes),
        "edges": int(edges),
        "embedded": merged.embedded,
        "unused": unused(work),
    }


def asked_names(work: RunContext) -> set[str]:
    """Spellings that curator or embedder have been given in this workspace."""
    return set(
        work.store.column(
            """SELECT name FROM embeddings UNION
               SELECT unnest(string_split(subject, chr(10))) FROM verdicts WHERE task IN ('filter', 'same')"""
        )
    )


def candidates(
    counted: Sequence[tuple[str, int]],
    decisions: Decisions,
    asked: Collection[str] = (),
    rules: NameRules = ORDINARY,
) -> list[Candidate]:
    """Group names by normal form, after what the alias file says of a name as it is spelled, or of its form."""
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    told: dict[str, str] = {}
    for name, mentions in counted:
        form = normal_form(name, rules)
        point = decisions.spelled.get(name, decisions.points.get(form))
        if point == "":
            continue
        if point is not None:
            form = normal_form(point, rules)
            told[form] = point
        elif name in decisions.parted:
            form = f"{form}\n{name}"
        groups[form].append((name, mentions))
    found = []
    for form, group in sorted(groups.items()):
        names = tuple(name for name, _ in sorted(group, key=lambda item: (-item[1], len(item[0]), item[0])))
        total = sum(mentions for _, mentions in group)
        spelling = min((name for name in names if name in asked), default=names[0])
        found.append(Candidate(form, told.get(form, names[0]), names, total, form in told, spelling))
    return found


def _spellings(work: RunContext, found: Sequence[Candidate]) -> list[Proposal]:
    """A row for every spelling that its normal form, or the user's file, made one with the most frequent one."""
    rules = work.library.domain.names
    return [
        Proposal(
            recipe=work.recipes["connect"],
            name=candidate.names[0],
            other=other,
            score=None,
            verdict="same",
            decided_by=(
                "file"
                if candidate.told and normal_form(other, rules) != normal_form(candidate.names[0], rules)
                else "form"
            ),
        )
        for candidate in found
        for other in candidate.names[1:]
    ]


async def _filter(work: RunContext, found: list[Candidate]) -> list[Candidate]:
    """Candidates that stay. What the user's file names is not questioned."""
    if not work.settings.connect.filter:
        return found
    names = [candidate.asked for candidate in found if not candidate.told]
    verdicts = await judge_all(work, "filter", names, FILTER_VERDICTS)
    dropped = {name: verdict for name, verdict in verdicts.items() if verdict.startswith("drop")}
    rejects = [
        work.reject("connect", content_id("name", name), verdict.removeprefix("drop "), name)
        for name, verdict in dropped.items()
    ]
    known = await work.store.existing(Reject, [reject.id for reject in rejects])
    await work.store.write(*[reject for reject in rejects if reject.id not in known])
    return [candidate for candidate in found if candidate.told or candidate.asked not in dropped]


async def _name(work: RunContext, classes: list[PointClass]) -> list[str]:
    """The name of each class: the curator's for classes of several candidates, else the most frequent one.

    No two classes have one name: where the curator's is a name of another class, the most frequent member stands.
    """
    rules = work.library.domain.names
    asked = [tuple(member.asked for member in group.members) for group in classes]
    chosen = await name_classes(work, [group for group in asked if len(group) > 1])
    owners = {
        normal_form(name, rules): number
        for number, group in enumerate(classes)
        for member in group.members
        for name in (*member.names, member.name)
    }
    names: list[str] = []
    taken: set[str] = set()
    for number, (group, asked_of) in enumerate(zip(classes, asked, strict=True)):
        wanted = chosen.get(asked_of, group.members[0].name)
        form = normal_form(wanted, rules)
        if owners.get(form, number) != number or form in taken:
            wanted = group.members[0].name
        taken.add(normal_form(wanted, rules))
        names.append(wanted)
    return names


async def _replace(work: RunContext, classes: list[PointClass], names: list[str], proposals: list[Proposal]) -> None:
    """Write proposals and aliases, then the points with their counts and the edges, which the store aggregates."""
    store, recipe, mentioned = work.store, work.recipes["connect"], work.recipes["extract"]
    ids = _point_ids(classes)
    aliases: list[Record] = [
        Alias(id=content_id("alias", str(recipe), name), recipe=recipe, name=name, point_id=point_id, how=group.how)
        for group, point_id in zip(classes, ids, strict=True)
        for member in group.members
        for name in member.names
    ]
    await store.write(*proposals, *aliases, statements=_without(recipe, "proposals", "aliases"))
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
        f"""INSERT INTO edges WITH {OCCURS}
           SELECT $1, x.point_id, y.point_id, count(*)
           FROM occurs x JOIN occurs y ON x.seed_id = y.seed_id AND x.point_id < y.point_id
           GROUP BY ALL ORDER BY ALL""",
        [recipe, mentioned],
    )
    await store.write(*points, statements=[*_without(recipe, "knowledge_points", "edges"), edges])


def _without(recipe: UUID, *tables: str) -> list[Statement]:
    return [(f"DELETE FROM {table} WHERE recipe = ?", [recipe]) for table in tables]


def _point_ids(classes: list[PointClass]) -> list[UUID]:
    """Ids of classes, by the first of their members' forms: no two have one, and it stays when another leads."""
    return [content_id("point", min(member.form for member in group.members)) for group in classes]
