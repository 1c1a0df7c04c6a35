"""The doctor against servers that obey, ignore or refuse what they are asked, and what clients make of its findings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from flows.commands.doctor import examine_settings, examine_url, show
from flows.commands.settings_file import read_settings
from tasks.endpoint.connection import connect
from tasks.endpoint.doctor import _finish, _thinking, examine
from tasks.endpoint.examination import Examination
from tasks.endpoint.profiles import Profile, keep_profiles, read_profiles
from tasks.settings.endpoints import Endpoint
from tests.conftest import Sandboxes
from tests.support.aimock import aimock, free_port, needs_aimock
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import write_toml
from tests.support.scripted_server import (
    ASK,
    KEY,
    Play,
    Received,
    client,
    events,
    http,
    piece,
    refusal,
    scripted_server,
)

LIMITS = ("max_tokens", "max_completion_tokens")


def server(*flaws: str, models: object = ({"id": "tiny", "meta": {"n_ctx": 4096}},), embeds: bool = False) -> Play:
    """A model that counts, and does what it is asked but for its flaws: 'ignores n', 'refuses seed' ..."""

    def told(body: dict[str, Any], name: str) -> Any:
        return None if f"ignores {name}" in flaws else body.get(name)

    def choice(body: dict[str, Any]) -> tuple[str, str, int]:
        limit = next((told(body, name) for name in LIMITS if told(body, name)), 40)
        seed = told(body, "seed") or 0
        words = [str(number + seed) for number in range(1000, 1040)][:limit]
        text = " ".join(words).split((told(body, "stop") or ["nowhere"])[0])[0]
        return text, "length" if limit < 40 and len(text) == 5 * limit - 1 else "stop", len(words)

    def answer(received: Received) -> bytes:
        path = received.line.split()[1]
        if path.endswith("/models"):
            return http(200, json.dumps({"data": models})) if models is not None else http(404)
        body = received.json
        if path.endswith("/embeddings"):
            return http(200, json.dumps({"data": [{"embedding": [1.0] * 3}] * 2})) if embeds else http(501)
        if body["model"] != "tiny":
            return refusal(404, "no such model")
        refused = next((name for name in body if f"refuses {name}" in flaws), None)
        if refused:
            return refusal(400, f"Unsupported parameter: {refused}")
        text, finish, tokens = choice(body)
        usage = {"prompt_tokens": len(str(body["messages"])), "completion_tokens": tokens}
        if "hides usage" in flaws:
            usage = {}
        if told(body, "stream"):
            return events(piece(finish, usage, content=text))
        message = {"content": text, "reasoning_content": "hm"} if "thinks" in flaws else {"content": text}
        choices = [{"message": message, "finish_reason": finish}] * (told(body, "n") or 1)
        return http(200, json.dumps({"choices": choices, "usage": usage}))

    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(received))
        await writer.drain()
        return True

    return play


async def examined(play: Play | bytes, model: str | None = None, key: str | None = KEY) -> Examination:
    async with scripted_server(play, models=None) as found:
        return await examine(Endpoint(base_url=found.url, concurrency=4), key, model)


WELL = {
    "list of models": ("good", "1, tiny among them"),
    "context": ("good", "4,096 tokens"),
    "unknown model": ("good", "refused (404)"),
    "token limit": ("good", "max_tokens works, max_completion_tokens works"),
    "seed": ("good", "works"),
    "n = 2": ("good", "2 answers"),
    "stop": ("good", "works"),
    "thinking": ("good", "none seen"),
    "stream": ("good", "works"),
    "embeddings": ("note", "none (501)"),
}


@pytest.mark.parametrize(
    ("flaws", "changes"),
    [
        ([], {}),
        (["ignores max_tokens"], {"token limit": ("good", "max_tokens has no effect, max_completion_tokens works")}),
        (["refuses max_tokens"],
         {"token limit": ("good", "max_tokens is refused (400), max_completion_tokens works")}),
        (["ignores max_tokens", "ignores max_completion_tokens"],
         {"token limit": ("bad", "max_tokens has no effect, max_completion_tokens has no effect")}),
        (["ignores seed"], {"seed": ("note", "no effect seen: every seed gives the same answer")}),
        (["ignores n"], {"n = 2": ("note", "1 answer")}),
        (["refuses n"], {"n = 2": ("note", "refused (400)")}),
        (["ignores stop"], {"stop": ("note", "has no effect (200)")}),
        (["ignores stream"], {"stream": ("note", "not offered (200)")}),
        (["refuses top_p"], {"parameters": ("note", "refused, and left out from now on: top_p")}),
        (["thinks"], {"thinking": ("good", "in reasoning_content, 1 tokens")}),
        (["hides usage"], {"usage": ("bad", "not told"), "stream": ("note", "works, without usage")}),
    ],
    ids=lambda value: " and ".join(value) or "obeys",
)  # fmt: skip
async def test_what_a_server_does_is_told_by_its_effect(flaws: list[str], changes: dict[str, tuple[str, str]]) -> None:
    found = {finding.what: (finding.state, finding.found) for finding in (await examined(server(*flaws))).findings}
    wanted = WELL | changes
    if flaws == ["hides usage"]:
        # Without usage nothing tells whether a limit holds.
        wanted.pop("token limit")
    assert {what: found.get(what) for what in wanted} == wanted
    assert found["reachable"][0] == found["model"][0] == "good"
    assert found["at once"][0] == "good"


async def test_what_was_found_is_a_profile() -> None:
    found = await examined(server("refuses max_tokens", "refuses seed", "refuses top_p"))
    assert (found.profile.token_limit_parameter, found.profile.left_out) == (LIMITS[1], ("seed", "top_p"))
    assert found.profile.concurrency in (1, 2, 4)


async def test_a_context_that_is_not_listed_is_read_from_a_refusal() -> None:
    counts = server(models=({"id": "tiny"},))

    async def play(received: Received, writer: asyncio.StreamWriter) -> bool:
        if b"100000000" not in received.body:
            return await counts(received, writer)
        writer.write(refusal(400, "max_tokens is too large: 100000000. The maximum context length is 4096 tokens."))
        await writer.drain()
        return True

    found = await examined(play)
    assert found.profile.context == 4096
    assert ("context", "good", "4,096 tokens") in [(f.what, f.state, f.found) for f in found.findings]


async def test_vectors_are_told_of() -> None:
    found = await examined(server(embeds=True))
    assert [f.found for f in found.findings if f.what == "embeddings"] == ["vectors of 3 numbers"]


@pytest.mark.parametrize(
    ("play", "model", "what", "words"),
    [
        (http(401, f"wrong: {KEY}"), "tiny", "key", "refused (401): wrong: [key]"),
        (server(models=None), "huge", "model", "huge gives no answer (404): no such model"),
        (http(500, "<html><title>Oops</title>"), "tiny", "model", "tiny gives no answer (500): an HTML page"),
    ],
)
async def test_a_server_that_gives_no_answer_is_not_asked_further(
    play: Play | bytes, model: str, what: str, words: str
) -> None:
    found = await examined(play, model)
    last = found.findings[-1]
    assert (last.what, last.state) == (what, "bad")
    assert last.found.startswith(words)
    assert found.concurrency is None


def test_a_server_that_is_not_there_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert not examine_url("http://127.0.0.1:9/v1", "tiny", "")
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "no: connection refused. Start the server, or correct the address." in told


def test_brackets_in_the_words_of_a_server_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    found = asyncio.run(examined(http(401, f"[/b] {KEY}"), "[/tiny]"))
    assert not show("[/here]", found)
    out = " ".join(capsys.readouterr().out.split())
    assert "[/here], model [/tiny]" in out
    assert "refused (401): [/b] [key]" in out


async def test_a_client_begins_with_what_is_known() -> None:
    known = {"tiny": Profile(token_limit_parameter="max_completion_tokens", left_out=("seed",), concurrency=3)}
    async with scripted_server(server()) as found, client(found.url, profiles=known, concurrency=64) as c:
        assert int(c.admission.limit.value) == 3
        await c.complete(ASK)
    assert set(found.requests[0].json) == {"model", "messages", "temperature", "top_p", "max_completion_tokens"}


async def test_profiles_are_kept_with_the_workspace_and_reach_its_clients(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    url = settings.endpoints["local"].base_url
    keep_profiles(settings.workspace, {url: {"some-model": Profile(concurrency=5)}, "other": {"m": Profile()}})
    keep_profiles(settings.workspace, {url: {"another": Profile(concurrency=2)}})
    assert set(read_profiles(settings.workspace)[url]) == {"some-model", "another"}
    async with open_context(settings) as work:
        assert work.clients["local"].admission.limit.value == 5


async def test_roles_whose_answers_do_not_fit_the_context_are_named_and_a_run_fits_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seeds.jsonl").write_text("{}")
    short = {"endpoint": "local", "max_tokens": 256}
    roles = dict.fromkeys(("extractor", "curator", "composer", "rater"), short) | {"judges": [short]}
    async with scripted_server(server(), models=None) as found:
        settings = {
            "workspace": "work",
            "seeds": [{"path": "seeds.jsonl"}],
            "endpoints": {"local": {"base_url": found.url, "model": "tiny", "concurrency": 1}},
            "roles": roles | {"solver": {"endpoint": "local", "max_tokens": 4096}},
        }
        path = write_toml(tmp_path / "settings.toml", settings)
        await asyncio.to_thread(examine_settings, path)
        out = " ".join(capsys.readouterr().out.replace("│", " ").split())
        assert "are cut to what is left of 4,096 tokens: solver (4,096 tokens), strong_solver (4,096 tokens)" in out
        (tmp_path / "work" / "endpoints.json").unlink()
        async with open_context(read_settings(path)) as work:
            await work.clients["local"].complete(ASK._replace(max_tokens=4096))
    assert 3900 < found.requests[-1].json["max_tokens"] < 4096
    assert found.requests[-2].line.startswith("GET /v1/models ")


@pytest.mark.parametrize("content", ["", "{", '{"url": 3}', '{"url": {"m": {"concurrency": "many"}}}'])
def test_a_file_of_profiles_that_cannot_be_read_is_as_good_as_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text(content)
    assert read_profiles(tmp_path) == {}


def test_settings_are_examined_model_by_model(
    tmp_path: Path, sandboxes: Sandboxes, capsys: pytest.CaptureFixture[str]
) -> None:
    url = sandboxes().url
    (tmp_path / "seeds.jsonl").write_text("{}")
    models = {"composer": "sandbox-composer", "solver": "sandbox-solver", "judges": "sandbox-judge-1"}
    roles = {role: {"endpoint": "local", "model": model} for role, model in models.items()}
    settings = {
        "workspace": "work",
        "seeds": [{"path": "seeds.jsonl"}],
        "endpoints": {"local": {"base_url": url, "model": "sandbox-extractor", "concurrency": 4}},
        "roles": roles | {"judges": [roles["judges"]]},
    }
    path = write_toml(tmp_path / "settings.toml", settings)
    examine_settings(path)
    out = capsys.readouterr().out
    assert all(f"model {model}" in out for model in models.values())
    assert "endpoints.json" in out
    assert set(models.values()) <= set(read_profiles(tmp_path / "work")[url])


def test_the_sandbox_of_a_run_is_not_examined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seeds.jsonl").write_text("{}")
    settings = {"workspace": "work", "seeds": [{"path": "seeds.jsonl"}], "endpoints": {"box": {"base_url": "sandbox"}}}
    assert examine_settings(write_toml(tmp_path / "settings.toml", settings))
    assert capsys.readouterr().out == "The sandbox is part of gsdp and needs no doctor.\n"


@needs_aimock
@pytest.mark.servers
async def test_another_server_is_examined(tmp_path: Path) -> None:
    words = " ".join(str(number) for number in range(100))
    with aimock(tmp_path, free_port(), [{"match": {"model": "counter"}, "response": {"content": words}}]) as url:
        found = await examine(Endpoint(base_url=url, concurrency=4), None, "counter")
    told = {finding.what: finding.found for finding in found.findings}
    assert told["token limit"] == "max_tokens has no effect, max_completion_tokens has no effect"
    assert told["n = 2"] == "1 answer"
    assert told["stream"].startswith("works")
    assert found.concurrency


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"content": "[THINK]9.9 is 9.90[/THINK]9.9"}, "in the text, between tags such as [THINK]"),
        (
            {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "9.9"}]},
            "in parts of the content",
        ),
        ({"content": "9.9", "reasoning": "hm"}, "in reasoning"),
        ({"content": "9.9"}, "none seen"),
    ],
)
async def test_the_doctor_provokes_a_thought_and_says_where_it_comes(message: dict[str, Any], told: str) -> None:
    answer = http(200, json.dumps({"choices": [{"message": message, "finish_reason": "EOS_FOUND_X"}]}))
    async with scripted_server(answer) as served:
        connection = connect(Endpoint(base_url=served.url), None)
        patient = Examination(connection, Endpoint(base_url=served.url), "tiny")
        await _thinking(patient)
        await _finish(patient)
        await connection.close()
    findings = {finding.what: finding.found for finding in patient.findings}
    assert findings["thinking"].startswith(told)
    assert "no known word" in findings["finish reason"]
