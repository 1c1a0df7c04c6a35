"""The automations of `automations.yaml` on a server: new ones are made, those that are there stay as they are.

Those that only notify are off as long as there is nobody to notify: save a notification block (Slack, e-mail, a
webhook) as `gsdp`, and name its type in GSDP_NOTIFY when the server is prepared.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound

NOTIFICATION = "gsdp"
"""Name of the block that notifications go to."""
FILE = Path(__file__).with_name("automations.yaml")
NOBODY = (
    "off, since nobody is notified: save a block of a notification type (slack-webhook, email-server-credentials, "
    "custom-webhook ...) as `gsdp`, and run this again with GSDP_NOTIFY=TYPE"
)


async def watch(client: PrefectClient, reset: bool) -> list[str]:
    """Make the automations that are missing; how each stands, in sentences."""
    notification = await notification_block(client)
    return [await watch_one(client, each, notification, reset) for each in automations(notification)]


async def notification_block(client: PrefectClient) -> str | None:
    """Id of the block that notifications go through; None without GSDP_NOTIFY. Ends the command when it is missing."""
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
    """The automations of the file; those that only notify are off where there is nobody to notify."""
    found = []
    for content in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        body: str | None = content.pop("notify", None)
        if body is not None:
            content["enabled"] = notification is not None
            content["actions"] = (
                [notify(content["name"], body, notification)] if notification else [{"type": "do-nothing"}]
            )
        found.append(AutomationCore.model_validate(content))
    return found


def notify(subject: str, body: str, notification: str) -> dict[str, Any]:
    """The action of an automation that sends a notification."""
    return {"type": "send-notification", "block_document_id": notification, "subject": subject, "body": body}


async def watch_one(client: PrefectClient, wanted: AutomationCore, notification: str | None, reset: bool) -> str:
    """Make an automation, or leave the one of its name; one that notified nobody gets the block that there is now."""
    name = f"Automation {wanted.name!r}"
    there = await client.read_automations_by_name(wanted.name)
    if not there:
        await client.create_automation(wanted)
        return f"{name}: {'on' if wanted.enabled else NOBODY}."
    found = there[0]
    silent = notification is not None and wanted.actions != found.actions and _notifies_nobody(found)
    same = _substance(found) == _substance(wanted)
    if silent or (reset and not same):
        await client.update_automation(found.id, wanted)
        return f"{name}: {'reset, ' if reset and not silent else ''}{'on' if wanted.enabled else NOBODY}."
    state = "on" if found.enabled else NOBODY if _notifies_nobody(found) else "off"
    return f"{name}: {state}." if same or _notifies_nobody(found) else f"{name}: kept as it is here, {state}."


def _notifies_nobody(automation: Automation) -> bool:
    return [action.type for action in automation.actions] == ["do-nothing"]


def _substance(automation: AutomationCore) -> Any:
    """What an automation does, without the ids that a server gives."""
    return _without_ids(automation.model_dump(mode="json", include={"trigger", "actions", "enabled", "description"}))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(inner) for key, inner in value.items() if key not in ("id", "metric")}
    if isinstance(value, list):
        # Sets of names come as lists in any order.
        named = all(isinstance(each, str) for each in value)
        return sorted(value) if named else [_without_ids(each) for each in value]
    return value
