"""Questions to the curator, asked in batches and remembered by name.

A verdict is stored under the recipe of the role that gave it, so it serves every later graph. The verdicts of a batch
are committed together with the call that ended it: what was paid before a crash is known after it, whatever seeds came
since. What got no verdict is not stored, so the next run asks again, under new numbers of the ledger.
An answer with one verdict for every line is not used, unless it changes nothing: a model that is too small for the
question drops all names there are, or calls all pairs the same, and nothing downstream could tell. That is stored, too:
the same model would be paid for the same answer in every run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeVar
from uuid import UUID

from graph.names import clean_name
from graph.records import CuratorVerdict, content_id
from prompts.answers import LONGEST_NAME, Unparseable, read_name, read_verdicts
from tasks.context.embedder import in_batches
from tasks.context.run_context import Asked, RunContext, together
from tasks.settings.roles import ResolvedRole

T = TypeVar("T")
CuratorTask = Literal["filter", "same", "name"]

UNJUDGED = "unjudged"
UNUSED = "unused"
"""The verdict on a line whose answer had one for every line."""
LEAST_LINES = 8
"""Lines from which one verdict for all of them is no judgement: shorter lists may well be all of one kind."""
HARMLESS = frozenset({"keep", "different"})
"""Verdicts that leave a name as it is: of these every line may be."""


async def judge_all(
    work: RunContext, task: CuratorTask, subjects: Sequence[str], allowed: Sequence[str]
) -> dict[str, str]:
    """The curator's verdict on each name, or pair of names joined by a line break; UNJUDGED where it gave none.

    Without a curator nothing is judged.
    """
    curator = work.roles.get("curator")
    if curator is None:
        return dict.fromkeys(subjects, UNJUDGED)
    recipe = curator.recipes[f"connect_{task}"]
    known = _known(work, task, recipe)
    pending = [subject for subject in sorted(set(subjects)) if subject not in known]
    batches = in_batches(pending, work.settings.connect.batch)

    async def judge(batch: list[str]) -> dict[str, str]:
        values: dict[str, object] = (
            {"names": batch} if task == "filter" else {"pairs": [tuple(subject.split("\n")) for subject in batch]}
        )
        read = _reader(len(batch), allowed)
        answer = await _ask(work, curator, task, values, batch, read)
        verdicts = {batch[index]: verdict for index, verdict in _usable(answer.value or {}).items()}
        await work.store.write(answer.call, *_verdicts(task, recipe, verdicts))
        return verdicts

    for verdicts in await together(judge(batch) for batch in batches):
        known.update(verdicts)
    return {subject: UNJUDGED if known.get(subject, UNUSED) == UNUSED else known[subject] for subject in subjects}


def unused(work: RunContext) -> int:
    """Names and pairs of names whose answers had one verdict for every line."""
    curator = work.roles.get("curator")
    recipes = [curator.recipes[f"connect_{task}"] for task in ("filter", "same")] if curator else []
    sql = "SELECT count(*) FROM verdicts WHERE recipe IN (SELECT unnest(?::UUID[])) AND verdict = ?"
    return int(work.store.value(sql, [recipes, UNUSED]))


async def name_classes(work: RunContext, classes: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The curator's name for each class of names; classes it does not name are left out.

    A class keeps the name that the largest part of it was given when it was a class.
    """
    curator = work.roles.get("curator")
    if curator is None:
        return {}
    recipe = curator.recipes["connect_name"]
    known = _known(work, "name", recipe)
    earlier = _by_member(known)

    async def name(group: tuple[str, ...]) -> None:
        answer = await _ask(work, curator, "name", {"names": list(group)}, group, partial(_read_name, given=group))
        verdicts = {_group(group): answer.value} if answer.value else {}
        known.update(verdicts)
        await work.store.write(answer.call, *_verdicts("name", recipe, verdicts))

    former = {group: known[part] for group in classes if (part := _largest_part(group, earlier))}
    await together(name(group) for group in sorted(set(classes) - former.keys()))
    return former | {group: known[_group(group)] for group in classes if _group(group) in known}


def _by_member(groups: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        for member in group.split("\n"):
            found[member].append(group)
    return found


def _largest_part(names: Sequence[str], earlier: Mapping[str, list[str]]) -> str | None:
    """The largest named class that lies within these names."""
    parts = {part for name in names for part in earlier.get(name, ()) if set(part.split("\n")) <= set(names)}
    return max(sorted(parts), key=lambda part: part.count("\n"), default=None)


async def _ask(
    work: RunContext,
    curator: ResolvedRole,
    task: CuratorTask,
    values: dict[str, object],
    batch: Sequence[str],
    read: Callable[[str], T],
) -> Asked[T]:
    """One question. The caller commits the call with its verdicts."""
    prompt = work.library[f"connect_{task}"]
    subject = content_id("curate", task, str(curator.recipes[prompt.name]), *batch)
    return await work.ask("connect", curator, prompt, values, subject, read)


def _read_name(text: str, given: Sequence[str] = ()) -> str:
    """The name that the curator gave, without the marks of a list or markup."""
    name, fault = clean_name(read_name(text, given), longest=LONGEST_NAME)
    if fault:
        raise Unparseable(f"{fault} <name>" if fault == "empty" else fault)
    return name


def _reader(count: int, allowed: Sequence[str]) -> Callable[[str], dict[int, str]]:
    def read(text: str) -> dict[int, str]:
        found = read_verdicts(text, count, allowed)
        if not found:
            raise Unparseable("no verdict on anything")
        return found

    return read


def _usable(found: dict[int, str]) -> dict[int, str]:
    given = set(found.values())
    is_judged = len(found) < LEAST_LINES or len(given) > 1 or given <= HARMLESS
    return found if is_judged else dict.fromkeys(found, UNUSED)


def _known(work: RunContext, task: CuratorTask, recipe: UUID) -> dict[str, str]:
    """Verdicts by subject. Older stores have rows that say there was none."""
    sql = "SELECT subject, verdict FROM verdicts WHERE task = ? AND recipe = ? AND verdict <> ?"
    return dict(work.store.rows(sql, [task, recipe, UNJUDGED]))


def _verdicts(task: CuratorTask, recipe: UUID, verdicts: Mapping[str, str]) -> list[CuratorVerdict]:
    return [
        CuratorVerdict(
            id=content_id("verdict", str(recipe), task, subject),
            recipe=recipe,
            task=task,
            subject=subject,
            verdict=verdict,
        )
        for subject, verdict in verdicts.items()
    ]


def _group(names: Sequence[str]) -> str:
    """A class by its names; which of them is the most frequent may change, and is not asked about again."""
    return "\n".join(sorted(names))
