"""Parameters that a run refuses: the run's own log says what is wrong, and what a picked endpoint was called."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.exceptions import ParameterTypeError

from flows.commands.settings_file import make_settings
from flows.orchestration.checked import gone, picked
from flows.stages import ingest
from flows.synthesize import synthesize
from tasks.settings.blocks import ModelEndpoint
from tests.support.rehearsal import SEEDS


def sent(workspace: Path, picked: object) -> dict[str, Any]:
    return {"workspace": str(workspace), "seeds": [{"path": str(SEEDS)}], "roles": {"others": picked}}


async def test_what_is_wrong_is_in_the_log_of_the_run(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with get_client() as client:
        run = await client.create_flow_run(ingest)
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(run.id))
        with pytest.raises(ParameterTypeError, match="name at least one file"):
            ingest.validate_parameters({"settings": {**sent(tmp_path, "block:x"), "seeds": []}})
        wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
        for _ in range(100):
            if found := await client.read_logs(wanted):
                break
            await asyncio.sleep(0.1)
    assert [each.level for each in found] == [40]
    assert "name at least one file" in found[0].message


def test_a_picked_endpoint_that_is_gone_is_named_as_the_last_run_called_it(prefect_server: str, tmp_path: Path) -> None:
    saved = str(cast("Any", ModelEndpoint(base_url="sandbox")).save("leaving", overwrite=True, _sync=True))
    reference = {"$ref": {"block_document_id": saved}}
    settings = sent(tmp_path / "work", reference)
    assert list(gone({"settings": settings})) == []
    asyncio.run(ingest(make_settings(sent(tmp_path / "work", "block:leaving"))))
    cast("Any", ModelEndpoint).delete("leaving", _sync=True)
    with pytest.raises(ParameterTypeError, match=r"roles\.others: .* picked here, 'leaving', is gone\. Save one again"):
        synthesize.validate_parameters({"settings": settings})
    (said,) = gone({"settings": sent(tmp_path / "other", reference)})
    assert said.startswith("roles.others: the Model Endpoint that was picked here is gone")


def test_picked_endpoints_are_found_wherever_they_are() -> None:
    reference = {"$ref": {"block_document_id": "1"}}
    assert list(picked({"roles": {"solver": reference, "judges": ["block:x", reference]}})) == [
        ("roles.solver", "1"),
        ("roles.judges.1", "1"),
    ]
