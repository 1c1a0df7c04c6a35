"""Make a Prefect server ready: `python -m deployments.prepare`, as often as you like.

It registers the block type, makes the work pool, deploys every flow to it (`prefect.yaml`), and applies the automations
(`automations.yaml`). What is there already is brought up to date. Run it from the root of the repository, with
PREFECT_API_URL set.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from deployments import POOL
from tasks.settings.blocks import ModelEndpoint

NOTIFICATION = "gsdp"
"""Name of the block that notifications go to."""
FOLDER = Path(__file__).parent


async def prepare() -> None:
    """Block type, work pool and automations."""
    async with get_client() as client:
        await ModelEndpoint.register_type_and_schema(client=client)
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        print(f"Block type Model Endpoint and work pool {POOL}: ready.")
        notification = await notification_block(client)
        for automation in automations(notification):
            await apply(client, automation)
            print(f"Automation {automation.name!r}: {'on' if automation.enabled else 'off, until GSDP_NOTIFY is set'}.")


async def notification_block(client: PrefectClient) -> str | None:
    """Id of the block that people are told through; None without GSDP_NOTIFY. Ends the command when it is missing."""
    kind = os.environ.get("GSDP_NOTIFY")
    if not kind:
        return None
    try:
        return str((await client.read_block_document_by_name(NOTIFICATION, kind)).id)
    except ObjectNotFound:
        raise SystemExit(
            f"GSDP_NOTIFY={kind}: save a block of this type as {NOTIFICATION!r} in the UI first."
        ) from None


def automations(notification: str | None) -> list[AutomationCore]:
    """The automations of the file; those that only tell are off where there is nobody to tell."""
    found = []
    for content in yaml.safe_load((FOLDER / "automations.yaml").read_text(encoding="utf-8")):
        body: str | None = content.pop("notify", None)
        if body is not None:
            content["enabled"] = notification is not None
            content["actions"] = (
                [told(content["name"], body, notification)] if notification else [{"type": "do-nothing"}]
            )
        found.append(AutomationCore.model_validate(content))
    return found


def told(subject: str, body: str, notification: str) -> dict[str, Any]:
    return {"type": "send-notification", "block_document_id": notification, "subject": subject, "body": body}


async def apply(client: PrefectClient, automation: AutomationCore) -> None:
    """Make an automation, or bring those of its name up to date."""
    there = await client.read_automations_by_name(automation.name)
    for each in there:
        await client.update_automation(each.id, automation)
    if not there:
        await client.create_automation(automation)


def deploy() -> int:
    """Deploy every flow; the exit code of `prefect deploy`, whose pages of words are shown when it fails."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file"]
    root = os.environ.get("GSDP_HOME", str(FOLDER.parent))
    home = {"GSDP_HOME": root, "GSDP_DATA": os.environ.get("GSDP_DATA", root)}
    ended = subprocess.run(
        [*command, str(FOLDER / "prefect.yaml")],
        cwd=FOLDER.parent,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        print(ended.stdout + ended.stderr, file=sys.stderr)
    else:
        print(f"Every flow is deployed to the pool {POOL}: start a worker with `python -m deployments.worker`.")
    return ended.returncode


if __name__ == "__main__":
    asyncio.run(prepare())
    sys.exit(deploy())
