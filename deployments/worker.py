"""A worker for the work pool that lets its runs end in order: `python -m deployments.worker`, with the options of
`prefect worker start`.

When Prefect's own worker is told to end, by Ctrl-C or by whoever stops its container, it kills its runs at once: what
is on its way is lost, and they stand as running until their heartbeats are missed. This one asks the runs first, and
ends when they have.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

import psutil

from deployments import POOL

PATIENCE = 30.0
"""Seconds that runs may take to end; seconds are what they need."""


def main() -> int:
    """Work until told to end; the exit code of Prefect's worker."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, *sys.argv[1:]]
    # A session of its own: Ctrl-C reaches this process alone.
    with subprocess.Popen(command, start_new_session=True) as worker:
        try:
            return worker.wait()
        except KeyboardInterrupt:
            end_runs(worker.pid)
            worker.send_signal(signal.SIGINT)
            return worker.wait()


def end_runs(worker: int) -> None:
    """Ask the runs of a worker to end, and wait until they have. A second Ctrl-C waits no longer."""
    runs = psutil.Process(worker).children()
    for run in runs:
        with suppress(psutil.NoSuchProcess):
            run.terminate()
    with suppress(KeyboardInterrupt):
        psutil.wait_procs(runs, timeout=PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
