"""What the report's artifact in Prefect takes out of the report's page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.reporting.artifacts import report_page
from tasks.reports.page.content import REPORT
from tasks.reports.page.writing import page

OVERVIEW: dict[str, Any] = {
    "figures": [{"label": "Accepted pairs", "value": 20, "unit": "", "note": "of 60 wanted"}],
    "funnel": [["extract", 44, 43]],
    "noticed": [["Most is lost at solve.", ""]],
}


def test_it_tells_figures_stages_and_what_stands_out(tmp_path: Path) -> None:
    (tmp_path / REPORT).write_text(page("t", {"overview": OVERVIEW}), encoding="utf-8")
    told = report_page(tmp_path)
    assert "| Accepted pairs | 20 | of 60 wanted |" in told
    assert "| extract | 44 | 43 |" in told
    assert "Most is lost at solve." in told


@pytest.mark.parametrize(
    "overview",
    [
        {**OVERVIEW, "noticed": [["Most is lost at solve.", "charts", "solve"]]},
        {**OVERVIEW, "figures": [{"title": "Accepted pairs"}]},
        {},
    ],
)
def test_a_report_of_another_version_is_passed_over(overview: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / REPORT).write_text(page("t", {"overview": overview}), encoding="utf-8")
    assert report_page(tmp_path) == ""
