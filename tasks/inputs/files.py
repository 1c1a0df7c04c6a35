"""Which files a path of the settings names: itself, those of a folder or a pattern, or what an address gives."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graph.errors import SeedError
from tasks.inputs.fetched import address_of, fetched
from tasks.settings.run import RunSettings
from tasks.settings.sections import BenchmarkFile, SeedFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

JSON_LINES = (".jsonl", ".ndjson")

TABLES = {".csv": "", ".tsv": "\t"}
"""Suffix -> the delimiter it stands for; where none, it is told by the first line."""

KINDS = (*JSON_LINES, ".json", *TABLES, ".parquet")

ABOUT = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Files that dataset libraries write next to the data: of a folder they are not read."""

PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".zst": zstd.open}
"""Suffix -> what opens a file that is packed so."""

NOT_WHOLE = (EOFError, zlib.error, zstd.ZstdError)
"""What is raised where a packed file ends too early or holds something else."""

LARGEST_ROW = 4
"""Megabytes of a row, unless the settings say otherwise: a hundred times what the longest exercise takes."""

WHOLE = 16
"""Rows of the largest size that a .json file may take in all: it is read whole."""


def kind_of(path: Path) -> str:
    """The suffix that tells a file's kind, below that of its packing."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in PACKED), "")


def with_each_file(settings: RunSettings) -> RunSettings:
    """The settings with the files of a folder, a pattern or an address in its place, by name.

    Raises SeedError when it has none.
    """
    seeds = [file.model_copy(update={"path": path}) for file in settings.seeds for path in _files_of(file)]
    # A folder of benchmarks would go unread in part: only addresses may name several.
    benchmarks = [
        file.model_copy(update={"path": path})
        for file in settings.benchmarks
        for path in (_files_of(file) if address_of(file.path) else (file.path,))
    ]
    return settings.model_copy(update={"seeds": tuple(seeds), "benchmarks": tuple(benchmarks)})


def _files_of(file: SeedFile | BenchmarkFile) -> Sequence[Path]:
    """The files that a path of the settings names."""
    if address := address_of(file.path):
        # A .json file is read whole, and a larger one would be refused by then.
        whole = WHOLE * round((file.largest_row or LARGEST_ROW) * (1 << 20))
        return fetched(address, _is_known, lambda path: whole if kind_of(path) == ".json" else None)
    if not _is_several(file.path):
        return (file.path,)
    within = [path for path in files_in(file.path) if _is_known(path)]
    if not within:
        raise SeedError(f"{file.path} holds no seed file yet: put a {known_kinds()} file into it.")
    return within


def skipped_files(settings: RunSettings) -> list[Path]:
    """The files of the seeds' folders and patterns that are of no known kind."""
    several = [file.path for file in settings.seeds if not address_of(file.path) and _is_several(file.path)]
    return [path for each in several for path in files_in(each) if not _is_known(path)]


def _is_several(path: Path) -> bool:
    return path.is_dir() or _is_pattern(path)


def _is_known(path: Path) -> bool:
    return kind_of(path) in KINDS and path.name not in ABOUT


def files_in(path: Path) -> list[Path]:
    """The files below a folder, or that a pattern names; hidden ones are left out. Raises SeedError."""
    try:
        return _listed(path)
    except OSError as error:
        raise SeedError(f"{path} cannot be read ({error.strerror}): name a folder of seed files alone.") from error


def _listed(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(
            each
            for each in path.rglob("*")
            if each.is_file() and not any(part.startswith(".") for part in each.relative_to(path).parts)
        )
    anchor = Path(path.anchor)
    return sorted(each for each in anchor.glob(str(path.relative_to(anchor))) if each.is_file())


def _is_pattern(path: Path) -> bool:
    return any(mark in str(path) for mark in "*?[") and not path.exists()


def known_kinds() -> str:
    """The suffixes of files that are read, in words."""
    return f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
