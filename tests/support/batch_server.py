"""A Batch API on loopback: files, batches and what came of them, with the troubles that a test asks for.

server = BatchServer(answer)                       # answer: a request's body -> status and body
async with scripted_server(server.play) as there:  # there.url is the base URL
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.scripted_server import Received, completion, http, refusal

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


def echo(body: dict[str, Any]) -> tuple[int, Any]:
    """The question, as an answer."""
    return 200, completion(f"to {body['messages'][-1]['content']}")


@dataclass
class BatchServer:
    """What the server holds, and how it behaves."""

    answer: Answer = echo
    outcomes: list[str] = field(default_factory=list)
    """How the next batches end; `completed` when there are no more. `failed:CODE` is an error of the batch."""
    looks: int = 1
    """How often a batch is looked at until it has ended."""
    hold: set[str] = field(default_factory=set)
    """Steps that are done and never answered: upload, create, look, list, collect."""
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Steps that are not done: with which status and words."""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    """How often each call was paid for."""
    seen: list[str] = field(default_factory=list)
    """The steps that were asked for."""

    _events: dict[str, list[asyncio.Event]] = field(default_factory=dict)

    async def until(self, step: str) -> None:
        """Return when a step is asked for."""
        event = asyncio.Event()
        self._events.setdefault(step, []).append(event)
        await event.wait()

    async def play(self, received: Received, writer: asyncio.StreamWriter) -> bool:
        """Answer one request."""
        method, path, _ = received.line.split(" ")
        name, step = next(
            (name, getattr(self, f"_{name}"))
            for name, pattern in ROUTES.items()
            if re.search(pattern, f"{method} {path}")
        )
        self.seen.append(name)
        for event in self._events.pop(name, ()):
            event.set()
        status, content = self.refusals.get(name) or step(received, path.split("?")[0].split("/"))
        if name in self.hold:
            await asyncio.Event().wait()
        writer.write(
            http(status, content)
            if isinstance(content, bytes)
            else refusal(status, content)
            if isinstance(content, str)
            else http(status, json.dumps(content))
        )
        await writer.drain()
        return True

    def _upload(self, received: Received, _: list[str]) -> tuple[int, Any]:
        boundary = re.search(rb"boundary=(\S+)", received.headers["content-type"].encode())
        assert boundary
        parts = received.body.split(b"--" + boundary[1])
        (content,) = [part for part in parts if b'filename="' in part]
        name = f"file-{len(self.files)}"
        self.files[name] = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        return 200, {"id": name, "object": "file"}

    def _create(self, received: Received, _: list[str]) -> tuple[int, Any]:
        wanted = received.json
        assert wanted["endpoint"] == "/v1/chat/completions"
        if wanted["input_file_id"] not in self.files:
            return 400, "no such file"
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {"id": name, "status": "validating", "left": self.looks, **wanted}
        return 200, self.batches[name]

    def _list(self, received: Received, _: list[str]) -> tuple[int, Any]:
        names = list(reversed(self.batches))
        after = re.search(r"after=([\w-]+)", received.line)
        names = names[names.index(after[1]) + 1 :] if after else names
        return 200, {"data": [self.batches[name] for name in names[:2]], "has_more": len(names) > 2}

    def _look(self, _: Received, path: list[str]) -> tuple[int, Any]:
        batch = self.batches.get(path[-1])
        if batch is None:
            return 404, "no such batch"
        batch["left"] -= 1
        if batch["left"] < 0 and batch["status"] in ("validating", "in_progress"):
            self._end(batch, self.outcomes.pop(0) if self.outcomes else "completed")
        elif batch["left"] >= 0:
            batch["status"] = "in_progress"
        return 200, batch

    def _collect(self, _: Received, path: list[str]) -> tuple[int, Any]:
        found = self.files.get(path[-2])
        return (404, "no such file") if found is None else (200, found)

    def _end(self, batch: dict[str, Any], outcome: str) -> None:
        batch["status"], _, code = outcome.partition(":")
        if code:
            batch["errors"] = {"object": "list", "data": [{"code": code, "message": "too much of it"}]}
            return
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for number, line in enumerate(self.files[batch["input_file_id"]].splitlines()):
            asked = json.loads(line)
            row = {"id": f"r{number}", "custom_id": asked["custom_id"], "response": None, "error": None}
            if outcome == "expired" and number % 2:
                bad.append(row | {"error": {"code": "batch_expired", "message": "too late"}})
                continue
            status, body = self.answer(asked["body"])
            self.answered[asked["custom_id"]] += status == 200
            (good if status == 200 else bad).append(row | {"response": {"status_code": status, "body": body}})
        for kind, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                name = batch[kind] = f"{batch['id']}-{kind}"
                # In no order: a server promises none.
                self.files[name] = b"\n".join(json.dumps(row).encode() for row in reversed(rows)) + b"\n"


ROUTES = {
    "upload": r"^POST .*/files$",
    "create": r"^POST .*/batches$",
    "list": r"^GET .*/batches\?",
    "look": r"^GET .*/batches/[\w-]+$",
    "collect": r"^GET .*/files/[\w-]+/content$",
}
