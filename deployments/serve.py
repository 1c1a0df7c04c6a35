"""Serves every flow as a Prefect deployment: `gsdp serve`, or `python -m deployments.serve`.

For a quick start on one machine. It pauses its schedules when it ends; unattended schedules belong on a work pool
(`deployments/prefect.yaml`).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import httpx
from prefect import aserve
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.flows import Flow
from prefect.settings import PREFECT_API_URL

from flows import stages
from flows.compare import compare
from flows.evaluate import evaluate
from flows.produce import produce
from flows.quote import quote
from flows.shards import shard
from flows.synthesize import synthesize
from tasks.settings.blocks import ModelEndpoint

FLOWS: tuple[Flow[..., Any], ...] = (
    synthesize,
    stages.ingest,
    stages.extract,
    stages.connect,
    stages.sample,
    stages.compose,
    stages.review,
    stages.solve,
    stages.grade,
    stages.publish,
    produce,
    shard,
    quote,
    evaluate,
    compare,
)
RUNS_AT_ONCE = 4
NO_SERVER = (
    "gsdp serve needs a Prefect server, and {why}: start one with `prefect server start`, and set "
    "PREFECT_API_URL=http://127.0.0.1:4200/api here."
)


async def main() -> None:
    """Serve until interrupted."""
    if not PREFECT_API_URL.value():
        raise SystemExit(NO_SERVER.format(why="none is named"))
    try:
        async with get_client() as client:
            await client.hello()
            await ModelEndpoint.register_type_and_schema(client=client)
        deployments = [await flow.ato_deployment(name=f"{flow.name}-served", tags=[stages.TAG]) for flow in FLOWS]
    except (httpx.HTTPError, PrefectException, RuntimeError, OSError) as error:
        raise SystemExit(NO_SERVER.format(why=f"{PREFECT_API_URL.value()} does not answer ({error})")) from None
    print(f"Serving {len(deployments)} flows: start them in the Prefect UI under Deployments. Ctrl-C ends.", flush=True)
    await aserve(*deployments, limit=RUNS_AT_ONCE)


if __name__ == "__main__":
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # The automation that finds runs whose process is gone waits three of these.
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
