"""Quoted beside paid: quotes before runs on the sandbox with noise, and how often what was paid lies within.

    python tests/benchmarks/quotes.py                          # some minutes
    python tests/benchmarks/quotes.py --worlds 1 --pairs 200   # quick

Each world has noise, a pass rate and an order of sampling of its own. Intervals of 95 % hold 19 times of 20 if they are
honest, and say something if they are narrow. Rehearsal figures: they show that the arithmetic holds where a probe and
a run meet the same models, and say nothing about any.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from tasks.reports.money import ALL, QuotedAndPaid, latest_quote, paid_since
from tests.support.rehearsal import command, content, opened, rehearsal, write_toml

WORLDS = (
    ("--bad-problems=0.1", "--wrong-solutions=0.2", "--noisy-judges=0.05"),
    ("--bad-problems=0.4", "--wrong-solutions=0.3", "--noisy-judges=0.1"),
    ("--bad-problems=0.2", "--wrong-solutions=0.5", "--noisy-judges=0.05"),
    (
        "--bad-problems=0.1",
        "--wrong-solutions=0.2",
        "--noisy-judges=0.05",
        "--fault-rate=0.05",
        "--faults=null-content,cut",
    ),
    ("--weak-subjects=0.3", "--wrong-solutions=0.2", "--noisy-judges=0.05"),
)
PRICES = {"input": 0.3, "output": 1.2}


def quoted_and_paid(switches: tuple[str, ...], number: int, pairs: int, latency: float) -> list[QuotedAndPaid]:
    """A quote, then the run: both, by stage and measure."""
    with tempfile.TemporaryDirectory() as folder, rehearsal(*switches, f"--latency={latency}") as server:
        work = Path(folder, "work")
        made = content(work, server.url, pairs, sample={"seed": number})
        made["endpoints"]["rehearsal"] |= {"concurrency": 64, "prices": PRICES}
        file = write_toml(Path(folder, "settings.toml"), made)
        for name in ("quote", "run"):
            ended = subprocess.run(command(name, file), capture_output=True)
            if ended.returncode:
                raise SystemExit(ended.stderr.decode())
        with opened(work) as store:
            found = latest_quote(store)
            assert found is not None
            return paid_since(store, *found)


def main() -> None:
    """All worlds, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each answer")
    parser.add_argument("--worlds", type=int, default=len(WORLDS))
    parser.add_argument("--orders", type=int, default=1, help="orders of sampling in each world")
    arguments = parser.parse_args()
    within: Counter[bool] = Counter()
    for number in range(arguments.worlds * arguments.orders):
        switches = WORLDS[number % arguments.worlds]
        rows = quoted_and_paid(switches, number, arguments.pairs, arguments.latency)
        print(f"\n{' '.join(switches)}, order {number}")
        print(f"{'stage':<9}{'measure':<8}{'paid':>12}{'expected':>12}{'low':>12}{'high':>12}")
        for row in rows:
            inside = row.quoted.low <= row.paid <= row.quoted.high
            within[inside] += row.stage != ALL
            if row.measure == "tokens" or not inside:
                figures = (row.paid, row.quoted.expected, row.quoted.low, row.quoted.high)
                numbers = "".join(f"{figure:>12,.{2 * (row.measure == 'usd')}f}" for figure in figures)
                print(f"{row.stage:<9}{row.measure:<8}{numbers}{'' if inside else '  outside'}", flush=True)
        print(f"within so far: {within[True]} of {within.total()} (calls, tokens and USD of each stage)", flush=True)


if __name__ == "__main__":
    main()
