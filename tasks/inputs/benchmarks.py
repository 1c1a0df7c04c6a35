"""The items of benchmarks: texts that must not be published, under the names that evidence calls them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graph.errors import SeedError, SettingsError
from tasks.inputs.column_names import KnownNames, in_words
from tasks.inputs.layouts import Layout, laid_out, layout_of, problem_of, solution_of
from tasks.inputs.rows import checked_rows, named_columns, named_in
from tasks.inputs.values import NotText, text_at
from tasks.settings.labels import labels as file_labels
from tasks.settings.sections import BenchmarkFile, Columns, SeedFile
from tasks.store.database import Store

Item = tuple[str, str]
"""(name, text): the name is the file's and the line; a solution has its column besides."""


class BenchmarkRow(NamedTuple):
    """A row of a benchmark's file."""

    line: int
    row: dict[str, Any] | str
    """Why it is none, where it is none."""
    file: BenchmarkFile
    """With the columns that it is read by."""
    read_as: str
    """The layout that was guessed; empty where the file is read as the settings say."""
    layout: Layout | None


def check_named(files: Sequence[BenchmarkFile]) -> None:
    """Raises SettingsError where models could be asked about nothing."""
    if not files:
        raise SettingsError("There is nothing to evaluate on: name at least one file under [[benchmarks]].")


def labels(files: Sequence[BenchmarkFile]) -> list[str]:
    """What each file is called."""
    return file_labels([file.path for file in files])


def read_benchmarks(store: Store, files: Sequence[BenchmarkFile]) -> list[Item]:
    """The problems and solutions of all files. Raises SeedError for a row without text: a gap would go unnoticed."""
    items = []
    for file, label in zip(files, labels(files), strict=True):
        for found in benchmark_rows(store, file):
            texts = _texts(found)
            if isinstance(texts, str):
                raise SeedError(f"{file.path}:{found.line} {texts}: mend or remove the row of this benchmark.")
            items.append((f"{label}:{found.line}", texts[0]))
            if texts[1]:
                columns = found.file.columns
                items.append((f"{label}:{found.line} {columns.solution or columns.answer}", texts[1]))
    return items


def _texts(found: BenchmarkRow) -> tuple[str, str] | str:
    """The problem and the solution of a row; or why it has none."""
    row, columns = found.row, found.file.columns
    if isinstance(row, str):
        return f"is {row}"
    try:
        problem, solution = problem_alone(row, columns, found.layout), solution_of(row, columns, found.layout)
    except NotText as error:
        return f"cannot be read ({error})"
    return (problem, solution) if problem else f"has no text in column {columns.problem!r}"


def problem_alone(row: Mapping[str, Any], columns: Columns, layout: Layout | None) -> str:
    """The problem of a row, without the options of multiple choice. Raises NotText."""
    return text_at(row, columns.problem) if layout and layout.options else problem_of(row, columns, layout)


def benchmark_rows(store: Store, file: BenchmarkFile, evaluated: bool = False) -> Iterator[BenchmarkRow]:
    """The rows of a file, with the columns that these are read by: the settings', or those of a guessed layout.

    Raises SeedError where it lacks one of them, or where models are `evaluated`, one that only that needs.
    """
    also = {use: name for use in ("choices", "level", "subject") if (name := getattr(file, use))}
    names = KnownNames(named_in(file.columns) | {*also.values()})
    laid, read_as = file, ""
    layout: Layout | None = None

    def needed(first: Mapping[str, Any]) -> Mapping[str, str | None]:
        nonlocal laid, layout, read_as
        as_seeds = SeedFile(path=file.path, columns=file.columns, answer_after=file.answer_after)
        layout = layout_of(as_seeds, first)
        found = laid_out(as_seeds, layout)
        columns = _problem_itself(found.columns, layout, first)
        laid = file.model_copy(update={"columns": columns, "answer_after": found.answer_after})
        guessed = file.columns == Columns()
        read_as = (layout.title if layout else "") or in_words(columns, names.renamed) if guessed else ""
        return named_columns(columns) | (also if evaluated else {})

    for line, row in checked_rows(store, file.path, file.columns.problem, needed, file.largest_row, names):
        yield BenchmarkRow(line, row, laid, read_as, layout)


def _problem_itself(columns: Columns, layout: Layout | None, row: Mapping[str, Any]) -> Columns:
    """The columns of a layout that makes its problem of several: here it is the question without the options."""
    made = layout is not None and layout.problem is not None and columns.problem not in row and "problem" in row
    return columns.model_copy(update={"problem": "problem"}) if made else columns


def benchmarks_in_words(store: Store, files: Sequence[BenchmarkFile]) -> list[str]:
    """How the files are read whose layout was guessed."""
    told = []
    for file, label in zip(files, labels(files), strict=True):
        first = next((row for row in benchmark_rows(store, file) if isinstance(row.row, dict)), None)
        told += [f"{label} is read as {first.read_as}"] if first and first.read_as else []
    return told
