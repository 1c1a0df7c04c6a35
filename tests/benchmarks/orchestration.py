"""What Prefect costs: the same chunks with it and without it, and whether it loses any of many task runs.

    python -m tests.benchmarks.orchestration                          # about fifteen minutes
    python -m tests.benchmarks.orchestration --seconds 60 --runs 500  # quick, and coarse

The first part takes ten minutes of chunks that do nothing but wait, four side by side as in a run, as tasks of a flow:
what passes beyond the ten minutes is Prefect's, with the processor's time of this process. The second makes 5,000 task
runs as fast as they go, and asks the server how each of them ended; memory is that of this process, looked at along
the way. The server is a run's own, on the same machine, with the settings that a run gives it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import psutil

CHUNK = 10.0
"""Seconds of a chunk; chunks of a run with a real model take longer."""
SIDE_BY_SIDE = 4


async def side_by_side(work: list[Callable[[], Awaitable[object]]]) -> None:
    """All of `work`, a few at a time."""
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(item: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await item()

    await asyncio.gather(*(one(item) for item in work))


async def ten_minutes(seconds: float) -> None:
    """Chunks that wait, as task runs of a flow."""
    from prefect import flow

    from tasks.stages.chunk_task import chunk_task

    length = min(CHUNK, seconds / 4)
    count = round(seconds / length) * SIDE_BY_SIDE

    @chunk_task("wait")
    async def wait(number: int) -> None:
        await asyncio.sleep(length)

    @flow(name="waiting", persist_result=False)
    async def waiting() -> None:
        await side_by_side([partial(wait, number) for number in range(count)])

    began, used = time.perf_counter(), time.process_time()
    await waiting()
    wall, used = time.perf_counter() - began, time.process_time() - used
    ideal = count * length / SIDE_BY_SIDE
    print(
        f"{count} task runs of {length:g} s, {SIDE_BY_SIDE} side by side: {wall:.2f} s in place of {ideal:.0f} s, "
        f"{(wall - ideal) / wall:.2%} of it Prefect; {1000 * used / count:.1f} ms of this process a task run"
    )


async def many(runs: int) -> None:
    """Task runs that do nothing: how they ended, what they took, and this process's memory meanwhile."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.runtime import flow_run

    from tasks.stages.chunk_task import chunk_task

    process, memory = psutil.Process(), list[float]()
    ended: list[UUID] = []

    @chunk_task("nothing")
    async def nothing(number: int) -> None:
        if number % max(1, runs // 10) == 0:
            gc.collect()
            memory.append(process.memory_info().rss / 1e6)

    @flow(name="many", persist_result=False)
    async def flood() -> None:
        ended.append(UUID(str(flow_run.id)))
        await side_by_side([partial(nothing, number) for number in range(runs)])

    began = time.perf_counter()
    await flood()
    seconds = time.perf_counter() - began
    states: Counter[str] = Counter()
    async with get_client() as client:
        for _ in range(60):
            states.clear()
            for offset in range(0, runs + 1, 200):
                mine = FlowRunFilter(id=FlowRunFilterId(any_=ended))
                found = await client.read_task_runs(flow_run_filter=mine, limit=200, offset=offset)
                states.update(str(run.state_name) for run in found)
            if states == {"Completed": runs}:
                break
            await asyncio.sleep(1)
    told = ", ".join(f"{name} {count:,}" for name, count in states.items())
    print(f"{runs:,} task runs in {seconds:.1f} s, {1000 * seconds / runs:.1f} ms each; at the server: {told}")
    print("memory along the way: " + ", ".join(f"{one:.0f}" for one in memory) + " MB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--runs", type=int, default=5000)
    arguments = parser.parse_args()
    from flows.orchestration.started import PREFECT_DEFAULTS

    home = tempfile.mkdtemp(prefix="gsdp-prefect-")
    os.environ.update(PREFECT_DEFAULTS | {"PREFECT_HOME": home})
    from flows.orchestration.local_server import own_server

    try:
        with own_server() as wait:
            wait()
            asyncio.run(ten_minutes(arguments.seconds))
            asyncio.run(many(arguments.runs))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
