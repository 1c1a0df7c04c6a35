"""The `gsdp` command. Exit codes: 0 done, 1 failed, 2 bad usage or settings, 130 interrupted.

Heavy imports stand inside the commands, so that `--help` and `check` do not wait for Prefect.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from graph.errors import GsdpError, SettingsError, UsageError
from tasks.settings.policy import Percent, Units

if TYPE_CHECKING:
    from flows.reporting.report import View
    from tasks.settings.run import RunSettings

T = TypeVar("T")
Flow = Callable[[], Coroutine[Any, Any, T]]

app = typer.Typer(
    name="gsdp",
    help="A few thousand solved problems in, many new, checked problem-solution pairs out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Workspace = Annotated[Path, typer.Argument(help="Folder of a run: the `workspace` of its settings.")]

Run = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder of a run, or its settings file.")]

INTERRUPTED = 130

PREFECT_DEFAULTS = {
    # Our own lines are what a person reads in the terminal; Prefect's go to its server and its UI.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
}
"""Settings of Prefect that a run starts with unless the environment says otherwise."""


def _version(asked: bool) -> None:
    if asked:
        print(version("gsdp"))
        raise typer.Exit


@app.callback()
def gsdp(
    shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn solved problems into new, checked problem-solution pairs."""


@app.command()
def demo(
    workspace: Annotated[Path, typer.Option(help="Folder for the demo's store and dataset.")] = Path("gsdp-demo"),
    pairs: Annotated[int, typer.Option(min=1, help="Accepted pairs to make.")] = 200,
) -> None:
    """Run the whole pipeline on bundled seeds against the bundled sandbox: no key, no cost.

    Example: `gsdp demo`
    """
    from flows.commands.demo import demo_settings, show_result

    settings = demo_settings(workspace, pairs)
    _run(settings, "publish", accept_changes=True)
    show_result(settings)


@app.command()
def run(
    settings: Annotated[Path, typer.Argument(help="TOML file with the settings.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override, as key=value; may be repeated.")] = None,
    until: Annotated[str, typer.Option(help="Last stage to run.")] = "publish",
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on although settings that shape the answers have changed.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the classes of names anew, from the verdicts that are there.")
    ] = False,
) -> None:
    """Run the pipeline. The same command again goes on where it stopped, and pays for nothing twice.

    Examples: `gsdp run settings.toml`, `gsdp run settings.toml --set target_pairs=5000 --until review`
    """
    from flows.commands.settings_file import read_settings
    from flows.commands.workspace import reading
    from flows.reporting.quote_table import print_quote

    read = read_settings(settings, set_ or ())
    _run(read, until, accept_changes, rebuild)
    with reading(read.workspace) as store:
        print_quote(store)


@app.command()
def quote(
    settings: Annotated[Path, typer.Argument(help="TOML file with the settings.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override, as key=value; may be repeated.")] = None,
    seeds: Annotated[
        int, typer.Option(min=2, help="Seeds of the probe; for each of them five combinations are finished.")
    ] = 20,
) -> None:
    """Say what a run will cost, before it: calls, tokens, hours and money by stage, from a probe that is paid for.

    The probe takes some seeds through all stages. Its answers are kept, and the run reads none of its seeds again.

    Examples: `gsdp quote settings.toml`, `gsdp quote settings.toml --set target_pairs=100000 --seeds 60`
    """
    from flows.commands.settings_file import read_settings

    read = read_settings(settings, set_ or ())

    def load() -> Flow[list[str]]:
        from flows.quote import quote

        return partial(quote, read, seeds)

    print("", *_with_prefect(read, load, accept_changes=True), sep="\n")


