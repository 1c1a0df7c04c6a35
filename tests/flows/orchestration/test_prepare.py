"""`python -m deployments.prepare`, again and again: it makes what is missing, and keeps what people edit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolUpdate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from deployments import POOL
from deployments.declared import declared, deploy
from deployments.prepare import Kind, make_pool
from deployments.watched import automations, watch_one

NIGHTLY = "synthesize/nightly"
TELLS = "gsdp runs that fail or crash"


@pytest.fixture
async def client(prefect_server: str) -> AsyncIterator[PrefectClient]:
    """A client of a server on which a test prepares what it needs; that is gone afterwards."""
    async with get_client() as client:
        yield client
        with suppress(ObjectNotFound):
            await client.delete_deployment((await client.read_deployment_by_name(NIGHTLY)).id)
        for each in await client.read_automations_by_name(TELLS):
            await client.delete_automation(each.id)
        for pool in (POOL, f"{POOL}-kubernetes"):
            with suppress(ObjectNotFound):
                await client.delete_work_pool(pool)


async def prepared(
    client: PrefectClient, kind: Kind = "process", reset: bool = False, moved: bool = False, image: str | None = None
) -> list[str]:
    """Prepare the work pool and the nightly example; what is told."""
    name = POOL if kind == "process" else f"{POOL}-{kind}"
    (nightly,) = [one for one in declared(name, image) if one.title == NIGHTLY]
    return [await make_pool(client, name, kind, reset), *await deploy(client, nightly, reset, moved)]


async def seen(client: PrefectClient) -> dict[str, Any]:
    """What the server says of the nightly example."""
    found = await client.read_deployment_by_name(NIGHTLY)
    limit = found.global_concurrency_limit
    return {
        "schedules": [(each.schedule.model_dump()["cron"], each.active) for each in found.schedules],
        "settings": found.parameters["settings"],
        "limit": limit.limit if limit else None,
        "tags": found.tags,
    }


async def test_what_was_edited_on_the_server_is_kept_and_told_until_it_is_to_be_reset(client: PrefectClient) -> None:
    assert f"{NIGHTLY}: deployed" in await prepared(client)
    made = await seen(client)
    assert made["schedules"] == [("0 2 * * *", False)]
    assert await prepared(client) == [f"Work pool {POOL}: ready."]
    assert await seen(client) == made

    nightly = await client.read_deployment_by_name(NIGHTLY)
    await client.update_deployment_schedule(nightly.id, nightly.schedules[0].id, active=True)
    edited = {"settings": made["settings"] | {"budget": "5M tokens"}}
    await client.update_deployment(nightly.id, DeploymentUpdate(parameters=edited, concurrency_limit=1, tags=["mine"]))
    before = await seen(client)
    assert before["schedules"] == [("0 2 * * *", True)]
    told = await prepared(client)
    assert await seen(client) == before
    for words in (
        "kept parameters.settings.budget = 5M tokens (by the file: 100M tokens)",
        "kept schedules.0 2 * * * UTC = on (by the file: off)",
        "kept concurrency_limit = 1 (by the file: nothing)",
    ):
        assert f"{NIGHTLY}: {words}" in told
    reset = await prepared(client, reset=True)
    assert f"{NIGHTLY}: reset schedules.0 2 * * * UTC = on (by the file: off)" in reset
    assert await seen(client) == made


async def test_the_form_is_brought_up_to_date_whatever_was_edited(client: PrefectClient) -> None:
    await prepared(client)
    nightly = await client.read_deployment_by_name(NIGHTLY)
    old: dict[str, Any] = {"parameter_openapi_schema": {"type": "object", "properties": {}}, "entrypoint": "old.py:old"}
    await client.update_deployment(nightly.id, DeploymentUpdate(**old, tags=["mine"]))
    await prepared(client)
    found = await client.read_deployment_by_name(NIGHTLY)
    assert "settings" in (found.parameter_openapi_schema or {})["properties"]
    assert (found.entrypoint, found.tags) == ("flows/synthesize.py:synthesize", ["mine"])


async def test_a_pool_keeps_its_job_template_and_deployments_move_only_where_that_is_said(
    client: PrefectClient,
) -> None:
    await prepared(client, "kubernetes", image="registry.example/gsdp:1")
    pool = f"{POOL}-kubernetes"
    made = (await client.read_work_pool(pool)).base_job_template
    nightly = await client.read_deployment_by_name(NIGHTLY)
    assert (nightly.work_pool_name, nightly.job_variables["image"]) == (pool, "registry.example/gsdp:1")
    own = {**made, "variables": {**made["variables"], "description": "mine"}}
    await client.update_work_pool(pool, WorkPoolUpdate(base_job_template=own))
    assert any(f"{pool}: kept its job template" in line for line in await prepared(client, "kubernetes"))
    assert (await client.read_work_pool(pool)).base_job_template == own
    await prepared(client)
    assert (await client.read_deployment_by_name(NIGHTLY)).work_pool_name == pool
    await prepared(client, moved=True)
    assert (await client.read_deployment_by_name(NIGHTLY)).work_pool_name == POOL


async def test_automations_keep_their_switch_and_tell_somebody_once_there_is_somebody(client: PrefectClient) -> None:
    def telling(block: str | None) -> AutomationCore:
        return next(each for each in automations(block) if each.name == TELLS)

    block = "00000000-0000-0000-0000-000000000001"
    assert "nobody is notified" in await watch_one(client, telling(None), None, reset=False)
    assert await watch_one(client, telling(block), block, reset=False) == f"Automation {TELLS!r}: on."
    (found,) = await client.read_automations_by_name(TELLS)
    await client.update_automation(found.id, telling(block).model_copy(update={"enabled": False}))
    for who in (None, block):
        told = await watch_one(client, telling(who), who, reset=False)
        assert told == f"Automation {TELLS!r}: kept as it is here, off."
        assert [each.enabled for each in await client.read_automations_by_name(TELLS)] == [False]
    assert await watch_one(client, telling(block), block, reset=True) == f"Automation {TELLS!r}: reset, on."
    assert [each.enabled for each in await client.read_automations_by_name(TELLS)] == [True]
