"""One model of one server under examination: how it is asked, what it said, and what was found so far.

What is asked, and what the answers mean, is `doctor`'s part. Nothing is retried but a connection that broke.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.endpoint.connection import Connection
from tasks.endpoint.dialect import LIMIT_NAMES, OPTIONAL, refuses
from tasks.endpoint.faults import error_words, excerpt, read_exception, scrub
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import ReplyContent, read_answer
from tasks.settings.endpoints import Endpoint

State = Literal["good", "note", "bad"]

QUESTION = "Count from 1 to 100, separated by blanks, and say nothing else."
SHORT = 8
"""Output tokens of a call whose limit must be seen to work."""


@dataclass(frozen=True)
class Finding:
    """One line of the table for people."""

    what: str
    state: State
    found: str


@dataclass(frozen=True)
class Heard:
    """What came of one request; status 0 where there was no answer."""

    status: int
    body: Any = None
    words: str = ""
    seconds: float = 0.0
    raw: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the server granted it."""
        return 200 <= self.status < 300

    @property
    def choices(self) -> list[Any]:
        """The answers in it."""
        found = self.body.get("choices") if isinstance(self.body, dict) else None
        return found if isinstance(found, list) else []

    @property
    def answer(self) -> ReplyContent:
        """The chat completion in it."""
        return read_answer(self.body)

    @property
    def tokens(self) -> int:
        """Output tokens, as counted by the server."""
        return self.answer.usage.output


@dataclass
class Examination:
    """One model of one endpoint under examination."""

    connection: Connection
    endpoint: Endpoint
    model: str
    limit_name: str = LIMIT_NAMES[0]
    left_out: set[str] = field(default_factory=set)
    context: int | None = None
    concurrency: int | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        """What a client should know."""
        return Profile.model_validate(
            {
                "token_limit_parameter": self.limit_name,
                "left_out": tuple(sorted(self.left_out)),
                "context": self.context,
                "concurrency": self.concurrency,
            }
        )

    def note(self, what: str, state: State, found: str) -> None:
        self.findings.append(Finding(what, state, found))

    async def send(self, path: str, body: Mapping[str, Any] | None = None) -> Heard:
        """One request; a second one where the server hung up, as some do on the connection of their last answer."""
        heard = await self._send(path, body)
        return heard if heard.status else await self._send(path, body)

    async def _send(self, path: str, body: Mapping[str, Any] | None) -> Heard:
        began = time.monotonic()
        url = self.connection.url(path)
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                raw = await (
                    self.connection.get(url) if body is None else self.connection.post(url, json.dumps(body).encode())
                )
        except Exception as error:
            fault = read_exception(error)
            if fault is None:
                raise
            return Heard(0, words=fault.reason, seconds=time.monotonic() - began)
        seconds = time.monotonic() - began
        words = excerpt(scrub(error_words(raw.content.decode(errors="replace")), self.connection.secrets))
        try:
            return Heard(raw.status, raw.json(), words, seconds, raw.content)
        except (ValueError, RecursionError):
            return Heard(raw.status, None, words, seconds, raw.content)

    async def ask(self, tokens: int = SHORT, /, **changes: Any) -> Heard:
        """A short chat completion; a parameter that is refused is left out and remembered."""
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": QUESTION}]}
        body |= {self.limit_name: tokens, "temperature": 0.0, **self.endpoint.extra_body, **changes}
        for _ in OPTIONAL:
            body = {name: value for name, value in body.items() if name not in self.left_out and value is not None}
            heard = await self.send("/chat/completions", body)
            name = refuses(heard.words, body) if heard.status in (400, 422) else ""
            if not name or (name in LIMIT_NAMES and name in changes):
                break
            if name in LIMIT_NAMES:
                self.limit_name = LIMIT_NAMES[name == LIMIT_NAMES[0]]
                body[self.limit_name] = body.pop(name)
            else:
                self.left_out.add(name)
        return heard
