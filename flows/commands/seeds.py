"""`gsdp seeds`: how the rows of the seed files are read, and what they may give; nothing is asked, nothing is kept."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from uuid import UUID

from flows.commands.labelled import LABEL, labelled
from graph.errors import SeedError
from graph.nouns import counted
from graph.records import Seed
from tasks.inputs.benchmarks import benchmarks_in_words, read_benchmarks
from tasks.inputs.fetched import pins
from tasks.inputs.files import skipped_files, with_each_file
from tasks.inputs.seeds import Refused, SeedRow, seed_rows
from tasks.reports.prospect import Prospect, prospect_of, read_before
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.latest import has_run
from tasks.store.looking import reading
from tasks.texts.contamination import Contamination

SHOWN = 5
"""Seeds that are shown, as the extractor will see them."""
LISTED = 50
"""Reasons that are listed why rows are left out."""
LONGEST = 1200
"""Characters of a text that are shown."""


@dataclass
class LeftOut:
    """Rows that make no seed for one reason."""

    first: str
    more: int = 0


@dataclass
class SeedPreview:
    """What reading the files comes to."""

    files: dict[str, Counter[str]] = field(default_factory=dict)
    read_as: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, list[Seed]] = field(default_factory=dict)
    """The first ones, by file."""
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    """By the reason; the first reasons alone."""
    points: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    """Of each seed, as its row names them."""
    benchmarks: list[str] = field(default_factory=list)
    """How those are read whose layout was guessed."""

    def take(self, row: SeedRow, contamination: Contamination | None) -> None:
        """Count a row in."""
        counts = self.files.setdefault(row.source, Counter())
        counts["rows"] += 1
        if row.read_as:
            self.read_as[row.source] = row.read_as
        made = row.made
        if isinstance(made, Seed) and contamination:
            for text in (made.problem, made.solution):
                if found := contamination.check(text):
                    made = Refused("contaminated", str(found))
                    break
        if isinstance(made, Refused):
            counts["left out"] += 1
            why = f"{made.reason}: {made.detail}"
            if why in self.left_out:
                self.left_out[why].more += 1
            elif len(self.left_out) < LISTED:
                self.left_out[why] = LeftOut(f"{row.source}:{row.line}")
            return
        counts["seeds"] += 1
        counts["answered"] += made.answer is not None
        counts["with points"] += bool(made.points)
        self.points[made.id] = made.points
        if len(first := self.seeds.setdefault(row.source, [])) < SHOWN:
            first.append(made)

    @property
    def shown(self) -> list[Seed]:
        """Some of every file, as far as they go."""
        turns = (seed for turn in zip_longest(*self.seeds.values()) for seed in turn if seed)
        return list(islice(turns, SHOWN))


def print_seeds(settings: RunSettings) -> None:
    """Show what a run with these settings would read. Raises SeedError for files that no run could use."""
    if not settings.seeds:
        raise SeedError("The settings name no seeds: add a file of solved problems under [[seeds]].")
    preview = _preview(with_each_file(settings))
    for line in _lines(preview, settings):
        print(line)
    if not preview.seeds:
        raise SeedError(
            "No row makes a seed; why is said above. Bring other rows, or name the columns of the file under "
            '[[seeds]], as in `columns = {problem = "task", solution = "worked", answer = "result"}`.'
        )


def _preview(settings: RunSettings) -> SeedPreview:
    preview = SeedPreview()
    # A store of its own, since DuckDB reads Parquet: the workspace stays as it is.
    with tempfile.TemporaryDirectory() as folder, closing(open_store(Path(folder))) as store:
        contamination = _contamination(store, settings)
        preview.benchmarks = benchmarks_in_words(store, settings.benchmarks)
        for row in seed_rows(store, settings.seeds):
            preview.take(row, contamination)
    return preview


def _contamination(store: Store, settings: RunSettings) -> Contamination | None:
    items = read_benchmarks(store, settings.benchmarks)
    return Contamination(items, settings.screen.coverage) if items else None


def _lines(preview: SeedPreview, settings: RunSettings) -> Iterator[str]:
    for source, counts in preview.files.items():
        read_as = f"; read as {preview.read_as[source]}" if source in preview.read_as else ""
        yield _told(
            "seeds",
            f"{source}: {counted(counts['seeds'], 'seed')} of {counted(counts['rows'], 'row')}, "
            f"{counts['answered']:,} with a final answer, {counts['with points']:,} with knowledge points of "
            f"their own{read_as}",
        )
    for line in preview.benchmarks:
        yield _told("benchmark", line)
    for pin in pins(settings):
        yield _told("fetched", pin)
    if skipped := skipped_files(settings):
        yield _told("not read", f"{', '.join(map(str, skipped))}, since they hold no rows of a known kind")
    for seed in preview.shown:
        yield ""
        yield _told("seed", f"{seed.source}:{seed.line}")
        for name, text in (
            ("problem", seed.problem),
            ("solution", seed.solution or "none"),
            ("answer", seed.answer or "none found"),
        ):
            yield _block(name, text)
        if seed.points:
            yield _block("points", "\n".join(seed.points))
    left_out = sum(counts["left out"] for counts in preview.files.values())
    if left_out:
        yield f"\nleft out: {counted(left_out, 'row')}"
    for why, rows in preview.left_out.items():
        yield f"  {rows.first}{f' and {rows.more:,} more' if rows.more else ''}  {why}"
    if rest := left_out - sum(1 + rows.more for rows in preview.left_out.values()):
        yield f"  and {rest:,} more"
    if not preview.seeds:
        return
    yield ""
    yield from _possible(
        prospect_of(_known(preview.points, settings.workspace), settings.sample), settings.target_pairs
    )


def _known(points: Mapping[UUID, tuple[str, ...]], workspace: Path) -> list[tuple[str, ...]]:
    """The points of each seed, as its row names them or as an earlier run has found them."""
    before: dict[UUID, list[str]] = {}
    if (workspace / FILE_NAME).exists():
        with reading(workspace) as store:
            before = read_before(store) if has_run(store) else {}
    return [tuple(before.get(seed_id) or own) for seed_id, own in points.items()]


def _possible(found: Prospect | None, target: int) -> Iterator[str]:
    if found is None:
        yield _told("possible", "more combinations than can be counted before the seeds are read for knowledge points")
        return
    parts = ", ".join(
        f"{relation} {'more than can be listed' if number is None else format(number, ',')}"
        for relation, number in found.available.items()
    )
    guessed = (
        "a guess from the number of seeds"
        if found.guessed
        else f"by the points of {counted(found.read, 'seed')}, unmerged"
    )
    yield _told("possible", f"about {parts} combinations ({guessed})")
    if short := found.short_of(target):
        yield _told("pairs", short)
    elif found.pairs is not None:
        yield _told("pairs", f"about {found.pairs:,} can come of them; {target:,} are wanted")


def _told(label: str, text: str) -> str:
    return f"{label:<{LABEL}}{text}"


def _block(label: str, text: str) -> str:
    """A text under its label, wrapped; of a long one the beginning."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text):,} characters)"
    return "\n".join(labelled(label, text, blank_lines=True))
