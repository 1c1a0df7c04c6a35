"""Questions to the curator and the embedder, asked in batches and remembered by name.

A verdict is stored under the recipe of the player who gave it, so it serves every later graph. The verdicts of a batch
are committed together with the call that ended it: what was paid before a crash is known after it, whatever seeds came
since. What got no verdict is not stored, so the next run asks again, under new numbers of the ledger.

Vectors are stored in the same way, under the embedder's model and `extra_body`. A call that gave up for a reason that
may pass ends the stage: a graph that is merged in part would depend on a moment's trouble.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Literal, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.errors import BudgetError, EndpointDown, EndpointError, EndpointRefused, SettingsError
from graph.records import CuratorVerdict, Embedding, Reject, content_id
from prompts.answers import Unparseable, read_name, read_verdicts
from tasks.endpoint.replicas import embed
from tasks.roles import Player
from tasks.workbench import Answer, Workbench, together

T = TypeVar("T")
Vector = NDArray[np.float32]
Task = Literal["filter", "same", "name"]

UNJUDGED = "unjudged"
EMBED_BATCH = 64
NO_PROMPT = content_id("prompt", "none")

GAVE_UP = "gave up after"
"""How the client begins a fault that may pass."""
MALFORMED = "malformed vectors"
"""The fault of this kind that does not pass: it came twice in a row. Some servers embed but one text of a batch."""


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
        answer = await _ask(work, curator, task, values, batch, read)
        verdicts = {batch[index]: verdict for index, verdict in (answer.value or {}).items()}
        await work.store.write(answer.call, *_verdicts(task, recipe, verdicts))
        return verdicts

    for verdicts in await together(judge(batch) for batch in batches):
        known.update(verdicts)
    return {subject: known.get(subject, UNJUDGED) for subject in subjects}


async def name_classes(work: Workbench, classes: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The curator's name for each class of names; classes it does not name are left out.

    A class keeps the name that the largest part of it was given when it was a class.
    """
    curator = work.cast.get("curator")
    if curator is None:
        return {}
    recipe = curator.recipes["connect_name"]
    known = _known(work, "name", recipe)
    earlier = _by_member(known)

    async def name(group: tuple[str, ...]) -> None:
        answer = await _ask(work, curator, "name", {"names": list(group)}, group, read_name)
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


async def vectors(work: Workbench, names: Sequence[str]) -> dict[str, Vector]:
    """The vectors of names, all of one width; none without an embedder.

    A name that the embedder cannot take, not even alone, has no vector but a reject, and is not asked about again.
    Raises EndpointDown when a call gave up, EndpointRefused when no name gets a vector, SettingsError when widths
    differ.
    """
    embedder = work.cast.get("embedder")
    if embedder is None:
        return {}
    kept = "SELECT name, vector FROM embeddings WHERE id IN (SELECT unnest(?::UUID[]))"
    ids = [_vector_id(embedder, name) for name in names]
    had, found = await asyncio.to_thread(work.store.arrays, kept, [ids])
    known: dict[str, Vector] = dict(zip(had.tolist(), found, strict=True))
    _check_widths(embedder, known)
    rejects = {work.reject_id("connect", _unembedded(name)): name for name in names}
    rejected = {rejects[row] for row in await work.store.existing(Reject, rejects)}
    faults: dict[str, str] = {}

    async def embed(batch: list[str]) -> None:
        fault = await _embed(work, embedder, batch, known)
        if fault and len(batch) > 1:
            await together(embed([name]) for name in batch)
        elif fault:
            faults[batch[0]] = fault

    pending = sorted(set(names) - known.keys() - rejected)
    await together(embed(batch) for batch in _batches(pending, EMBED_BATCH))
    if len(faults) > 1 and not known:
        raise EndpointRefused(
            f"Endpoint {embedder.endpoint} gives no vector of any name, the last with: {list(faults.values())[-1]}. "
            f"Check that {embedder.model} is an embedding model, then run the same command again."
        )
    await work.store.write(
        *[
            work.reject("connect", _unembedded(name), "not embedded", f"{name}: {fault}")
            for name, fault in sorted(faults.items())
        ]
    )
    return known


