"""ingest: read the user's files of solved problems, check every row, keep what is wrong with its line and reason.

JSONL, JSON and CSV are read row by row here, so that one broken line costs one row; Parquet is read by the store's
engine. Knows nothing of mathematics beyond where a final answer stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest, md5
from pathlib import Path
from typing import Any
from uuid import UUID

from graph.errors import SeedError
from graph.records import Basis, Overlap, Part, Reject, Seed, SeedSource, Selected, content_id
from tasks.context.basis import rest_on
from tasks.context.run_context import RunContext, run_context
from tasks.inputs.seeds import Refused, SeedRow, seed_rows
from tasks.judging.paraphrases import UNJUDGED, ParaphraseFinding, SecondLook
from tasks.stages.chunk_task import chunk_task
from tasks.store.writer import Statement

BATCH = 2000
SHOWN = 5
"""Rows that make no seed and are shown with why."""


class SeedReader:
    """What an ingest has found so far."""

    def __init__(self, work: RunContext) -> None:
        self.work = work
        self.known: dict[UUID, tuple[str, int, str]] = {
            row[0]: row[1:] for row in work.store.rows("SELECT id, source, line, md5(metadata) FROM seeds")
        }
        self.counts = {"read": 0, "new": 0, "rejected": 0, "known": 0}
        self.read_as: dict[str, str] = {}
        """Layout by file, where it was guessed."""
        self.places: dict[UUID, SeedRow] = {}
        """Where each seed stands that takes part."""
        self.contaminated: set[UUID] = set()
        """Seeds that repeat a benchmark item."""
        self.rejected: list[Reject | Overlap] = []
        self._files: dict[str, Path] = {}
        self._batch: list[Seed] = []

    async def take(self, row: SeedRow) -> None:
        """Keep the seed of a row, or why it is none."""
        self.counts["read"] += 1
        if row.source not in self._files:
            self._files[row.source] = row.file.path
        made = row.made
        if row.read_as:
            self.read_as[row.source] = row.read_as
        if isinstance(made, Refused):
            self.rejected.append(_reject(row, *made))
            return
        await self._keep(made)
        if found := _contaminated(self.work, made):
            self.turn_away(made.id, row, found)
        else:
            self.places[made.id] = row

    def turn_away(self, seed_id: UUID, row: SeedRow, found: tuple[Part, ParaphraseFinding]) -> None:
        """A seed that repeats a benchmark item takes no part."""
        self.contaminated.add(seed_id)
        self.rejected += _turned_away(row, *found)

    async def _keep(self, seed: Seed) -> None:
        """Write a seed that is not in the store as it stands in the file now."""
        before = self.known.get(seed.id)
        if before == (seed.source, seed.line, md5(seed.metadata.encode()).hexdigest()):
            return
        self.counts["new"] += before is None
        self._batch.append(seed)
        if len(self._batch) >= BATCH:
            await self.flush()

    @property
    def sources(self) -> list[SeedSource]:
        """The files that were read, by their bytes."""
        return [SeedSource(source=name, digest=_bytes_of(path)) for name, path in self._files.items()]

    async def flush(self) -> None:
        """Write what waits."""
        moved = [seed.id for seed in self._batch if seed.id in self.known]
        forget: list[Statement] = [("DELETE FROM seeds WHERE id IN (SELECT unnest(?::UUID[]))", [moved])]
        await self.work.store.write(*self._batch, statements=forget if moved else ())
        self._batch = []


@chunk_task("ingest")
async def ingest() -> dict[str, Any]:
    """Read all seed files of the settings, and select the seeds that they hold.

    Rows that are in the store already are not written again. A seed that no file holds any more stays in the store and
    is not selected, so that it takes no part; one that repeats a benchmark item is selected as such.
    """
    work = run_context()
    if not work.settings.seeds:
        raise SeedError("The settings name no seeds: add a file of solved problems under [[seeds]].")
    reading = SeedReader(work)
    for row in seed_rows(work.store, work.settings.seeds):
        await reading.take(row)
    await reading.flush()
    counts: dict[str, Any] = reading.counts
    counts["known"] = len(reading.places) + len(reading.contaminated) - counts["new"]
    for seed_id, found in (await _looked_at_again(work, list(reading.places))).items():
        reading.turn_away(seed_id, reading.places.pop(seed_id), found)
    rejects = [one for one in reading.rejected if isinstance(one, Reject)]
    if not reading.places:
        first = rejects[0]
        raise SeedError(f"No row of the seed files can be used; the first one: {first.reason}, {first.detail}.")
    chosen = [
        *(Selected(seed_id=seed_id) for seed_id in reading.places),
        *(Selected(seed_id=seed_id, contaminated=True) for seed_id in reading.contaminated),
    ]
    await work.store.write(*chosen, *reading.sources, *reading.rejected, statements=FORGET)
    await rest_on(work, Basis(stage="ingest", digest=_digest(reading)))
    counts["rejected"] = len(rejects)
    for reject in rejects:
        work.counts.rejected["ingest", reject.reason] += 1
    if reading.read_as:
        counts["read_as"] = sorted(set(reading.read_as.values()))
    if rejects:
        counts["left_out"] = [f"{reject.detail} ({reject.reason})" for reject in rejects[:SHOWN]]
    work.counts.note("ingest", done=counts["new"])
    if any(file.answer_after for file in work.settings.seeds):
        unanswered = work.store.value("SELECT count(*) FROM current_seeds WHERE answer IS NULL")
        return counts | ({"unanswered": unanswered} if unanswered else {})
    return counts


def _digest(reading: SeedReader) -> UUID:
    """Of the seeds that pairs are compared with."""
    return content_id("seeds", sorted(map(str, reading.places)), sorted(map(str, reading.contaminated)))


FORGET: tuple[Statement, ...] = (
    ("DELETE FROM selection", ()),
    ("DELETE FROM sources", ()),
    ("DELETE FROM rejects WHERE stage = 'ingest'", ()),
    ("DELETE FROM evidence WHERE part LIKE 'seed %'", ()),
)
"""What an earlier ingest recorded about the files, and this one records again."""


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


def _turned_away(row: SeedRow, part: Part, finding: ParaphraseFinding) -> list[Reject | Overlap]:
    """The rows that a contaminated seed comes to."""
    evidence, sure = finding
    reject = _reject(row, "contaminated" if sure else UNJUDGED, f"{part}: {evidence}")
    return [reject, evidence.row(reject.recipe, reject.subject_id, part)] if sure else [reject]


def _bytes_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _reject(row: SeedRow, reason: str, detail: str) -> Reject:
    # With the folder's name: datasets like to call all their files train.jsonl.
    path = row.file.path
    subject = content_id("row", path.parent.name, path.name, row.line)
    recipe = content_id("recipe", "ingest")
    where = f"{row.source}:{row.line}: {detail}"
    reject_id = content_id("reject", "ingest", str(subject), reason)
    return Reject(id=reject_id, recipe=recipe, stage="ingest", subject_id=subject, reason=reason, detail=where)
