"""The items of benchmarks: texts that must not be published, under the names that evidence calls them by."""

from __future__ import annotations

from collections.abc import Sequence

from graph.errors import SeedError
from tasks.inputs.rows import checked_rows, named_columns
from tasks.settings.labels import labels as file_labels
from tasks.settings.run import BenchmarkFile
from tasks.store.database import Store

Item = tuple[str, str]
"""(name, text): the name is the file's and the line; a solution has its column besides."""


def labels(files: Sequence[BenchmarkFile]) -> list[str]:
    """What each file is called."""
    return file_labels([file.path for file in files])


def read_benchmarks(store: Store, files: Sequence[BenchmarkFile]) -> list[Item]:
    """The problems and solutions of all files. Raises SeedError for a row without text: a gap would go unnoticed."""
    items = []
    for file, label in zip(files, labels(files), strict=True):
        columns = file.columns
        for line, row in checked_rows(store, file.path, columns.problem, named_columns(columns), file.largest_row):
            text = row.get(columns.problem) if isinstance(row, dict) else None
            if not text or not isinstance(row, dict):
                why = "has no text in column " + repr(columns.problem) if isinstance(row, dict) else f"is {row}"
                raise SeedError(f"{file.path}:{line} {why}: mend or remove the row of this benchmark.")
            items.append((f"{label}:{line}", str(text)))
            if columns.solution and (solution := row.get(columns.solution)):
                items.append((f"{label}:{line} {columns.solution}", str(solution)))
    return items
