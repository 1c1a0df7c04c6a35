"""Files of a dataset hub and of web servers are fetched once and read from their copies ever after."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from flows.commands.seeds import print_seeds
from flows.commands.settings_file import read_settings
from graph.errors import SeedError
from tasks.inputs import fetched as module
from tasks.inputs.fetched import address_of, pins
from tasks.inputs.files import skipped_files, with_each_file
from tasks.settings.run import RunSettings
from tests.support.contexts import settings_for
from tests.support.fake_hub import FakeHub, fake_hub

TOKEN = "hf_of-a-test"
LINE = json.dumps({"problem": "How many legs have 3 spiders?", "solution": "24"}).encode() + b"\n"
HUB = "hf://datasets/me/mine"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with fake_hub(TOKEN) as hub:
        hub.files = {
            "data/a/train.jsonl": LINE,
            "data/b/train.jsonl": LINE,
            "data/a/notes.md": b"x",
            "top.json": 2 * LINE,
        }
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server's address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            answers: dict[str, tuple[int, dict[str, str]]] = {
                "/moved/train.jsonl": (302, {"Location": "/data/train.jsonl"}),
                "/away/train.jsonl": (302, {"Location": "http://example.org/train.jsonl"}),
                "/cut/train.jsonl": (200, {"Content-Length": "1000"}),
                "/secret/train.jsonl": (401, {}),
                "/broken/train.jsonl": (500, {}),
                "/absent/train.jsonl": (404, {}),
            }
            status, headers = answers.get(self.path, (200, {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for _ in range(50 if self.path.startswith("/dripping/") else 0):
                self.wfile.write(b" ")
                time.sleep(0.02)
            self.wfile.write(LINE if status == 200 else b"")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def files(tmp_path: Path, address: str) -> tuple[RunSettings, list[Path]]:
    """Settings with one address, and the files that it stands for."""
    settings = settings_for(tmp_path, seeds=[{"path": address}])
    return settings, [file.path for file in with_each_file(settings).seeds]


@pytest.mark.parametrize(
    ("inner", "names"),
    [
        ("/data/a/train.jsonl", ["data/a/train.jsonl"]),
        ("@v1/data/a/train.jsonl", ["data/a/train.jsonl"]),
        ("@refs/convert/parquet/data/a/train.jsonl", ["data/a/train.jsonl"]),
        ("/data/*/train.jsonl", ["data/a/train.jsonl", "data/b/train.jsonl"]),
        ("/data", ["data/a/train.jsonl", "data/b/train.jsonl"]),
        ("", ["data/a/train.jsonl", "data/b/train.jsonl", "top.json"]),
    ],
)
def test_a_hubs_files_are_pinned_by_their_commit(inner: str, names: list[str], hub: FakeHub, tmp_path: Path) -> None:
    settings, paths = files(tmp_path, HUB + inner)
    assert [path.as_posix().split(f"{'1' * 40}/")[1] for path in paths] == names
    assert all(path.read_bytes() == hub.files[name] for path, name in zip(paths, names, strict=True))
    (told,) = pins(settings)
    assert told.startswith(f"{HUB}{inner} as of {'1' * 40}, kept under ")
    hub.files, hub.revision, hub.asked = dict.fromkeys(hub.files, b"other"), "2" * 40, []
    assert files(tmp_path, HUB + inner)[1] == paths
    assert hub.asked == [], "what is there is asked for no more"
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in content for content in kept)


def test_a_copy_that_is_lost_is_fetched_at_its_commit(hub: FakeHub, tmp_path: Path) -> None:
    _, (path,) = files(tmp_path, f"{HUB}/top.json")
    path.unlink()
    hub.asked = []
    assert files(tmp_path, f"{HUB}/top.json")[1] == [path]
    assert hub.asked[0].startswith(f"GET /api/datasets/me/mine/revision/{'1' * 40}")


def test_a_servers_file_is_pinned_by_its_hash(server: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = server
    for name in ("data", "moved"):
        settings, (path,) = files(tmp_path, f"{url}/{name}/train.jsonl")
        assert (path.parent.name, path.name, path.read_bytes()) == (name, "train.jsonl", LINE)
        assert " as of sha256 " in pins(settings)[0]
    before = list(asked)
    files(tmp_path, f"{url}/data/train.jsonl")
    assert asked == before
    assert skipped_files(settings) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("SERVER/absent/train.jsonl", "is not there"),
        ("SERVER/secret/train.jsonl", "is not shown to everybody"),
        ("SERVER/broken/train.jsonl", "HTTP 500"),
        ("SERVER/cut/train.jsonl", "it ended after 63 of 1,000 bytes"),
        ("SERVER/away/train.jsonl", "would be read over http"),
        ("SERVER/data/train.jsonl?key=1", "may hold a secret"),
        ("http://example.org/train.jsonl", "would be read over http"),
        ("https://me:secret@127.0.0.1/train.jsonl", "may hold a secret"),
        ("https://127.0.0.1:1/train.jsonl", "no copy of it is kept"),
        ("hf://models/me/mine/train.jsonl", "is no file of a dataset hub"),
        (f"{HUB}/none.jsonl", "holds no such file"),
        (f"{HUB}/data/*/none*", "holds no such file"),
        ("hf://datasets/me/absent/train.jsonl", "is not there"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(
    address: str, said: str, server: tuple[str, list[str]], hub: FakeHub, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(SeedError, match=said):
        files(tmp_path, address.replace("SERVER", server[0]))
    assert not [path for path in cache.rglob("*") if path.is_file()], "nothing is kept of it"


def test_a_server_that_drips_is_not_waited_for(
    server: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    with pytest.raises(SeedError, match=r"cannot be fetched, and no copy of it is kept \(\d+ bytes came in"):
        files(tmp_path, f"{server[0]}/dripping/train.jsonl")


def test_a_wrong_token_is_one_sentence(hub: FakeHub, tmp_path: Path) -> None:
    hub.token = "another"
    with pytest.raises(SeedError, match="put a token with leave to read into HF_TOKEN"):
        files(tmp_path, f"{HUB}/top.json")


def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)


def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("lacking", "said"),
    [(without_library, "install gsdp with the extra `hub`"), (without_network, "no copy of it is kept")],
)
def test_what_is_kept_needs_no_hub(
    lacking: Callable[[pytest.MonkeyPatch], None],
    said: str,
    hub: FakeHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, kept = files(tmp_path, f"{HUB}/top.json")
    lacking(monkeypatch)
    assert files(tmp_path, f"{HUB}/top.json")[1] == kept
    with pytest.raises(SeedError, match=said):
        files(tmp_path, f"{HUB}/data/a/train.jsonl")


def test_a_file_above_the_bound_is_not_taken(
    server: tuple[str, list[str]], hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 10)
    for address in (f"{server[0]}/data/train.jsonl", f"{HUB}/data/a/train.jsonl"):
        with pytest.raises(SeedError, match="is larger than"):
            files(tmp_path, address)
    small: dict[str, Any] = {"path": f"{HUB}/top.json", "largest_row": 1e-6}
    with pytest.raises(SeedError, match="raise its `largest_row`"):
        with_each_file(settings_for(tmp_path, seeds=[small]))


def test_settings_name_addresses_and_benchmarks_too(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = f'target_pairs = 1\n[[seeds]]\npath = "{HUB}/top.json"\n[[benchmarks]]\npath = "{HUB}/data/*/*.jsonl"\n'
    (tmp_path / "settings.toml").write_text(f'workspace = "work"\n{named}[endpoints.a]\nbase_url = "sandbox"\n')
    settings = read_settings(tmp_path / "settings.toml")
    assert [address_of(file.path) for file in settings.seeds] == [f"{HUB}/top.json"]
    assert len(with_each_file(settings).benchmarks) == 2
    with pytest.raises(SeedError, match="No row makes a seed"):
        print_seeds(settings)
    assert f"fetched    {HUB}/top.json as of {'1' * 40}" in capsys.readouterr().out
