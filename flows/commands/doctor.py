"""`gsdp doctor`: a table of what each endpoint can do, for people, and a profile for the clients of later runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.settings_file import explain, read_settings
from graph.errors import SettingsError
from graph.plain import bare
from tasks.endpoint.doctor import examine
from tasks.endpoint.examination import Examination
from tasks.endpoint.profiles import Profiles, keep_profiles
from tasks.runs.plan import make_plan
from tasks.settings.addresses import SANDBOX
from tasks.settings.blocks import fill, with_blocks
from tasks.settings.endpoints import Endpoint
from tasks.settings.lookup import resolve_key
from tasks.settings.run import RunSettings
from tasks.settings.sections import CHAT_ROLES

NO_PATIENT = "The sandbox is part of gsdp and needs no doctor."
PROMPT_ROOM = 1024
"""Tokens that a prompt of ours may take."""
COLOURS = {"good": "green", "note": "yellow", "bad": "red"}


def examine_url(url: str, model: str, key: str) -> bool:
    """Examine one address; whether it can be used."""
    try:
        endpoint = Endpoint(base_url=url, api_key=key or None, concurrency=256)
    except ValidationError as error:
        raise SettingsError(explain(error, Endpoint)) from None
    return show(url, asyncio.run(examine(endpoint, resolve_key(endpoint.api_key), model or None)))


def examine_saved(reference: str, model: str) -> bool:
    """Examine a saved endpoint, by `block:NAME`; whether it can be used."""
    endpoint = fill(Endpoint(base_url=reference))
    if endpoint.base_url == SANDBOX:
        print(NO_PATIENT)
        return True
    asked = model or endpoint.model
    return show(
        f"{reference} at {endpoint.base_url}", asyncio.run(examine(endpoint, resolve_key(endpoint.api_key), asked))
    )


def examine_settings(path: Path) -> bool:
    """Examine every model of every endpoint that plays a role; whether all can be used. Keeps their profiles."""
    settings = with_blocks(read_settings(path))
    profiles: Profiles = {}
    healthy, limits = True, _limits(settings)
    for name, model in sorted(_asked(settings)):
        endpoint = settings.endpoints[name]
        if endpoint.base_url == SANDBOX:
            continue
        found = asyncio.run(examine(endpoint, resolve_key(endpoint.api_key), model))
        _compare_room(found, limits.get((name, found.model), {}))
        healthy &= show(f"{name} at {endpoint.base_url}", found)
        if found.concurrency:
            profiles.setdefault(endpoint.base_url, {})[found.model] = found.profile
    if any(endpoint.base_url == SANDBOX for endpoint in settings.endpoints.values()):
        print(NO_PATIENT)
    if profiles:
        print(f"kept in {keep_profiles(settings.workspace, profiles)}; runs in this workspace begin with it")
    return healthy


def _limits(settings: RunSettings) -> dict[tuple[str, str], dict[str, int]]:
    """The longest answer that each role asks of a model of an endpoint, with its thought."""
    try:
        roles = make_plan(settings).roles
    except SettingsError:
        return {}  # a model is not named yet: this is how its name is found out
    longest: dict[tuple[str, str], dict[str, int]] = {}
    for role in (role for role in roles.chat if role not in roles.examinees):
        for asked in role.replicas.items():
            longest.setdefault(asked, {})[role.name] = role.output_limit
    return longest


def _compare_room(found: Examination, limits: Mapping[str, int]) -> None:
    """Warn of roles whose longest answer does not fit behind a prompt."""
    room = (found.context or 0) - PROMPT_ROOM
    large = {role: limit for role, limit in limits.items() if found.context and limit > room}
    if large:
        told = ", ".join(f"{role} ({limit:,} tokens)" for role, limit in sorted(large.items()))
        found.note(
            "room",
            "note",
            f"the longest answers do not fit behind a prompt and are cut to what is left of {found.context:,} tokens: "
            f"{told}. Lower max_tokens or thinking_tokens, or raise the server's context",
        )


def _asked(settings: RunSettings) -> set[tuple[str, str]]:
    """Endpoints and models that a run would ask for chat; an empty name is the first that the server lists."""
    roles = [*(getattr(settings.roles, name) for name in (*CHAT_ROLES, "verifier")), *settings.roles.judges]
    return {
        (name, role.model or settings.endpoints[name].model or "")
        for role in roles
        if role is not None
        for name in role.endpoints
    }


def show(where: str, found: Examination) -> bool:
    """Print the table; whether nothing in it is bad."""
    # As `Text`: brackets in a server's own words are no markup.
    table = Table(title=Text(f"{where}, model {found.model}"), title_justify="left", show_header=False)
    for finding in found.findings:
        table.add_row(finding.what, Text(finding.state, COLOURS[finding.state]), Text(finding.found))
    Console(file=bare(sys.stdout)).print(table)
    return all(finding.state != "bad" for finding in found.findings)
