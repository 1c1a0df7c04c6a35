"""The client against a server that answers scripted bytes: what is retried, what ends a call, what ends the run."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
from uuid import uuid4

import pytest

from graph.errors import EndpointDown, EndpointError, EndpointRefused
from tasks.endpoint.client import Client
from tasks.endpoint.health import REFUSALS_IN_A_ROW
from tasks.endpoint.replies import ChatRequest
from tasks.settings.endpoints import Endpoint
from tests.support.scripted_server import (
    ASK,
    KEY,
    Play,
    Received,
    Time,
    after,
    client,
    completion,
    events,
    hang_up,
    http,
    ok,
    piece,
    refusal,
    scripted_server,
    unused_url,
)


async def test_one_call_sends_what_was_asked_and_returns_what_came() -> None:
    async with (
        scripted_server(ok("<think>hm</think> four")) as server,
        client(server.url, extra_body={"top_k": 20}, token_limit_parameter="max_completion_tokens") as c,
    ):
        reply = await c.complete(ASK._replace(extra_body={"stop": ["END"]}))
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.fault) == ("four", "hm", "stop", None)
    assert (reply.input_tokens, reply.output_tokens, reply.attempts, reply.endpoint) == (7, 5, 1, "test")
    assert (c.in_flight, c.served, c.attempts, c.circuit.retries) == (0, 1, 1, 0)
    (received,) = server.requests
    assert received.line == "POST /v1/chat/completions HTTP/1.1"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.json == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "2 + 2?"}],
        "temperature": 0.7,
        "top_p": 0.95,
        "max_completion_tokens": 64,
        "seed": 7,
        "top_k": 20,
        "stop": ["END"],
    }


async def test_parameters_left_open_are_not_sent_and_a_lone_surrogate_in_a_prompt_is_replaced() -> None:
    async with scripted_server(ok()) as server, client(server.url + "/?api-version=1") as c:
        await c.complete(ChatRequest([{"role": "user", "content": "\ud83d é"}], "tiny"))
    assert server.requests[0].json == {"model": "tiny", "messages": [{"role": "user", "content": "\ufffd é"}]}
    assert server.requests[0].line.split()[1] == "/v1/chat/completions?api-version=1"


async def test_without_a_key_nothing_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "sk-of-somebody-else")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with scripted_server(ok()) as server, client(server.url, key=None) as c:
        assert (await c.complete(ASK)).fault is None
    assert "authorization" not in server.requests[0].headers
    assert "sk-of-somebody-else" not in str(server.requests)


async def test_extra_headers_are_sent_and_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PASS", "open sesame")
    async with (
        scripted_server(refusal(401, "not open sesame")) as server,
        client(server.url, headers={"X-Title": "maths", "X-Pass": "env:GATEWAY_PASS"}) as c,
    ):
        with pytest.raises(EndpointRefused) as error:
            await c.complete(ASK)
    assert server.requests[0].headers["x-title"] == "maths"
    assert server.requests[0].headers["x-pass"] == "open sesame"
    assert "open sesame" not in str(error.value)


SOON = "in fifty seconds"


def http_date(seconds: float) -> str:
    """That long from now, as an HTTP header says it."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "7"}, 7, 8),
        ({"Retry-After": "0"}, 0, 1),
        ({"retry-after-ms": "2500", "Retry-After": "99"}, 2.5, 3.5),
        ({"llm_provider-retry-after": "4"}, 4, 5),
        ({"Retry-After": SOON}, 20, 51),
        ({"Retry-After": "soon"}, 0, 1),
        ({}, 0, 1),
    ],
)
async def test_a_rate_limit_is_waited_out_for_as_long_as_asked(
    headers: dict[str, str], least: float, most: float
) -> None:
    time = Time()
    headers = {name: http_date(50) if value == SOON else value for name, value in headers.items()}
    async with scripted_server(http(429, "{}", headers), ok()) as server, client(server.url, time) as c:
        reply = await c.complete(ASK)
    assert (reply.fault, reply.attempts, c.circuit.retries) == (None, 2, 1)
    (slept,) = time.slept
    assert least <= slept <= most


async def test_tokens_of_attempts_that_could_not_be_used_are_counted_too() -> None:
    async with scripted_server(ok("fo", finish="abort"), ok("four")) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.input_tokens, reply.output_tokens) == (14, 10)


async def test_a_cut_answer_keeps_its_text_and_its_cost() -> None:
    async with scripted_server(ok("fou", finish="length")) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.text, reply.finish_reason, reply.output_tokens) == ("fou", "length", 5)


async def test_a_redirect_is_not_followed_and_the_key_does_not_travel() -> None:
    async with scripted_server(ok()) as other:
        away = http(307, headers={"location": other.url + "/chat/completions"})
        async with scripted_server(away) as server, client(server.url) as c:
            with pytest.raises(EndpointRefused, match="redirects"):
                await c.complete(ASK)
    assert other.requests == []


