"""What the ledger says of money: spent, lost, for what, for each accepted pair, and compared with the quote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from graph.ledger import Measure, Quote, Quoted
from tasks.settings.amounts import BudgetUnit, read_budget, show
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.latest import pair_count

COLUMNS = (
    "calls",
    "retries",
    "faults",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "seconds",
)
AMOUNTS: dict[BudgetUnit, str] = {
    "USD": "cost",
    "tokens": "(input_tokens + output_tokens + coalesce(presumed_tokens, 0))",
}
PRODUCTION = ("compose", "review", "solve", "grade")
STAGES = ("extract", "connect", *PRODUCTION)
"""The stages that ask, in order."""
ALL = "all"
"""Stands for all of them together in a quote."""
PROBE = "quote"
"""Folder of a workspace in which the probe of its quotes works."""
INTERRUPTED_CALLS = "SELECT count(*), sum(presumed_tokens)::BIGINT FROM calls WHERE fault = 'interrupted'"
LARGE = 2_000_000
"""Calls beyond which nobody waits for the question which of them made no pair; the view `spending` answers it."""


def spent(store: Store, unit: BudgetUnit) -> tuple[float, float]:
    """(what the ledger's calls cost, what crashes may have lost beyond that) in a workspace."""
    amount = AMOUNTS[unit]
    called = store.value(f"SELECT coalesce(sum({amount}), 0) FROM calls")
    lost = store.value("SELECT coalesce(sum(amount), 0) FROM lost WHERE unit = ?", [unit])
    return float(called), float(lost)


def guess_of_combination(store: Store, settings: RunSettings, unit: BudgetUnit) -> float:
    """What a combination costs from composing to grading, by what earlier ones cost; 0 where nothing was called yet.

    Before the first one, the calls so far have read seeds. What follows writes and solves problems, which takes more
    tokens: twice as many here, so that it is rather too much than too little.
    """
    amount = AMOUNTS[unit]
    made, paid = store.rows(
        f"SELECT count(*) FILTER (WHERE stage = 'compose'), sum({amount}) FROM calls WHERE stage IN {PRODUCTION}"
    )[0]
    if made and paid:
        return float(paid) / int(made)
    mean = store.value(f"SELECT coalesce(avg({amount}), 0) FROM calls WHERE {amount} > 0")
    judges = len(settings.roles.judges)
    panels = (settings.review.first or judges) + (settings.grade.first or judges)
    return 2.0 * float(mean) * (2 + panels + settings.solve.samples)


def cost(store: Store) -> list[str]:
    """The money of a workspace in a few words, where anybody knows a price: in all, and for each accepted pair."""
    paid = known_cost(store)
    return [] if paid is None else [in_words(paid, pair_count(store))]


def known_cost(store: Store) -> float | None:
    """USD that a workspace's calls cost; None where nobody knows a price."""
    found: float | None = store.value("SELECT sum(cost) FROM calls")
    return found


def in_words(paid: float, pairs: int) -> str:
    """USD in all, and for each accepted pair."""
    return f"{paid:,.2f} USD in all" + (f", {paid / pairs:.5f} USD a pair" if pairs else "")


def budget(store: Store, settings: RunSettings) -> list[str]:
    """How the workspace stands to its budget, where there is one."""
    if settings.budget is None:
        return []
    limit = read_budget(settings.budget)
    called, lost = spent(store, limit.unit)
    told = f"{show(called, limit.unit)} of {limit} spent"
    return [told + (f", and {show(lost, limit.unit)} that crashes may have lost" if lost > 0 else "")]


def unanswered(store: Store, at_work: UUID | None = None) -> list[str]:
    """What became of calls that nobody waited for, because runs were told to end or killed; `at_work` is neither."""
    told = []
    calls, tokens = store.rows(INTERRUPTED_CALLS)[0]
    if calls:
        told.append(f"{calls:,} calls were on their way when runs were told to end: in the ledger as {tokens:,} tokens")
    lost = store.value("SELECT sum(calls)::BIGINT FROM in_flight WHERE run_id IS DISTINCT FROM ?", [at_work])
    if lost:
        told.append(f"about {lost:,} calls were on their way when runs were killed: presumed lost, and may be billed")
    return told


def by_stage(store: Store, quickly: bool = False) -> list[dict[str, Any]]:
    """Calls, tokens, seconds and USD by stage and model, in the order of the stages.

    `cost_of_rejected` is USD spent on what is no pair; None `quickly`, or where there are too many calls to tell.
    """
    large = quickly or store.value("SELECT count(*) FROM calls") > LARGE
    source = FAST if large else "spending"
    names = ("stage", "model", *COLUMNS, "cost", "cost_of_rejected")
    rows = store.rows(f"SELECT {', '.join(names)} FROM {source} ORDER BY {ORDER}, model")
    return [dict(zip(names, row, strict=True)) for row in rows]


class QuotedAndPaid(NamedTuple):
    """What a stage was quoted and what has been paid since."""

    stage: str
    measure: Measure
    paid: float
    quoted: Quoted


def latest_quote(store: Store) -> tuple[Quote, list[Quoted]] | None:
    """The latest quote and its figures; None where nobody has asked for one."""
    quotes = store.select(Quote, "true ORDER BY number DESC, id LIMIT 1")
    return (quotes[0], store.select(Quoted, "quote_id = ?", [quotes[0].id])) if quotes else None


def paid_since(store: Store, quote: Quote, figures: Sequence[Quoted]) -> list[QuotedAndPaid]:
    """What a workspace has paid since a quote, next to its figures; what the probe has paid was before it."""
    rows = {stage: sums for stage, *sums in store.rows(PAID_SINCE, [list(STAGES), quote.run, quote.quoted_at])}
    rows[ALL] = [sum(each) for each in zip(*rows.values(), strict=True)]
    wanted = {(row.stage, row.measure): row for row in figures}
    return [
        QuotedAndPaid(stage, measure, paid, wanted[stage, measure])
        for stage in (*STAGES, ALL)
        for measure, paid in zip(COMPARED, rows.get(stage) or (0, 0, 0.0), strict=True)
        if (stage, measure) in wanted
    ]


COMPARED: tuple[Measure, ...] = ("calls", "tokens", "usd")
PAID_SINCE = """
    SELECT stage, count(*), sum(input_tokens + output_tokens)::BIGINT, coalesce(sum(cost), 0) FROM calls
    LEFT JOIN (SELECT id AS run_id, number FROM runs) USING (run_id)
    WHERE list_contains($1::VARCHAR[], stage) AND if(number IS NULL, ended_at >= $3, number > $2) GROUP BY stage"""
"""Calls of other stores, which shards bring home, are of runs that are not here: for them the clock must do."""


ORDER = f"list_position({list(STAGES)}, stage)"

FAST = """(
    SELECT stage, model, count(*) AS calls, (sum(attempts) - count(*))::BIGINT AS retries, count(fault) AS faults,
        sum(input_tokens)::BIGINT AS input_tokens, sum(cached_tokens)::BIGINT AS cached_tokens,
        sum(output_tokens)::BIGINT AS output_tokens, sum(reasoning_tokens)::BIGINT AS reasoning_tokens,
        sum(seconds) AS seconds, sum(cost) AS cost, NULL AS cost_of_rejected
    FROM calls GROUP BY stage, model)"""
