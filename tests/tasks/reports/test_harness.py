"""Results in the layout of lm-evaluation-harness, and tasks that it can read."""

from __future__ import annotations

import json

import pytest
import yaml

from graph.evaluations import BenchmarkItem
from graph.records import content_id
from graph.scores import Difference, Score
from tasks.reports.harness import MARKING, results, task_files, task_name
from tasks.reports.scores import WHOLE, Compared, ScoreRow

ASKED = {"name": "one", "model": "m", "samples": 4, "shots": 0, "date": "2026-01-01T00:00:00+00:00"}


def row(part: str, share: float, items: int = 10) -> ScoreRow:
    """A row of figures that need not go together."""
    score = Score(share, 0.05, items)
    return ScoreRow("one", "math/test.jsonl", part, 4, score, {1: score, 4: score}, score, 0.1, 0.0, score, 1.0)


@pytest.mark.parametrize(
    ("benchmark", "name"),
    [("gsm8k.jsonl", "gsdp_gsm8k"), ("math/test.jsonl", "gsdp_math_test"), ("a b,c.csv", "gsdp_a_b_c")],
)
def test_a_task_is_called_after_its_file(benchmark: str, name: str) -> None:
    assert task_name(benchmark) == name


def test_results_have_the_layout_of_the_harness() -> None:
    compared = [Compared("two", "one", "math/test.jsonl", Difference(0.1, 0.05, 0.2, 0.01, 10))]
    found = json.loads(json.dumps(results([row(WHOLE, 0.5), row("level 1", 0.7, 4)], compared, ASKED)))
    measured = found["results"]["gsdp_math_test"]
    assert measured["exact_match,none"] == measured["avg@4,none"] == measured["math_verify,none"] == 0.5
    assert (measured["exact_match_stderr,none"], measured["pass@4,none"], measured["no_answer,none"]) == (
        0.05,
        0.5,
        0.1,
    )
    assert {
        "results",
        "configs",
        "versions",
        "n-shot",
        "higher_is_better",
        "n-samples",
        "config",
        "date",
    } <= found.keys()
    assert found["higher_is_better"]["gsdp_math_test"]["exact_match"] is True
    assert found["higher_is_better"]["gsdp_math_test"]["no_answer"] is False
    assert found["n-samples"]["gsdp_math_test"] == {"original": 10, "effective": 10}
    assert found["gsdp"]["parts"]["gsdp_math_test"]["level 1"]["exact_match,none"] == 0.7
    assert found["gsdp"]["compared"] == [
        {
            "other": "two",
            "benchmark": "math/test.jsonl",
            "difference": -0.1,
            "low": -0.2,
            "high": -0.05,
            "p": 0.01,
            "items": 10,
        }
    ]


def test_a_task_holds_what_is_asked_and_the_answer() -> None:
    item = BenchmarkItem(
        id=content_id("item", "p"),
        benchmark="b.jsonl",
        line=1,
        problem="p",
        choices=(),
        answer="\\frac12",
        level=None,
        subject=None,
    )
    files = task_files("b.jsonl", [item], ["Problem:\np {{ braces }}"], 512)
    assert files.keys() == {"gsdp_b.jsonl", "gsdp_b.yaml", "gsdp_marking.py"}
    assert json.loads(files["gsdp_b.jsonl"]) == {
        "id": str(item.id),
        "asked": "Problem:\np {{ braces }}",
        "answer": "\\frac12",
    }
    task = yaml.safe_load(files["gsdp_b.yaml"].replace("!function ", ""))
    assert (task["task"], task["doc_to_text"], task["generation_kwargs"]["max_gen_toks"]) == (
        "gsdp_b",
        "{{asked}}",
        512,
    )
    assert task["process_results"] == "gsdp_marking.mark"
    compile(MARKING, "gsdp_marking.py", "exec")