@app.command()
def evaluate(
    settings: Annotated[Path, typer.Argument(help="TOML file with the settings.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override, as key=value; may be repeated.")] = None,
    quote: Annotated[
        int,
        typer.Option(min=0, help="Ask so many items of each benchmark, and say what the rest will take; 0: ask all."),
    ] = 0,
    lm_eval: Annotated[
        bool, typer.Option("--lm-eval", help="Ask nothing: write the tasks of lm-evaluation-harness, and the commands.")
    ] = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on although settings that shape the answers have changed.")
    ] = False,
) -> None:
    """Let models answer the items of `[[benchmarks]]`: scores with errors, differences with intervals.

    The same command again goes on where it stopped, and pays for nothing twice.

    Examples: `gsdp evaluate settings.toml`, `gsdp evaluate settings.toml --set evaluate.samples=8 --quote 20`,
    `gsdp evaluate settings.toml --lm-eval`
    """
    from flows.commands.settings_file import read_settings

    read = read_settings(settings, set_ or ())
    if lm_eval:
        from flows.commands.lm_eval import print_commands

        print_commands(read)
        return

    def load() -> Flow[list[str]]:
        from flows.evaluate import evaluate

        return partial(evaluate, read, quote, accept_changes)

    print("", *_with_prefect(read, load, accept_changes), sep="\n")


@app.command()
def preset(name: Annotated[str, typer.Argument(help="verified, gsdp or grip.")]) -> None:
    """Show what a preset sets, beside what its paper says, and why ours differs where it does.

    Example: `gsdp preset gsdp`
    """
    from flows.commands.presets import print_preset

    print_preset(name)


@app.command()
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
    """Ask model servers what they can do, with some 20 short calls each and a short ramp; runs then begin with it.

    Examples: `gsdp doctor settings.toml`, `gsdp doctor http://127.0.0.1:8000/v1 --model tiny --key env:MY_KEY`,
    `gsdp doctor block:big`
    """
    from flows.commands.doctor import examine_saved, examine_settings, examine_url

    if target.startswith("block:"):
        healthy = examine_saved(target, model)
    else:
        healthy = examine_url(target, model, key) if "://" in target else examine_settings(Path(target))
    raise typer.Exit(0 if healthy else 1)


@app.command()
def status(workspace: Workspace) -> None:
    """Say how a run stands: from its snapshot while it works, from the store otherwise.

    Example: `gsdp status runs/gsm8k`
    """
    from flows.commands.workspace import print_status

    print_status(workspace)


@app.command()
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


@app.command()
def publish(
    workspace: Workspace,
    out: Annotated[Path | None, typer.Option(help="Folder for the dataset; the workspace's own if left out.")] = None,
) -> None:
    """Write the accepted pairs as a dataset folder with its card.

    Example: `gsdp publish runs/gsm8k --out my-dataset`
    """
    from flows.commands.workspace import publish_to

    publish_to(workspace, out or workspace / "dataset")


@app.command()
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


@app.command()
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


@app.command()
def backup(
    workspace: Workspace,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; an older one of that name is replaced.")],
) -> None:
    """Copy the store into one file, also while a run is at work: it goes on, and all it had committed is in the copy.

    Example: `gsdp backup runs/gsm8k gsm8k.duckdb` (to go back to it, let it replace gsdp.duckdb in the workspace)
    """
    from flows.commands.upkeep import print_backup

    print_backup(workspace, file)


@app.command("verify-store")
def verify_store(
    workspace: Workspace,
    salvage: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Save what is whole into a new workspace.")
    ] = None,
) -> None:
    """Read all of a store: its blocks, its log, every row, what rows say of each other, answers beside the ledger.

    Exit code 1 when something is wrong. A store is two files after a crash, gsdp.duckdb and gsdp.duckdb.wal: keep, copy
    and restore them together.

    Examples: `gsdp verify-store runs/gsm8k`, `gsdp verify-store runs/gsm8k --salvage runs/saved`
    """
    from flows.commands.upkeep import print_integrity

    print_integrity(workspace, salvage)


