"""A worker's process, as far as it needs no server."""

from __future__ import annotations

import subprocess
import sys

from tests.support.rehearsal import ROOT

WORKER = """
import sys, types
sys.modules["prefect.cli"] = types.SimpleNamespace(app=lambda: None)
from deployments.worker import work
work([])
"""
"""A worker of Prefect's that has ended, while the process that started it is still there."""


def test_a_worker_ends_quietly() -> None:
    process = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0
