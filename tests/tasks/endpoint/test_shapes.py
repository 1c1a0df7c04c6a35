"""Every shape in which a server answers, down to the byte, and what comes of it: one row each.

An answer, with its text and its tokens; a second try, which is then answered; the end of this item, with a reason; or
the end of the run, with one sentence.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from graph.errors import EndpointDown, EndpointError, EndpointRefused
from tests.support.scripted_server import (
    ASK,
    KEY,
    Play,
    Time,
    client,
    completion,
    drip,
    events,
    first_half,
    for_one,
    hang_up,
    http,
    newlines_first,
    ok,
    piece,
    refusal,
    reset,
    scripted_server,
    unused_url,
    warm,
)

Line = bytes | Play


def used(usage: object) -> bytes:
    return http(200, json.dumps(completion("four") | {"usage": usage}))


def body(**changes: object) -> bytes:
    return http(200, json.dumps(completion("four") | changes))


def choice(**changes: object) -> bytes:
    return body(choices=[completion("four")["choices"][0] | changes])


USED = {"prompt_tokens": 7, "completion_tokens": 5}

ANSWERS: dict[str, tuple[Line, str, str, tuple[int, int, int]]] = {
    "plain": (ok("four"), "four", "", (7, 5, 0)),
    "JSON as plain text": (http(200, json.dumps(completion("four")), kind="text/plain"), "four", "", (7, 5, 0)),
    "JSON as bytes": (http(200, json.dumps(completion("f")), kind="application/octet-stream"), "f", "", (7, 5, 0)),
    "newlines before the body": (newlines_first(ok("four")), "four", "", (7, 5, 0)),
    "content in parts": (choice(message={"content": [{"type": "text", "text": "4"}, "2"]}), "42", "", (7, 5, 0)),
    "lone surrogate": (ok("\ud83d four"), "\ufffd four", "", (7, 5, 0)),
    "no finish reason": (ok("four", finish=None), "four", "", (7, 5, 0)),
    "an error that is null": (body(error=None), "four", "", (7, 5, 0)),
    # Thought, and its tokens: as counted, or by its share of what came.
    "reasoning_content": (ok("four", reasoning_content="2+2!"), "four", "2+2!", (7, 5, 2)),
    "reasoning": (ok("four", reasoning="2+2!"), "four", "2+2!", (7, 5, 2)),
    "thought in the text": (ok("<think>2+2!</think>four"), "four", "2+2!", (7, 5, 2)),
    "thought without its opening": (ok("2+2!</think>four"), "four", "2+2!", (7, 5, 2)),
    "thought that is counted": (
        used({"prompt_tokens": 7, "completion_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 80}}),
        "four", "", (7, 90, 80),
    ),
    "thought that is counted apart": (
        used({"prompt_tokens": 7, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 80}}),
        "four", "", (7, 85, 80),
    ),
    # Usage of every kind.
    "usage missing": (used(None), "four", "", (0, 0, 0)),
    "usage in strings": (used({"prompt_tokens": "7", "completion_tokens": "5"}), "four", "", (7, 5, 0)),
    "usage in floats": (used({"prompt_tokens": 7.0, "completion_tokens": 5.0}), "four", "", (7, 5, 0)),
    "usage of zero": (used({"prompt_tokens": 0, "completion_tokens": 0}), "four", "", (0, 0, 0)),
    "usage that is a list": (used([7, 5]), "four", "", (0, 0, 0)),
    # In pieces, whether asked for or not.
    "events": (
        events(piece(role="assistant"), piece(content="fo"), piece("stop", content="ur"),
               {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}),
        "four", "", (7, 5, 0),
    ),
    "events with a thought": (events(piece(reasoning="2+"), piece(reasoning="2"), piece("stop", content="4\u2028")),
                              "4", "2+2", (0, 0, 0)),
    "events as plain text": (
        http(200, events(piece("stop", content="four")).partition(b"\r\n\r\n")[2], kind="text/plain"),
        "four", "", (0, 0, 0),
    ),
    "events with usage in the choice": (
        events(piece(content="four"), {"choices": [{"delta": {}, "finish_reason": "stop", "usage": USED}]}),
        "four", "", (7, 5, 0),
    ),
    "events with usage of Groq": (
        events(piece(content="four"), piece("stop") | {"x_groq": {"id": "x", "usage": USED}}), "four", "", (7, 5, 0),
    ),
    "events with content in parts": (
        events(piece(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]}]),
               piece(content=[{"type": "text", "text": "fo"}]), piece("stop", content="ur")),
        "four", "2+2", (0, 0, 0),
    ),
    "events that name the thought twice": (
        events(piece(reasoning="2+2", reasoning_details=[{"type": "reasoning.text", "text": "2+2"}]),
               piece("stop", content="four")), "four", "2+2", (0, 0, 0),
    ),
    "events with a ping": (events({"type": "ping"}, piece("stop", content="four")), "four", "", (0, 0, 0)),
    "usage in the choice": (choice(usage=USED), "four", "", (7, 5, 0)),
    "events without an end mark": (events(piece("stop", content="four"), done=False), "four", "", (0, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("line", "text", "thought", "tokens"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer(line: Line, text: str, thought: str, tokens: tuple[int, int, int]) -> None:
    async with scripted_server(line) as server, client(server.url) as c:
        reply = await c.complete(ASK)
    assert (reply.text, reply.reasoning, reply.fault, reply.attempts) == (text, thought, None, 1)
    assert (reply.input_tokens, reply.output_tokens, reply.reasoning_tokens) == tokens


AGAIN: dict[str, Line] = {
    "408": http(408),
    "409": http(409),
    "425": http(425),
    "429": http(429, "{}"),
    "500": refusal(500, "oops"),
    "502": http(502, "<html><title>Bad Gateway</title>", kind="text/html"),
    "503": http(503, "overloaded"),
    "504": http(504, "<html><title>Gateway Time-out</title>", kind="text/html"),
    "507": http(507),
    "524": http(524),
    "529": http(529, "overloaded"),
    "204": http(204),
    "empty body": http(200, ""),
    "HTML under 200": http(200, "<!DOCTYPE html><title>Sign in</title>", kind="text/html"),
    "malformed JSON": http(200, '{"choices": [{'),
    "bad UTF-8": http(200, b'{"choices": "\xff\xfe\xfa"}'),
    "a list": http(200, "[]"),
    "null": http(200, "null"),
    "a string": http(200, '"four"'),
    "a number": http(200, "4"),
    "error under 200": refusal(200, "upstream is busy", code=502),
    "error without a code under 200": refusal(200, "internal"),
    "error within a choice": body(choices=[{"error": {"code": 503, "message": "x"}}]),
    "choices missing": http(200, "{}"),
    "choices empty": body(choices=[]),
    "choices null": body(choices=None),
    "message null": choice(message=None),
    "finished with abort": ok("fo", finish="abort"),
    "finished with error": ok(None, finish="error"),
    "finished with a new word": ok("fo", finish="insufficient_system_resource"),
    "cut body": first_half(ok("four" * 50)),
    "closed early": hang_up,
    "reset": reset,
    "bad status line": b"SMTP ready\r\n\r\n",
    "a status that is none": b"HTTP/1.1 abc Hm\r\ncontent-length: 0\r\n\r\n",
    "no such encoding": http(200, b"\x00\x01\x02", {"content-encoding": "gzip"}),
    "a drip past the deadline": drip,
    "events cut short": events(piece(content="fo"), done=False),
    "an error among events": events(piece(content="fo"), {"error": {"code": 502, "message": "lost"}}),
    "an error that is a whole event": (events(piece(content="fo"), {"code": 500, "msg": "lost"})),
    "an error of MiniMax": body(choices=None, base_resp={"status_code": 1000, "status_msg": "unknown error"}),
    "an error beside a text": choice(error={"code": 429, "message": "x"}, finish_reason="error"),
    "events that are no JSON": events(piece(content="fo"), "{oops"),
}


def deadline(line: Line) -> float:
    """Seconds for an attempt: few where it lasts as long as it may."""
    return 0.5 if line is drip else 10.0


@pytest.mark.parametrize("line", AGAIN.values(), ids=AGAIN.keys())
async def test_a_second_try(line: Line) -> None:
    async with scripted_server(line, ok("four")) as server, client(server.url, timeout=deadline(line)) as c:
        reply = await c.complete(ASK)
    assert (reply.text, reply.fault, reply.attempts, len(server.requests)) == ("four", None, 2, 2)


ENDS: dict[str, tuple[Line, str, int]] = {
    "cut text": (ok("fou", finish="length"), "truncated", 1),
    "thought cut in the text": (ok("<think>let me see", finish="length"), "truncated thinking", 1),
    "thought cut, said to be whole": (ok("<think>let me see"), "truncated thinking", 1),
    "thought cut beside the text": (ok(None, finish="length", reasoning="let me"), "truncated thinking", 1),
    "thought and no text": (ok(None, reasoning="so be it"), "a thought and no answer", 1),
    "cut text after a thought": (ok("fou", finish="length", reasoning="so"), "truncated", 1),
    "cut text in events": (events(piece("length", content="fou")), "truncated", 1),
    "filtered": (ok(None, finish="content_filter"), "content filter", 1),
    "filtered before": (refusal(400, "...", code="content_filter"), "content filter", 1),
    "filtered in words": (refusal(403, "your input requires moderation"), "content filter", 1),
    "repetition": (ok("four four", finish="repetition"), "repetition", 1),
    "tool call": (ok(None, finish="tool_calls"), "tool call", 1),
    "refusal": (ok(None, refusal="I cannot"), "refused by the model", 1),
    "content null": (ok(None), "empty", 1),
    "content empty": (ok(""), "empty", 1),
    "aborted twice": (ok("fo", finish="abort"), "gave up after 2 attempts: finished with 'abort'", 3),
    # Too long, in five wordings.
    "OpenAI": (refusal(400, "too long", code="context_length_exceeded"), "context length", 1),
    "vLLM": (refusal(400, "This model's maximum context length is 8 tokens", code=400), "context length", 1),
    "llama-server": (refusal(400, "the request exceeds", type="exceed_context_size_error"), "context length", 1),
    "LiteLLM": (refusal(400, "litellm.ContextWindowExceededError: x", code="400"), "context length", 1),
    "Anthropic": (refusal(400, "prompt is too long: 9 tokens > 8 maximum"), "context length", 1),
    "too long under 500": (refusal(500, "x", code="context_length_exceeded"), "context length", 1),
    "413": (http(413), "request too large", 1),
    "larger than a minute": (refusal(429, "Request too large for gpt-x on tokens per min"), "request too large", 1),
    "a field of the user's": (refusal(422, "top_k is unknown"), "refused request: top_k is unknown", 1),
    "a page for one prompt": (
        http(403, "<html><title>Blocked</title></html>", kind="text/html"),
        "forbids access (403): an HTML page titled 'Blocked'", 1,
    ),
    # The last attempt asks what was answered before: the endpoint works, so it is the item.
    "a mistake as 500": (
        refusal(500, "temperature must be a number"), "gave up after 3 attempts: 500: temperature must be a number", 4,
    ),
    "no choices for good": (http(200, "{}"), "gave up after 3 attempts: no choices", 4),
    "HTML for good": (
        http(200, "<html>", kind="text/html"), "gave up after 3 attempts: an HTML page instead of JSON", 4,
    ),
    "slow for good": (drip, "gave up after 3 attempts: no complete answer within 0.5 s", 4),
    "one item is forbidden": (
        refusal(403, "not for you"), "gave up after 3 attempts: forbids access (403): not for you", 4,
    ),
    "one item is unknown": (
        http(404, "no"), "gave up after 3 attempts: knows neither this address nor this model (404): no", 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "fault", "attempts"), ENDS.values(), ids=ENDS.keys())
async def test_the_end_of_an_item(line: Line, fault: str, attempts: int) -> None:
    """One item that meets this again and again, at an endpoint that answers all others."""
    async with (
        scripted_server(for_one(line)) as server,
        client(server.url, attempts=3, timeout=deadline(line), extra_body=EXTRA) as c,
    ):
        await warm(c)
        reply = await c.complete(ASK)
    assert (reply.fault, reply.attempts, len(server.requests) - 40) == (fault, attempts, attempts)


EXTRA = {"top_k": 20}

STOPS: dict[str, tuple[Line, list[str]]] = {
    "401": (refusal(401, f"Incorrect key {KEY}"), ["refuses the key (401)", "Check api_key"]),
    "401 in a word": (http(401, '"Unauthorized"'), ["Unauthorized"]),
    "wrong key as 400": (refusal(400, "No connected db."), ["refuses the key (400)"]),
    "402": (refusal(402, "no credits left"), ["paid", "Top up"]),
    "403": (refusal(403, "not in your country"), ["forbids"]),
    "404 model": (refusal(404, "The model `tiny` does not exist", code="model_not_found"), ["one the server lists"]),
    "400 model": (refusal(400, "Invalid model name passed in model=tiny"), ["does not serve this model (400)"]),
    "404 address": (http(404, "<html><title>Not Found</title></html>"), ["404", "base_url"]),
    "405": (http(405), ["base_url"]),
    "501": (http(501, "start it with --chat"), ["does not offer", "--chat"]),
    "no quota": (refusal(429, "You exceeded it", code="insufficient_quota"), ["no quota left", "Top up"]),
    "no balance": (refusal(402, "Insufficient Balance"), ["no credit", "Top up"]),
    "redirect": (http(301, headers={"location": "http://elsewhere.invalid/v1"}), ["redirects", "elsewhere.invalid"]),
    "307": (http(307, headers={"location": f"http://elsewhere.invalid/v1?key={KEY}"}), ["redirects", "[key]"]),
    "an error 401 under 200": (refusal(200, "bad key", code=401), ["refuses the key (401)"]),
    # What the account lacks, whatever the status says.
    **{
        f"{name} ({status})": (refusal(status, message), [told])
        for name, status, message, told in (
            ("Gemini, key", 400, "API key not valid. Please pass a valid API key.", "refuses the key (400)"),
            ("Gemini, expired", 400, "API key expired. Please renew the API key.", "refuses the key (400)"),
            ("Fireworks, suspended", 412, "Account acme is suspended, see your invoices", "closed the account"),
            ("Moonshot, suspended", 429, "Your account is suspended, see your plan", "closed the account (429)"),
            ("Groq, restricted", 400, "Organization has been restricted.", "closed the account"),
            ("Alibaba, arrears", 400, "Access denied, please make sure your account is in good standing. Arrearage",
             "has no credit (400)"),
            ("OpenAI, hard limit", 400, "Billing hard limit has been reached", "has no quota left (400)"),
            ("Azure, deployment", 404, "The API deployment for this resource does not exist. DeploymentNotFound",
             "does not serve this model (404)"),
            ("LM Studio, nothing loaded", 400, "No models loaded. Please load a model in the developer page",
             "does not serve this model (400)"),
            ("Ollama, not pulled", 404, 'model "tiny" not found, try pulling it first', "does not serve this model"),
            ("OpenRouter, model", 400, "tiny is not a valid model ID", "does not serve this model (400)"),
            ("OpenRouter, a day", 429, "Rate limit exceeded: free-models-per-day", "has no quota left (429)"),
            ("Anthropic, credit", 400, "Your credit balance is too low to access the API", "has no credit (400)"),
            ("Zhipu, balance", 429, "余额不足或无可用资源包,请充值。", "has no credit (429)"),
            ("in Spanish", 429, "Saldo insuficiente para esta llamada", "has no credit (429)"),
            ("in French", 429, "Le quota de votre compte est épuisé", "has no quota left (429)"),
            ("Qwen, thinking", 400, "parameter.enable_thinking must be set to false for non-streaming calls",
             "extra_body = { enable_thinking = false }"),
        )
    },
    "MiniMax, key (200)": (
        body(choices=None, base_resp={"status_code": 1004, "status_msg": "login fail: carry the API secret key"}),
        ["refuses the key"],
    ),
    "a page from the start": (http(403, "<html><title>Attention</title>", kind="text/html"), ["firewall"]),
}  # fmt: skip


@pytest.mark.parametrize(("line", "words"), STOPS.values(), ids=STOPS.keys())
async def test_the_end_of_the_run(line: Line, words: list[str]) -> None:
    async with scripted_server(line) as server, client(server.url) as c:
        with pytest.raises(EndpointRefused) as error:
            await c.complete(ASK)
        with pytest.raises(EndpointRefused):
            await c.complete(ASK)
    assert len(server.requests) == 1, "the second call is not sent"
    assert all(word in str(error.value) for word in ["test", server.url, *words])
    assert KEY not in str(error.value)


WITNESSED: dict[str, Line] = {
    "401": refusal(401, "Unauthorized"),
    "403": refusal(403, "no"),
    "404": http(404, "no"),
    "405": http(405),
    "501": http(501),
    "302": http(302, headers={"location": "http://elsewhere.invalid/login"}),
    "key as 400": refusal(400, "API key not valid"),
}


@pytest.mark.parametrize("line", WITNESSED.values(), ids=WITNESSED.keys())
async def test_one_bad_status_does_not_end_a_long_run(line: Line) -> None:
    async with scripted_server(*[ok()] * 40, line, ok("four")) as server, client(server.url) as c:
        await warm(c)
        reply = await c.complete(ASK)
    assert (reply.text, reply.fault, reply.attempts) == ("four", None, 2)


@pytest.mark.parametrize("line", WITNESSED.values(), ids=WITNESSED.keys())
async def test_two_of_them_do(line: Line) -> None:
    async with scripted_server(*[ok()] * 40, line) as server, client(server.url) as c:
        await warm(c)
        results = await asyncio.gather(*(c.complete(ASK) for _ in range(2)), return_exceptions=True)
    assert {type(result) for result in results} == {EndpointRefused}
    async with scripted_server(*[ok()] * 40, line) as server, client(server.url) as c:
        await warm(c)
        with pytest.raises(EndpointRefused):
            await c.complete(ASK)
    assert len(server.requests) == 44, "where there is no other item, the second witness is a probe"


async def test_a_403_that_says_when_to_return_is_waited_out() -> None:
    time = Time()
    line = http(403, "slow down", {"Retry-After": "20"})
    async with scripted_server(line, ok()) as server, client(server.url, time) as c:
        assert (await c.complete(ASK)).fault is None
    assert 20 <= sum(time.slept) <= 21


SMALL = {
    "vLLM": "This model's maximum context length is 4096 tokens. However, you requested 4296 tokens "
            "(200 in the messages, 4096 in the completion).",
    "vLLM, newer": "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is "
                   "4096 tokens and your request has 200 input tokens (4096 > 4096 - 200).",
    "vLLM, no prompt fits": "max_tokens=4096 cannot be greater than max_model_len=max_total_tokens=1024",
    "llama-server": '{"type": "exceed_context_size_error", "n_prompt_tokens": 200, "n_ctx": 2048}',
    "OpenAI": "max_tokens is too large: 4096. This model supports at most 2048 completion tokens",
    "Groq": "`max_tokens` must be less than or equal to `2048`, the maximum value for `max_tokens`",
    "DeepSeek": "Invalid max_tokens value, the valid range of max_tokens is [1, 2048]",
    "Anthropic": "max_tokens: 4096 > 2048, which is the maximum allowed number of output tokens",
}  # fmt: skip


@pytest.mark.parametrize("words", SMALL.values(), ids=SMALL.keys())
async def test_the_room_that_a_server_tells_of_is_learnt_once(words: str) -> None:
    long = ASK._replace(max_tokens=4096, messages=[{"role": "user", "content": "2 + 2? " * 60}])
    line = http(400, words) if words.startswith("{") else refusal(400, words)
    async with scripted_server(line, ok("four")) as server, client(server.url) as c:
        replies = [await c.complete(long), await c.complete(long._replace(max_tokens=500))]
    assert [(reply.text, reply.fault) for reply in replies] == [("four", None)] * 2
    sent = [received.json["max_tokens"] for received in server.requests]
    assert sent[0] == 4096
    assert 600 <= sent[1] < 4096
    assert sent[2] == 500, "what fits stays as it is"


LISTED = {
    "vLLM": {"id": "tiny", "max_model_len": 4096},
    "llama-server": {"id": "tiny", "meta": {"n_ctx_train": 4096}},
    "OpenRouter": {"id": "tiny", "context_length": 4096},
    "Groq": {"id": "tiny", "context_window": 4096},
    "one model under any name": {"id": "models/tiny.gguf", "meta": {"n_ctx": 4096}},
}


@pytest.mark.parametrize("row", LISTED.values(), ids=LISTED.keys())
async def test_the_context_in_the_list_of_models_is_learnt_before_the_first_call(row: dict[str, object]) -> None:
    listed = http(200, json.dumps({"data": [row]}))
    async with scripted_server(ok("fou", finish="length"), models=listed) as server, client(server.url) as c:
        await c.learn_contexts()
        reply = await c.complete(ASK._replace(max_tokens=4096))
    (sent,) = [received.json["max_tokens"] for received in server.requests]
    assert 3900 < sent < 4096
    assert reply.fault == "truncated at the end of the context", "more max_tokens would not help"


@pytest.mark.parametrize("listed", [None, http(500), http(200, "<html>"), http(200, '{"data": [3, {"id": null}]}')])
async def test_a_server_need_not_list_its_models(listed: bytes | None) -> None:
    async with scripted_server(ok("four"), models=listed or http(404)) as server:
        async with client(server.url if listed else unused_url()) as c:
            await c.learn_contexts()
        async with client(server.url) as c:
            await c.learn_contexts()
            await c.complete(ASK._replace(max_tokens=4096))
    assert [received.json["max_tokens"] for received in server.requests] == [4096]


async def test_a_prompt_that_leaves_no_room_ends_its_item() -> None:
    words = "This model's maximum context length is 4096 tokens. However, you requested (4090 in the messages)"
    async with scripted_server(refusal(400, words)) as server, client(server.url) as c:
        reply = await c.complete(ASK._replace(max_tokens=4096, messages=[{"role": "user", "content": "2 + 2? " * 900}]))
    assert (reply.fault, reply.attempts, len(server.requests)) == ("context length", 1, 1)


LEARNT = {
    "Moonshot": ("invalid temperature: only 1 is allowed for this model", "temperature"),
    "Bedrock": ("`temperature` and `top_p` cannot both be specified for this model", "top_p"),
    "OpenAI": ("Unsupported value: 'temperature' does not support 0.7. Only the default (1) value", "temperature"),
    "OpenAI, limit": ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
    "transformers serve": ("Unexpected fields in the request: {'seed'}", "seed"),
    "LiteLLM": ("UnsupportedParamsError: x does not support parameters: ['seed']", "seed"),
}


@pytest.mark.parametrize(("words", "name"), LEARNT.values(), ids=LEARNT.keys())
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(words: str, name: str) -> None:
    async with scripted_server(refusal(400, words), ok("four")) as server, client(server.url) as c:
        replies = [await c.complete(ASK), await c.complete(ASK)]
    assert [reply.attempts for reply in replies] == [2, 1]
    assert [name in received.json for received in server.requests] == [True, False, False]


NOBODY: dict[str, tuple[Line, str]] = {
    "500": (refusal(500, "CUDA error: out of memory"), "(500: CUDA error: out of memory)"),
    "503": (refusal(503, "Loading model"), "(503: Loading model)"),
    "no choices": (http(200, "{}"), "(no choices)"),
    "HTML": (http(200, "<html>", kind="text/html"), "(an HTML page instead of JSON)"),
    "slow": (drip, "(no complete answer within 0.5 s)"),
    "a limit that never ends": (http(429, "come again", {"Retry-After": "20"}), "(429: come again)"),
    "a limit that says now": (http(429, "{}", {"Retry-After": "0"}), "(429"),
    "an epoch of long ago": (http(429, "{}", {"Retry-After": "1700000000"}), "(429"),
}


@pytest.mark.parametrize(("line", "words"), NOBODY.values(), ids=NOBODY.keys())
async def test_what_nobody_gets_an_answer_to_is_an_outage_in_the_servers_own_words(line: Line, words: str) -> None:
    time = Time()
    async with scripted_server(line) as server, client(server.url, time, timeout=deadline(line), attempts=3) as c:
        with pytest.raises(EndpointDown) as error:
            await c.complete(ASK)
    assert f"gives no answer {words}" in str(error.value)
    assert sum(time.slept) < 300
    assert len(server.requests) < 60


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (http(429, "{}", {"Retry-After": "7200"}), "come back in 7200 s"),
        (hang_up, "connection closed before an answer"),
        (reset, "connection reset"),
        (http(503, "loading"), "503"),
        (None, "connection refused"),
    ],
    ids=["asks for hours", "closes", "resets", "busy", "nobody there"],
)
async def test_an_outage(line: Line | None, words: str) -> None:
    async with scripted_server(line or ok()) as server:
        url = server.url if line else unused_url()
        async with client(url, outage_patience=5) as c:
            with pytest.raises(EndpointDown, match=words) as error:
                await c.complete(ASK)
    assert url in str(error.value)
    assert not error.value.transient, "it has never answered"


async def test_a_server_that_speaks_no_tls_is_an_outage_that_says_so() -> None:
    async def answer_in_clear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400))
        writer.close()

    listener = await asyncio.start_server(answer_in_clear, "127.0.0.1", 0)
    async with listener, client(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1") as c:
        with pytest.raises(EndpointDown, match="TLS failed"):
            await c.complete(ASK)


@pytest.mark.parametrize("asked", ["stream", "no stream"])
async def test_streaming_is_asked_for_with_usage_or_not_at_all(asked: str) -> None:
    async with scripted_server(ok("four")) as server, client(server.url, stream=asked == "stream") as c:
        assert (await c.complete(ASK)).text == "four", "a server may ignore it"
    sent = {name: value for name, value in server.requests[0].json.items() if name.startswith("stream")}
    assert sent == ({"stream": True, "stream_options": {"include_usage": True}} if asked == "stream" else {})


async def test_an_error_carries_what_it_cost() -> None:
    async with scripted_server(http(502), http(502), http(401)) as server, client(server.url) as c:
        with pytest.raises(EndpointError) as error:
            await c.complete(ASK)
    assert getattr(error.value.spent, "attempts", None) == 3
