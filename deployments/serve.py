"""Serves every flow as a Prefect deployment: `gsdp serve`, or `python -m deployments.serve`.

For a quick start on one machine. It pauses its schedules when it ends; unattended schedules belong on a work pool
(`deployments/prefect.yaml`).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from prefect import aserve
from prefect.flows import Flow
from prefect.settings import PREFECT_API_URL

from flows import stages
from flows.produce import produce
from flows.synthesize import synthesize

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
)
RUNS_AT_ONCE = 4


async def main() -> None:
    """Serve until interrupted."""
    if not PREFECT_API_URL.value():
        raise SystemExit(
            "gsdp serve needs a Prefect server: start one with `prefect server start`, and set "
            "PREFECT_API_URL=http://127.0.0.1:4200/api here."
        )
    deployments = [await flow.ato_deployment(name="gsdp", tags=["gsdp"], concurrency_limit=1) for flow in FLOWS]
    print(f"Serving {len(deployments)} flows: start them in the Prefect UI under Deployments. Ctrl-C ends.", flush=True)
    await aserve(*deployments, limit=RUNS_AT_ONCE)


if __name__ == "__main__":
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
