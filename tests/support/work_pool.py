"""A Prefect work pool of processes on this machine, as `deployments/prefect.yaml` describes it, and workers on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments import POOL
from tests.support.live_prefect import processes
from tests.support.rehearsal import ROOT


def prefect(*arguments: str) -> None:
    """Run a command of Prefect's against the server of the environment; its words are shown where it fails."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@contextmanager
def work_pool(workers: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The pool with the deployment of shards, and workers that each run one shard at a time."""
    prefect("work-pool", "create", "--type", "process", "--overwrite", POOL)
    prefect("deploy", "--prefect-file", "deployments/prefect.yaml", "--name", "shard/shard")
    env = os.environ | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    options = ["--pool", POOL, "--type", "process", "--limit", "1"]
    with processes() as start:
        names = [f"worker-{number}" for number in range(workers)]
        yield [start("prefect", "worker", "start", *options, "--name", name, env=env) for name in names]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