@app.command()
def compact(
    workspace: Workspace,
    raw: Annotated[
        str,
        typer.Option(help="Raw answers of the ledger to keep: all, refused (those that could not be used) or none."),
    ] = "all",
) -> None:
    """Write the store anew, so that it takes no more space than it needs. Not while a run is at work.

    Runs never need raw answers again, and every row of the ledger stays; but without them nobody can read again what a
    model said in full, or try a better parser on it.

    Examples: `gsdp compact runs/gsm8k`, `gsdp compact runs/gsm8k --raw refused`
    """
    from flows.commands.upkeep import print_compact

    print_compact(workspace, raw)


@app.command()
def explain(
    workspace: Workspace, pair: Annotated[str, typer.Argument(metavar="ID", help="Id of a pair or problem.")]
) -> None:
    """Show how a pair came about: seeds, points, combination, problem, reviews, solutions, votes.

    Example: `gsdp explain runs/gsm8k 3f2a…` (the first characters of an id are enough)
    """
    from flows.commands.workspace import explain_problem

    explain_problem(workspace, pair)


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="JSONL file with `gold` and `prediction` on each line, and `question` where known.")
    ],
    workers: Annotated[int, typer.Option(min=1, help="Processes for symbolic comparison.")] = 1,
    settings: Annotated[
        Path | None, typer.Option(help="Settings file whose section `equivalence` holds; the options below come first.")
    ] = None,
    percent: Annotated[Percent | None, typer.Option(help="hundredth: 25% is 0.25. ignored: 25% is 25.")] = None,
    units: Annotated[Units | None, typer.Option(help="optional: 5 cm is 5. required: 5 cm is not 5.")] = None,
    tolerance: Annotated[
        float | None, typer.Option(min=0, max=0.999, help="Relative difference at which numbers are still the same.")
    ] = None,
) -> None:
    """Compare answers: each row goes to standard output with a `verdict` (same, different, unknown) and its `tier`.

    Where a row has a `question`, it tells whether a percentage is meant and what is counted.

    Examples: `gsdp check answers.jsonl > verdicts.jsonl`, `gsdp check answers.jsonl --percent ignored --tolerance 0.01`
    """
    from flows.commands.check import check_file, chosen_policy

    check_file(file, workers, chosen_policy(settings, percent, units, tolerance))


