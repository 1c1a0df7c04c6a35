"""Commands that measure answers, judges and models: check, evaluate, compare, audit."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.arguments import AcceptChanges, Overrides, Run, SettingsFile, Workspace
from flows.orchestration.started import Flow, with_prefect
from tasks.settings.policy import Percent, Units


def check(
    file: Annotated[
        Path, typer.Argument(help="JSONL file with `gold` and `prediction` on each line, and `question` where known.")
    ],
    workers: Annotated[int, typer.Option(min=1, help="Processes for symbolic comparison.")] = 1,
    settings: Annotated[
        Path | None,
        typer.Option(help="Settings file: its domain and `equivalence` apply; the options below override it."),
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
    from flows.commands.check import check_file, chosen_comparison

    check_file(file, workers, *chosen_comparison(settings, percent, units, tolerance))


def evaluate(
    settings: SettingsFile,
    set_: Overrides = None,
    quote: Annotated[
        int,
        typer.Option(min=0, help="Ask so many items of each benchmark, and say what the rest will take; 0: ask all."),
    ] = 0,
    lm_eval: Annotated[
        bool, typer.Option("--lm-eval", help="Ask nothing: write the tasks of lm-evaluation-harness, and the commands.")
    ] = False,
    accept_changes: AcceptChanges = False,
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

    from tasks.inputs.benchmarks import check_named

    check_named(read.benchmarks)

    def load() -> Flow[list[str]]:
        from flows.evaluate import evaluate

        return partial(evaluate, read, quote, accept_changes)

    print("", *with_prefect(read, load, accept_changes), sep="\n")


def compare(
    settings: SettingsFile,
    set_: Overrides = None,
    accept_changes: AcceptChanges = False,
) -> None:
    """Run arms that differ in one thing, and compare their results at equal volume and at equal cost.

    Each arm is a table of the settings, `[compare.NAME]`, with the keys it changes. The same command again goes on
    where it stopped, and pays for nothing twice.

    Example: `gsdp compare settings.toml --set 'compare.walk.sample.quotas={walk=1}'`
    """
    from flows.commands.settings_file import read_settings
    from tasks.runs.arms import arms

    read = read_settings(settings, set_ or ())
    arms(read)

    def load() -> Flow[list[str]]:
        from flows.compare import compare

        return partial(compare, read, accept_changes)

    print("", *with_prefect(read, load, accept_changes), sep="\n")


def novelty(workspace: Workspace) -> None:
    """Say how many combinations are in no seed, and how many pairs each seed gave. It makes no call.

    Example: `gsdp audit novelty runs/gsm8k`
    """
    from flows.commands.audit_graph import print_novelty

    print_novelty(workspace)


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


def verifier(
    run: Run,
    sample: Annotated[int, typer.Option(min=1, help="Problems whose answers are compared.")] = 500,
    rows: Annotated[Path | None, typer.Option(help="JSONL file to write the rows on which the two differ to.")] = None,
) -> None:
    """Compare the run's own answers by our verifier and by math-verify, and list where they differ. It makes no call.

    Example: `gsdp audit verifier runs/gsm8k --rows parted.jsonl`
    """
    from flows.commands.audit_verifier import print_verifier

    print_verifier(run, sample, rows)


def judges(
    run: Run,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Items with a `problem`, a `solution` or none, a `label` good or bad."),
    ],
) -> None:
    """Ask each judge about labelled items, say how often it is right, and propose weights.

    It costs a call for each item and judge; what was asked before is not paid for again. Items without a solution are
    reviewed, the others graded.

    Example: `gsdp audit judges settings.toml labelled.jsonl`
    """
    from flows.commands.audit_judges import print_judges

    print_judges(run, file)
