"""The deployments of `prefect.yaml` on a server: new ones are made, and of those that are there only what the code owns
is brought up to date.

The code owns what a run needs to start: the form, the entrypoint, how the code is found, the description. A person
owns the rest, once it is on the server: schedules and whether they are on, parameters, concurrency, pause, tags, job
variables and the work pool. Where that differs from the file it stays, and is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentScheduleUpdate, DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema

from deployments.serve import FLOWS

FILE = Path(__file__).with_name("prefect.yaml")
FORMER = "pool"
"""What all deployments but `nightly` were called before each had a name of its own."""
Values = dict[str, Any]


@cache
def form(flow: Flow[..., Any]) -> Values:
    """The schema of a flow's form."""
    made: Values = parameter_schema(flow).model_dump(exclude_unset=True)
    return made


class Declared:
    """A deployment as the file declares it, in a pool, with what runs there are given."""

    def __init__(self, entry: Mapping[str, Any], pull: list[Values], pool: str, image: str | None) -> None:
        flows: dict[str, Flow[..., Any]] = {flow.name: flow for flow in FLOWS}
        self.flow = flows[entry["entrypoint"].rpartition(":")[2]]
        self.name: str = entry["name"]
        self.owned: Values = {
            "entrypoint": entry["entrypoint"],
            "description": entry["description"],
            "pull_steps": pull,
            "parameter_openapi_schema": form(self.flow),
            "enforce_parameter_schema": True,
        }
        self.schedules: list[Values] = list(entry.get("schedules", ()))
        self.editable: Values = {
            "parameters": entry.get("parameters", {}),
            "tags": entry["tags"],
            "job_variables": {**entry["work_pool"]["job_variables"], **({"image": image} if image else {})},
            "work_pool_name": pool,
            "concurrency_limit": entry.get("concurrency_limit"),
            "paused": False,
        }

    @property
    def title(self) -> str:
        """As commands call it."""
        return f"{self.flow.name}/{self.name}"


def declared(pool: str, image: str | None) -> list[Declared]:
    """All deployments of the file."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Declared(entry, content["pull"], pool, image) for entry in content["deployments"]]


async def deploy(client: PrefectClient, one: Declared, reset: bool, moved: bool) -> Iterator[str]:
    """Bring a deployment up to date; sentences about what became of it. `moved`: somebody has named the pool."""
    try:
        there = await client.read_deployment_by_name(one.title)
    except ObjectNotFound:
        await _make(client, one)
        return iter([f"{one.title}: deployed"])
    changes = {name: value for name, value in one.owned.items() if getattr(there, name) != value}
    placed = {"work_pool_name", "job_variables"} if moved else set()
    kept = {name: value for name, value in one.editable.items() if reset or name in placed}
    differing = {name: value for name, value in kept.items() if _editable(there)[name] != value}
    lines = [*_differences(there, one)]
    if changes or differing or (reset and lines):
        schedules: Values = {"schedules": [_schedule(each) for each in one.schedules]} if reset else {}
        await client.update_deployment(there.id, DeploymentUpdate(**changes, **differing, **schedules))
    if reset:
        return iter([f"{one.title}: reset {line}" for line in lines])
    return iter([f"{one.title}: kept {line}" for line in lines if line.partition(".")[0] not in placed])


async def _make(client: PrefectClient, one: Declared) -> None:
    flow_id = await client.create_flow(one.flow)
    schedules = [
        DeploymentScheduleCreate(schedule=_cron(each), active=each.get("active", True)) for each in one.schedules
    ]
    await client.create_deployment(flow_id, one.name, schedules=schedules, **one.owned, **one.editable)


def _schedule(entry: Mapping[str, Any]) -> DeploymentScheduleUpdate:
    return DeploymentScheduleUpdate(schedule=_cron(entry), active=entry.get("active", True))


def _cron(entry: Mapping[str, Any]) -> CronSchedule:
    return CronSchedule(cron=entry["cron"], timezone=entry["timezone"])


def _editable(there: DeploymentResponse) -> Values:
    """What a person may have edited, as the server has it."""
    limit = there.global_concurrency_limit
    return {
        "parameters": there.parameters,
        "tags": there.tags,
        "job_variables": there.job_variables,
        "work_pool_name": there.work_pool_name,
        "concurrency_limit": limit.limit if limit else None,
        "paused": there.paused,
    }


def _differences(there: DeploymentResponse, one: Declared) -> Iterator[str]:
    """What stands on the server and would be otherwise by the file."""
    on_server = _flat({**_editable(there), "schedules": _timetable(there)})
    in_file = _flat(
        {
            **one.editable,
            "schedules": {
                f"{each['cron']} {each['timezone']}": _on(each.get("active", True)) for each in one.schedules
            },
        }
    )
    for name in sorted({*on_server, *in_file}):
        if on_server.get(name) != in_file.get(name):
            # The environment of jobs is where keys may stand: a log shows no value of it.
            if name.startswith("job_variables.env"):
                yield f"{name} differs from the file"
            else:
                yield f"{name} = {_shown(on_server.get(name))} (by the file: {_shown(in_file.get(name))})"


def _timetable(there: DeploymentResponse) -> dict[str, str]:
    """Each schedule of a deployment, and whether it is on."""
    return {_when(each.schedule): _on(each.active) for each in there.schedules}


def _when(schedule: Any) -> str:
    rule = next(getattr(schedule, name) for name in ("cron", "interval", "rrule") if hasattr(schedule, name))
    return f"{rule} {schedule.timezone}"


def _on(active: bool) -> str:
    return "on" if active else "off"


def _shown(value: object) -> str:
    return "nothing" if value in (None, {}, []) else str(value)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names and the values there."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping) and value
        found.update(_flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value or None})
    return found


async def former(client: PrefectClient) -> list[str]:
    """Deployments of an earlier version that nothing of this one is called like."""
    found = []
    for flow in FLOWS:
        try:
            await client.read_deployment_by_name(f"{flow.name}/{FORMER}")
        except ObjectNotFound:
            continue
        found.append(f"{flow.name}/{FORMER}")
    return found
