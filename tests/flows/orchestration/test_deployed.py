"""A process that Prefect's runner has started outlives whoever reads its output, and works where the data is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.rehearsal import ROOT

WRITES = """
import logging, os, sys
from prefect.logging import get_logger
from prefect.main import *
from prefect.logging.configuration import setup_logging
setup_logging()
from flows.orchestration.deployed import settle
settle(); settle()
print(os.getcwd(), flush=True)
sys.stdin.read()
for number in range(3):
    get_logger("gsdp").error("line %s", number)
    print("printed", number, flush=True)
    print("told", number, file=sys.stderr, flush=True)
open("went-on", "w").close()
"""


def test_it_goes_on_when_nobody_reads_what_it_logs(tmp_path: Path) -> None:
    started = {"PREFECT__FLOW_RUN_ID": "0", "GSDP_DATA": str(tmp_path)}
    started["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WRITES]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | started, text=True, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().strip() == str(tmp_path)
        process.stdout.close()
        process.stderr.close()
        process.stdin.close()
        assert process.wait(60) == 0
    assert (tmp_path / "went-on").exists()
