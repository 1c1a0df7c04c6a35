"""Make a Prefect server ready: `python -m deployments.prepare`, as often as you like, with PREFECT_API_URL set.

It registers the block type, makes the work pool, deploys every flow to it (`prefect.yaml`), and applies the automations
(`automations.yaml`). What is there already keeps what was edited on the server, and what the files would have instead
is told; `--reset` makes it as the files have it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Literal, get_args

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from deployments import POOL
from deployments.declared import declared, deploy, former
from deployments.watched import watch
from tasks.settings.blocks import ModelEndpoint

KEPT = (
    "What is kept differs from the files: it was edited on this server, or the files are newer. "
    "`python -m deployments.prepare --reset` makes it as they have it."
)
Kind = Literal["process", "docker", "kubernetes"]
KINDS: tuple[Kind, ...] = get_args(Kind)


async def prepare(kind: Kind | None = None, image: str | None = None, reset: bool = False) -> list[str]:
    """Block type, work pool, deployments and automations; what became of them, in sentences.

    Deployments move to another pool only where `kind` is said.
    """
    pool = POOL if kind in (None, "process") else f"{POOL}-{kind}"
    async with get_client() as client:
        await ModelEndpoint.register_type_and_schema(client=client)
        told = ["Block type Model Endpoint: ready.", await make_pool(client, pool, kind or "process", reset)]
        lines: list[str] = []
        for one in declared(pool, image):
            lines += await deploy(client, one, reset, moved=kind is not None)
        told += lines or ["Every flow is deployed, and stands as the files have it."]
        told += [
            f"{title}: of an earlier version, delete it when nothing uses it: `prefect deployment delete {title}`"
            for title in await former(client)
        ]
        told += await watch(client, reset)
        if any(": kept " in line for line in told):
            told.append(KEPT)
        start = f"a worker with `python -m deployments.worker{'' if pool == POOL else f' --pool {pool}'}`"
        return [*told, f"Runs wait in the pool {pool}: start {start}."]


async def make_pool(client: PrefectClient, name: str, kind: Kind, reset: bool) -> str:
    """Make the work pool, or leave it as it is."""
    template = job_template(kind)
    try:
        there = await client.read_work_pool(name)
    except ObjectNotFound:
        await client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=template))
        return f"Work pool {name}: made."
    if not template or there.base_job_template == template:
        return f"Work pool {name}: ready."
    if reset:
        await client.update_work_pool(name, WorkPoolUpdate(base_job_template=template))
        return f"Work pool {name}: reset its job template."
    return f"Work pool {name}: kept its job template, which is not that of deployments/{kind}.json."


def job_template(kind: Kind) -> dict[str, Any]:
    """What a pool makes runs of; for processes Prefect's own."""
    path = Path(__file__).with_name(f"{kind}.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def main() -> None:
    """Prepare the server that PREFECT_API_URL names."""
    parser = argparse.ArgumentParser(prog="python -m deployments.prepare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reset", action="store_true", help="undo what was edited on the server")
    parser.add_argument("--type", choices=KINDS, help="of the work pool; process if left out")
    parser.add_argument("--image", help="that containers are made of, for the types docker and kubernetes")
    said = parser.parse_args()
    try:
        print(*asyncio.run(prepare(said.type, said.image, said.reset)), sep="\n")
    except httpx.TransportError as error:
        sys.exit(f"Prefect's server does not answer ({error}): start it, wait until it does, and run this again.")


if __name__ == "__main__":
    main()
