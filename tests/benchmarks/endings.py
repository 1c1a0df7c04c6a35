"""How soon a run that is asked to end has ended: `python -m tests.benchmarks.endings`, about three minutes.

A run with 256 requests on their way, to a server that takes a second for each answer or ten minutes, is asked by
Ctrl-C, by SIGTERM, and, as the run of a deployment, by SIGTERM to its process and by Cancel on its page. Counted are
the seconds until its store is closed with all that was answered, and until its process is gone.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.snapshot import read_snapshot
from tests.live_prefect import Prefect, free_port, processes, start_server
from tests.rehearsal import Rehearsal, content, query, rehearsal, started, wait_until, write_toml

AT_ONCE = 256
LATENCIES = (1, 600)
Ask = Callable[[], None]


def main() -> None:
    """Every way to ask, with both servers."""
    folder = Path(tempfile.mkdtemp(prefix="gsdp-endings-"))
    with processes() as start:
        prefect, _ = start_server(start, folder / "prefect", free_port())
        client = os.environ | {"PREFECT_API_URL": prefect.url, "PREFECT_HOME": str(folder / "client")}
        start("deployments.serve", env=client)
        wait_until(lambda: prefect.answers("/deployments/name/publish/gsdp"), seconds=180)
        alone = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        alone |= {"PREFECT_HOME": str(folder / "alone")}
        for latency in LATENCIES:
            print(f"answers take {latency} s")
            with rehearsal(f"--latency={latency}") as server:
                command(folder / f"{latency}-int", server, alone, signal.SIGINT, "Ctrl-C, with a server of its own")
                command(folder / f"{latency}-term", server, client, signal.SIGTERM, "SIGTERM")
                deployed(folder / f"{latency}-run", server, prefect, "SIGTERM to a deployment's run")
                deployed(folder / f"{latency}-cancel", server, prefect, "Cancel on its page")


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


def deployed(workspace: Path, server: Rehearsal, prefect: Prefect, told: str) -> None:
    """The run of a deployment, and a signal to its process or its Cancel button."""
    run = prefect.begin(settings(workspace, server))
    wait_until(lambda: busy(workspace), seconds=180)
    pid = (read_snapshot(workspace) or {})["pid"]
    flying, asked = in_flight(workspace), time.time()
    if told.startswith("SIGTERM"):
        os.kill(pid, signal.SIGTERM)
    else:
        prefect.become(run, "CANCELLING", "Cancelling")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=180)
    tell(workspace, told, flying, asked)
    print(f"  {prefect.ends(run)}")


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
