"""ingest: read the user's files of solved problems, check every row, keep what is wrong with its line and reason.

JSONL, JSON and CSV are read row by row here, so that one broken line costs one row; Parquet is read by the store's
engine. Knows nothing of mathematics beyond where a final answer stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b, md5
from pathlib import Path
from typing import Any
from uuid import UUID

from graph.errors import SeedError
from graph.records import Basis, Overlap, Part, Reject, Seed, Selected, content_id
from tasks.answers.extraction import stated_answer
from tasks.context.basis import rest_on
from tasks.context.run_context import RunContext, run_context
from tasks.inputs.rows import checked_rows, named_columns
from tasks.judging.paraphrases import UNJUDGED, ParaphraseFinding, SecondLook
from tasks.settings.run import SeedFile
from tasks.stages.chunk_task import chunk_task
from tasks.store.writer import Statement

LONGEST = {"problem": 20_000, "solution": 100_000}
"""Characters. Longer text is no exercise, and no common context window holds it beside a prompt."""
BATCH = 2000
DAMAGED = re.compile(r"[\x00\ud800-\udfff]")


class SeedReader:
    """What an ingest has found so far."""

    def __init__(self, work: RunContext) -> None:
        self.work = work
        self.known: dict[UUID, tuple[str, int, str]] = {
            row[0]: row[1:] for row in work.store.rows("SELECT id, source, line, md5(metadata) FROM seeds")
        }
        self.counts = {"read": 0, "new": 0, "rejected": 0, "known": 0}
        self.places: dict[UUID, tuple[Path, int]] = {}
        """Where each seed stands that takes part."""
        self.contaminated: set[UUID] = set()
        """Seeds that repeat a benchmark item."""
        self.rejected: list[Reject | Overlap] = []
        self._keys: set[bytes] = set()
        self._batch: list[Seed] = []

    async def take(self, file: SeedFile, line: int, row: dict[str, Any] | str) -> None:
        """Make a seed of a row, or keep why it is none."""
        self.counts["read"] += 1
        made = _seed(row, file, line) if isinstance(row, dict) else ("not a row", row)
        if isinstance(made, Seed) and (key := _key(made.problem)) in self._keys:
            made = ("duplicate", "the same problem stands in an earlier row")
        if not isinstance(made, Seed):
            self.rejected.append(_reject(file.path, line, *made))
            return
        self._keys.add(key)
        await self._keep(made)
        if found := _contaminated(self.work, made):
            self.turn_away(made.id, (file.path, line), found)
        else:
            self.places[made.id] = file.path, line

    def turn_away(self, seed_id: UUID, place: tuple[Path, int], found: tuple[Part, ParaphraseFinding]) -> None:
        """A seed that repeats a benchmark item takes no part."""
        self.contaminated.add(seed_id)
        self.rejected += _turned_away(*place, *found)

    async def _keep(self, seed: Seed) -> None:
        """Write a seed that is not in the store as it stands in the file now."""
        before = self.known.get(seed.id)
        if before == (seed.source, seed.line, md5(seed.metadata.encode()).hexdigest()):
            return
        self.counts["new"] += before is None
        self._batch.append(seed)
        if len(self._batch) >= BATCH:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        moved = [seed.id for seed in self._batch if seed.id in self.known]
        forget: list[Statement] = [("DELETE FROM seeds WHERE id IN (SELECT unnest(?::UUID[]))", [moved])]
        await self.work.store.write(*self._batch, statements=forget if moved else ())
        self._batch = []


@chunk_task("ingest")
async def ingest() -> dict[str, int]:
    """Read all seed files of the settings, and select the seeds that they hold.

    Rows that are in the store already are not written again. A seed that no file holds any more stays in the store and
    is not selected, so that it takes no part; one that repeats a benchmark item is selected as such.
    """
    work = run_context()
    if not work.settings.seeds:
        raise SeedError("The settings name no seeds: add a file of solved problems under [[seeds]].")
    reading = SeedReader(work)
    for file, line, row in _rows(work):
        await reading.take(file, line, row)
    await reading.flush()
    counts = reading.counts
    counts["known"] = len(reading.places) + len(reading.contaminated) - counts["new"]
    for seed_id, found in (await _looked_at_again(work, list(reading.places))).items():
        reading.turn_away(seed_id, reading.places.pop(seed_id), found)
    rejects = [row for row in reading.rejected if isinstance(row, Reject)]
    if not reading.places:
        first = rejects[0]
        raise SeedError(f"No row of the seed files can be used; the first one: {first.reason}, {first.detail}.")
    chosen = [
        *(Selected(seed_id=seed_id) for seed_id in reading.places),
        *(Selected(seed_id=seed_id, contaminated=True) for seed_id in reading.contaminated),
    ]
    await work.store.write(*chosen, *reading.rejected, statements=FORGET)
    await rest_on(work, Basis(stage="ingest", digest=_digest(reading)))
    counts["rejected"] = len(rejects)
    work.counts.note("ingest", done=counts["new"])
    if any(file.answer_after for file in work.settings.seeds):
        unanswered = work.store.rows("SELECT count(*) FROM current_seeds WHERE answer IS NULL")[0][0]
        return counts | ({"unanswered": unanswered} if unanswered else {})
    return counts


def _digest(reading: SeedReader) -> UUID:
    """Of the seeds that pairs are compared with."""
    return content_id("seeds", sorted(map(str, reading.places)), sorted(map(str, reading.contaminated)))


FORGET: tuple[Statement, ...] = (
    ("DELETE FROM selection", ()),
    ("DELETE FROM rejects WHERE stage = 'ingest'", ()),
    ("DELETE FROM evidence WHERE part LIKE 'seed %'", ()),
)
"""What a former ingest said of the files, which this one says anew."""


def _contaminated(work: RunContext, seed: Seed) -> tuple[Part, ParaphraseFinding] | None:
    """The evidence that a seed repeats the words of a benchmark item, which its offspring would be too near to."""
    parts: tuple[tuple[Part, str], ...] = (("seed problem", seed.problem), ("seed solution", seed.solution))
    for part, text in parts if work.contamination else ():
        if work.contamination and (evidence := work.contamination.check(text)):
            return part, ParaphraseFinding(evidence, sure=True)
    return None


async def _looked_at_again(work: RunContext, seed_ids: Sequence[UUID]) -> dict[UUID, tuple[Part, ParaphraseFinding]]:
    """Those of the seeds that are, or may be, a benchmark item by meaning."""
    found: dict[UUID, tuple[Part, ParaphraseFinding]] = {}
    if work.settings.screen.second_look is None:
        return found
    second_look = SecondLook(work)
    parts: tuple[tuple[Part, str], ...] = (("seed problem", "problem"), ("seed solution", "solution"))
    for part, column in parts:
        for start in range(0, len(seed_ids), BATCH):
            block = [seed_id for seed_id in seed_ids[start : start + BATCH] if seed_id not in found]
            rows = {row.id: getattr(row, column) for row in await work.store.of(Seed, block)}
            texts = {seed_id: rows[seed_id] for seed_id in block if rows[seed_id]}
            seen = await second_look.look("ingest", list(texts.values()))
            found |= {seed_id: (part, one) for seed_id, one in zip(texts, seen, strict=True) if one}
    return found


def _turned_away(path: Path, line: int, part: Part, finding: ParaphraseFinding) -> list[Reject | Overlap]:
    """The rows that a contaminated seed comes to."""
    evidence, sure = finding
    reject = _reject(path, line, "contaminated" if sure else UNJUDGED, f"{part}: {evidence}")
    return [reject, evidence.row(reject.recipe, reject.subject_id, part)] if sure else [reject]


def _rows(work: RunContext) -> Iterator[tuple[SeedFile, int, dict[str, Any] | str]]:
    for file in work.settings.seeds:
        for line, row in checked_rows(work.store, file.path, file.columns.problem, named_columns(file.columns)):
            yield file, line, row


def _seed(row: Mapping[str, Any], file: SeedFile, line: int) -> Seed | tuple[str, str]:
    """The seed of a row, or (reason, detail)."""
    columns = file.columns
    texts = {use: _text(row, getattr(columns, use)) for use in ("problem", "solution", "answer")}
    for use, text in texts.items():
        if DAMAGED.search(text):
            return "damaged text", f"the {use} holds a NUL, a lone surrogate or bytes that are not UTF-8"
        if len(text) > LONGEST.get(use, LONGEST["problem"]):
            return "too long", f"the {use} has {len(text)} characters; at most {LONGEST.get(use, LONGEST['problem'])}"
    if not texts["problem"]:
        return "empty problem", f"column {columns.problem!r} is empty"
    points = _points(row.get(columns.points) if columns.points else None, file.points_separator)
    if not texts["solution"] and not texts["answer"] and not points:
        return (
            "no solution",
            f"neither solution, answer nor knowledge points in its columns {', '.join(map(repr, row))}",
        )
    answer = texts["answer"] or stated_answer(texts["solution"], file.answer_after)
    used = {getattr(columns, use) for use in ("problem", "solution", "answer", "points")}
    rest = {key: value for key, value in row.items() if key not in used}
    metadata = DAMAGED.sub("\ufffd", json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str))
    seed_id = content_id("seed", texts["problem"], texts["solution"], answer, list(points))
    return Seed(
        id=seed_id,
        problem=texts["problem"],
        solution=texts["solution"] or f"The answer is {answer}.",
        answer=answer,
        points=points,
        metadata=metadata,
        source=file.path.name,
        line=line,
    )


def _text(row: Mapping[str, Any], column: str | None) -> str:
    value = row.get(column) if column else None
    return "" if value is None else str(value).strip()


def _points(value: object, separator: str) -> tuple[str, ...]:
    if isinstance(value, str):
        parts: list[object] = list(value.split(separator))
    else:
        parts = list(value) if isinstance(value, list | tuple) else []
    return tuple(text for part in parts if part is not None and (text := DAMAGED.sub("", str(part)).strip()))


def _key(problem: str) -> bytes:
    return blake2b(" ".join(problem.casefold().split()).encode(), digest_size=16).digest()


def _reject(path: Path, line: int, reason: str, detail: str) -> Reject:
    # With the folder's name: datasets like to call all their files train.jsonl.
    subject = content_id("row", path.parent.name, path.name, line)
    recipe = content_id("recipe", "ingest")
    where = f"{path.name}:{line}: {detail}"
    reject_id = content_id("reject", "ingest", str(subject), reason)
    return Reject(id=reject_id, recipe=recipe, stage="ingest", subject_id=subject, reason=reason, detail=where)
