"""The card's sections on the files: what they hold, column by column, how they are loaded, what they were made from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from graph.nouns import counted
from graph.plain import plain
from tasks.reports.card_tables import table
from tasks.reports.columns import COLUMNS
from tasks.reports.licences import identifier
from tasks.settings.run import RunSettings
from tasks.store.database import Store

CITATION = """```bibtex
@misc{gsdp2024,
  title = {A Graph-Based Synthetic Data Pipeline for Scaling High-Quality Reasoning Instructions},
  eprint = {2412.08864},
  archivePrefix = {arXiv},
  year = {2024}
}
```"""

SHOWN = ("id", "relation", "points", "path", "problem", "solution", "answer", "answer_type", "difficulty", "seeds")
"""Columns of the sample."""

LONGEST = 2_000
"""Characters of a text in the sample."""

ALPHA = (
    "Alpha is Krippendorff's: 1 where judges always agree, 0 where they agree as often as by chance, below 0 where "
    "less often. It tells of agreement and not of truth: judges that err alike agree well. Judges that are asked "
    "only where the first ones differ see the disputed items alone, which lowers it."
)

FILES = {
    "messages": "chat turns (user, assistant)",
    "alpaca": "instruction, input and output",
    "sharegpt": "conversations (human, gpt)",
    "trl": "prompt and completion in turns",
    "grpo": "prompt and answer; verifiable answers alone",
    "verl": "prompt and reward_model.ground_truth; verifiable answers alone",
    "verifiers": "prompt, answer and info; verifiable answers alone",
}
"""What the files for trainers hold."""


def features(settings: RunSettings) -> list[str]:
    """The sections on files and columns."""
    publish = settings.publish
    files = [("data/pairs.parquet", "all columns below"), ("data/messages.parquet", FILES["messages"])]
    files += [
        (f"data/{name}.{'parquet' if name == 'verl' else 'jsonl'}", FILES[name])
        for name in FILES
        if name in publish.formats
    ]
    if publish.template:
        files.append(("data/template.jsonl", "rows by a template of the settings"))
    if publish.validation:
        files.append(("data/validation.parquet", "the pairs held out, by combination; the other files have theirs too"))
    if publish.rejected:
        files.append(("data/rejected.parquet", "problems that a gate kept out, with gate and reason"))
    several = ["A problem has a row for each solution that gives its answer; `chosen` marks one of each."]
    return [
        "## Files",
        table(("file", "holds"), files),
        *(several if publish.solutions == "agreed" else []),
        "## Columns",
        table(("column", "type", "holds"), COLUMNS),
    ]


def sample(row: Mapping[str, Any] | None) -> list[str]:
    """The section with a row of the dataset; its texts are a model's, so they stand in a block that they cannot end."""
    if row is None:
        return []
    shown = {name: _shortened(row[name]) for name in SHOWN}
    text = plain(json.dumps(shown, ensure_ascii=False, indent=2))
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return ["## A sample", f"{fence}json\n{text}\n{fence}"]


def _shortened(value: Any) -> Any:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


def loading() -> list[str]:
    """The section that says how the files are loaded."""
    lines = [
        "from datasets import load_dataset",
        "",
        'pairs = load_dataset("PATH_OR_NAME")  # all columns',
        'turns = load_dataset("PATH_OR_NAME", "messages")  # chat turns, as trainers take them',
    ]
    return ["## Loading", "```python\n" + "\n".join(lines) + "\n```"]


def sources(store: Store) -> list[str]:
    """The section on the seed files."""
    rows = store.rows(_SOURCES)
    head = ("file", "seeds", "SHA-256 of the file")
    alone = answered_alone(store)
    return ["## Seeds", table(head, rows), *([alone] if alone else [])] if rows else []


def answered_alone(store: Store) -> str | None:
    """What the points of seeds without a solution rest on; None where there are no such seeds."""
    seeds, solved = store.rows(_ALONE)[0]
    if not seeds:
        return None
    by = "the problem alone"
    if solved:
        by = "a solution by the solver where it came to the seed's answer, else from the problem alone"
    return f"{counted(seeds, 'seed')} came with an answer and no solution: their knowledge points were found from {by}."


def licence_lines(licence: str | None) -> list[str]:
    """The lines of the card's front matter on the licence."""
    if not licence:
        return []
    known, name = identifier(licence)
    return [f"license: {known}", *([f"license_name: {json.dumps(name, ensure_ascii=False)}"] if name else [])]


_ALONE = """
    SELECT count(*), count(*) FILTER (id IN (SELECT seed_id FROM seed_solutions)) FROM current_seeds
    WHERE solution = '' AND len(points) = 0"""

_SOURCES = """
    SELECT s.source, count(*), coalesce(any_value(f.digest), 'not known')
    FROM current_seeds s LEFT JOIN sources f ON f.source = s.source GROUP BY 1 ORDER BY 1"""
