"""The HTTP side of the rehearsal: routes, keys, limits, latency, faults, counts.

It knows no role; it finds the role by the model's name and asks it. It keeps no state but counts. It is meant for one
machine: it speaks no TLS and protects against nobody.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from deployments.sandbox import wire
from deployments.sandbox.dice import digest, share
from deployments.sandbox.faults import FaultPlan, Weather
from deployments.sandbox.roles import JUDGES, MODELS, ErrorRates, ask_of, request_id, role_of
from deployments.sandbox.vocabulary import embed

EMBEDDER = "sandbox-embedder"
_DRIPS = 8
_THOUGHT = "This is a rehearsal, so I only pretend to think about it: I read the request and apply a fixed rule."
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Everything that can be switched."""

    rates: ErrorRates = field(default_factory=ErrorRates)
    faults: FaultPlan = field(default_factory=FaultPlan)
    latency: float = 0.0
    """Seconds before an answer."""
    latency_jitter: float = 0.0
    """Latency varies by this share of itself, up and down, by request."""
    max_concurrent: int = 0
    """Requests in flight above this are refused with 429; 0 means no limit."""
    think: bool = False
    """Answers start with a `<think>` block."""
    api_key: str | None = None
    drip_seconds: float = 2.0


class RequestError(Exception):
    """A request that is answered with an error body."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = wire.error(message, "invalid_request_error", code, param)


def _reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=wire.dump(body), status=status, content_type=_JSON, headers=headers)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError as problem:
        raise RequestError(400, f"The body is not JSON: {problem}.", "invalid_json") from None
    if not isinstance(body, dict):
        raise RequestError(400, "The body must be a JSON object.", "invalid_json")
    return body


def _text_inputs(body: dict[str, Any]) -> list[str]:
    inputs = body.get("input")
    inputs = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(inputs, list) or not inputs or not all(isinstance(text, str) for text in inputs):
        raise RequestError(400, "'input' must be a string or a non-empty list of strings.", param="input")
    return inputs


class SandboxServer:
    """The server's handlers and their counts."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._weather = Weather(behaviour.faults)
        self._requests: Counter[str] = Counter()
        self._in_flight = 0
        self._refused = 0

    def application(self) -> web.Application:
        """The aiohttp application with all routes."""
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_get("/health", self._health)
        app.router.add_get("/stats", self._stats)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._guarded(self._chat))
        app.router.add_post("/v1/embeddings", self._guarded(self._embeddings))
        return app

    async def _health(self, request: web.Request) -> web.Response:
        return _reply({"status": "ok", "rehearsal": True})

    async def _stats(self, request: web.Request) -> web.Response:
        return _reply(
            {
                "requests": dict(self._requests),
                "total": self._requests.total(),
                "faults": dict(self._weather.counts),
                "refused": self._refused,
                "in_flight": self._in_flight,
            }
        )

    async def _models(self, request: web.Request) -> web.Response:
        if not self._admits(request):
            return self._wrong_key()
        return _reply(wire.model_list((*MODELS, *JUDGES)))

    def _admits(self, request: web.Request) -> bool:
        key = self._behaviour.api_key
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return key is None or hmac.compare_digest(given.encode(), key.encode())

    def _wrong_key(self) -> web.Response:
        return _reply(wire.error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"), 401)

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler behind the key, the limit of requests in flight, and the error format."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._admits(request):
                return self._wrong_key()
            limit = self._behaviour.max_concurrent
            if limit and self._in_flight >= limit:
                self._refused += 1
                return _reply(wire.error(f"More than {limit} requests in flight.", "rate_limit_error"), 429)
            self._in_flight += 1
            try:
                return await handler(request)
            except RequestError as refusal:
                return _reply(refusal.body, refusal.status)
            finally:
                self._in_flight -= 1

        return guarded

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        model = body.get("model")
        role = role_of(model) if isinstance(model, str) else None
        if role is None or not isinstance(model, str):
            raise RequestError(404, f"The model {model!r} does not exist here.", "model_not_found", "model")
        try:
            texts = wire.message_texts(body.get("messages"))
        except ValueError as problem:
            raise RequestError(400, str(problem), param="messages") from None
        self._requests[model] += 1
        whole = "\n".join(text for _, text in texts)
        said = (model, whole, body.get("seed"), body.get("temperature"))
        name = request_id(*said)
        await self._wait(name)
        fault = self._weather.next_fault(name)
        if fault in _BEFORE_ANSWER:
            return await self._fail(request, fault, b"")
        content = role(ask_of(*said), self._behaviour.rates)
        return await self._answer(request, body, name, texts, content, fault)

    async def _answer(
        self,
        request: web.Request,
        body: dict[str, Any],
        name: str,
        texts: list[tuple[str, str]],
        content: str,
        fault: str | None,
    ) -> web.StreamResponse:
        model = str(body["model"])
        thought = _THOUGHT if self._behaviour.think or fault == "think-leak" else ""
        used = wire.usage(texts, content, thought)
        shown: str | None = f"<think>\n{thought}\n</think>\n\n{content}" if thought else content
        if fault == "think-leak":
            shown = f"<think>\n{thought} {content}"
        elif fault == "null-content":
            shown = None
        if body.get("stream") and fault is None:
            return await _stream(request, wire.stream_events(name, model, shown or "", used))
        answer = wire.dump(wire.completion(name, model, shown, used, "stop"))
        if fault is None:
            return web.Response(body=answer, content_type=_JSON)
        return await self._fail(request, fault, answer)

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if body.get("model") != EMBEDDER:
            raise RequestError(404, f"The model {body.get('model')!r} does not embed.", "model_not_found", "model")
        inputs = _text_inputs(body)
        self._requests[EMBEDDER] += 1
        name = f"{digest(EMBEDDER, *inputs):016x}"
        await self._wait(name)
        fault = self._weather.next_fault(name)
        if fault in _BEFORE_ANSWER:
            return await self._fail(request, fault, b"")
        vectors = [embed(text) for text in inputs]
        answer = wire.dump(wire.embeddings(EMBEDDER, inputs, vectors, str(body.get("encoding_format"))))
        if fault in ("drip", "cut"):
            return await self._fail(request, fault, answer)
        return web.Response(body=answer, content_type=_JSON)

    async def _wait(self, name: str) -> None:
        latency, jitter = self._behaviour.latency, self._behaviour.latency_jitter
        if latency > 0:
            await asyncio.sleep(latency * (1 + jitter * (2 * share("latency", name) - 1)))

    async def _fail(self, request: web.Request, fault: str, answer: bytes) -> web.StreamResponse:
        """What a fault looks like on the wire; `answer` is what a sound server would have sent."""
        self._weather.counts[fault] += 1
        if fault in _STATUS:
            headers = {"Retry-After": "1", "retry-after-ms": "100"} if fault == "429-retry-after" else None
            return _reply(wire.error(f"Rehearsed fault {fault}.", "server_error"), _STATUS[fault], headers)
        if fault == "html":
            return web.Response(text="<html><body><h1>Bad gateway</h1></body></html>", content_type="text/html")
        if fault == "empty":
            return web.Response(body=b"", content_type=_JSON)
        if fault == "wrong-json":
            return web.Response(body=b'["not", "an", "object"]', content_type=_JSON)
        if fault == "drop":
            return _hang_up(request)
        if fault == "cut":
            return await _cut(request, answer)
        if fault == "drip":
            return await _drip(request, answer, self._behaviour.drip_seconds)
        return web.Response(body=answer, content_type=_JSON)


def _hang_up(request: web.Request) -> web.Response:
    """Closes the connection under the client; the returned response goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, answer: bytes) -> web.StreamResponse:
    """Promises the whole body, sends half of it, and hangs up."""
    response = web.StreamResponse(headers={"Content-Length": str(len(answer)), "Content-Type": _JSON})
    await response.prepare(request)
    await response.write(answer[: len(answer) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(request: web.Request, answer: bytes, seconds: float) -> web.StreamResponse:
    """Newlines now, the answer later: a client whose timeout is per read never notices how long it waits."""
    response = web.StreamResponse(headers={"Content-Type": _JSON})
    await response.prepare(request)
    for _ in range(_DRIPS):
        await response.write(b"\n")
        await asyncio.sleep(seconds / _DRIPS)
    await response.write(answer)
    await response.write_eof()
    return response


async def _stream(request: web.Request, events: Any) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for event in events:
        await response.write(event)
    await response.write_eof()
    return response


_STATUS = {"429": 429, "429-retry-after": 429, "500": 500, "503": 503}
_BEFORE_ANSWER = frozenset((*_STATUS, "html", "empty", "wrong-json", "drop"))
