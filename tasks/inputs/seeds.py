"""The seeds that the rows of a person's files make, and why other rows make none.

Knows nothing of a run: what a preview shows is what ingest reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from graph.records import Seed, content_id
from tasks.answers.extraction import stated_answer
from tasks.inputs.column_names import KnownNames, in_words
from tasks.inputs.layouts import Layout, answer_of, laid_out, layout_of, problem_of, solution_of
from tasks.inputs.rows import checked_rows, named_in, seed_columns
from tasks.inputs.values import NotText, columns_of, value_at
from tasks.settings.labels import labels
from tasks.settings.sections import Columns, SeedFile
from tasks.store.database import Store

LONGEST = {"problem": 20_000, "solution": 100_000}
"""Characters. Longer text is no exercise, and no common context window holds it together with a prompt."""
DAMAGED = re.compile(r"[\x00\ud800-\udfff]")
DAMAGE = "a NUL, a lone surrogate or bytes that are not UTF-8 (`iconv -t UTF-8` converts a file)"
PROOFS = ("proof", "tp", "theorem proof")


class Refused(NamedTuple):
    """Why a row makes no seed."""

    reason: str
    detail: str


class SeedRow(NamedTuple):
    """A row of a seed file, and what was made of it."""

    file: SeedFile
    source: str
    """What the file is called: by its name, and by its folder's too where another one has that name."""
    line: int
    made: Seed | Refused
    read_as: str | None
    """The layout that the file was read by, where it was guessed."""


def seed_rows(store: Store, files: tuple[SeedFile, ...]) -> Iterator[SeedRow]:
    """Every row of some seed files, of equal problems the first. Raises SeedError for files that cannot be used."""
    seen: set[bytes] = set()
    for row in _rows(store, files):
        if isinstance(row.made, Seed):
            key = _key(row.made.problem)
            if key in seen:
                row = row._replace(made=Refused("duplicate", "the same problem stands in an earlier row"))
            seen.add(key)
        yield row


def _key(problem: str) -> bytes:
    return blake2b(" ".join(problem.casefold().split()).encode(), digest_size=16).digest()


def _rows(store: Store, files: tuple[SeedFile, ...]) -> Iterator[SeedRow]:
    for file, source in zip(files, labels([file.path for file in files]), strict=True):
        layout: Layout | None = None
        laid: SeedFile | None = None
        read_as: str | None = None
        names = KnownNames(named_in(file.columns))
        rows = checked_rows(store, file.path, file.columns.problem, seed_columns(file), file.largest_row, names)
        for line, row in rows:
            if isinstance(row, str):
                yield SeedRow(file, source, line, Refused("not a row", row), None)
                continue
            if laid is None:
                layout = layout_of(file, row)
                laid = laid_out(file, layout)
                title = (layout.title if layout else "") or in_words(laid.columns, names.renamed)
                read_as = title if title and file.columns == Columns() and not file.layout else None
            yield SeedRow(laid, source, line, _seed(row, laid, layout, names.renamed, source, line), read_as)


def _seed(
    row: Mapping[str, Any], file: SeedFile, layout: Layout | None, renamed: Mapping[str, str], source: str, line: int
) -> Seed | Refused:
    if left_out := _left_out(row, file):
        return left_out
    try:
        texts = _texts(row, file, layout)
    except NotText as error:
        return Refused("not text", str(error))
    for use, text in texts.items():
        if DAMAGED.search(text):
            return Refused("damaged text", f"the {use} holds {DAMAGE}")
        if len(text) > LONGEST.get(use, LONGEST["problem"]):
            most = LONGEST.get(use, LONGEST["problem"])
            return Refused("too long", f"the {use} has {len(text)} characters; at most {most}")
    columns = file.columns
    if not texts["problem"]:
        return Refused("empty problem", f"column {columns.problem!r} is empty")
    points = _points(value_at(row, columns.points) if columns.points else None, file.points_separator)
    if not texts["solution"] and not texts["answer"] and not points:
        there = ", ".join(repr(renamed.get(name, name)) for name in row)
        return Refused("no solution", f"neither solution, answer nor knowledge points in its columns {there}")
    answer = texts["answer"] or stated_answer(texts["solution"], file.answer_after)
    return Seed(
        id=content_id("seed", texts["problem"], texts["solution"], answer, list(points)),
        problem=texts["problem"],
        solution=texts["solution"],
        answer=answer,
        points=points,
        metadata=_metadata(row, file, renamed),
        source=source,
        line=line,
    )


def _left_out(row: Mapping[str, Any], file: SeedFile) -> Refused | None:
    """Why a row is left out for what comes with it, unless the settings take such rows."""
    images = [name for name, value in row.items() if name.lower().startswith(("image", "figure")) and _is_there(value)]
    if images and "images" not in file.take:
        return Refused("image", f'column {images[0]!r} holds an image; take = ["images"] takes the row without it')
    kind = row.get("question_type")
    proof = (isinstance(kind, str) and kind.lower() in PROOFS) or row.get("answer") == "proof"
    if proof and "proofs" not in file.take:
        return Refused("proof", 'it asks for a proof; take = ["proofs"] takes such rows')
    if row.get("is_multiple_answer") is True and "several answers" not in file.take:
        return Refused("several answers", 'it has several answers; take = ["several answers"] takes such rows')
    return None


def _is_there(value: Any) -> bool:
    return value is not None and value is not False and value != "" and value != [] and value != {}


def _texts(row: Mapping[str, Any], file: SeedFile, layout: Layout | None) -> dict[str, str]:
    """Problem, solution and answer. Raises NotText."""
    found = {"problem": problem_of, "solution": solution_of, "answer": answer_of}
    return {use: read(row, file.columns, layout, file.booleans) for use, read in found.items()}


def _metadata(row: Mapping[str, Any], file: SeedFile, renamed: Mapping[str, str]) -> str:
    """The columns that are not used, under the names that the file gives them, as a JSON object."""
    named = (getattr(file.columns, use) for use in ("problem", "solution", "answer", "points"))
    used = {column for name in named if name for column in columns_of(name)}
    rest = {renamed.get(key, key): value for key, value in row.items() if key not in used}
    return DAMAGED.sub("\ufffd", json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str))


def _points(value: object, separator: str) -> tuple[str, ...]:
    if isinstance(value, str):
        parts: list[object] = list(value.split(separator))
    else:
        parts = list(value) if isinstance(value, list | tuple) else []
    return tuple(text for part in parts if part is not None and (text := DAMAGED.sub("", str(part)).strip()))
