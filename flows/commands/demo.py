"""The demo: bundled seeds, the bundled sandbox, and what to look at afterwards."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from flows.commands.labelled import labelled
from flows.commands.settings_file import make_settings
from flows.commands.workspace import latest_settings
from graph.errors import UsageError
from tasks.reports.counts import first_pair
from tasks.reports.page.content import REPORT
from tasks.settings.addresses import SANDBOX
from tasks.settings.run import RunSettings
from tasks.store.database import FILE_NAME, open_store
from tasks.store.latest import has_run, pair_count
from tasks.store.looking import reading

DEFAULT_WORKSPACE = Path("gsdp-demo")
SWITCHES = ("--bad-problems=0.1", "--wrong-solutions=0.2", "--noisy-judges=0.05")
"""Faults of the rehearsal, so that every gate has something to keep out."""


def demo_settings(workspace: Path, pairs: int) -> RunSettings:
    """Settings of the demo: every default of the preset `verified`."""
    _refuse_real(workspace)
    seeds = Path(str(resources.files("deployments") / "demo" / "seeds.jsonl"))
    return make_settings(
        {
            "workspace": workspace,
            "target_pairs": pairs,
            "seeds": [{"path": seeds}],
            "endpoints": {SANDBOX: {"base_url": SANDBOX, "concurrency": 64}},
            "sandbox": SWITCHES,
            "publish": {"name": "gsdp demo"},
        }
    )


def _refuse_real(workspace: Path) -> None:
    """The demo's seeds and settings have no place in a workspace that was paid for. Raises UsageError."""
    if not (workspace / FILE_NAME).exists():
        return
    # Not for reading only: a store of an earlier version is brought up to date, as by any other run.
    store = open_store(workspace)
    try:
        endpoints = latest_settings(store).endpoints.values() if has_run(store) else []
    finally:
        store.close()
    if any(endpoint.base_url != SANDBOX for endpoint in endpoints):
        raise UsageError(f"{workspace} holds a real run: give the demo a folder of its own with --workspace.")


def show_result(settings: RunSettings) -> None:
    """Say where everything is, show one pair, and say how to go on."""
    workspace = settings.workspace
    with reading(workspace) as store:
        found = first_pair(store)
        accepted = pair_count(store)
    print(f"\ndataset   {workspace / 'dataset'}\nreport    {workspace / 'dataset' / REPORT}, to open in a browser")
    print(f"store     {workspace / FILE_NAME}")
    for relation, points, problem, solution, answer, pair_id in found:
        print(f"\nOne of the pairs ({relation}: {', '.join(points)}), written by the sandbox, which is no model:\n")
        for name, text in (("problem", problem), ("solution", solution), ("answer", answer)):
            print(*labelled(name, text, column=10), sep="\n")
        print(f"\nhow it came about   {invoked()} explain {workspace} {str(pair_id)[:8]}")
    print("after a failure     the same command again goes on where it stopped")
    folder = "" if workspace == DEFAULT_WORKSPACE else f"--workspace {workspace} "
    print(f"for more pairs      {invoked()} demo {folder}--pairs {max(accepted, settings.target_pairs) + 100}")


def invoked() -> str:
    """How the person called us, for commands to copy: uv says so in the environment."""
    return "python3 -m uv run gsdp" if "UV" in os.environ else "gsdp"
