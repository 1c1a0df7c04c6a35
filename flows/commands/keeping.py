"""Commands that keep stores: merge, backup, verify-store, compact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.arguments import Workspace


def merge(
    workspace: Workspace,
    others: Annotated[list[Path], typer.Argument(metavar="OTHER...", help="Workspaces to take from.")],
) -> None:
    """Take what other workspaces have paid for into this one: shards, or runs of the same seeds and settings.

    It can be done in any order and again, also with shards that are not finished.

    Example: `gsdp merge runs/gsm8k runs/gsm8k/shards/0000000-0044445-by-4/2`
    """
    from flows.commands.merge import merge as merge_stores

    merge_stores(workspace, others)


def backup(
    workspace: Workspace,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; an older one of that name is replaced.")],
) -> None:
    """Copy the store into one file, also while a run is at work: it goes on, and all it had committed is in the copy.

    Example: `gsdp backup runs/gsm8k gsm8k.duckdb` (to go back to it, let it replace gsdp.duckdb in the workspace)
    """
    from flows.commands.upkeep import print_backup

    print_backup(workspace, file)


def verify_store(
    workspace: Workspace,
    salvage: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Save what is intact into a new workspace.")
    ] = None,
) -> None:
    """Read all of a store: its blocks, its log, every row, how rows agree, and the ledger.

    Exit code 1 when something is wrong. A store is two files after a crash, gsdp.duckdb and gsdp.duckdb.wal: keep, copy
    and restore them together.

    Examples: `gsdp verify-store runs/gsm8k`, `gsdp verify-store runs/gsm8k --salvage runs/saved`
    """
    from flows.commands.upkeep import print_integrity

    print_integrity(workspace, salvage)


def compact(
    workspace: Workspace,
    raw: Annotated[
        str,
        typer.Option(help="Raw answers of the ledger to keep: all, refused (those that could not be used) or none."),
    ] = "all",
) -> None:
    """Rewrite the store, so that it takes no more space than it needs. Not while a run is at work.

    Runs never need raw answers again, and every row of the ledger stays; but without them nobody can read again what a
    model said in full, or try a better parser on it.

    Examples: `gsdp compact runs/gsm8k`, `gsdp compact runs/gsm8k --raw refused`
    """
    from flows.commands.upkeep import print_compact

    print_compact(workspace, raw)


def new_domain(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet; its name is the domain's.")],
) -> None:
    """Make a folder for a domain of your own: prompts to change, opposed words, how answers are compared.

    Example: `gsdp domain new domains/chemistry`, and then `domain = "domains/chemistry"` in the settings
    """
    from flows.commands.domains import make_domain

    make_domain(folder)
