"""The accepted pairs as a folder that a dataset hub takes as it is, with a card of real figures.

The folder is a function of seeds, settings and answers: rows stand in sampling order, figures count only what lies
before the dataset's last combination, and nothing in it tells the time but the report, which is there to look at. It is
written next to its place and then moved there, so a reader never sees half a dataset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from graph.errors import StoreError
from tasks.reports.card import card
from tasks.reports.formats import FORMATS, LLAMA_FACTORY, TABLES, LineMaker
from tasks.reports.page.content import REPORT, write_report
from tasks.reports.row_template import filled
from tasks.reports.rows import example_of, gather, gather_rejected, listed, published, published_pairs
from tasks.settings.run import RunSettings
from tasks.settings.sections import Publish
from tasks.store.database import Store
from tasks.store.folders import files_of, replacing_folder

DATASET = "dataset"
"""The dataset's folder in the workspace."""

OURS = re.compile(
    r"README\.md|report\.html|data/dataset_info\.json|data/template(-validation)?\.jsonl"
    rf"|data/(pairs|validation|rejected|({'|'.join({*FORMATS, *TABLES})})(-validation)?)"
    r"(-\d{5}-of-\d{5})?\.(jsonl|parquet)"
)
"""The files that publish writes."""

NO_REPORT = "its report could not be made: `gsdp report` says why"

ALL = "SELECT * FROM rows"

FIRST = re.compile(r"pairs(-\d{5}-of-\d{5})?\.parquet")
"""The files of which one is in every dataset of ours."""

SHARD = 500_000_000
"""Bytes above which a Parquet file is written as several."""


def write_dataset(store: Store, settings: RunSettings, folder: Path) -> int:
    """Write pairs, formats and card into `folder`, in the place of what a former publish left there.

    Files that are not ours stay. Raises StoreError when one of them stands where ours would, or nothing can be written.
    """
    folder = folder.resolve()
    check_folder(folder)
    try:
        with replacing_folder(folder, is_ours) as fresh:
            return _write(store, settings, fresh, fresh.with_name("parts"))
    except OSError as error:
        raise StoreError(f"The dataset cannot be written to {folder} ({error.strerror}).") from error


def check_folder(folder: Path) -> None:
    """Raises StoreError when a dataset would replace something that no publish has written."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file: choose another folder for the dataset.")
    files = files_of(folder)
    known = is_dataset(files)
    taken = next((path for path in files if is_ours(path) and not known), None)
    if taken:
        raise StoreError(f"{folder / taken} is not of a dataset of ours: choose another folder, or move the file away.")


def is_dataset(files: Iterable[Path]) -> bool:
    """Whether some files of a folder are those of a dataset of ours."""
    return any(path.parent == Path("data") and FIRST.fullmatch(path.name) for path in files)


def is_ours(path: Path) -> bool:
    """Whether publish writes a file of this name, within a dataset's folder."""
    return OURS.fullmatch(path.as_posix()) is not None


def _write(store: Store, settings: RunSettings, folder: Path, parts: Path) -> int:
    """The dataset in a new folder, by way of files in the folder `parts`; how many pairs it holds."""
    data, publish = folder / "data", settings.publish
    data.mkdir(parents=True)
    parts.mkdir()
    with published(store, settings.target_pairs) as count:
        gathered = gather(store, publish, parts, count)
        if publish.rejected:
            _write_tables(store, gather_rejected(store, parts), data, {"rejected": ALL})
    for split, files in gathered.items():
        names = {*publish.formats, "messages"} & TABLES.keys()
        tables = {f"{name}{split.suffix}": TABLES[name] for name in sorted(names)}
        _write_tables(store, files, data, {split.pairs: ALL, **tables})
        _write_lines(store, files, publish, data, split.suffix)
    described = {
        f"{publish.name}-{name}": {"file_name": f"{name}.jsonl", **LLAMA_FACTORY[name]}
        for name in publish.formats
        if name in LLAMA_FACTORY
    }
    (data / "dataset_info.json").write_text(json.dumps(described, indent=2, ensure_ascii=False), encoding="utf-8")
    with store.more_memory():
        told = card(store, settings, count, example_of(store, gathered), _sharded(data))
    (folder / "README.md").write_text(told, encoding="utf-8")
    # The dataset is what was paid for: where the report cannot be made, `gsdp report` says why.
    with suppress(StoreError):
        write_report(store, settings, folder / REPORT)
    return count


def _write_tables(store: Store, files: Sequence[Path], folder: Path, tables: Mapping[str, str]) -> None:
    """Queries on `rows`, which is what stands in `files`, as a Parquet file each; as several where those are large."""
    groups = _shards(files)
    for name, sql in tables.items():
        before = 0
        for number, group in enumerate(groups):
            place = f"-{number:05d}-of-{len(groups):05d}" if len(groups) > 1 else ""
            file = folder / f"{name}{place}.parquet"
            store.write_parquet(f"WITH rows AS (FROM {listed(group)}) {sql.format(before=before)}", [], file)
            before += int(store.value(f"SELECT count(*) FROM {listed([file])}"))


def _sharded(folder: Path) -> set[str]:
    """The names whose file is several."""
    return {
        found[1] for path in folder.iterdir() if (found := re.fullmatch(r"(.+)-\d{5}-of-\d{5}\.parquet", path.name))
    }


def _shards(files: Sequence[Path]) -> list[list[Path]]:
    """The files in groups that are not larger than a shard, unless a single file is."""
    groups: list[list[Path]] = [[]]
    size = 0
    for file in files:
        size += file.stat().st_size
        if groups[-1] and size > SHARD:
            groups.append([])
            size = file.stat().st_size
        groups[-1].append(file)
    return groups


def _write_lines(store: Store, parts: Sequence[Path], publish: Publish, folder: Path, suffix: str) -> None:
    """The files of one JSON object a line."""
    with ExitStack() as stack:
        made: list[tuple[TextIO, LineMaker]] = []
        for name, function in _line_makers(publish).items():
            file = stack.enter_context((folder / f"{name}{suffix}.jsonl").open("w", encoding="utf-8", newline="\n"))
            made.append((file, function))
        for pair in published_pairs(store, parts) if made else ():
            for target, function in made:
                if (row := function(pair)) is not None:
                    target.write(json.dumps(row, ensure_ascii=False) + "\n")


def _line_makers(publish: Publish) -> dict[str, LineMaker]:
    """What makes the rows of each file."""
    makers: dict[str, LineMaker] = {name: FORMATS[name] for name in publish.formats if name in FORMATS}
    if publish.template:
        makers["template"] = lambda pair: filled(publish.template, pair.columns)
    return makers
