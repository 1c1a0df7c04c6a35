"""A worker for the work pool that lets its runs end in order: `python -m deployments.worker`, with the options of
`prefect worker start`.

When Prefect's own worker gets the signal to end, by Ctrl-C or when its container is stopped, it kills its runs at once:
what is on its way is lost, and they stand as running until their heartbeats are missed. This one asks the runs first,
and ends when they have.

A worker that is killed takes no run along: they go on to their end, and report it themselves. And when this process is
killed, Prefect's worker ends too, so that nobody unseen takes further runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil

from deployments import POOL

WITHIN = "within"
"""The word behind which Prefect's worker is started."""
PATIENCE = 30.0
"""Seconds that runs may take to end; seconds are what they need."""


def main() -> int:
    """Work until a signal asks for the end; the exit code of Prefect's worker."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "deployments.worker", WITHIN, "--pool", POOL, *sys.argv[1:]]
    # A session of its own: Ctrl-C reaches this process alone. Its standard input ends with this process.
    with subprocess.Popen(command, start_new_session=True, stdin=subprocess.PIPE) as worker:
        try:
            return worker.wait()
        except KeyboardInterrupt:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            end_in_order(psutil.Process(worker.pid))
            worker.wait()
            return 0


def work(options: list[str]) -> None:
    """Be Prefect's worker, as long as the process that started it is there."""

    def watch() -> None:
        # Not through sys.stdin: a read that holds its lock makes the interpreter abort when it ends.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        # At once, and without a word to the runs: they go on.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    sys.argv = ["prefect", "worker", "start", *options]
    from prefect.cli import app

    app()


def end_in_order(worker: psutil.Process) -> None:
    """Ask the runs of a worker to end, wait until they have, then ask the worker itself."""
    # It would start other runs in the places of those that end.
    worker.suspend()
    runs = worker.children()
    for run in runs:
        run.terminate()
    end = time.monotonic() + PATIENCE
    while any(map(alive, runs)) and time.monotonic() < end:
        time.sleep(0.1)
    worker.send_signal(signal.SIGINT)
    worker.resume()


def alive(process: psutil.Process) -> bool:
    """Whether a process is at work. The children of one that is suspended stay as zombies when they have ended."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    if sys.argv[1:2] == [WITHIN]:
        work(sys.argv[2:])
    else:
        sys.exit(main())
