"""The page of known servers: every row of it is served here or by a row of the tables of shapes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks.settings.endpoints import Endpoint
from tasks.settings.sections import Role
from tests.support.scripted_server import ASK, client, http, ok, refusal, scripted_server
from tests.tasks.endpoint.test_shapes import (
    AGAIN,
    ANSWERS,
    ENDS,
    LEARNT,
    LISTED,
    SMALL,
    STOPS,
)

PAGE = Path(__file__).parents[3] / "docs/reference/servers.md"
HARMONY = "<|channel|>analysis<|message|>2+2<|end|><|start|>assistant<|channel|>final<|message|>four<|return|>"
IN_PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]}, {"type": "text", "text": "four"}]

FOUR: dict[str, tuple[bytes, str]] = {
    "TGI, eos_token": (ok("four", finish="eos_token"), ""),
    "TGI, stop_sequence": (ok("four", finish="stop_sequence"), ""),
    "Together, eos": (ok("four", finish="eos"), ""),
    "Gemini, STOP": (ok("four", finish="STOP"), ""),
    "Anthropic, end_turn": (ok("four", finish="end_turn"), ""),
    "Cohere, COMPLETE": (ok("four", finish="COMPLETE"), ""),
    "OpenRouter, reasoning_details": (ok("four", reasoning_details=[{"type": "reasoning.text", "text": "2+2"}]), "2+2"),
    "Mistral, parts": (ok(IN_PARTS), "2+2"),  # type: ignore[arg-type]
    "Mistral, [THINK]": (ok("[THINK]2+2[/THINK]four"), "2+2"),
    "Moonshot, ◁think▷": (ok("◁think▷2+2◁/think▷four"), "2+2"),
    "Cohere, START_THINKING": (ok("<|START_THINKING|>2+2<|END_THINKING|>four"), "2+2"),
    "Seed-OSS, seed:think": (ok("<seed:think>2+2</seed:think>four"), "2+2"),
    "EXAONE, thought": (ok("<thought>2+2</thought>four"), "2+2"),
    "Gemma, channel": (ok("<|channel>thought\n2+2<channel|>four"), "2+2"),
    "gpt-oss, harmony": (ok(HARMONY), "2+2"),
    "gpt-oss, harmony without tokens": (ok("analysis2+2assistantfinalfour"), "2+2"),
    "any, im_end": (ok("four<|im_end|>"), ""),
}
"""Whole answers, with the thought in them."""

LATER: dict[str, bytes] = {
    "Gemini, a minute's quota": refusal(429, "You exceeded your current quota. Please retry in 34s."),
    "MiniMax, rate limit": http(200, '{"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}'),
    "Zhipu, code and msg": http(200, '{"code": 500, "msg": "internal", "success": false}'),
    "GitHub Models, reset": http(429, "{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}),
    "LiteLLM, provider's wait": http(429, "{}", {"llm_provider-retry-after": "5"}),
}
"""What is answered when asked again."""

OVER: dict[str, tuple[bytes, str]] = {
    "TGI, context": (refusal(422, "`inputs` tokens + `max_new_tokens` must be <= 2048"), "context length"),
    "Gemini, MAX_TOKENS": (ok("fou", finish="MAX_TOKENS"), "truncated"),
    "Gemini, SAFETY": (ok("I", finish="SAFETY"), "content filter"),
    "Anthropic, refusal": (ok("I cannot", finish="refusal"), "refused by the model"),
    "Anthropic, context": (ok("fou", finish="model_context_window_exceeded"), "truncated"),
    "Mistral, model_length": (ok("fou", finish="model_length"), "truncated"),
    "Zhipu, sensitive": (ok("I", finish="sensitive"), "content filter"),
    "Alibaba, inspection": (refusal(400, "Input data may be inappropriate", code="data_inspection_failed"),
                            "content filter"),
}  # fmt: skip
"""What ends an item."""


@pytest.mark.parametrize("name", FOUR)
async def test_a_servers_way_of_answering(name: str) -> None:
    line, thought = FOUR[name]
    async with scripted_server(line) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.text, reply.reasoning, reply.fault, reply.attempts) == ("four", thought, None, 1)


@pytest.mark.parametrize("name", LATER)
async def test_a_servers_way_of_saying_later(name: str) -> None:
    async with scripted_server(LATER[name], ok("four")) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.text, reply.fault, reply.attempts) == ("four", None, 2)


@pytest.mark.parametrize("name", OVER)
async def test_a_servers_way_of_ending_an_item(name: str) -> None:
    line, reason = OVER[name]
    async with scripted_server(line) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.fault, reply.attempts) == (reason, 1)


TABLES: dict[str, Mapping[str, object]] = {
    "answers": ANSWERS, "again": AGAIN, "ends": ENDS, "stops": STOPS, "room": SMALL, "list": LISTED,
          "learnt": LEARNT, "four": FOUR, "later": LATER, "over": OVER}  # fmt: skip


def rows() -> list[list[str]]:
    """The cells of the page's table: server, what is special, settings, case."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_row_of_the_page_names_a_case_that_is_served() -> None:
    named = [re.fullmatch(r"`(\w+): (.+)`", row[-1]) for row in rows()]
    assert all(named), [row for row, found in zip(rows(), named, strict=True) if not found]
    missing = [found[0] for found in named if found and found[2] not in TABLES[found[1]]]
    assert not missing


def test_every_case_of_a_server_is_on_the_page() -> None:
    named = {row[-1].strip("`") for row in rows()}
    assert not [f"{table}: {name}" for table in ("four", "later", "over", "learnt", "room", "list")
                for name in TABLES[table] if f"{table}: {name}" not in named]  # fmt: skip


def test_twenty_servers_and_more_are_known() -> None:
    assert len({row[0] for row in rows()}) >= 20


@pytest.mark.parametrize("cell", sorted({row[2] for row in rows() if row[2] != "–"}))
def test_the_settings_on_the_page_are_settings(cell: str) -> None:
    for snippet in re.findall(r"`([^`]+ = [^`]+)`", cell):
        given = tomllib.loads(snippet)
        try:
            read: Endpoint | Role = Endpoint(base_url="http://127.0.0.1:1/v1", **given)
        except ValidationError:
            read = Role(endpoint="local", **given)
        assert given.keys() <= read.model_fields_set
