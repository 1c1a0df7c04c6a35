"""How well names of concepts are merged: pairwise precision and recall on `tests/support/concept_names.py`.

    python -m tests.benchmarks.names [--embedder http://127.0.0.1:8000/v1 --model NAME]

Without an address, a stand-in that knows letters plays the embedder, with bands chosen on our own table. The curator
is nobody, or one that knows the table: then recall is the ceiling, the share of synonyms that are proposed at all.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.support.name_scores import LETTERS, by_connect, by_form, concepts, score
from tests.tasks.points.test_concept_names import STAND_IN


async def main() -> None:
    """Print one line for each way of merging."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", help="address of a server with /embeddings")
    parser.add_argument("--model", default="embedder", help="its model")
    given = parser.parse_args()
    embedder = {"base_url": given.embedder, "model": given.model} if given.embedder else LETTERS
    bands: dict[str, Any] = {} if given.embedder else STAND_IN
    called = given.model if given.embedder else "letters as embedder"
    for table in ("ours", "blind"):
        truth = concepts(table)
        print(f"\n{table}: {len(truth)} names of {len(set(truth.values()))} concepts")
        print(f"  {'normal forms alone':<52}{score(truth, by_form(list(truth)))}")
        for who, curator in (("no curator", False), ("a curator that knows", True)):
            for how, chosen in (("no embedder", None), (called, embedder)):
                await show(f"{how}, {who}", truth, chosen, curator, {} if chosen is None else bands)
        with patch("tasks.points.resolution.contrast", lambda *names: "none"):
            await show(f"{called}, no curator, without contrasts", truth, embedder, False, bands)


async def show(label: str, truth: dict[str, int], embedder: Any, curator: bool, bands: dict[str, Any]) -> None:
    """Run one way and print its scores."""
    with tempfile.TemporaryDirectory() as folder:
        joined, asked = await by_connect(truth, Path(folder), embedder, curator, **bands)
    print(f"  {label:<52}{score(truth, joined)}" + (f", {asked} pairs asked" if curator else ""))


if __name__ == "__main__":
    asyncio.run(main())
