"""The accepted pairs as a folder that a dataset hub takes as it is, with a card of real figures.

The folder is a function of seeds, settings and answers: rows stand in sampling order, figures count only what lies
before the dataset's last combination, and nothing in it tells the time but the report, which is there to look at. It is
written next to its place and then moved there, so a reader never meets half a dataset.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from graph.errors import StoreError
from tasks.reports.card import card
from tasks.reports.page.content import REPORT, write_report
from tasks.settings.run import Format, RunSettings
from tasks.store.database import Store

COLUMNS = """id::VARCHAR AS id, relation, points, problem, solution, answer, difficulty, measured_difficulty, agreement,
    review_score"""
ROWS = """
    SELECT {columns} FROM pairs LEFT JOIN (
        SELECT problem_id, difficulty AS measured_difficulty FROM elections
        WHERE recipe = (SELECT recipe FROM current_recipes WHERE stage = 'grade')) ON problem_id = id
    ORDER BY position, sample LIMIT {count}"""


class PublishedPair(NamedTuple):
    """One row of the dataset."""

    id: str
    relation: str
    points: list[str]
    problem: str
    solution: str
    answer: str | None
    """None for a proof."""
    difficulty: str | None
    """As the rater says."""
    measured_difficulty: str | None
    """As the agreement of the solutions says; None where there was nothing to compare."""
    agreement: float | None
    review_score: float


def messages(pair: PublishedPair) -> dict[str, Any]:
    """Chat turns, as most trainers take them."""
    turns = [{"role": "user", "content": pair.problem}, {"role": "assistant", "content": pair.solution}]
    return {"id": pair.id, "messages": turns}


def alpaca(pair: PublishedPair) -> dict[str, Any]:
    """Stanford Alpaca's three fields."""
    return {"id": pair.id, "instruction": pair.problem, "input": "", "output": pair.solution}


def sharegpt(pair: PublishedPair) -> dict[str, Any]:
    """ShareGPT's conversations."""
    turns = [{"from": "human", "value": pair.problem}, {"from": "gpt", "value": pair.solution}]
    return {"id": pair.id, "conversations": turns}


FORMATS: dict[Format, Callable[[PublishedPair], dict[str, Any]]] = {
    "messages": messages,
    "alpaca": alpaca,
    "sharegpt": sharegpt,
}


def write_dataset(store: Store, settings: RunSettings, folder: Path) -> int:
    """Write pairs, formats and card into `folder`, in the place of what a former publish left there.

    Raises StoreError when the folder holds something else or cannot be written.
    """
    folder = folder.resolve()
    try:
        if not _is_free(folder):
            raise StoreError(f"{folder} holds other files: choose an empty folder for the dataset.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True
        ) as beside:
            # A folder within: the temporary one is for its owner's eyes only, and the dataset need not be.
            fresh = Path(beside, "fresh")
            count = _write(store, settings, fresh)
            if folder.exists():
                folder.rename(Path(beside, "former"))
            fresh.rename(folder)
    except OSError as error:
        raise StoreError(f"The dataset cannot be written to {folder} ({error.strerror}).") from error
    return count


def _write(store: Store, settings: RunSettings, folder: Path) -> int:
    """The dataset in a new folder; how many pairs it holds."""
    (folder / "data").mkdir(parents=True)
    rows = ROWS.format(columns=COLUMNS, count=settings.target_pairs)
    store.write_parquet(rows, [], folder / "data" / "pairs.parquet")
    count = _write_lines(store, rows, settings, folder / "data")
    (folder / "README.md").write_text(card(store, settings, count), encoding="utf-8")
    # The dataset is what was paid for: where the report cannot be made, `gsdp report` says why.
    with suppress(StoreError):
        write_report(store, settings, folder / REPORT)
    return count


def _is_free(folder: Path) -> bool:
    """Whether a folder holds nothing but what a former publish left there, so that nothing is lost with it."""
    if folder.exists() and not folder.is_dir():
        return False
    left = {
        Path("README.md"),
        Path(REPORT),
        Path("data/pairs.parquet"),
        *(Path(f"data/{name}.jsonl") for name in FORMATS),
    }
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return all(path in left for path in files)


def _write_lines(store: Store, rows: str, settings: RunSettings, folder: Path) -> int:
    files = {
        name: (folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n") for name in settings.publish.formats
    }
    count = 0
    try:
        for row in store.stream(rows):
            pair = PublishedPair(*row)
            count += 1
            for name, file in files.items():
                file.write(json.dumps(FORMATS[name](pair), ensure_ascii=False) + "\n")
    finally:
        for file in files.values():
            file.close()
    return count
