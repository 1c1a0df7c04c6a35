"""A workspace is data: what its settings say is not done before a person has seen where it would send what."""

from __future__ import annotations

from typing import Any

import pytest

from flows.commands.auditing import sends_to, settings_of
from graph.errors import UsageError
from tasks.settings.run import RunSettings
from tests.support.contexts import open_context, settings_for

HOME = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}

PLACES: list[tuple[dict[str, Any], list[str]]] = [
    ({"base_url": "sandbox"}, []),
    (HOME, []),
    ({"base_url": "http://localhost:8000/v1", "model": "m"}, []),
    ({"base_url": "http://[::1]:8000/v1", "model": "m"}, []),
    ({"base_url": "https://api.example/v1", "model": "m"}, ["one: https://api.example/v1"]),
    ({"base_url": "http://127.0.0.1.example/v1", "model": "m"}, ["one: http://127.0.0.1.example/v1"]),
    (HOME | {"api_key": "env:AWS_SECRET"}, ["one: http://127.0.0.1:9/v1 with env:AWS_SECRET"]),
    (
        HOME | {"headers": {"X-A": "env:TOKEN", "X-B": "block:b"}},
        ["one: http://127.0.0.1:9/v1 with block:b, env:TOKEN"],
    ),
    (HOME | {"proxy": "http://proxy.example"}, ["one: http://proxy.example"]),
]


@pytest.mark.parametrize(("endpoint", "told"), PLACES)
def test_where_settings_send_what_is_told(endpoint: dict[str, Any], told: list[str], tmp_path: Any) -> None:
    settings: RunSettings = settings_for(tmp_path, endpoints={"one": endpoint}, roles={})
    assert sends_to(settings) == told


@pytest.mark.parametrize(("answer", "goes_on"), [("y", True), ("", False), ("no", False), (None, False)])
async def test_a_person_is_asked(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, answer: str | None, goes_on: bool
) -> None:
    settings = settings_for(tmp_path, endpoints={"one": {"base_url": "https://api.example/v1", "model": "m"}}, roles={})
    async with open_context(settings):
        pass
    monkeypatch.setattr("sys.stdin.isatty", lambda: answer is not None)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if goes_on:
        assert settings_of(tmp_path / "work").endpoints == settings.endpoints
        return
    with pytest.raises(UsageError, match="settings file"):
        settings_of(tmp_path / "work")
