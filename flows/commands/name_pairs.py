"""The pairs of names that may be one knowledge point, as a file that a person reviews and the next run reads back."""

from __future__ import annotations

import csv
from pathlib import Path

from graph.errors import UsageError
from graph.likeness import difference
from graph.nouns import counted
from graph.plain import cell
from tasks.store.graphs import proposals
from tasks.store.latest import current_recipe
from tasks.store.looking import reading

COLUMNS = ("name", "other", "score", "verdict", "decided_by", "reason", "decision")


def write_merges(workspace: Path, file: Path) -> None:
    """Write every proposed merge of the latest run, the doubtful ones first; a person fills in `decision`.

    Raises UsageError when the file cannot be written, or holds decisions that would be lost.
    """
    with reading(workspace) as store:
        rows = proposals(store, current_recipe(store, "connect"))
    try:
        if file.exists() and _decided(file):
            raise UsageError(f"{file} holds decisions, which would be lost: give another name.")
        with file.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines)
            writer.writerow(COLUMNS)
            for row in rows:
                why = difference(row[0], row[1])
                writer.writerow((cell(row[0]), cell(row[1]), *row[2:], why, row[3] if row[4] == "file" else ""))
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}).") from error
    same = sum(row[3] == "same" for row in rows)
    print(f"{counted(len(rows), 'pair')} of names, {same:,} of them the same, written to {file}")
    print("Fill in the column decision (same or different) where you know better; then, in the settings:")
    print(f'connect.alias_file = "{file}"')


def _decided(file: Path) -> bool:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return any((row.get("decision") or "").strip() for row in csv.DictReader(lines))
