"""What `gsdp pairs --watch` costs a run, in seconds of the processor.

    python tests/benchmarks/watching.py [--store FOLDER] [--calls 150000] [--turns 4]

A process writes to a store as a run does: the same number of commits of the same rows in every turn. In every second
turn another process looks all the time, one look after the other: it copies the store, opens the copy and reads the
last pairs, as a watch does. Counted is the computing time of the writing process alone (user and system, all of its
threads, by getrusage), so that other work on the machine disturbs it little.

A watch waits at least a hundred times as long as it looked. So it looks for at most 1/101 of the time, and costs a run
at most that part of what looking all the time costs: the last line. Without --store, one of so many calls is made
first; --store takes a copy of the workspace in FOLDER, such as one of big_store.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from flows.commands.pairs import SHARE
from graph.ledger import Call
from graph.records import content_id
from tasks.reports.listing import ACCEPTED, listed
from tasks.store.database import FILE_NAME, open_store
from tasks.store.looking import reading
from tests.tasks.store.test_store import SAMPLES

COMMITS, ROWS = 1_000, 20
TEXT = "Let n be the number of ways to arrange so many things in such an order, and see what follows from it. " * 12


def main() -> None:
    """Print each turn, and what follows for a watch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="workspace to take a copy of")
    parser.add_argument("--calls", type=int, default=150_000)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        asyncio.run(write(arguments.write))
    elif arguments.look:
        look(arguments.look)
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(arguments, Path(folder))


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Write by turns alone and looked at."""
    if arguments.store:
        shutil.copy(arguments.store / FILE_NAME, folder)
    else:
        asyncio.run(fill(folder, arguments.calls))
    print(f"store of {(folder / FILE_NAME).stat().st_size / 1e6:,.0f} MB; {COMMITS:,} commits of {ROWS} calls a turn")
    found: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(arguments.turns):
        for watched in found:
            shutil.rmtree(turn := folder / "turn", ignore_errors=True)
            turn.mkdir()
            shutil.copy(folder / FILE_NAME, turn)
            spent, seconds, looks, looked = one_turn(turn, watched)
            found[watched].append(spent)
            told = f"; {looks} looks, {looked:.1f} s of them" if watched else ""
            print(
                f"{'looked at' if watched else 'alone':<10}{spent:6.2f} s of the processor, {seconds:5.1f} s{told}",
                flush=True,
            )
    alone, watched_too = mean(found[False]), mean(found[True])
    more = watched_too / alone - 1
    spread = f"alone {min(found[False]):.2f} to {max(found[False]):.2f} s"
    part = SHARE / (1 + SHARE)
    print(f"looked at all the time: {more:+.1%} of the run's own computing time ({spread})")
    print(f"by a watch, which looks for at most {part:.2%} of the time: {more * part:+.3%}")


def one_turn(workspace: Path, watched: bool) -> tuple[float, float, int, float]:
    """Seconds of the processor of the writing process, and of the clock; looks, and seconds that these took."""
    this = [sys.executable, __file__]
    with subprocess.Popen(
        [*this, "--write", workspace], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        assert writer.stdin
        writer.stdout.readline()
        looker = subprocess.Popen([*this, "--look", workspace], stdout=subprocess.PIPE, text=True) if watched else None
        if looker and looker.stdout:
            looker.stdout.readline()
        began = perf_counter()
        writer.stdin.write("\n")
        writer.stdin.flush()
        spent = float(writer.stdout.readline())
        seconds = perf_counter() - began
        (workspace / "over").touch()
        looks, looked = json.loads(looker.communicate()[0].splitlines()[-1]) if looker else (0, 0.0)
        writer.stdin.write("\n")
    return spent, seconds, looks, looked


async def write(workspace: Path) -> None:
    """Be the run: write when told, and say what that took."""
    store = open_store(workspace)
    print("ready", flush=True)
    sys.stdin.readline()
    before = computed()
    for number in range(COMMITS):
        await store.write(*calls(f"new {number}", ROWS))
    print(computed() - before, flush=True)
    sys.stdin.readline()
    store.close()


def look(workspace: Path) -> None:
    """Be the watch, but without a pause."""
    looks, looked = 0, 0.0
    print("ready", flush=True)
    while not (workspace / "over").exists():
        began = perf_counter()
        with reading(workspace) as store:
            listed(store, ACCEPTED, None, 1_000)
        looks, looked = looks + 1, looked + perf_counter() - began
    print(json.dumps([looks, looked]))


def computed() -> float:
    """Seconds of the processor of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def fill(workspace: Path, number: int) -> None:
    """A store with a row in every table and so many calls."""
    store = open_store(workspace)
    await store.write(*SAMPLES)
    for start in range(0, number, 5_000):
        await store.write(*calls(f"old {start}", min(5_000, number - start)))
    store.close()


def calls(name: str, number: int) -> Sequence[Call]:
    """Rows of the ledger, each with a text of its own."""
    sample = next(row for row in SAMPLES if isinstance(row, Call))
    ids = [content_id("call", name, place) for place in range(number)]
    return [sample.model_copy(update={"id": each, "subject_id": each, "text": f"{each} {TEXT} {each}"}) for each in ids]


if __name__ == "__main__":
    main()