async def test_no_more_than_the_limit_are_in_flight() -> None:
    async with scripted_server(after(0.01, ok())) as server, client(server.url, concurrency=5) as c:
        replies = await asyncio.gather(*(c.complete(ASK) for _ in range(40)))
    assert all(reply.fault is None for reply in replies)
    assert server.most_in_flight == 5
    assert (c.in_flight, c.served, c.attempts) == (0, 40, 40)


async def test_a_wait_between_attempts_holds_no_slot() -> None:
    waiting, go = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await go.wait()

    async with scripted_server(http(429, "{}"), ok("second"), ok("first")) as server:
        c = Client("test", Endpoint(base_url=server.url, concurrency=1), KEY, sleep=sleep)
        first = asyncio.create_task(c.complete(ASK))
        await waiting.wait()
        assert (await c.complete(ASK)).text == "second"
        go.set()
        assert (await first).text == "first"
        await c.close()


async def test_a_cancelled_call_gives_its_slot_back() -> None:
    arrived = asyncio.Event()

    async def stay_silent(_: Received, __: asyncio.StreamWriter) -> bool:
        arrived.set()
        await asyncio.sleep(60)
        return False

    async with scripted_server(stay_silent, ok()) as server, client(server.url, concurrency=1) as c:
        task = asyncio.create_task(c.complete(ASK))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await c.complete(ASK)).fault is None
        assert c.in_flight == 0


@pytest.mark.parametrize("patience", [0, 1, 90])
async def test_a_server_that_nobody_reaches_is_down_when_the_patience_is_over(patience: float) -> None:
    time, url = Time(), unused_url()
    async with client(url, time, outage_patience=patience, attempts=2) as c:
        with pytest.raises(EndpointDown) as error:
            await c.complete(ASK)
    assert sum(time.slept) == pytest.approx(patience)
    assert str(error.value) == (
        f"Endpoint test at {url} gives no answer (connection refused). "
        "Start the server or change base_url, then run the same command again."
    )


@pytest.mark.parametrize("answer", [hang_up, http(502), http(503), http(521), http(529), http(429, "{}")])
async def test_an_outage_uses_up_no_attempts(answer: bytes | Play) -> None:
    async with scripted_server(*[answer] * 9, ok()) as server, client(server.url, attempts=2, outage_patience=1e6) as c:
        reply = await c.complete(ASK)
    assert (reply.fault, reply.attempts) == (None, 10)


async def test_when_the_patience_is_over_everyone_who_waits_gets_the_same_error_at_once() -> None:
    time = Time()
    async with asyncio.timeout(5), client(unused_url(), time, concurrency=4, outage_patience=30) as c:
        results = await asyncio.gather(*(c.complete(ASK) for _ in range(200)), return_exceptions=True)
    assert {type(result) for result in results} == {EndpointDown}
    assert len({str(result) for result in results}) == 1


async def test_a_refusal_reaches_those_who_queue_for_a_slot_before_they_send_anything() -> None:
    async with scripted_server(http(401)) as server, client(server.url, concurrency=1) as c:
        results = await asyncio.gather(*(c.complete(ASK) for _ in range(9)), return_exceptions=True)
    assert {type(result) for result in results} == {EndpointRefused}
    assert (len(server.requests), c.served, c.in_flight) == (1, 1, 0)


async def test_an_answer_that_is_on_its_way_when_the_endpoint_is_given_up_still_counts() -> None:
    async with scripted_server(after(0.1, ok("paid")), http(401)) as server, client(server.url, concurrency=2) as c:
        results = await asyncio.gather(*(c.complete(ASK) for _ in range(3)), return_exceptions=True)
    assert [getattr(result, "text", None) for result in results] == ["paid", None, None]
    assert isinstance(results[2], EndpointRefused)


async def test_after_an_outage_the_same_client_tries_anew() -> None:
    time = Time()
    async with scripted_server(hang_up, hang_up, ok()) as server, client(server.url, time, outage_patience=0) as c:
        for _ in range(2):
            with pytest.raises(EndpointDown):
                await c.complete(ASK)
        assert (await c.complete(ASK)).fault is None


async def test_an_item_that_fails_while_others_are_served_gives_up_alone() -> None:
    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        if b"poison" in received.body:
            return False
        writer.write(ok())
        await writer.drain()
        return True

    poison = ASK._replace(messages=[{"role": "user", "content": "poison"}])
    async with scripted_server(play) as server:
        c: Client

        async def sleep(_: float) -> None:
            assert (await c.complete(ASK)).fault is None

        c = Client("test", Endpoint(base_url=server.url, attempts=4, outage_patience=1e9), KEY, sleep=sleep)
        reply = await c.complete(poison)
        await c.close()
    assert reply.fault == "gave up after 5 attempts: connection closed before an answer"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(400, "Unsupported parameter: seed"), "every request"),
        (refusal(400, "maximum context length is 8 tokens"), "context length: maximum .* Raise the server's context"),
        (ok("fo", finish="abort"), "finished with 'abort'"),
        (ok("", finish="a new word"), "finished with 'a new word'"),
        (ok("<think>let me", finish="length"), "truncated thinking. Give the role thinking_tokens"),
        (ok(None, refusal="I cannot"), "refused by the model. Use another model"),
    ],
)
async def test_many_of_one_kind_in_a_row_blame_the_endpoint_and_name_their_calls(answer: bytes, words: str) -> None:
    calls = [uuid4() for _ in range(REFUSALS_IN_A_ROW)]
    async with scripted_server(answer) as server, client(server.url, attempts=1) as c:
        for call_id in calls[:-1]:
            assert (await c.complete(ASK._replace(call_id=call_id))).fault
        with pytest.raises(EndpointRefused, match=words):
            await c.complete(ASK._replace(call_id=calls[-1]))
        assert c.circuit.unanswered == calls, "the rows of all of them are to be withdrawn"


