"""How soon a run that is asked to end has ended: `python -m tests.benchmarks.endings`, about five minutes.

A run with 256 requests on their way, to a server that takes a second for each answer or ten minutes, is asked by
Ctrl-C, by SIGTERM, and, as the run of a deployment, by SIGTERM to its process or its worker, and by Cancel and Pause on
its page. Counted are the seconds until its store is closed with all that was answered, and until its process is gone.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

from flows.reporting.snapshot import read_snapshot
from tests.support.live_prefect import Prefect, free_port, processes, start_server
from tests.support.rehearsal import Rehearsal, content, query, rehearsal, started, wait_until, write_toml

AT_ONCE = 256
LATENCIES = (1, 600)
RUN, WORKER = "SIGTERM to a deployment's run", "SIGTERM to its worker"
CANCEL, PAUSE = "Cancel on its page", "Pause on its page"


def main() -> None:
    """Every way to ask, with both servers."""
    folder = Path(tempfile.mkdtemp(prefix="gsdp-endings-"))
    with processes() as start:
        prefect, _ = start_server(start, folder / "prefect", free_port())
        client = os.environ | {"PREFECT_API_URL": prefect.url, "PREFECT_HOME": str(folder / "client")}
        start("deployments.serve", env=client)
        wait_until(lambda: prefect.answers("/deployments/name/quote/quote-served"), seconds=180)
        start("deployments.prepare", env=client).wait(180)
        alone = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        alone |= {"PREFECT_HOME": str(folder / "alone")}
        for latency in LATENCIES:
            print(f"answers take {latency} s")
            with rehearsal(f"--latency={latency}") as server:
                command(folder / f"{latency}-int", server, alone, signal.SIGINT, "Ctrl-C, with a server of its own")
                command(folder / f"{latency}-term", server, client, signal.SIGTERM, "SIGTERM")
                for number, told in enumerate((RUN, CANCEL, PAUSE)):
                    deployed(folder / f"{latency}-{number}", server, prefect, told)
                worker = start("deployments.worker", env=client)
                deployed(folder / f"{latency}-worker", server, prefect, WORKER, worker)


def settings(workspace: Path, server: Rehearsal) -> dict[str, Any]:
    """Of a run that asks for as much at once as it may."""
    values = content(workspace, server.url, 5000)
    values["endpoints"]["rehearsal"]["concurrency"] = AT_ONCE
    return values


def busy(workspace: Path) -> bool:
    """Whether the run has been asking for a while."""
    found = read_snapshot(workspace)
    return bool(found and any(each["in_flight"] for each in found["endpoints"].values()) and found["seconds"] > 10)


def command(workspace: Path, server: Rehearsal, env: dict[str, str], sign: signal.Signals, told: str) -> None:
    """`gsdp run`, and a signal: to its group, as a terminal sends it, when it is Ctrl-C."""
    file = write_toml(workspace.with_suffix(".toml"), settings(workspace, server))
    with started("run", file, env=env) as process:
        wait_until(lambda: busy(workspace), process, seconds=180)
        flying, asked = in_flight(workspace), time.time()
        os.killpg(process.pid, sign) if sign == signal.SIGINT else process.send_signal(sign)
        process.communicate()
        tell(workspace, told, flying, asked)


def deployed(
    workspace: Path, server: Rehearsal, prefect: Prefect, told: str, worker: Popen[bytes] | None = None
) -> None:
    """The run of a deployment, and a signal to its process or its worker, or a button of its page."""
    run = prefect.begin(
        settings(workspace, server), "synthesize/synthesize" if worker else "synthesize/synthesize-served"
    )
    wait_until(lambda: busy(workspace), seconds=180)
    pid = (read_snapshot(workspace) or {})["pid"]
    flying, asked = in_flight(workspace), time.time()
    if worker:
        worker.terminate()
    elif told == RUN:
        os.kill(pid, signal.SIGTERM)
    elif told == CANCEL:
        prefect.become(run, "CANCELLING", "Cancelling")
    else:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        prefect.become(run, "PAUSED", "Suspended", pause_timeout=later, pause_reschedule=True)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=180)
    tell(workspace, told, flying, asked)
    if worker:
        worker.wait()
        print(f"  its worker gone after {time.time() - asked:.1f} s")


def in_flight(workspace: Path) -> int:
    """Calls on their way when the snapshot was written."""
    return sum(each["in_flight"] for each in (read_snapshot(workspace) or {})["endpoints"].values())


def tell(workspace: Path, told: str, flying: int, asked: float) -> None:
    """What was counted."""
    gone = time.time() - asked
    closed, calls = query(workspace, "SELECT epoch(ended_at), (SELECT count(*) FROM calls) FROM runs")[0]
    print(
        f"  {told}: {flying} calls on their way, {calls:,} in the store, "
        f"closed after {closed - asked:.1f} s, gone after {gone:.1f} s"
    )


if __name__ == "__main__":
    main()
