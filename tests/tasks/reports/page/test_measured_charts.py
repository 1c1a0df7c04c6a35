"""The report shows the evaluation and the comparison that lie in the workspace, and nothing where there is none."""

from __future__ import annotations

import json
from pathlib import Path

from graph.scores import Difference, Score
from tasks.reports.harness import EVALUATION, results
from tasks.reports.page.chart import Told
from tasks.reports.page.measured_charts import compared, evaluated
from tasks.reports.scores import WHOLE, Compared, ScoreRow
from tasks.store.database import open_store
from tests.support.contexts import settings_for


def test_models_stand_beside_each_other_and_each_two_are_compared_once(tmp_path: Path) -> None:
    gap = [Compared("after", "before", "gsm8k.jsonl", Difference(0.2, 0.1, 0.3, 0.01, 10))]
    for name, right in (("after", 0.5), ("before", 0.3)):
        score = Score(right, None if name == "before" else 0.05, 10)
        row = ScoreRow(name, "gsm8k.jsonl", WHOLE, 1, score, {1: score}, score, 0.1, 0.0, None, None)
        asked = {"name": name, "model": "m", "samples": 1, "shots": 0, "date": "2026-01-01T00:00:00+00:00"}
        file = tmp_path / EVALUATION / name / "results.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(results([row], gap, asked)), encoding="utf-8")
    store = open_store(tmp_path)
    scores, differences = evaluated(Told(store, settings_for(tmp_path), []))
    store.close()
    assert scores.rows == [("after", "gsdp_gsm8k", 0.5, 0.05, 0.1, 10), ("before", "gsdp_gsm8k", 0.3, None, 0.1, 10)]
    assert differences.rows == [("after minus before", "gsm8k.jsonl", 0.2, 0.1, 0.3, 10)]


def test_a_workspace_without_either_shows_neither(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    told = Told(store, settings_for(tmp_path), [])
    assert [chart.rows for chart in evaluated(told)] == [[], []]
    assert compared(told) == []
    store.close()
