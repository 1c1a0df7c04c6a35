"""Questions to the curator and the embedder, asked in batches and remembered by name.

A verdict is stored under the recipe of the player who gave it, so it serves every later graph. The verdicts of a round
are written together at its end: until then the same names make the same batches, and a batch that was paid before a
crash is found in the ledger instead of being asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Literal, TypeVar
from uuid import UUID

from graph.records import CuratorVerdict, Embedding, content_id
from prompts.answers import Unparseable, read_name, read_verdicts
from tasks.roles import Player
from tasks.workbench import Answer, Workbench, together

T = TypeVar("T")
Task = Literal["filter", "same", "name"]

UNJUDGED = "unjudged"
EMBED_BATCH = 64


async def judge_all(work: Workbench, task: Task, subjects: Sequence[str], allowed: Sequence[str]) -> dict[str, str]:
    """The curator's verdict on each name, or pair of names joined by a line break; UNJUDGED where it gave none.

    Without a curator nothing is judged.
    """
    curator = work.cast.get("curator")
    if curator is None:
        return dict.fromkeys(subjects, UNJUDGED)
    recipe = curator.recipes[f"connect_{task}"]
    known = _known(work, task, recipe)
    pending = [subject for subject in sorted(set(subjects)) if subject not in known]
    batches = _batches(pending, work.settings.connect.batch)

    async def judge(batch: list[str]) -> dict[str, str]:
        values: dict[str, object] = (
            {"names": batch} if task == "filter" else {"pairs": [tuple(subject.split("\n")) for subject in batch]}
        )
        read = _reader(len(batch), allowed)
        found = await _ask(work, curator, task, values, batch, read) or {}
        return {subject: found.get(index, UNJUDGED) for index, subject in enumerate(batch)}

    fresh: dict[str, str] = {}
    for verdicts in await together(judge(batch) for batch in batches):
        fresh.update(verdicts)
    await _remember(work, task, recipe, fresh)
    return {subject: (known | fresh)[subject] for subject in subjects}


async def name_classes(work: Workbench, classes: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The curator's name for each class of names; classes it does not name are left out."""
    curator = work.cast.get("curator")
    if curator is None:
        return {}
    recipe = curator.recipes["connect_name"]
    known = _known(work, "name", recipe)

    async def name(group: tuple[str, ...]) -> tuple[str, str]:
        found = await _ask(work, curator, "name", {"names": list(group)}, list(group), read_name)
        return _group(group), found or UNJUDGED

    pending = sorted({group for group in classes if _group(group) not in known})
    fresh = dict(await together(name(group) for group in pending))
    await _remember(work, "name", recipe, fresh)
    named = {group: (known | fresh)[_group(group)] for group in classes}
    return {group: name for group, name in named.items() if name != UNJUDGED}


async def vectors(work: Workbench, names: Sequence[str]) -> list[tuple[float, ...]] | None:
    """The embedding of each name; None without an embedder, or when it could not embed them all."""
    embedder = work.cast.get("embedder")
    if embedder is None or not names:
        return None
    ids = {name: content_id("embedding", embedder.model, name) for name in names}
    known = {row.id: row.vector for row in await work.store.of(Embedding, list(ids.values()))}
    pending = [name for name in sorted(set(names)) if ids[name] not in known]

    async def embed(batch: list[str]) -> list[Embedding]:
        found, reply = await work.clients[embedder.endpoint].embed(embedder.model, batch)
        subject = content_id("embed", embedder.model, *batch)
        call = work.ledger_row("connect", embedder, work.run_id, subject, 0, subject, reply, reply.fault)
        rows = [
            Embedding(id=ids[name], model=embedder.model, name=name, vector=tuple(vector))
            for name, vector in zip(batch, found, strict=False)
        ]
        await work.store.write(call, *rows)
        return rows

    for rows in await together(embed(batch) for batch in _batches(pending, EMBED_BATCH)):
        known.update({row.id: row.vector for row in rows})
    if any(point not in known for point in ids.values()):
        return None
    return [known[ids[name]] for name in names]


async def _ask(
    work: Workbench,
    curator: Player,
    task: Task,
    values: dict[str, object],
    batch: list[str],
    read: Callable[[str], T],
) -> T | None:
    """One question; the ledger's answer when it was paid for already."""
    prompt = work.library[f"connect_{task}"]
    subject = content_id("curate", task, str(curator.recipes[prompt.name]), *batch)
    for (text,) in work.store.rows("SELECT text FROM calls WHERE subject_id = ? AND fault IS NULL", [subject]):
        try:
            return read(text)
        except Unparseable:
            continue
    answer: Answer[T] = await work.ask("connect", curator, prompt, values, subject, read)
    await work.store.write(answer.call)
    return answer.value


def _reader(count: int, allowed: Sequence[str]) -> Callable[[str], dict[int, str]]:
    return lambda text: read_verdicts(text, count, allowed)


def _known(work: Workbench, task: Task, recipe: UUID) -> dict[str, str]:
    found = work.store.rows("SELECT subject, verdict FROM verdicts WHERE task = ? AND recipe = ?", [task, recipe])
    return dict(found)


async def _remember(work: Workbench, task: Task, recipe: UUID, verdicts: dict[str, str]) -> None:
    rows = [
        CuratorVerdict(
            id=content_id("verdict", str(recipe), task, subject),
            recipe=recipe,
            task=task,
            subject=subject,
            verdict=verdict,
        )
        for subject, verdict in verdicts.items()
    ]
    await work.store.write(*rows)


def _group(names: Sequence[str]) -> str:
    """A class by its names; which of them is the most frequent may change, and is not asked about again."""
    return "\n".join(sorted(names))


def _batches(items: Sequence[str], size: int) -> list[list[str]]:
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))
