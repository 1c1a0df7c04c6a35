"""Commands that make pairs, or say beforehand what is read and what it costs: demo, run, seeds, quote, preset."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.arguments import AcceptChanges, Overrides, SettingsFile
from flows.orchestration.started import Flow, check_target, run_until, with_prefect


class Retry(StrEnum):
    """What of earlier runs is asked again."""

    GAVE_UP = "gave-up"


def demo(
    workspace: Annotated[Path, typer.Option(help="Folder for the demo's store and dataset.")] = Path("gsdp-demo"),
    pairs: Annotated[int, typer.Option(min=1, help="Accepted pairs to make.")] = 200,
) -> None:
    """Run the whole pipeline on bundled seeds against the bundled sandbox: no key, no cost.

    Example: `gsdp demo`
    """
    from flows.commands.demo import demo_settings, show_result

    settings = demo_settings(workspace, pairs)
    run_until(settings, "publish", accept_changes=True)
    show_result(settings)


def run(
    settings: SettingsFile,
    set_: Overrides = None,
    until: Annotated[str, typer.Option(help="Last stage to run.")] = "publish",
    accept_changes: AcceptChanges = False,
    retry: Annotated[
        Retry | None, typer.Option("--retry", help="Ask again for what any run gave up, not only the last one.")
    ] = None,
) -> None:
    """Run the pipeline. The same command again goes on where it stopped, and pays for nothing twice.

    Examples: `gsdp run settings.toml`, `gsdp run settings.toml --set target_pairs=5000 --until review`
    """
    from flows.commands.settings_file import read_settings
    from flows.reporting.quote_table import print_quote
    from tasks.store.looking import reading

    read = read_settings(settings, set_ or ())
    if retry:
        from tasks.runs.retry import open_again

        print(f"retry       {open_again(read.workspace):,} items that earlier runs gave up are open again")
    found = run_until(read, until, accept_changes)
    with reading(read.workspace) as store:
        print_quote(store)
    check_target(found, read.target_pairs)


def seeds(
    settings: SettingsFile,
    set_: Overrides = None,
) -> None:
    """Show how the seed files are read: the first seeds, the rows left out and why, and how much may come of them.

    No call is made and nothing is written.

    Example: `gsdp seeds settings.toml`
    """
    from flows.commands.seeds import print_seeds
    from flows.commands.settings_file import read_settings

    print_seeds(read_settings(settings, set_ or ()))


def quote(
    settings: SettingsFile,
    set_: Overrides = None,
    seeds: Annotated[
        int, typer.Option(min=2, help="Seeds of the probe; for each of them five combinations are finished.")
    ] = 20,
) -> None:
    """Say in advance what a run will cost: calls, tokens, hours and money by stage, from a probe that is paid for.

    The probe takes some seeds through all stages. Its answers are kept, and the run reads none of its seeds again.

    Examples: `gsdp quote settings.toml`, `gsdp quote settings.toml --set target_pairs=100000 --seeds 60`
    """
    from flows.commands.settings_file import read_settings

    read = read_settings(settings, set_ or ())

    def load() -> Flow[list[str]]:
        from flows.quote import quote

        return partial(quote, read, seeds)

    print("", *with_prefect(read, load, accept_changes=True), sep="\n")


def preset(name: Annotated[str, typer.Argument(help="verified, gsdp or grip.")]) -> None:
    """Show what a preset sets, next to what its paper says, and why ours differs where it does.

    Example: `gsdp preset gsdp`
    """
    from flows.commands.presets import print_preset

    print_preset(name)
