"""Commands that look into a workspace, or write it out: status, pairs, graph, explain, publish, push, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.arguments import Workspace


def status(
    workspace: Workspace,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing a run until it ends.")] = False,
) -> None:
    """Say how a run stands: from its snapshot while it works, from the store otherwise.

    Example: `gsdp status runs/gsm8k --watch`
    """
    from flows.commands.workspace import print_status, watch_status

    (watch_status if watch else print_status)(workspace)


def pairs(
    workspace: Workspace,
    last: Annotated[int, typer.Option(min=1, help="How many to show.")] = 5,
    rejected: Annotated[bool, typer.Option("--rejected", help="What gates kept out, with gate and reason.")] = False,
    where: Annotated[
        str | None, typer.Option(help="Condition in SQL, such as \"difficulty = 'hard'\" or \"gate = 'grade'\".")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with new ones until the run ends.")] = False,
) -> None:
    """Show the last pairs, or what was rejected, at any time, also while a run is at work.

    Examples: `gsdp pairs runs/gsm8k --watch`, `gsdp pairs runs/gsm8k --rejected --where "reason = 'no agreement'"`
    """
    from flows.commands.pairs import print_pairs

    print_pairs(workspace, last, rejected, where, watch)


def graph(
    workspace: Workspace,
    export: Annotated[Path | None, typer.Option(help="File to write: .graphml, .gexf, .json or .parquet.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="What came of every community and point: combinations, pairs, pass rate.")
    ] = False,
    merges: Annotated[
        Path | None, typer.Option(help="CSV to write: the pairs of names that may be one, to be reviewed.")
    ] = None,
) -> None:
    """Print the statistics of the knowledge graph or its coverage, export them, or write the merges of its names.

    Examples: `gsdp graph runs/gsm8k`, `gsdp graph runs/gsm8k --export graph.graphml`,
    `gsdp graph runs/gsm8k --coverage`, `gsdp graph runs/gsm8k --coverage --export coverage.parquet`,
    `gsdp graph runs/gsm8k --merges merges.csv` (fill in its last column, then name it as `connect.alias_file`)
    """
    if merges is not None:
        from flows.commands.name_pairs import write_merges

        write_merges(workspace, merges)
        return
    from flows.commands.graphs import export_coverage, export_graph, print_coverage, print_graph

    if export is None:
        (print_coverage if coverage else print_graph)(workspace)
    else:
        (export_coverage if coverage else export_graph)(workspace, export)


def explain(
    workspace: Workspace, pair: Annotated[str, typer.Argument(metavar="ID", help="Id of a pair or problem.")]
) -> None:
    """Show how a pair came about: seeds, points, combination, problem, reviews, solutions, votes.

    Example: `gsdp explain runs/gsm8k 3f2a…` (the first characters of an id are enough)
    """
    from flows.commands.workspace import explain_problem

    explain_problem(workspace, pair)


def publish(
    workspace: Workspace,
    out: Annotated[Path | None, typer.Option(help="Folder for the dataset; the workspace's own if left out.")] = None,
) -> None:
    """Write the accepted pairs as a dataset folder with its card, by the settings of the last run.

    What has changed in the settings file since, `gsdp run settings.toml` publishes: it asks nothing again that is paid.

    Example: `gsdp publish runs/gsm8k --out my-dataset`
    """
    from flows.commands.workspace import publish_to

    publish_to(workspace, out or workspace / "dataset")


def push(
    workspace: Workspace,
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Dataset on the hub; made if it is new.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Send it; without this, only what would be sent is shown.")
    ] = False,
    public: Annotated[bool, typer.Option("--public", help="Make a new dataset public; else it is private.")] = False,
) -> None:
    """Send the dataset of a workspace to a dataset hub, in one commit. Needs the extra `hub`, and a token in HF_TOKEN.

    Example: `gsdp push runs/gsm8k me/my-dataset`, and then with `--yes`
    """
    from flows.commands.push import push_dataset

    push_dataset(workspace, repository, yes, public)


def report(
    workspace: Workspace,
    other: Annotated[Path | None, typer.Argument(help="Another run, to compare with.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; report.html of the workspace if left out.")] = None,
) -> None:
    """Write a run, or two side by side, as one HTML file that opens offline in any browser.

    Example: `gsdp report runs/gsm8k` or `gsdp report runs/weighted runs/uniform --out compared.html`
    """
    from flows.commands.report_page import print_report

    print_report(workspace, other, out)