audit = typer.Typer(help="Measure what came out.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def novelty(workspace: Workspace) -> None:
    """Say how many combinations stand in no seed, and how many pairs came of each seed. It costs no call.

    Example: `gsdp audit novelty runs/gsm8k`
    """
    from flows.commands.audit_graph import print_novelty

    print_novelty(workspace)


@audit.command()
def adherence(
    run: Run,
    sample: Annotated[int, typer.Option(min=1, help="Pairs to read again; each costs a call.")] = 200,
) -> None:
    """Read a sample of the pairs again and say how many contain all, any or none of the points asked for.

    It costs a call to the extractor for each pair, and questions to embedder and curator about names that look alike.
    What was read before is not paid for again.

    Example: `gsdp audit adherence runs/gsm8k --sample 500`
    """
    from flows.commands.audit_graph import print_adherence

    print_adherence(run, sample)


@audit.command()
def gates(
    run: Run,
    sample: Annotated[
        int, typer.Option(min=1, help="Items to judge again of each gate, and on each side of it.")
    ] = 200,
) -> None:
    """Judge again a sample of what each gate rejected and accepted, and say what a bad pair that it caught has cost.

    It costs a call to the verifier (`roles.verifier`, else the judge of most weight) for each item; what was judged
    before is not paid for again. In a rehearsal the sandbox's truth judges.

    Example: `gsdp audit gates runs/gsm8k --sample 500`
    """
    from flows.commands.audit_gates import print_gates

    print_gates(run, sample)


@audit.command()
def judges(
    run: Run,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Items with a `problem`, a `solution` or none, a `label` good or bad."),
    ],
) -> None:
    """Ask each judge about labelled items, say how right it is, and propose weights.

    It costs a call for each item and judge; what was asked before is not paid for again. Items without a solution are
    reviewed, the others graded.

    Example: `gsdp audit judges settings.toml labelled.jsonl`
    """
    from flows.commands.audit_judges import print_judges

    print_judges(run, file)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Start the sandbox server alone, to rehearse against; its switches follow (see `gsdp sandbox -- --help`).

    Example: `gsdp sandbox --port 8000 --latency 1 --wrong-solutions 0.3`
    """
    os.execv(sys.executable, [sys.executable, "-m", "deployments.sandbox", *context.args])


@app.command()
def serve() -> None:
    """Serve all flows as Prefect deployments, to start and schedule from its UI.

    Example: `prefect server start` in one terminal, `gsdp serve` in another
    """
    os.execv(sys.executable, [sys.executable, "-m", "deployments.serve"])


def _run(settings: RunSettings, until: str, accept_changes: bool, rebuild: bool = False) -> None:
    from tasks.settings.run import STAGES

    last = next((stage for stage in STAGES if stage == until), None)
    if last is None:
        raise UsageError(f"--until {until!r} is no stage; the stages are {', '.join(STAGES)}.")

    def load() -> Flow[Any]:
        from flows.synthesize import synthesize

        return partial(synthesize, settings, until=last, accept_changes=accept_changes, rebuild=rebuild)

    _with_prefect(settings, load, accept_changes)


def _with_prefect(settings: RunSettings, load: Callable[[], Flow[T]], accept_changes: bool) -> T:
    """What a flow returns, shown at its work. `load` imports it, once Prefect is set up."""
    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    # Whoever asks politely for an end gets what Ctrl-C gets; Prefect hands the signal on once its flows have ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from prefect.settings import get_current_settings

    from flows.reporting.console import make_view

    if get_current_settings().api.url:
        with make_view("starting") as shown:
            return _flow(settings, load, accept_changes, shown, lambda: None)
    if settings.asks_prefect:
        raise SettingsError(
            "The settings name blocks that are saved in Prefect, and no Prefect server is named: start it with "
            "`prefect server start`, set PREFECT_API_URL to its address, and run the same command again."
        )
    from flows.orchestration.local_server import own_server

    with make_view("starting, with a Prefect server of its own") as shown, own_server() as wait:
        return _flow(settings, load, accept_changes, shown, wait)


def _flow(
    settings: RunSettings,
    load: Callable[[], Flow[T]],
    accept_changes: bool,
    shown: View,
    wait: Callable[[], None],
) -> T:
    """Check what can be checked, wait for Prefect's server, and run."""
    import asyncio

    import httpx
    from prefect.exceptions import ObjectNotFound, TerminationSignal

    from flows.reporting.report import view
    from tasks.runs.plan import check

    flow = load()
    if settings.has_blocks:
        wait()
    check(settings, accept_changes)
    wait()
    view.set(shown)
    try:
        return asyncio.run(flow())
    except TerminationSignal:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if "reach API" not in str(error):
            raise
        raise GsdpError(
            f"Prefect's server does not answer ({error}): start it with `prefect server start`, or unset "
            "PREFECT_API_URL and the run starts one of its own."
        ) from error
    except (httpx.HTTPError, ObjectNotFound) as error:
        said = " ".join([type(error).__name__, *str(error).splitlines()[:1]])
        why = "no longer knows this run" if isinstance(error, ObjectNotFound) else f"failed ({said})"
        raise GsdpError(
            f"Prefect's server {why}. What was paid for is safe in {settings.workspace}: once the server is well, run "
            "the same command again, and it goes on."
        ) from error


def main() -> None:
    """Run the command and turn errors into one sentence and an exit code."""
    try:
        code = app(standalone_mode=False)
    except GsdpError as error:
        print(f"gsdp: {error}", file=sys.stderr)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        # A wrong command line: an exception of click, or of the copy of click that newer typers carry.
        if not hasattr(error, "show"):
            raise
        error.show()
        code = UsageError.exit_code
    if code == INTERRUPTED:
        print("gsdp: interrupted; run the same command again to go on.", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        # A second Ctrl-C cuts the orderly end short, and Prefect's exit handlers then wait a minute for its server.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