async def test_one_usable_answer_clears_the_endpoint() -> None:
    bad = refusal(400, "Unsupported value")
    script = ([bad] * (REFUSALS_IN_A_ROW - 1) + [ok()]) * 2
    async with scripted_server(*script) as server, client(server.url) as c:
        faults = [(await c.complete(ASK)).fault for _ in script]
    assert faults.count(None) == 2


async def test_the_same_500_to_several_requests_is_a_server_in_trouble_and_not_their_fault() -> None:
    blip = refusal(500, "The server had an error")
    async with scripted_server(*[blip] * 8, ok()) as server, client(server.url, concurrency=4) as c:
        replies = await asyncio.gather(*(c.complete(ASK) for _ in range(4)))
    assert [reply.fault for reply in replies] == [None] * 4


async def test_a_server_that_asks_for_hours_is_closed_for_the_day() -> None:
    time = Time()
    async with (
        scripted_server(http(429, "{}", {"Retry-After": "7200"})) as server,
        client(server.url, time, outage_patience=1e9) as c,
    ):
        with pytest.raises(EndpointDown, match="come back in 7200 s"):
            await c.complete(ASK)
    assert time.slept == []


@pytest.mark.parametrize(
    "answer",
    [
        refusal(401, f"key {KEY} is wrong"),
        refusal(400, f"header Authorization: Bearer {KEY}"),
        refusal(500, f"{KEY}"),
        refusal(422, "x" * 285 + KEY),
        refusal(200, f"upstream got {KEY}", code=401),
        http(307, headers={"location": f"https://elsewhere.invalid/{KEY}"}),
        http(404, f"<html><title>{KEY}</title></html>"),
        ok(f"four, and {KEY}"),
        ok("four", reasoning_content=f"I was sent {KEY}"),
        ok("four", finish=KEY),
        http(200, json.dumps(completion(f"four {KEY}")).replace("sk-a", "sk\\u002da")),
        events(piece(content=KEY[:9]), piece("stop", content=KEY[9:])),
        http(400, json.dumps({"error": KEY}).replace("sk-a", "sk\\u002da")),
    ],
)
async def test_the_key_is_in_no_message_reply_log_or_repr(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with scripted_server(answer) as server, client(server.url, attempts=2) as c:
        try:
            said = repr(await c.complete(ASK))
        except EndpointError as error:
            said = repr(error) + str(error)
        said += repr(c) + repr(c._connection) + repr(vars(c)) + caplog.text
    assert KEY[:8] not in said


async def test_what_stands_for_no_key_is_a_word_like_others() -> None:
    async with scripted_server(ok("none of them is EMPTY")) as server, client(server.url, key="none") as c:
        assert (await c.complete(ASK)).text == "none of them is EMPTY"


async def test_embeddings_come_back_in_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [0, 1.5]}, {"index": 0, "embedding": "AACAPwAAAEA="}]
    body = json.dumps({"data": rows, "usage": {"prompt_tokens": 9}})
    async with scripted_server(http(200, body)) as server, client(server.url) as c:
        vectors, reply = await c.embed("tiny-embed", ["a", "b"])
    assert vectors == [[1.0, 2.0], [0.0, 1.5]]
    assert (reply.fault, reply.input_tokens, reply.text) == (None, 9, "")
    assert server.requests[0].line.split()[1] == "/v1/embeddings"
    assert server.requests[0].json == {"model": "tiny-embed", "input": ["a", "b"], "encoding_format": "float"}


async def test_further_fields_of_an_embeddings_request_win_over_the_endpoints_own() -> None:
    body = json.dumps({"data": [{"embedding": [1]}]})
    async with (
        scripted_server(http(200, body)) as server,
        client(server.url, extra_body={"dimensions": 2, "user": "us"}) as c,
    ):
        await c.embed("tiny-embed", ["a"], {"dimensions": 1})
    sent = {"model": "tiny-embed", "input": ["a"], "encoding_format": "float", "dimensions": 1, "user": "us"}
    assert server.requests[0].json == sent


async def test_embeddings_that_never_fit_are_a_fault_without_vectors() -> None:
    async with scripted_server(http(200, '{"data": [{"embedding": [1]}]}')) as server, client(server.url) as c:
        vectors, reply = await c.embed("tiny-embed", ["a", "b"])
    assert (vectors, reply.fault) == ([], "gave up after 5 attempts: malformed vectors")
