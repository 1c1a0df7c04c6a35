"""No key is anywhere but in its place: a run against a server that says it back wherever it can, and a search for it.

The keys come from the environment and from a Prefect block; the server repeats them in ids, headers, names of models,
thoughts, texts, reasons and errors of every kind. Afterwards they are looked for in all that a run leaves behind.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from deployments.sandbox.server import Behaviour, SandboxServer
from flows.commands.doctor import examine_settings
from flows.commands.settings_file import make_settings
from flows.commands.workspace import print_status
from flows.orchestration.local_server import HANDOVER
from flows.synthesize import synthesize
from graph.errors import EndpointRefused
from tasks.endpoint import circuit
from tasks.settings.sections import CHAT_ROLES
from tests.conftest import PREFECT_HOME
from tests.support.rehearsal import SEEDS, content, opened, write_toml

SECRETS = {
    "env": "sk-Env0-3fQ9zLw8Xk2TnV7rJm5b",
    "block": "sk-Blk1-8hR4cYp6Wd1GsE0uKq2t",
    "header": "hd-Gate-6jU2vBn9Zx5MaC4oLi7y",
}
"""By where it comes from. No two have a part in common."""
PARTS = {part: where for where, secret in SECRETS.items() for part in (secret[:12], secret[12:])}
"""A secret that was cut in two is still looked for."""
PAIRS, SEEDS_READ = 3, 20


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Parrot:
    """A rehearsal server that says back what it was sent, and fails in every way in turn."""

    def __init__(self, watched: Path) -> None:
        self.said: Counter[str] = Counter()
        """Where it put the secrets, and how often."""
        self.seen: dict[str, bytes] = {}
        """What lay in the watched folder while it was asked, by file and moment."""
        self.refuses = False
        self._watched = watched
        self._asked = 0

    def application(self) -> web.Application:
        app = SandboxServer(Behaviour()).application()

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._answer(request, handler)

        app.middlewares.append(middleware)
        return app

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        echo = " ".join(request.headers.get(name, "") for name in ("Authorization", "X-Gateway"))
        if self.refuses:
            return self._error("401", echo, 401)
        if request.method == "POST":
            self._asked += 1
            if self._asked % 40 == 0:
                files = left_behind(self._watched)
                self.seen |= {f"{name} at request {self._asked}": file for name, file in files.items()}
            failure = list(FAILURES.items())[self._asked % 24] if self._asked % 24 < len(FAILURES) else None
            if failure is not None:
                name, (status, body) = failure
                return self._error(name, echo, status, body)
        answer = await handler(request)
        if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
            return answer  # events, for the doctor
        body = json.loads(answer.body)
        self._spoil(body, echo)
        headers = {"x-request-id": echo, "x-ratelimit-limit-requests": echo, "Set-Cookie": f"session={echo}"}
        return web.json_response(body, status=answer.status, headers=headers)

    def _spoil(self, body: dict[str, Any], echo: str) -> None:
        for name in ("id", "model", "system_fingerprint"):
            if name in body:
                body[name] = f"{body[name]} {echo}"
                self.said[name] += 1
        for row in body.get("data", []):
            row["owned_by"] = echo
        for choice in body.get("choices", []):
            message = choice["message"]
            message["reasoning_content"] = f"I was sent {echo}."
            self.said["reasoning"] += 1
            if self._asked % 2:
                # Where every parser reads it: a solution or a problem goes on with it, a list of names as one more.
                for end in ("</problem>", "</points>", "\\boxed"):
                    message["content"] = message["content"].replace(end, f"\n{echo}\n{end}")
                self.said["text"] += 1
            if self._asked % 11 == 0:
                choice["finish_reason"] = echo
                self.said["finish_reason"] += 1

    def _error(self, name: str, echo: str, status: int, body: str = "{}") -> web.Response:
        self.said[name] += 1
        text = body.replace("ECHO", echo) if "ECHO" in body else json.dumps({"error": {"message": echo}})
        return web.Response(status=status, text=text, headers={"Retry-After": "0", "x-request-id": echo})


FAILURES = {
    "500": (500, '{"error": {"message": "ECHO"}}'),
    "429": (429, '{"error": "ECHO"}'),
    "503": (503, "<html><title>ECHO</title></html>"),
    "400 of the item": (400, '{"error": {"message": "ECHO", "code": "content_filter"}}'),
    "422": (422, '{"detail": [{"msg": "ECHO"}]}'),
    "error under 200": (200, '{"error": {"message": "ECHO", "code": 502}}'),
    "HTML under 200": (200, "<!doctype html>ECHO"),
    "no JSON": (200, "ECHO"),
}
"""Name -> status and body."""


async def serve(parrot: Parrot) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(parrot.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"


def settings_of(workspace: Path, url: str) -> dict[str, Any]:
    """Every role at one endpoint, the judges at another: keys from the environment, from a block, and in a header."""
    seeds = workspace.with_name("seeds.jsonl")
    seeds.write_text(
        "".join(SEEDS.read_text(encoding="utf-8").splitlines(keepends=True)[:SEEDS_READ]), encoding="utf-8"
    )
    values = content(workspace, url, PAIRS, raw_answers="all", samples_per_item=3, seeds=[{"path": str(seeds)}])
    shared = {"base_url": url, "concurrency": 8, "headers": {"X-Gateway": "env:GSDP_TEST_GATEWAY"}, "attempts": 4}
    values["endpoints"] = {
        "one": {**shared, "api_key": "env:GSDP_TEST_KEY"},
        "two": {**shared, "api_key": "block:gsdp-test-key"},
    }
    for role in (*CHAT_ROLES, "embedder"):
        values["roles"][role]["endpoint"] = "one"
    for judge in values["roles"]["judges"]:
        judge["endpoint"] = "two"
    return values


async def save_block(secret: str) -> None:
    from prefect.blocks.system import Secret

    await Secret(value=secret).save("gsdp-test-key", overwrite=True)


def hand_over() -> None:
    """Let Prefect's log lines and events reach its server."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=HANDOVER)


