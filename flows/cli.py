"""The `gsdp` command. Exit codes: 0 done, 1 failed, 2 bad usage or settings, 3 ended below the target, 130 interrupted.

A command is a function in `flows/commands` and a line below. Heavy imports stand inside the functions, so that `--help`
and `check` do not wait for Prefect.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from importlib.metadata import version
from typing import Annotated, TextIO, cast

import typer

from flows.commands import keeping, looking, measuring, running, serving
from graph.errors import GsdpError, UsageError
from graph.plain import PlainOutput

app = typer.Typer(
    name="gsdp",
    help="A few thousand solved problems in, many new, checked problem-solution pairs out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

audit = typer.Typer(help="Measure what came out.", no_args_is_help=True)
app.add_typer(audit, name="audit")

domain = typer.Typer(help="The subjects that problems are of.", no_args_is_help=True)
app.add_typer(domain, name="domain")

INTERRUPTED = 130


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


app.command()(running.demo)
app.command()(running.run)
app.command()(running.seeds)
app.command()(running.quote)
app.command()(measuring.evaluate)
app.command()(measuring.compare)
app.command()(running.preset)
domain.command("new")(keeping.new_domain)
app.command()(serving.doctor)
app.command()(looking.status)
app.command()(looking.pairs)
app.command()(looking.graph)
app.command()(looking.publish)
app.command()(looking.push)
app.command()(looking.report)
app.command()(keeping.merge)
app.command()(keeping.backup)
app.command("verify-store")(keeping.verify_store)
app.command()(keeping.compact)
app.command()(looking.explain)
app.command()(measuring.check)
audit.command()(measuring.novelty)
audit.command()(measuring.adherence)
audit.command()(measuring.gates)
audit.command()(measuring.judges)
audit.command()(measuring.verifier)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(serving.sandbox)
app.command()(serving.serve)


def main() -> None:
    """Run the command and turn errors into one sentence and an exit code."""
    # What commands show was written by models and strangers.
    sys.stdout, sys.stderr = cast("TextIO", PlainOutput(sys.stdout)), cast("TextIO", PlainOutput(sys.stderr))
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


def program() -> None:
    """`main`, as a program that does no more after it has failed than to say why.

    Something may then still hold a connection to the store, and DuckDB's bindings would tell of what they leak in lines
    that bury the one sentence that matters: so exit handlers run as ever, and the interpreter is not taken apart.
    """
    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int) or not end.code:
            raise
        threading._shutdown()  # type: ignore[attr-defined]  # as Python ends: idle workers are told to, then waited for
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)


if __name__ == "__main__":
    program()
