"""Endpoints that are saved in Prefect: chosen by name or in the form, with keys that nobody ever sees."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from prefect.client.orchestration import get_client

from flows.commands.doctor import examine_saved
from flows.commands.settings_file import make_settings, read_settings
from flows.stages import extract, ingest
from flows.synthesize import synthesize
from graph.errors import SettingsError
from tasks.runs.opening import open_run
from tasks.settings.blocks import ModelEndpoint, with_blocks
from tasks.settings.endpoints import Prices
from tasks.settings.lookup import resolve_key
from tasks.settings.run import RunSettings
from tasks.settings.sections import CHAT_ROLES
from tests.conftest import Sandboxes
from tests.support.rehearsal import query

KEY = "sk-of-a-saved-endpoint-0123456789"


@pytest.fixture(scope="module")
def saved(prefect_server: str) -> dict[str, str]:
    """Saved endpoints: name -> id. `rehearsal` is the bundled sandbox, `big` a server with a key and prices."""
    blocks = {
        "rehearsal": ModelEndpoint(base_url="sandbox"),
        "big": ModelEndpoint(
            base_url="http://127.0.0.1:9/v1",
            api_key=KEY,
            model="big",
            concurrency=8,
            prices=Prices(input=1, output=2),
            extra_body={"top_k": 20},
        ),
    }
    return {name: str(cast("Any", block).save(name, overwrite=True, _sync=True)) for name, block in blocks.items()}


def chosen(workspace: Path, **changes: Any) -> dict[str, Any]:
    return {"workspace": str(workspace), "seeds": [{"path": str(workspace.parent / "seeds.jsonl")}], **changes}


def named(tmp_path: Path, **changes: Any) -> RunSettings:
    return make_settings(chosen(tmp_path / "work", **changes))


# By name


def test_a_saved_endpoint_takes_the_place_of_its_name(saved: dict[str, str], tmp_path: Path) -> None:
    settings = named(tmp_path, endpoints={"local": "block:big"})
    assert settings.has_blocks
    found = with_blocks(settings)
    endpoint = found.endpoints["local"]
    assert (endpoint.base_url, endpoint.model, endpoint.concurrency) == ("http://127.0.0.1:9/v1", "big", 8)
    assert (endpoint.prices, endpoint.extra_body) == (Prices(input=1, output=2), {"top_k": 20})
    assert resolve_key(endpoint.api_key) == KEY
    assert KEY not in found.model_dump_json()
    assert {getattr(found.roles, role) and getattr(found.roles, role).endpoint for role in CHAT_ROLES} == {
        "local",
        None,
    }


def test_what_settings_say_of_a_saved_endpoint_wins(saved: dict[str, str], tmp_path: Path) -> None:
    table = {"base_url": "block:big", "concurrency": 2, "prices": {"gpu_hour": 3}}
    endpoint = with_blocks(named(tmp_path, endpoints={"local": table})).endpoints["local"]
    assert (endpoint.concurrency, endpoint.model, endpoint.prices) == (2, "big", Prices(gpu_hour=3))


def test_roles_name_saved_endpoints_and_others_plays_the_rest(saved: dict[str, str], tmp_path: Path) -> None:
    found = with_blocks(named(tmp_path, roles={"others": "block:rehearsal", "solver": "block:big"})).roles
    assert found.solver is not None
    assert (found.solver.endpoint, found.solver.model) == ("block:big", None)
    assert found.composer is not None
    assert (found.composer.endpoint, found.composer.model) == ("block:rehearsal", "sandbox-composer")
    assert [judge.model for judge in found.judges] == [f"sandbox-judge-{number}" for number in (1, 2, 3)]


def test_a_settings_file_names_a_saved_endpoint(saved: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('workspace = "w"\nseeds = [{ path = "s" }]\nroles.others = "block:rehearsal"\n')
    assert with_blocks(read_settings(file)).endpoints["block:rehearsal"].base_url == "sandbox"


def test_a_name_that_nothing_is_saved_under_is_said(saved: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no Model Endpoint block named 'bigg': save one in the UI"):
        with_blocks(named(tmp_path, endpoints={"local": "block:bigg"}))
    with pytest.raises(SettingsError, match="no Prefect block named 'bigg' that holds a key"):
        resolve_key("block:bigg")


def test_a_saved_sandbox_with_a_model_of_its_own_is_refused(prefect_server: str, tmp_path: Path) -> None:
    cast("Any", ModelEndpoint(base_url="sandbox", model="m")).save("wrong", overwrite=True, _sync=True)
    with pytest.raises(SettingsError, match=r"settings do not hold: endpoints\.local: the sandbox has models"):
        with_blocks(named(tmp_path, endpoints={"local": "block:wrong"}))


def test_a_key_may_be_in_a_secret_block(prefect_server: str) -> None:
    from prefect.blocks.system import Secret

    cast("Any", Secret(value=KEY)).save("models", overwrite=True, _sync=True)
    assert resolve_key("block:models") == KEY


def test_the_doctor_asks_a_saved_endpoint(
    saved: dict[str, str], sandboxes: Sandboxes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine_saved("block:rehearsal", "")
    assert "needs no doctor" in capsys.readouterr().out
    assert not examine_saved("block:big", "")
    assert "block:big at http://127.0.0.1:9/v1" in capsys.readouterr().out


# In a run that is started as the UI does it


def test_a_run_whose_endpoint_was_picked_uses_its_key_and_shows_it_nowhere(
    prefect_server: str, sandboxes: Sandboxes, tmp_path: Path
) -> None:
    server = sandboxes("--api-key", KEY)
    block = ModelEndpoint(base_url=server.url, api_key=KEY, model="sandbox-extractor")
    picked = {"$ref": {"block_document_id": str(cast("Any", block).save("picked", overwrite=True, _sync=True))}}
    rows = [{"problem": f"Solve $x + {n} = 7$ by factoring.", "solution": "Subtract."} for n in range(3)]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sent = {"settings": chosen(tmp_path / "work", roles={"others": picked, "judges": [picked]}, solve=None, budget="")}
    settings = synthesize.validate_parameters(sent)["settings"]
    assert KEY not in repr(settings)
    asyncio.run(ingest(settings))
    assert asyncio.run(extract(settings)) == 3
    assert server.served() >= 3
    assert query(tmp_path / "work", "SELECT count(*) FROM runs WHERE settings LIKE '%block:picked%'") == [(2,)]
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    known = asyncio.run(all_that_prefect_knows())
    assert "block:picked" in known
    assert KEY not in known


async def all_that_prefect_knows() -> str:
    """Runs with their parameters, logs and artifacts, as its server gives them to anybody."""
    async with get_client() as prefect:
        found = [
            *await prefect.read_flow_runs(),
            *await prefect.read_task_runs(),
            *await prefect.read_logs(),
            *await prefect.read_artifacts(),
        ]
    return "\n".join(each.model_dump_json() for each in found)


async def test_a_key_is_found_inside_a_running_loop(saved: dict[str, str], tmp_path: Path) -> None:
    async with open_run(named(tmp_path, endpoints={"local": "block:big"})) as work:
        assert KEY in cast("Any", work.clients["local"])._connection.secrets