def left_behind(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, as it is now."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(workspace: Path) -> dict[str, bytes]:
    """Every row of the store as text: the file holds long texts compressed."""
    with opened(workspace) as store:
        names = [name for (name,) in store.rows("SELECT table_name FROM duckdb_tables()")]
        return {name: repr(store.rows(f"SELECT {name}::VARCHAR FROM {name}")).encode() for name in names}


async def test_no_key_is_found_in_anything_that_a_run_leaves_behind(
    prefect_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("GSDP_TEST_KEY", SECRETS["env"])
    monkeypatch.setenv("GSDP_TEST_GATEWAY", SECRETS["header"])
    monkeypatch.setattr(circuit, "FIRST_WAIT", 0.001)
    await save_block(SECRETS["block"])
    caplog.set_level(logging.DEBUG, "gsdp")
    workspace = tmp_path / "work"
    parrot = Parrot(workspace)
    runner, url = await serve(parrot)
    values = settings_of(workspace, url)
    try:
        await synthesize(make_settings(values))
        parrot.refuses = True
        with pytest.raises(EndpointRefused) as refused:
            await synthesize(make_settings(values | {"target_pairs": 2 * PAIRS}))
        parrot.refuses = False
        assert not await asyncio.to_thread(examine_settings, write_toml(tmp_path / "settings.toml", values))
        await asyncio.to_thread(print_status, workspace)
    finally:
        await runner.cleanup()
    await asyncio.to_thread(hand_over)
    printed = capfd.readouterr()
    told = {"stdout": printed.out, "stderr": printed.err, "log": caplog.text, "exception": repr(refused.value)}
    found = {where: text.encode() for where, text in told.items()} | parrot.seen
    found |= left_behind(tmp_path) | left_behind(PREFECT_HOME) | rows_of(workspace)
    assert {*FAILURES, "401", "id", "model", "reasoning", "text", "finish_reason"} <= set(parrot.said)
    assert b"[key]" in found["problems"], "what was said back has come as far as the store"
    assert any(".wal at request" in name and file for name, file in found.items())
    assert [(where, PARTS[part]) for where, text in found.items() for part in PARTS if part.encode() in text] == []
