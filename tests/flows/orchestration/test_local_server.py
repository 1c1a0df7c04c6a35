"""A run's own Prefect server is nobody else's: it has a password, lets no web page in, and leaves nothing behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from flows.orchestration.local_server import AUTH, EPHEMERAL, own_server, server_environment, use_server
from tests.support.live_prefect import Prefect

FILTERS = ("/block_documents/filter", "/flow_runs/filter", "/deployments/filter", "/variables/filter")


@pytest.mark.parametrize("path", FILTERS)
@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YWRtaW46cGFzcw=="}, {"Host": "x/api/health"}])
def test_whoever_has_no_password_reads_nothing(prefect_server: str, path: str, header: dict[str, str]) -> None:
    request = Request(prefect_server + path, b"{}", {"Content-Type": "application/json", **header})
    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=30)
    refused.value.close()
    assert refused.value.code == 401
    assert Prefect(prefect_server).ask(path, {}) is not None


def test_no_web_page_is_let_in(prefect_server: str) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        with urlopen(Request(f"{prefect_server}/health", headers={"Origin": origin}), timeout=30) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") is None


def test_its_settings_win_over_those_of_others(tmp_path: Path) -> None:
    found = server_environment(tmp_path, "one:two")
    assert found.items() >= EPHEMERAL.items()
    assert {value for name, value in found.items() if name.endswith("CONNECTION_URL")} == {
        f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
    }


def test_its_database_is_ours_alone_and_goes_with_it(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    password = os.environ[AUTH]
    try:
        with own_server() as wait:
            wait()
            (folder,) = tmp_path.glob("gsdp-prefect-*")
            assert os.environ[AUTH] != password
            assert folder.stat().st_mode & 0o777 == 0o700
            assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
        assert not folder.exists()
    finally:
        use_server(prefect_server, password)
