"""Charts of what was measured apart from the run: models on benchmarks, and the arms of a comparison.

Both are read from the files that `gsdp evaluate` and `gsdp compare` left in the workspace, next to the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.reports.arms import COMPARISON
from tasks.reports.harness import EVALUATION
from tasks.reports.page.chart import Chart, Column, Told


def evaluated(run: Told) -> list[Chart]:
    """The models on the benchmarks, and how they differ."""
    found = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((run.store.path.parent / EVALUATION).glob("*/results.json"))
    ]
    reading = (
        "Right: the mean over items of the share of answers whose final answer is the item's. "
        "Error: the standard error of that mean. Without an answer: texts that state none, which count as wrong."
    )
    columns = [
        Column("model", "text"),
        Column("benchmark", "text"),
        Column("right", "share"),
        Column("error", "share"),
        Column("without an answer", "share"),
        Column("items"),
    ]
    return [
        Chart(
            "evaluation",
            "Models on benchmarks",
            "table",
            reading,
            columns,
            [row for told in found for row in _scores(told)],
        ),
        Chart("models-compared", "Models compared", "table", COMPARED, DIFFERENCE, [*_differences(found)]),
    ]


COMPARED = "Two models on the same items: the difference of the shares that are right, with its 95% interval."
DIFFERENCE = [
    Column("models", "text"),
    Column("benchmark", "text"),
    Column("difference", "signed"),
    Column("low", "signed"),
    Column("high", "signed"),
    Column("items"),
]


def _scores(told: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    name = told["config"]["name"]
    for task, row in told["results"].items():
        error = row["exact_match_stderr,none"]
        number = told["n-samples"][task]["effective"]
        yield name, task, row["exact_match,none"], None if error == "N/A" else error, row["no_answer,none"], number


def _differences(found: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Each two models once: the file of either tells of it."""
    for told in found:
        name = told["config"]["name"]
        for row in told["gsdp"]["compared"]:
            if name < row["other"]:
                names = f"{name} minus {row['other']}"
                yield names, row["benchmark"], row["difference"], row["low"], row["high"], row["items"]


def compared(run: Told) -> list[Chart]:
    """The arms of a comparison, at equal volume and at equal cost."""
    path = Path(run.store.path.parent, COMPARISON)
    if not path.is_file():
        return []
    told = json.loads(path.read_text(encoding="utf-8"))
    changes = "; ".join(f"{name}: {change}" for name, change in told["changes"].items())
    charts = []
    for kind in ("volume", "cost"):
        rows = [
            {key: cell for key, cell in row.items() if key != "at equal"}
            for row in told["arms"]
            if row["at equal"] == kind
        ]
        reading = f"In brackets: where the true figure is 19 times of 20. The arms differ in this alone: {changes}."
        columns = [Column(key, "text") for key in rows[0]] if rows else []
        charts.append(
            Chart(f"arms-{kind}", f"Arms at equal {kind}", "table", reading, columns, [[*row.values()] for row in rows])
        )
    return charts
