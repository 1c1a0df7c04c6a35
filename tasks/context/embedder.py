"""Vectors of texts from the embedder, asked for in batches and remembered.

Vectors are stored under the embedder's model and `extra_body`. A call that fails for a passing reason ends the
stage: the graph would otherwise depend on when an endpoint was in trouble.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from graph.errors import BudgetError, EndpointDown, EndpointError, EndpointRefused, SettingsError
from graph.records import Embedding, content_id
from tasks.context.run_context import Question, RunContext, together
from tasks.endpoint.faults import Failure, in_words
from tasks.endpoint.replicas import embed
from tasks.settings.roles import ResolvedRole

Vector = NDArray[np.float32]

EMBED_BATCH = 64

NO_PROMPT = content_id("prompt", "none")


async def vectors(work: RunContext, names: Sequence[str]) -> dict[str, Vector]:
    """The vectors of names, all of one width; none without an embedder.

    A name that the embedder cannot take, not even alone, has no vector but a reject, and is not asked about again.
    Raises EndpointDown when a call gave up, EndpointRefused when no name gets a vector, SettingsError when widths
    differ.
    """
    embedder = work.roles.get("embedder")
    if embedder is None:
        return {}
    kept = "SELECT name, vector FROM embeddings WHERE id IN (SELECT unnest(?::UUID[]))"
    ids = [_vector_id(embedder, name) for name in names]
    had, found = await asyncio.to_thread(work.store.arrays, kept, [ids])
    known: dict[str, Vector] = dict(zip(had.tolist(), found, strict=True))
    _check_widths(embedder, known)
    subjects = {_unembedded(name): name for name in names}
    rejected = {subjects[subject] for subject in await work.rejected("connect", subjects)}
    faults: dict[str, str] = {}

    async def embed(batch: list[str]) -> None:
        fault = await _embed(work, embedder, batch, known)
        if fault and len(batch) > 1:
            await together(embed([name]) for name in batch)
        elif fault:
            faults[batch[0]] = fault

    pending = sorted(set(names) - known.keys() - rejected)
    await together(embed(batch) for batch in in_batches(pending, EMBED_BATCH))
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


async def _embed(work: RunContext, embedder: ResolvedRole, batch: list[str], known: dict[str, Vector]) -> str | None:
    """Add the vectors of a batch to `known`, or return why it has none."""
    subject = content_id("embed", embedder.model, dict(embedder.extra_body), *batch)
    question = Question("connect", embedder, NO_PROMPT, subject).next_unused(work.lost)
    try:
        found, reply = await embed(work.clients, embedder.replicas, batch, embedder.extra_body)
    except (EndpointError, BudgetError) as error:
        await work.record_failure(question, error)
        raise
    failure = reply.failure
    fresh = {name: np.asarray(vector, np.float32) for name, vector in zip(batch, found, strict=failure is None)}
    # One known vector stands for all: they have one width.
    compared = dict(islice(known.items(), 1)) | fresh
    if failure is None and len(_widths(compared)) > 1:
        failure = Failure("another_width", "another width")
    call = work.ledger_row(question, reply, in_words(failure))
    if failure is None:
        known.update(fresh)
        rows = [
            Embedding(id=_vector_id(embedder, name), model=embedder.model, name=name, vector=tuple(vector))
            for name, vector in zip(batch, found, strict=True)
        ]
        await work.store.write(call, *rows)
        return None
    work.lost.add(call.id)
    await work.store.write(call)
    _check_widths(embedder, compared)
    # Malformed vectors do not pass: some servers embed but one text of a batch.
    if failure.gave_up and failure.code != "malformed_vectors":
        what = f"{len(batch)} names" if len(batch) > 1 else f"the name {batch[0]!r}"
        raise EndpointDown(f"Endpoint {embedder.endpoint} {failure.words}, for {what}. Run the same command again.")
    return failure.words


def _check_widths(embedder: ResolvedRole, known: Mapping[str, Vector]) -> None:
    if len(widths := _widths(known)) > 1:
        raise SettingsError(
            f"Model {embedder.model} of endpoint {embedder.endpoint} has given vectors of {widths[0]} numbers and of "
            f"{widths[1]}, so it is not one model: serve the former one again, name the new one under another name, "
            "or use another workspace."
        )


def _widths(known: Mapping[str, Vector]) -> list[int]:
    return sorted({len(vector) for vector in known.values()})


def _vector_id(embedder: ResolvedRole, name: str) -> UUID:
    return content_id("embedding", embedder.model, dict(embedder.extra_body), name)


def _unembedded(name: str) -> UUID:
    # Not the subject of the filter's rejects: those names are dropped, these stay.
    return content_id("vector", name)


def in_batches(items: Sequence[str], size: int) -> list[list[str]]:
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))
