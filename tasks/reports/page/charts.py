"""The report's charts, in the order of the page.

To add one: a function of what is told of a run, in the file of its kind, and a line in `CHARTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks.reports.page.chart import Chart, Told
from tasks.reports.page.judge_charts import audited, judges
from tasks.reports.page.measured_charts import compared, evaluated
from tasks.reports.page.result_charts import (
    agreement_of_solutions,
    difficulty,
    lengths,
    novelty,
    repeats,
    strategies,
    yield_by_place,
)
from tasks.reports.page.work_charts import endpoints, money, pace


def charts(run: Told) -> list[dict[str, Any]]:
    """All charts that have something to show."""
    made = [chart for make in CHARTS for chart in make(run) if chart.rows]
    return [chart._asdict() | {"columns": [column._asdict() for column in chart.columns]} for chart in made]


CHARTS: tuple[Callable[[Told], list[Chart]], ...] = (
    yield_by_place,
    strategies,
    difficulty,
    agreement_of_solutions,
    judges,
    audited,
    evaluated,
    compared,
    lengths,
    novelty,
    repeats,
    pace,
    endpoints,
    money,
)