async def _embed(work: Workbench, embedder: Player, batch: list[str], known: dict[str, Vector]) -> str | None:
    """Add the vectors of a batch to `known`, or return why it has none."""
    subject = content_id("embed", embedder.model, dict(embedder.extra_body), *batch)
    sample = 0
    while (call_id := content_id("call", "connect", str(subject), embedder.name, sample)) in work.lost:
        sample += 1
    try:
        found, reply = await embed(work.clients, embedder.replicas, batch, embedder.extra_body)
    except (EndpointError, BudgetError) as error:
        await work.record_failure("connect", embedder, NO_PROMPT, subject, sample, call_id, error)
        raise
    fault = reply.fault
    fresh = {name: np.asarray(vector, np.float32) for name, vector in zip(batch, found, strict=fault is None)}
    if fault is None and len(_widths({**known, **fresh})) > 1:
        fault = "another width"
    call = work.ledger_row("connect", embedder, NO_PROMPT, subject, sample, call_id, reply, fault)
    if fault is None:
        known.update(fresh)
        rows = [
            Embedding(id=_vector_id(embedder, name), model=embedder.model, name=name, vector=tuple(vector))
            for name, vector in zip(batch, found, strict=True)
        ]
        await work.store.write(call, *rows)
        return None
    work.lost.add(call_id)
    await work.store.write(call)
    _check_widths(embedder, {**known, **fresh})
    if fault.startswith(GAVE_UP) and not fault.endswith(MALFORMED):
        what = f"{len(batch)} names" if len(batch) > 1 else f"the name {batch[0]!r}"
        raise EndpointDown(f"Endpoint {embedder.endpoint} {fault}, for {what}. Run the same command again.")
    return fault


def _check_widths(embedder: Player, known: Mapping[str, Vector]) -> None:
    if len(widths := _widths(known)) > 1:
        raise SettingsError(
            f"Model {embedder.model} of endpoint {embedder.endpoint} has given vectors of {widths[0]} numbers and of "
            f"{widths[1]}, so it is not one model: serve the former one again, name the new one under another name, "
            "or use another workspace."
        )


def _widths(known: Mapping[str, Vector]) -> list[int]:
    return sorted({len(vector) for vector in known.values()})


def _vector_id(embedder: Player, name: str) -> UUID:
    return content_id("embedding", embedder.model, dict(embedder.extra_body), name)


def _unembedded(name: str) -> UUID:
    # Not the subject of the filter's rejects: those names are dropped, these stay.
    return content_id("vector", name)


async def _ask(
    work: Workbench,
    curator: Player,
    task: Task,
    values: dict[str, object],
    batch: Sequence[str],
    read: Callable[[str], T],
) -> Answer[T]:
    """One question. The caller commits the call with its verdicts."""
    prompt = work.library[f"connect_{task}"]
    subject = content_id("curate", task, str(curator.recipes[prompt.name]), *batch)
    return await work.ask("connect", curator, prompt, values, subject, read)


def _reader(count: int, allowed: Sequence[str]) -> Callable[[str], dict[int, str]]:
    def read(text: str) -> dict[int, str]:
        if found := read_verdicts(text, count, allowed):
            return found
        raise Unparseable("no verdict on anything")

    return read


def _known(work: Workbench, task: Task, recipe: UUID) -> dict[str, str]:
    """Verdicts by subject. Older stores have rows that say there was none."""
    sql = "SELECT subject, verdict FROM verdicts WHERE task = ? AND recipe = ? AND verdict <> ?"
    return dict(work.store.rows(sql, [task, recipe, UNJUDGED]))


def _verdicts(task: Task, recipe: UUID, verdicts: Mapping[str, str]) -> list[CuratorVerdict]:
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


def _batches(items: Sequence[str], size: int) -> list[list[str]]:
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))
