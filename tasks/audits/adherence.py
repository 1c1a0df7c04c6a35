"""Do problems need the knowledge points that they were asked for? The extractor reads a sample of the pairs again.

This is the check of GRIP, appendix E.3, which does not say when a name that is found counts as one that was asked for.
Here it does when connect would call the two the same: by normal form or alias, by a score that nothing speaks against,
or by the curator's word. It is no proof: extractor and composer may be one model, which then agrees with itself.

The readings are stored, so a second audit asks about what is new only; its calls are in the ledger under `adherence`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from graph.lines import name_in
from graph.names import normal_form
from graph.records import Reading, Relation, content_id
from prompts.answers import read_points
from tasks.context.run_context import Asked, RunContext, together
from tasks.points.resolution import Candidate, Link, judge_links, likely_links
from tasks.store.latest import recipe_of

STAGE = "adherence"
FormOf = Callable[[str], str]


@dataclass(frozen=True)
class AskedPoints:
    """A pair of the sample: what was asked for, and what came."""

    problem_id: UUID
    relation: Relation
    points: tuple[UUID, ...]
    names: tuple[str, ...]
    problem: str
    solution: str


@dataclass(frozen=True)
class Found:
    """How many of the points asked for were found again in a problem; None where the extractor gave no answer."""

    relation: Relation
    asked: int
    found: int | None


async def adherence(work: RunContext, size: int) -> list[Found]:
    """Read `size` of the pairs again (all, when there are fewer). A larger sample holds the smaller one."""
    sample = _sample(work, size)
    readings = dict(await together(_read(work, item) for item in sample))
    forms, form_of = _forms(work, sample), _form_of(work)
    heard = {
        item.problem_id: sorted({form_of(name): name for name in names}.items())
        for item in sample
        if (names := readings[item.problem_id]) is not None
    }
    same = await _same(work, sample, forms, heard)
    return [
        Found(item.relation, len(item.points), _count(item, forms, heard.get(item.problem_id), same, form_of))
        for item in sample
    ]


def _form_of(work: RunContext) -> FormOf:
    """The normal form of a name, by the domain's rules."""
    return partial(normal_form, rules=work.library.domain.names)


def _sample(work: RunContext, size: int) -> list[AskedPoints]:
    # Ids are hashes, so their order is a random one that is the same tomorrow.
    found = work.store.rows(
        f"""SELECT p.id, p.relation, c.points, c.names, p.problem, p.solution
            FROM pairs p JOIN combinations c ON c.id = p.combination_id AND c.recipe = {recipe_of("sample")}
            ORDER BY p.id LIMIT ?""",
        [size],
    )
    return [
        AskedPoints(id_, relation, tuple(points), tuple(names), *texts)
        for id_, relation, points, names, *texts in found
    ]


async def _read(work: RunContext, item: AskedPoints) -> tuple[UUID, tuple[str, ...] | None]:
    """The names found in a pair, from the store or from the extractor; None where it gave no answer."""
    role, limit = work.roles["extractor"], work.settings.extract.limit
    recipe = content_id("recipe", STAGE, str(role.recipes["extract"]), limit)
    reading_id = content_id("reading", str(recipe), item.problem, item.solution)
    known = {row.id: row for row in await work.store.of(Reading, [reading_id])}

    def row(answer: Asked[list[str]]) -> Reading:
        cleaned = [name_in(raw) for raw in answer.value or ()]
        names = tuple(name for name, fault in cleaned if fault is None)[:limit]
        return Reading(id=reading_id, recipe=recipe, problem_id=item.problem_id, names=names, fault=answer.fault)

    values = {"problem": item.problem, "solution": item.solution, "limit": limit}
    found = await work.ask_once(STAGE, role, "extract", values, reading_id, read_points, row, known)
    return item.problem_id, None if found.fault else found.names


def _forms(work: RunContext, sample: Sequence[AskedPoints]) -> dict[UUID, set[str]]:
    """Normal forms of all names that each point has, or had when it was asked for."""
    form_of, forms = _form_of(work), defaultdict[UUID, set[str]](set)
    for name, point in work.store.rows(
        "SELECT name, point_id FROM aliases WHERE recipe = ?", [work.recipes["connect"]]
    ):
        forms[point].add(form_of(name))
    for item in sample:
        for point, name in zip(item.points, item.names, strict=True):
            forms[point].add(form_of(name))
    return forms


async def _same(
    work: RunContext,
    sample: Sequence[AskedPoints],
    forms: Mapping[UUID, set[str]],
    heard: Mapping[UUID, list[tuple[str, str]]],
) -> set[tuple[str, str]]:
    """Pairs of forms (asked for, found) that are one by score or by the curator.

    A form that stands for another point of the graph is that point, and no question.
    """
    form_of = _form_of(work)
    known = {form for names in forms.values() for form in names}
    spelled = {form: name for names in heard.values() for form, name in names if form not in known}
    asked = {form_of(name): name for item in sample for name in item.names}
    names = asked | spelled
    place = {form: index for index, form in enumerate(names)}
    free = [Candidate(form, name, (name,), 1, False, name) for form, name in names.items()]
    wanted: dict[Link, tuple[str, str]] = {}
    for item in sample:
        for form in map(form_of, item.names):
            for other, _ in heard.get(item.problem_id, ()):
                if other in spelled:
                    wanted[place[form], place[other]] = (form, other)
    likely, embedded = await likely_links(work, free)
    open_links = {link: score for link, score in likely.items() if link in wanted}
    verdicts = await judge_links(work, free, open_links, {}, embedded > 0)
    return {wanted[link] for link, found in verdicts.items() if found.verdict == "same"}


def _count(
    item: AskedPoints,
    forms: Mapping[UUID, set[str]],
    heard: Sequence[tuple[str, str]] | None,
    same: set[tuple[str, str]],
    form_of: FormOf,
) -> int | None:
    if heard is None:
        return None
    found = {form for form, _ in heard}
    return sum(
        not forms[point].isdisjoint(found) or any((form_of(name), form) in same for form in found)
        for point, name in zip(item.points, item.names, strict=True)
    )
