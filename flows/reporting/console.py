"""What a run looks like in a terminal: bars while it works, one line for each stage; plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from flows.reporting.snapshot import money, pace, progress

PLAIN_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""
BARS = ("extract", "compose", "review", "solve", "grade")
WIDTH = 10


class Bars:
    """For a terminal: a bar for the pairs and a line of counts, then one line for each stage that has ended."""

    def __init__(self, console: Console, starting: str) -> None:
        self._console = console
        self._progress = Progress(
            # An address may hold brackets, and so may the name of an endpoint.
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(starting, total=None)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self, snapshot: dict[str, Any]) -> None:
        done, wanted, _ = progress(snapshot)
        self._progress.update(self._task, description=describe(snapshot), completed=done, total=wanted)

    def stage(self, name: str, text: str, seconds: float) -> None:
        self._console.print(f"[bold]{name:<{WIDTH}}[/bold]{escape(text)}  [dim]{seconds:.1f} s[/dim]", soft_wrap=True)

    def note(self, name: str, text: str) -> None:
        self._console.print(f"[bold]{name:<{WIDTH}}[/bold]{escape(text)}", soft_wrap=True)


class Lines:
    """For a pipe or a file: one line for each stage, and one every half a minute in between."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._trouble = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tick(self, snapshot: dict[str, Any]) -> None:
        news = trouble(snapshot)
        fresh, self._trouble = news and not self._trouble, news
        if fresh or time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            done, wanted, what = progress(snapshot)
            told = f"{done:,} of {wanted:,} {what}{pace(snapshot)}; {describe(snapshot)}"
            print(f"{'running':<{WIDTH}}{told}", flush=True)

    def stage(self, name: str, text: str, seconds: float) -> None:
        self._last = time.monotonic()
        print(f"{name:<{WIDTH}}{text}  {seconds:.1f} s", flush=True)

    def note(self, name: str, text: str) -> None:
        self._last = time.monotonic()
        print(f"{name:<{WIDTH}}{text}", flush=True)


def make_view(starting: str) -> Bars | Lines:
    """The view that suits where standard output goes; `starting` is shown until there is something to tell."""
    if sys.stdout.isatty():
        return Bars(Console(), starting)
    print(starting, file=sys.stderr, flush=True)
    return Lines()


def describe(snapshot: dict[str, Any]) -> str:
    """The counts of the stages that are at work, and the money, in a few words."""
    stages = snapshot["stages"]
    calls = sum(stage["calls"] for stage in stages.values())
    flying = sum(endpoint["in_flight"] for endpoint in snapshot["endpoints"].values())
    done = ", ".join(f"{name} {stages[name]['done']:,}" for name in BARS if name in stages and stages[name]["done"])
    told = [done or "working", f"{calls:,} calls, {flying} in flight", *money(snapshot)]
    return "; ".join(told) + trouble(snapshot)


def trouble(snapshot: dict[str, Any]) -> str:
    """Endpoints that give no answer now, and why; the run waits for them as long as its patience lasts."""
    found = [
        f"; endpoint {name} gives no answer ({e['trouble']}), trying again"
        for name, e in snapshot["endpoints"].items()
        if e["trouble"]
    ]
    return "".join(found)
