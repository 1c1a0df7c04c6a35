"""Growth with shards: the same combinations by one worker and by two, on a work pool of processes.

    python -m tests.benchmarks.shards                   # about twelve minutes
    python -m tests.benchmarks.shards --pairs 100       # quick, and coarse

The server takes a second for each answer, and each worker asks it as much at once (`--each`), so two may ask twice as
much. Counted are calls a second between the first and the last of the paid stages, and what dealing, starting workers
and uniting add. The figure is of this machine: server, workers and Prefect share its cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from flows.orchestration.local_server import own_server
from flows.orchestration.started import PREFECT_DEFAULTS
from tests.support.rehearsal import NOISE, content, folder_bytes, gsdp, query, rehearsal, write_toml
from tests.support.work_pool import work_pool

BEGAN = "ended_at - to_microseconds((seconds * 1e6)::BIGINT)"
PAID = "stage IN ('compose', 'review', 'solve', 'grade')"


class Outcome(NamedTuple):
    """What a run of so many shards took."""

    shards: int
    calls: int
    seconds: float
    """From the first to the last paid call."""
    wall: float
    """Of the whole command."""

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--each", type=int, default=48, help="requests at once of each worker")
    arguments = parser.parse_args()
    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    folder = Path(tempfile.mkdtemp(prefix="gsdp-shards-"))
    os.environ["PREFECT_HOME"] = str(folder / "prefect")
    with own_server() as wait, rehearsal(*NOISE, "--latency=1") as server:
        wait()
        with work_pool(2):
            one, two = (run(folder / str(shards), server.url, arguments, shards) for shards in (1, 2))
    for outcome in (one, two):
        print(
            f"{outcome.shards} worker(s): {outcome.calls:,} calls in {outcome.seconds:.1f} s, "
            f"{outcome.rate:.1f} calls/s; the command {outcome.wall:.1f} s"
        )
    one_made, two_made = (folder_bytes(folder / str(shards) / "run" / "dataset" / "data") for shards in (1, 2))
    same = one_made == two_made
    print(f"growth x{two.rate / one.rate:.2f}; the datasets are {'equal' if same else 'DIFFERENT'}, byte by byte")


def run(folder: Path, url: str, arguments: argparse.Namespace, shards: int) -> Outcome:
    """One run, and what its ledger says."""
    folder.mkdir(parents=True)
    values = content(folder / "run", url, arguments.pairs, shards=shards)
    values["endpoints"]["rehearsal"]["concurrency"] = arguments.each * shards
    began = time.monotonic()
    ended = gsdp("run", write_toml(folder / "settings.toml", values))
    wall = time.monotonic() - began
    if ended.returncode:
        raise SystemExit(ended.stderr)
    calls, first, last = query(
        folder / "run",
        f"SELECT count(*), min({BEGAN}), max(ended_at) FROM calls WHERE {PAID}",
    )[0]
    return Outcome(shards, calls, (last - first).total_seconds(), wall)


if __name__ == "__main__":
    main()
