"""Several endpoints behind one role: who is asked, who takes over, and when the role ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from graph.errors import BudgetReached, EndpointDown, EndpointRefused, SettingsError
from prompts.library import Library
from tasks.endpoint.client import Client
from tasks.endpoint.replicas import complete, embed
from tasks.endpoint.replies import Reply
from tasks.settings.roles import ResolvedRoles, resolve_roles
from tests.support.contexts import settings_for
from tests.support.scripted_server import (
    ASK,
    Play,
    ScriptedServer,
    Time,
    after,
    client,
    hang_up,
    http,
    ok,
    refusal,
    scripted_server,
)

NAMES = {"one": "tiny", "two": "tiny-2"}
"""Two endpoints, and what each calls the model."""


@asynccontextmanager
async def two(
    first: Sequence[bytes | Play], second: Sequence[bytes | Play], **settings: Any
) -> AsyncIterator[tuple[dict[str, Client], list[ScriptedServer]]]:
    """Two endpoints that share a clock."""
    time = Time()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(scripted_server(*script)) for script in (first, second)]
        clients = {
            name: await stack.enter_async_context(client(server.url, time, name=name, **settings))
            for name, server in zip(NAMES, servers, strict=True)
        }
        yield clients, servers


async def test_the_least_loaded_is_asked_for_the_model_by_its_own_name() -> None:
    async with two([after(0.01, ok())], [after(0.01, ok())], concurrency=8) as (clients, servers):
        replies = await asyncio.gather(*(complete(clients, NAMES, ASK) for _ in range(40)))
    assert {reply.endpoint for reply in replies} == set(NAMES)
    assert [len(server.requests) for server in servers] == [20, 20]
    assert [{received.json["model"] for received in server.requests} for server in servers] == [{"tiny"}, {"tiny-2"}]


async def test_one_alone_is_simply_asked() -> None:
    async with two([ok()], [ok()]) as (clients, servers):
        await complete(clients, {"two": "tiny-2"}, ASK)
    assert [len(server.requests) for server in servers] == [0, 1]


@pytest.mark.parametrize("bad", [refusal(401, "no"), refusal(429, "x", code="insufficient_quota")])
async def test_another_takes_over_from_one_that_refuses_and_it_is_not_asked_again(bad: bytes) -> None:
    async with two([bad], [ok()], concurrency=1) as (clients, servers):
        first = await complete(clients, NAMES, ASK)
        rest = [await complete(clients, NAMES, ASK) for _ in range(5)]
    assert (first.fault, first.endpoint, first.attempts) == (None, "two", 2), "both requests are in the books"
    assert {reply.attempts for reply in rest} == {1}
    assert [len(server.requests) for server in servers] == [1, 6]


async def test_calls_leave_an_endpoint_that_falls_silent_and_come_back_when_it_speaks() -> None:
    async with two([hang_up] * 30 + [ok()], [after(0.01, ok())], concurrency=16) as (clients, servers):
        replies = await asyncio.gather(*(complete(clients, NAMES, ASK) for _ in range(60)))
        assert {reply.fault for reply in replies} == {None}
        silent = len(servers[0].requests)
        time = clients["one"]._clock.__self__  # type: ignore[attr-defined]
        while clients["one"].admission.paused:
            time.now += 10
            await complete(clients, NAMES, ASK)
        assert len(servers[0].requests) > silent
        assert (await complete(clients, NAMES, ASK)).endpoint == "one", "it is the less loaded one again"


async def test_a_role_ends_when_none_is_left_with_the_error_of_the_last() -> None:
    async with two([refusal(401, "no")], [hang_up], outage_patience=20) as (clients, servers):
        with pytest.raises(EndpointDown, match="Endpoint two") as down:
            await complete(clients, NAMES, ASK)
        sent = sum(len(server.requests) for server in servers)
        assert getattr(down.value.spent, "attempts", None) == sent
    async with two([refusal(401, "no")], [refusal(402, "no")]) as (clients, _):
        with pytest.raises(EndpointRefused):
            await complete(clients, NAMES, ASK)


async def test_requests_before_the_end_of_the_budget_are_in_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_left(*_: object) -> Reply:
        raise BudgetReached("enough")

    async with two([refusal(401, "no")], [ok()]) as (clients, _):
        monkeypatch.setattr(clients["two"], "complete", nothing_left)
        with pytest.raises(BudgetReached) as reached:
            await complete(clients, NAMES, ASK)
    assert reached.value.spent is not None
    assert reached.value.spent.attempts == 1


async def test_a_fault_of_the_item_is_not_carried_from_one_to_the_next() -> None:
    async with two([refusal(400, "maximum context length")], [ok()]) as (clients, servers):
        assert (await complete(clients, NAMES, ASK)).fault == "context length"
    assert servers[1].requests == []


async def test_vectors_come_from_whoever_answers() -> None:
    vectors = http(200, json.dumps({"data": [{"embedding": [1.0]}]}))
    async with two([http(401)], [vectors]) as (clients, _):
        found, reply = await embed(clients, NAMES, ["a"], {})
    assert (found, reply.endpoint, reply.attempts) == ([[1.0]], "two", 2)


def roles_of(folder: Path, solver: Any, judges: Any, **second: Any) -> ResolvedRoles:
    url = "http://127.0.0.1:9/v1"
    endpoints = {"one": {"base_url": url, "model": "tiny"}, "two": {"base_url": url, "model": "tiny-2"} | second}
    roles = {"composer": "one", "solver": solver, "judges": judges}
    settings = settings_for(folder, endpoints=endpoints, roles=roles)
    return resolve_roles(settings, Library(settings.domain, settings.prompts))


def test_a_role_may_name_several_endpoints_and_is_signed_with_the_first_ones_model(tmp_path: Path) -> None:
    roles = roles_of(tmp_path, ["one", "two"], [["two", "one"], "one"])
    assert (roles["solver"].replicas, roles["solver"].model) == (NAMES, "tiny")
    assert [judge.name for judge in roles.judges] == ["tiny-2", "tiny"]
    assert roles["solver"].recipes == roles_of(tmp_path, "one", ["one"])["solver"].recipes, "replicas share their work"
    named = roles_of(tmp_path, {"endpoint": ["one", "two"], "model": "big"}, ["one"])["solver"]
    assert named.replicas == {"one": "big", "two": "big"}


@pytest.mark.parametrize(
    ("second", "solver", "words"),
    [
        ({"extra_body": {"top_k": 1}}, ["one", "two"], "differ in `extra_body`"),
        ({"model": None}, ["one", "two"], "Endpoint two has no model for the role solver"),
        ({}, ["one", "tow"], "no endpoint is called 'tow'; did you mean two?"),
        ({}, [], "at least 1 item"),
    ],
)
def test_replicas_that_cannot_stand_for_each_other_are_refused(
    second: dict[str, Any], solver: list[str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=words):
        roles_of(tmp_path, solver, ["one"], **second)
