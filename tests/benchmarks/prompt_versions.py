"""What versions of the prompts make of the same seeds, side by side: names, what was refused of them, tokens.

    python -m tests.benchmarks.prompt_versions settings.toml now HEAD~3 my-prompts/

A version is a folder of prompt files, a revision of this repository, or `now`. Each reads the seeds of the settings in
a workspace of its own, `WORKSPACE/versions/NAME`, up to the graph; what was read there is not asked for again. The
models are those of the settings: in a rehearsal the sandbox answers alike to all versions, and what is seen is that
none breaks; on a model, what its words are worth to it.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from flows.commands.settings_file import read_settings
from tasks.runs.opening import open_run
from tasks.settings.run import RunSettings
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest

ROOT = Path(__file__).parents[2]
PROMPTS = "prompts/mathematics"
FIGURES = """
    SELECT
        (SELECT count(DISTINCT seed_id) FROM mentions),
        (SELECT count(DISTINCT name) FROM mentions),
        (SELECT avg(len(string_split(name, ' '))) FROM mentions),
        (SELECT count(*) FROM calls WHERE fault IS NOT NULL),
        (SELECT sum(input_tokens + output_tokens)::BIGINT FROM calls WHERE stage = 'extract')"""
REFUSED = """
    SELECT stage || ' ' || coalesce(fault, '') AS kind, count(*) FROM calls WHERE fault IS NOT NULL GROUP BY 1
    UNION ALL SELECT stage || ' ' || reason, count(*) FROM rejects GROUP BY 1 ORDER BY 2 DESC, 1"""


def folder_of(version: str, made: Path) -> Path | None:
    """The prompt files of a version; None for those of this tree."""
    if version == "now":
        return None
    if Path(version).is_dir():
        return Path(version)
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", version, PROMPTS], capture_output=True, check=True
    ).stdout
    target = made / "prompts"
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files.getmembers():
            if member.isfile() and (content := files.extractfile(member)):
                (target / Path(member.name).name).write_bytes(content.read())
    return target


async def measured(settings: RunSettings) -> tuple[Any, ...]:
    """Read the seeds and make the graph, outside of Prefect; the figures of the workspace."""
    async with open_run(settings) as work:
        await _plain(ingest)()
        await _plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
        graph = await _plain(connect)()
        return (*work.store.rows(FIGURES)[0], graph["points"], graph["edges"], work.store.rows(REFUSED))


def _plain(task: Any) -> Any:
    return task.fn


def main(file: str, *versions: str) -> None:
    """Print a row for each version, and what it refused."""
    settings = read_settings(Path(file))
    print(f"{'version':<20}{'seeds':>8}{'names':>8}{'words':>8}{'refused':>9}{'tokens':>10}{'points':>8}{'edges':>8}")
    for version in versions or ("now",):
        name = "".join(letter if letter.isalnum() else "_" for letter in version)
        folder = settings.workspace / "versions" / name
        own = settings.model_copy(update={"workspace": folder, "prompts": folder_of(version, folder)})
        seeds, names, words, faults, tokens, points, edges, refused = asyncio.run(measured(own))
        row = f"{seeds:>8,}{names:>8,}{words or 0:>8.1f}{faults:>9,}{tokens:>10,}{points:>8,}{edges:>8,}"
        print(f"{version[:19]:<20}{row}", flush=True)
        for kind, number in refused:
            print(f"    {kind}: {number:,}")


if __name__ == "__main__":
    main(*sys.argv[1:])
