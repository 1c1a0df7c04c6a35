"""Commands about servers: doctor, sandbox, serve."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def doctor(
    target: Annotated[
        str,
        typer.Argument(
            metavar="SETTINGS|URL|block:NAME", help="TOML file, a server's address up to /v1, or a saved one."
        ),
    ],
    model: Annotated[str, typer.Option(help="Model to ask a URL for; the first it lists if left out.")] = "",
    key: Annotated[str, typer.Option(help="Where a URL's key is: env:NAME or block:NAME.")] = "",
) -> None:
    """Ask model servers what they can do, with about 20 short calls each and a short ramp; runs then begin with it.

    Examples: `gsdp doctor settings.toml`, `gsdp doctor http://127.0.0.1:8000/v1 --model tiny --key env:MY_KEY`,
    `gsdp doctor block:big`
    """
    from flows.commands.doctor import examine_saved, examine_settings, examine_url

    if target.startswith("block:"):
        healthy = examine_saved(target, model)
    else:
        healthy = examine_url(target, model, key) if "://" in target else examine_settings(Path(target))
    raise typer.Exit(0 if healthy else 1)


def sandbox(context: typer.Context) -> None:
    """Start the sandbox server alone, to rehearse against; its switches follow (see `gsdp sandbox -- --help`).

    Example: `gsdp sandbox --port 8000 --latency 1 --wrong-solutions 0.3`
    """
    os.execv(sys.executable, [sys.executable, "-m", "deployments.sandbox", *context.args])


def serve() -> None:
    """Serve all flows as Prefect deployments, to start and schedule from its UI.

    Example: `prefect server start` in one terminal, `gsdp serve` in another
    """
    os.execv(sys.executable, [sys.executable, "-m", "deployments.serve"])
