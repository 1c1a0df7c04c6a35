"""What a run looks like in a terminal: a panel while it works, one line for each stage; plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flows.reporting.snapshot import money, pace, progress
from graph.nouns import counted
from graph.plain import bare, plain

PLAIN_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""
BARS = ("extract", "compose", "review", "solve", "grade")
WIDTH = 10


class LivePanel:
    """For a terminal: a panel on how the run stands, and one line for each stage that has ended."""

    def __init__(self, console: Console, starting: str) -> None:
        self._console = console
        self._live = Live(Spinner("dots", Text(starting)), console=console, transient=True)

    def __enter__(self) -> LivePanel:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tick(self, snapshot: dict[str, Any]) -> None:
        self._live.update(panel(snapshot))

    def stage(self, name: str, text: str, seconds: float) -> None:
        self._console.print(
            f"[bold]{name:<{WIDTH}}[/bold]{escape(plain(text))}  [dim]{seconds:.1f} s[/dim]", soft_wrap=True
        )

    def note(self, name: str, text: str) -> None:
        self._console.print(f"[bold]{name:<{WIDTH}}[/bold]{escape(plain(text))}", soft_wrap=True)


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


def make_view(starting: str) -> LivePanel | Lines:
    """The view that suits where standard output goes; `starting` is shown until there is something to tell."""
    if sys.stdout.isatty():
        return LivePanel(Console(file=bare(sys.stdout)), starting)
    print(starting, file=sys.stderr, flush=True)
    return Lines()


def panel(snapshot: dict[str, Any]) -> Panel:
    """How a run stands: pairs and pace, the funnel, endpoints and what is waited for, money, the newest pair."""
    head = Table.grid(padding=(0, 2))
    head.add_row(
        ProgressBar(total=max(1, snapshot["target_pairs"]), completed=snapshot["pairs"], width=30),
        Text(f"{snapshot['pairs']:,} of {counted(snapshot['target_pairs'], 'pair')}{pace(snapshot)}"),
    )
    parts: list[RenderableType] = [head, _stages(snapshot), *(Text(line, style="dim") for line in _waits(snapshot))]
    parts += [Text(f"money     {line}") for line in money(snapshot)]
    if newest := snapshot.get("newest"):
        parts.append(Text(f"newest    {plain(newest)}", style="italic", no_wrap=True, overflow="ellipsis"))
    # Texts, not markup: an address may hold brackets, and so may what a model wrote.
    return Panel(Group(*parts), title=f"gsdp, {snapshot['seconds']:,.0f} s", title_align="left", border_style="dim")


def _stages(snapshot: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    for column in ("left", "right", "right", "right"):
        table.add_column(justify="left" if column == "left" else "right")
    table.add_row(*(Text(name, style="dim") for name in ("stage", "done", "rejected", "calls")))
    for name, stage in snapshot["stages"].items():
        table.add_row(name, *(f"{stage[what]:,}" for what in ("done", "rejected", "calls")))
    return table


def _waits(snapshot: dict[str, Any]) -> Iterator[str]:
    """Each endpoint, and what the run waits for there."""
    for name, endpoint in snapshot["endpoints"].items():
        batched = f", {endpoint['batched']:,} wait for a batch" if endpoint.get("batched") else ""
        answers = f"{endpoint['in_flight']} in flight, {endpoint['served']:,} served, {endpoint['retries']:,} retries"
        trouble_now = f"; gives no answer ({endpoint['trouble']}), trying again" if endpoint["trouble"] else ""
        yield f"{name:<10}{answers}{batched}{trouble_now}"


def describe(snapshot: dict[str, Any]) -> str:
    """The counts of the stages that are at work, and the money, in a few words."""
    stages = snapshot["stages"]
    calls = sum(stage["calls"] for stage in stages.values())
    flying = sum(endpoint["in_flight"] for endpoint in snapshot["endpoints"].values())
    done = ", ".join(f"{name} {stages[name]['done']:,}" for name in BARS if name in stages and stages[name]["done"])
    told = [done or "working", f"{counted(calls, 'call')}, {flying} in flight", *money(snapshot)]
    return "; ".join(told) + trouble(snapshot)


def trouble(snapshot: dict[str, Any]) -> str:
    """Endpoints that give no answer now, and why, or that a run waits for; it does as long as its patience lasts."""
    found = [
        f"; waiting for {name}'s limit until {e['limited_until']}"
        for name, e in snapshot["endpoints"].items()
        if e.get("limited_until")
    ] + [
        f"; endpoint {name} gives no answer ({e['trouble']}), trying again"
        for name, e in snapshot["endpoints"].items()
        if e["trouble"]
    ]
    return "".join(found)
