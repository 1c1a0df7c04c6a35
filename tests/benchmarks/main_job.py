"""The main job, measured: `gsdp run` on a file of seeds against the sandbox, with its memory and its store.

    python tests/benchmarks/main_job.py SEEDS.jsonl --columns question answer --answer-after '####' --pairs 20000

Prints seconds, calls, calls per second, peak memory (of the run's process, and of everything it started), the size of
the store, and the counts of each stage. The sandbox, Prefect's server and the run share the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

NOISE = ["--bad-problems=0.1", "--wrong-solutions=0.2", "--noisy-judges=0.05"]


def main() -> None:
    """Run the job and print what was measured."""
    arguments = parse()
    folder = Path(arguments.folder or tempfile.mkdtemp(prefix="gsdp-main-job-"))
    settings = write_settings(folder, arguments)
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "flows.cli", "run", str(settings)])
    peak, peak_tree = watch(process)
    seconds = time.monotonic() - began
    if process.returncode:
        raise SystemExit(process.returncode)
    report(folder / "ws", seconds, peak, peak_tree)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("--columns", nargs=2, default=("problem", "solution"))
    parser.add_argument("--answer-after")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=128)
    parser.add_argument("--preset", default="verified")
    parser.add_argument("--folder", help="where to work; a temporary folder if left out")
    return parser.parse_args()


def write_settings(folder: Path, arguments: argparse.Namespace) -> Path:
    """The run's settings file."""
    problem, solution = arguments.columns
    after = f"answer_after = {json.dumps(arguments.answer_after)}" if arguments.answer_after else ""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.toml"
    path.write_text(
        f"""
workspace = "ws"
preset = "{arguments.preset}"
target_pairs = {arguments.pairs}
sandbox = {json.dumps(NOISE)}
[[seeds]]
path = "{arguments.seeds.resolve()}"
columns = {{ problem = "{problem}", solution = "{solution}" }}
{after}
[endpoints.sandbox]
base_url = "sandbox"
concurrency = {arguments.concurrency}
"""
    )
    return path


def watch(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Peak resident bytes of the process, and of it with all its children, until it ends."""
    peak = peak_tree = 0
    top = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            own = top.memory_info().rss
            tree = own + sum(child.memory_info().rss for child in top.children(recursive=True))
            peak, peak_tree = max(peak, own), max(peak_tree, tree)
        except psutil.Error:
            pass
        time.sleep(0.5)
    return peak, peak_tree


def report(workspace: Path, seconds: float, peak: int, peak_tree: int) -> None:
    """Print the measurements, and the store's own counts."""
    from tasks.store.database import FILE_NAME, open_store

    store = open_store(workspace, read_only=True)
    calls, first, last = store.rows("SELECT count(*), min(ended_at), max(ended_at) FROM calls")[0]
    store.close()
    busy = (last - first).total_seconds()
    print(f"\nseconds {seconds:.0f}; calls {calls:,}; {calls / busy:.0f} calls/s while calling ({busy:.0f} s)")
    print(f"peak memory {peak / 1e6:.0f} MB (with sandbox, Prefect's server and workers {peak_tree / 1e6:.0f} MB)")
    print(f"store {(workspace / FILE_NAME).stat().st_size / 1e6:.0f} MB")
    subprocess.run([sys.executable, "-m", "flows.cli", "status", str(workspace)], check=True)


if __name__ == "__main__":
    main()
