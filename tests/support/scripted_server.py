"""A server on loopback that answers each request with the next line of a script, down to the byte.

It is no HTTP library, so that it can do what none allows: cut a body, lie about its length, close without a word.

    async with scripted_server(http(429, headers={"Retry-After": "2"}), ok("four")) as server:
        ...  # server.url is the base URL; server.requests is what arrived
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tasks.endpoint.client import Client
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import ChatRequest
from tasks.settings.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; header names are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


Play = Callable[[Received, asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; False closes the connection afterwards."""


@dataclass(slots=True)
class ScriptedServer:
    """What a test sees of the server."""

    url: str
    requests: list[Received] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0


NO_MODELS = b"HTTP/1.1 404 Scripted\r\ncontent-length: 0\r\n\r\n"


@asynccontextmanager
async def scripted_server(
    *script: bytes | Play, tls: ssl.SSLContext | None = None, models: bytes | None = NO_MODELS
) -> AsyncIterator[ScriptedServer]:
    """Serve `script`, one line per request over all connections; the last line is repeated for ever.

    The list of models is served beside the script and is no request of it, unless `models` is None.
    """
    server = ScriptedServer("")
    open_connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while (received := await _read(reader)) is not None:
                    if models is not None and re.match(r"GET \S*/models ", received.line):
                        writer.write(models)
                        await writer.drain()
                        continue
                    server.requests.append(received)
                    line = script[min(len(server.requests), len(script)) - 1]
                    if not await _play(server, line, received, writer):
                        break
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            open_connections.discard(task)
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = listener.sockets[0].getsockname()[:2]
    server.url = f"{'https' if tls else 'http'}://{host}:{port}/v1"
    try:
        yield server
    finally:
        listener.close()
        tasks = list(open_connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def _play(server: ScriptedServer, line: bytes | Play, received: Received, writer: asyncio.StreamWriter) -> bool:
    server.in_flight += 1
    server.most_in_flight = max(server.most_in_flight, server.in_flight)
    try:
        if callable(line):
            return await line(received, writer)
        writer.write(line)
        await writer.drain()
        return True
    finally:
        server.in_flight -= 1


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0], headers, body)


def http(
    status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> bytes:
    """A whole HTTP/1.1 answer."""
    body = body.encode() if isinstance(body, str) else body
    fields = {"content-type": kind, "content-length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode() + body


def completion(text: str | None, finish: str | None = "stop", **message: object) -> dict[str, Any]:
    """A chat completion as parsed JSON, with 7 tokens in and 5 out."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    return {"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}


def ok(text: str | None = "four", finish: str | None = "stop", **message: object) -> bytes:
    """A 200 with a completion."""
    return http(200, json.dumps(completion(text, finish, **message)))


def refusal(status: int, message: str, **more: object) -> bytes:
    """An error body in OpenAI's shape."""
    return http(status, json.dumps({"error": {"message": message, **more}}))


def for_one(line: bytes | Play, others: bytes | Play = b"") -> Play:
    """`line` for the question of `ASK`, and an answer for every other one."""

    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        chosen = line if QUESTION.encode() in received.body else others or ok()
        if callable(chosen):
            return await chosen(received, writer)
        writer.write(chosen)
        await writer.drain()
        return True

    return play


async def warm(client: Client, calls: int = 40) -> None:
    """Let an endpoint show that it works, by questions of other items."""
    asked = [ASK._replace(messages=[{"role": "user", "content": f"{n} + 3?"}]) for n in range(calls)]
    await asyncio.gather(*(client.complete(request) for request in asked))


def first_half(answer: bytes) -> Play:
    """The answer's first half, and then the connection closes."""

    async def play(_: Received, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer[: len(answer) // 2])
        await writer.drain()
        return False

    return play


def after(seconds: float, answer: bytes) -> Play:
    """The answer, later."""

    async def play(_: Received, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(seconds)
        writer.write(answer)
        await writer.drain()
        return True

    return play


def newlines_first(answer: bytes) -> Play:
    """The answer, its body behind newlines that keep the connection alive while the model thinks."""
    head, _, body = answer.partition(b"\r\n\r\n")
    head = re.sub(rb"(?i)content-length: \d+", b"transfer-encoding: chunked", head)

    async def play(_: Received, writer: asyncio.StreamWriter) -> bool:
        writer.write(head + b"\r\n\r\n")
        for chunk in (b"\n", b"\n\n", body, b""):
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
        return True

    return play


def events(*data: object, done: bool = True) -> bytes:
    """A 200 with server-sent events: JSON for what is no string, and the end mark."""
    texts = [text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in data]
    lines = [f"data: {text}\n\n" for text in [*texts, *(["[DONE]"] if done else [])]]
    return http(200, ": a comment\n\n" + "".join(lines), kind="text/event-stream; charset=utf-8")


def piece(finish: str | None = None, usage: object = None, **delta: object) -> dict[str, object]:
    """One event of a streamed completion."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage}


async def reset(_: Received, writer: asyncio.StreamWriter) -> bool:
    """Tear the connection down, so that the other side reads a reset and not an end."""
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def hang_up(_: Received, __: asyncio.StreamWriter) -> bool:
    """Close without an answer."""
    return False


async def drip(_: Received, writer: asyncio.StreamWriter) -> bool:
    """Headers at once and then a newline now and then, for ever, as some servers keep a connection alive."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b"\n")
        await writer.drain()
        await asyncio.sleep(0.01)


KEY = "sk-a-very-secret-key-0123456789"
QUESTION = "2 + 2?"
ASK = ChatRequest([{"role": "user", "content": QUESTION}], "tiny", 0.7, 0.95, 64, 7)


class Time:
    """A clock that only sleeping moves, and a record of every sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def client(
    url: str,
    time: Time | None = None,
    key: str | None = KEY,
    name: str = "test",
    profiles: Mapping[str, Profile] | None = None,
    **settings: Any,
) -> AsyncIterator[Client]:
    """A client that never waits in earnest."""
    time = time or Time()
    made = Client(name, Endpoint(base_url=url, **settings), key, profiles, sleep=time.sleep, clock=time.clock)
    try:
        yield made
    finally:
        await made.close()


def unused_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
