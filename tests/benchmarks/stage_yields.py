"""What a run on a real model came to, out of its store: yields, calls, refused answers with an example, names.

    python -m tests.benchmarks.stage_yields runs/mine        # a workspace that no run holds

The tables of docs/real-run.md. The store's hash stands on top; it is another one once the run has gone on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployments.train.model_card import file_hash
from tasks.reports.counts import counts, rejects
from tasks.store.database import FILE_NAME, Store
from tests.support.rehearsal import opened

EXAMPLE = 160
"""Characters of an example."""

CALLS = """
    SELECT stage, role, count(*), count(fault), sum(input_tokens), sum(cached_tokens), sum(output_tokens), avg(seconds)
    FROM calls GROUP BY 1, 2 ORDER BY min(ended_at)"""
REFUSED = "SELECT stage, fault, count(*), min(text) FROM calls WHERE fault IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 3 DESC"
NAMES = "SELECT name, count(*) FROM current_mentions GROUP BY 1 ORDER BY 2 DESC, 1"
PROMPTS = "SELECT stage, role, prompt::VARCHAR, count(*) FROM calls WHERE prompt IS NOT NULL GROUP BY ALL ORDER BY ALL"


def lines(store: Store) -> Iterator[str]:
    """All tables, in Markdown."""
    made = dict(counts(store))
    yield from table(("what", "number"), [*made.items()])
    yield from table(("stage", "rejected because", "number"), rejects(store))
    called = store.rows(CALLS)
    heads = ("stage", "role", "calls", "refused", "tokens in", "of them cached", "tokens out", "seconds a call")
    yield from table(heads, called)
    tokens = sum(int(row[4] or 0) + int(row[6] or 0) for row in called)
    each = f"{tokens / made['pairs']:,.0f}" if made["pairs"] else "-"
    yield f"Tokens of all calls: {tokens:,}; for each accepted pair: {each}."
    yield ""
    yield from table(
        ("stage", "refused as", "times", "an example, in part"), [shortened(row) for row in store.rows(REFUSED)]
    )
    yield "Names by how many seeds have them: " + ", ".join(f"{name} ({number})" for name, number in store.rows(NAMES))
    yield ""
    yield from table(("stage", "role", "prompt", "calls"), store.rows(PROMPTS))


def shortened(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A refused answer's row, its example on one line."""
    text = " ".join(str(row[3] or "").replace("|", "\\|").split())
    return *row[:3], f"`` {text[:EXAMPLE]}{'...' if len(text) > EXAMPLE else ''} ``"


def table(heads: tuple[str, ...], rows: list[Any]) -> Iterator[str]:
    """A table in Markdown, with a line below."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    yield from (f"| {' | '.join(map(told, row))} |" for row in rows)
    yield ""


def told(value: object) -> str:
    """A cell: whole numbers with commas, seconds in full; a tag in a reason is text, one in a code span already is."""
    if value is None:
        return "-"
    if isinstance(value, int | float):
        return f"{value:,.0f}"
    text = str(value)
    return text if text.startswith("``") else text.replace("<", "&lt;")


def main() -> None:
    """Print the tables of a workspace."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stage_yields")
    parser.add_argument("workspace", type=Path)
    workspace = parser.parse_args().workspace
    print(f"Store: SHA-256 {file_hash(workspace / FILE_NAME)}.\n")
    with opened(workspace) as store:
        print(*lines(store), sep="\n")


if __name__ == "__main__":
    main()
