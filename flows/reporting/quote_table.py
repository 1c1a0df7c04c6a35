"""How a quote reads: the table of what is to come, and later what was quoted next to what was paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite

from graph.ledger import Measure, Quote, Quoted
from graph.nouns import counted
from tasks.reports.money import ALL, STAGES, QuotedAndPaid, latest_quote, paid_since
from tasks.store.database import Store
from tasks.store.latest import has_run

HEADS: dict[Measure, str] = {
    "calls": "calls",
    "input_tokens": "tokens in",
    "output_tokens": "tokens out",
    "hours": "time",
    "usd": "USD",
}
STAGE = "stage"
WIDTH = 25


def table(quote: Quote, figures: Sequence[Quoted]) -> Iterator[str]:
    """What is still to come, by stage."""
    rest = "" if quote.wanted == quote.target_pairs else f" still wanted of {quote.target_pairs:,}"
    yield f"quote for {counted(quote.wanted, 'pair')}{rest}"
    yield ""
    rows = by_stage(figures)
    yield "".join(f"{head:{'<10' if head == STAGE else f'>{WIDTH}'}}" for head in rows[0])
    for row in rows:
        yield "".join(f"{cell:{'<10' if head == STAGE else f'>{WIDTH}'}}" for head, cell in row.items())
    drawn = next(row for row in figures if (row.stage, row.measure) == ("compose", "combinations"))
    yield f"combinations to draw: {_range(drawn)}"
    yield ""
    yield (
        f"It rests on {counted(quote.seeds, 'seed')}, and on {counted(quote.combinations, 'combination')} that made "
        f"{counted(quote.pairs, 'pair')}. In brackets: where the run ends up 19 times of 20."
    )


def by_stage(figures: Sequence[Quoted]) -> list[dict[str, str]]:
    """A row for each stage and one for all: what is expected of each measure, with its interval."""
    found = {(row.stage, row.measure): row for row in figures}
    heads = {measure: head for measure, head in HEADS.items() if (ALL, measure) in found}
    return [
        {STAGE: "in all" if stage == ALL else stage}
        | {head: _range(found.get((stage, measure))) for measure, head in heads.items()}
        for stage in (*STAGES, ALL)
    ]


def _range(row: Quoted | None) -> str:
    """What is expected, with its interval."""
    if row is None:
        return "?"
    read = READ.get(row.measure, short)
    return f"{read(row.expected)} [{read(row.low)}, {read(row.high)}]"


def short(number: float) -> str:
    """A count in three digits or four: 2,791, 12.3k, 4.57M."""
    for least, size, letter in ((999.5e6, 1e9, "G"), (999.5e3, 1e6, "M"), (9999.5, 1e3, "k")):
        if isfinite(number) and number >= least:
            scaled = number / size
            return f"{scaled:,.{2 - (scaled >= 9.995) - (scaled >= 99.95)}f}{letter}"
    return f"{number:,.0f}" if isfinite(number) else NO_END


def _money(usd: float) -> str:
    return short(usd) if usd >= 1000 else f"{usd:.2f}" if usd >= 0.1 or not usd else f"{usd:.4f}"


def _time(hours: float) -> str:
    if hours < 2 / 60:
        return f"{3600 * hours:.0f} s"
    if hours < 2:
        return f"{60 * hours:.0f} min"
    return f"{hours:,.1f} h" if isfinite(hours) else NO_END


READ: dict[Measure, Callable[[float], str]] = {"hours": _time, "usd": _money}
NO_END = "no end"


def print_quote(store: Store) -> bool:
    """Print the latest quote, with what was paid since where a run has begun; whether there is a quote."""
    found = latest_quote(store)
    if found is None:
        return False
    quote, figures = found
    if has_run(store):
        print("", *_quoted_and_paid(paid_since(store, quote, figures), quote), sep="\n")
    else:
        print("", *table(quote, figures), sep="\n")
    return True


def _quoted_and_paid(rows: Sequence[QuotedAndPaid], quote: Quote) -> Iterator[str]:
    heads = {measure: head for measure, head in PAID_HEADS.items() if any(row.measure == measure for row in rows)}
    yield f"paid, of what was quoted on {quote.quoted_at:%Y-%m-%d %H:%M} UTC for {counted(quote.wanted, 'pair')}"
    yield f"{'stage':<10}" + "".join(f"{head:>{PAID_WIDTH}}" for head in heads.values())
    cells = {
        (row.stage, row.measure): f"{READ.get(row.measure, short)(row.paid)} of {_range(row.quoted)}" for row in rows
    }
    for stage in (*STAGES, ALL):
        line = "".join(f"{cells.get((stage, measure), '?'):>{PAID_WIDTH}}" for measure in heads)
        yield f"{'in all' if stage == ALL else stage:<10}{line}"


PAID_HEADS: dict[Measure, str] = {"calls": "calls", "tokens": "tokens", "usd": "USD"}
PAID_WIDTH = 34
"""Width of a column."""
