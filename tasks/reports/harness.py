"""Scores in the layout of lm-evaluation-harness, and a task of it that confirms them outside of this project.

Knows: the layout of its `results_*.json` (0.4 and later) and of its task files. The task asks with the same words and
the same limits, and marks with math-verify alone, so it confirms our asking and counting, and shows what our verifier
makes of the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graph.evaluations import BenchmarkItem
from tasks.reports.scores import WHOLE, Compared, ScoreRow

EVALUATION = "evaluation"
"""The folder of an evaluation's results, within the workspace."""
UNFIT = re.compile(r"[^\w.-]+")


def task_name(benchmark: str) -> str:
    """What the harness calls a benchmark: its file's name without what a task's name may not hold."""
    return "gsdp_" + UNFIT.sub("_", benchmark.rsplit(".", 1)[0])


def results(rows: Iterable[ScoreRow], compared: Iterable[Compared], settings: Mapping[str, Any]) -> dict[str, Any]:
    """One model's scores. `settings` says how it was asked: model, samples, template, limit, date."""
    found: dict[str, dict[str, Any]] = {}
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        task = task_name(row.benchmark)
        if row.part == WHOLE:
            found[task] = {"alias": task, **measures(row)}
        else:
            parts.setdefault(task, {})[row.part] = {"items": row.average.items, **measures(row)}
    sizes = {task_name(row.benchmark): row.average.items for row in rows if row.part == WHOLE}
    return {
        "results": found,
        "group_subtasks": {task: [] for task in found},
        "configs": {
            task: {"task": task, "output_type": "generate_until", "repeats": settings["samples"]} for task in found
        },
        "versions": dict.fromkeys(found, 1),
        "n-shot": dict.fromkeys(found, settings["shots"]),
        "higher_is_better": {task: _directions(measured) for task, measured in found.items()},
        "n-samples": {task: {"original": sizes[task], "effective": sizes[task]} for task in found},
        "config": {"model": "openai-chat-completions", "model_args": {"model": settings["model"]}, **settings},
        "date": settings["date"],
        "model_name": settings["model"],
        "gsdp": {
            "parts": parts,
            "compared": [
                {"other": row.other if row.one == settings["name"] else row.one, "benchmark": row.benchmark}
                | _turned(row, settings["name"])
                for row in compared
                if settings["name"] in (row.one, row.other)
            ],
        },
    }


def _directions(measured: Iterable[str]) -> dict[str, bool]:
    names = (name.removesuffix(",none") for name in measured if name.endswith(",none"))
    return {name: name != "no_answer" for name in names if not name.endswith("_stderr")}


def measures(row: ScoreRow) -> dict[str, Any]:
    """The measures of a row, each with its standard error, as the harness writes them."""
    scores = {f"avg@{row.samples}": row.average, f"maj@{row.samples}": row.majority}
    scores = {"exact_match": row.average, **(scores if row.samples > 1 else {})}
    scores |= {f"pass@{k}": score for k, score in row.passes.items() if k > 1}
    scores |= {"math_verify": row.reference} if row.reference else {}
    told: dict[str, Any] = {}
    for name, score in scores.items():
        told[f"{name},none"] = score.value
        told[f"{name}_stderr,none"] = "N/A" if score.error is None else score.error
    return {**told, "no_answer,none": row.silent}


def _turned(row: Compared, name: str) -> dict[str, Any]:
    """The difference as seen from the model called `name`."""
    value, low, high, chance, items = row.difference
    if row.one != name:
        value, low, high = -value, -high, -low
    return {"difference": value, "low": low, "high": high, "p": chance, "items": items}


def task_files(benchmark: str, items: Sequence[BenchmarkItem], asked: Sequence[str], limit: int) -> dict[str, str]:
    """The files of a task by name: the items with what each is asked, the task, and how an answer is marked."""
    name = task_name(benchmark)
    rows = [{"id": str(item.id), "asked": text, "answer": item.answer} for item, text in zip(items, asked, strict=True)]
    return {
        f"{name}.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
        f"{name}.yaml": TASK.format(name=name, limit=limit),
        "gsdp_marking.py": MARKING,
    }


TASK = """\
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {name}.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{{{asked}}}}"
doc_to_target: "{{{{answer}}}}"
process_results: !function gsdp_marking.mark
generation_kwargs:
  until: []
  do_sample: false
  temperature: 0
  max_gen_toks: {limit}
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1
"""

MARKING = '''\
"""How an answer is marked: by math-verify, as its own documentation asks it."""

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify


def mark(doc, results):
    """1 where the text states the answer."""
    if len(doc["answer"]) == 1 and doc["answer"].isalpha():
        return {"exact_match": int(f"boxed{{{doc['answer']}}}" in results[0].replace(" ", ""))}
    gold = parse(f"${doc['answer']}$", [LatexExtractionConfig(), ExprExtractionConfig()])
    found = parse(results[0], [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()])
    return {"exact_match": int(verify(gold, found))}
'''
