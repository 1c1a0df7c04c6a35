"""Parameters that a server refuses: left out or renamed once, and remembered for that model of the endpoint."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from graph.errors import EndpointRefused
from tests.support.scripted_server import ASK, Play, Received, client, http, ok, refusal, scripted_server

PARAMETERS = {"temperature", "top_p", "max_tokens", "seed"}


@pytest.mark.parametrize(
    ("answer", "gone", "new"),
    [
        # OpenAI's reasoning models.
        (
            refusal(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
                " instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            {"max_tokens"},
            {"max_completion_tokens"},
        ),
        (
            refusal(
                400,
                "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is"
                " supported.",
                param="temperature",
                code="unsupported_value",
            ),
            {"temperature"},
            set(),
        ),
        # transformers serve, pydantic, LiteLLM, Mistral and others.
        (http(422, '{"detail": "Unexpected fields in the request: {\'seed\'}"}'), {"seed"}, set()),
        (
            http(422, '{"detail": [{"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs"}]}'),
            {"top_p"},
            set(),
        ),
        (refusal(400, "UnsupportedParamsError: x does not support parameters: ['seed']"), {"seed"}, set()),
        (refusal(400, "`temperature` and `top_p` cannot both be specified: top_p is not allowed"), {"top_p"}, set()),
        (refusal(400, "seed is deprecated"), {"seed"}, set()),
    ],
)
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(
    answer: bytes, gone: set[str], new: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with scripted_server(answer, ok()) as server, client(server.url) as c:
        first, second = await c.complete(ASK), await c.complete(ASK)
    assert (first.fault, first.attempts, second.attempts) == (None, 2, 1)
    bodies = [set(received.json) - {"model", "messages"} for received in server.requests]
    assert bodies == [PARAMETERS, PARAMETERS - gone | new, PARAMETERS - gone | new]
    assert [gone.pop() in message and server.url in message for message in caplog.messages] == [True]


def picky(*refused: str) -> Play:
    """A server that refuses some parameters, one at a time."""

    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        found = [name for name in refused if name in received.json]
        writer.write(refusal(400, f"Unsupported parameter: {found[0]}", param=found[0]) if found else ok())
        await writer.drain()
        return True

    return play


async def test_calls_that_were_refused_together_learn_together() -> None:
    async with scripted_server(picky("seed", "top_p")) as server, client(server.url, concurrency=8) as c:
        replies = await asyncio.gather(*(c.complete(ASK) for _ in range(8)))
        late = await c.complete(ASK)
    assert {reply.fault for reply in replies} == {None}
    assert max(reply.attempts for reply in replies) <= 3
    assert late.attempts == 1


async def test_what_one_model_refuses_another_is_still_asked() -> None:
    async with scripted_server(refusal(400, "Unsupported parameter: seed"), ok()) as server, client(server.url) as c:
        await c.complete(ASK)
        await c.complete(ASK._replace(model="other"))
    assert [("seed" in received.json) for received in server.requests] == [True, False, True]


async def test_a_server_that_takes_no_limit_of_tokens_under_any_name_is_not_asked_without() -> None:
    async with scripted_server(picky("max_tokens", "max_completion_tokens")) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.attempts, str(reply.fault)[:15]) == (2, "refused request")


@pytest.mark.parametrize(
    ("settings", "extra_body", "words"),
    [
        # What the user wrote stays, wherever it was written.
        ({"extra_body": {"seed": 1}}, {}, "Unsupported parameter: seed"),
        ({}, {"seed": 1}, "Unsupported parameter: seed"),
        ({}, {"top_k": 1}, "Unsupported parameter: top_k"),
        # A value, and not the parameter, is wrong; nothing that was sent is named.
        ({}, {}, "max_tokens=64 cannot be greater than max_model_len=32"),
        ({}, {}, "temperature must be at most 0.5"),
        ({}, {}, "Unsupported parameter: seeds"),
        ({}, {}, "messages: unknown role"),
    ],
)
async def test_a_refusal_that_teaches_nothing_stays_a_refusal(
    settings: dict[str, Any], extra_body: dict[str, Any], words: str
) -> None:
    async with scripted_server(refusal(400, words)) as server, client(server.url, **settings) as c:
        reply = await c.complete(ASK._replace(extra_body=extra_body))
    assert (reply.fault, reply.attempts) == (f"refused request: {words}", 1)


async def test_an_embeddings_request_adapts_too() -> None:
    vectors = http(200, json.dumps({"data": [{"embedding": [1.0]}]}))
    script = refusal(400, "Unrecognized request argument: encoding_format"), vectors
    async with scripted_server(*script) as server, client(server.url) as c:
        found, reply = await c.embed("tiny", ["a"])
    assert (found, reply.attempts) == ([[1.0]], 2)
    assert "encoding_format" not in server.requests[1].json


async def test_a_refused_key_teaches_nothing() -> None:
    async with scripted_server(refusal(401, "unsupported key for seed")) as server, client(server.url) as c:
        with pytest.raises(EndpointRefused):
            await c.complete(ASK)
    assert len(server.requests) == 1
