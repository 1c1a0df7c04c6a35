"""What the ledger says of money: spent, lost, for what, and for each accepted pair."""

from __future__ import annotations

from typing import Any

from tasks.endpoint.budget import Unit, read_budget, show
from tasks.settings import RunSettings
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
AMOUNTS: dict[Unit, str] = {"USD": "cost", "tokens": "(input_tokens + output_tokens + coalesce(presumed_tokens, 0))"}
PAID = "stage IN ('compose', 'review', 'solve', 'grade')"
LARGE = 2_000_000
"""Calls beyond which nobody waits for the question which of them made no pair; the view `spending` answers it."""


def spent(store: Store, unit: Unit) -> tuple[float, float]:
    """(what the ledger's calls cost, what crashes may have lost beyond that) in a workspace."""
    amount = AMOUNTS[unit]
    called = store.rows(f"SELECT coalesce(sum({amount}), 0) FROM calls")[0][0]
    lost = store.rows("SELECT coalesce(sum(amount), 0) FROM lost WHERE unit = ?", [unit])[0][0]
    return float(called), float(lost)


def guess_of_combination(store: Store, settings: RunSettings, unit: Unit) -> float:
    """What a combination costs from composing to grading, by what earlier ones cost; 0 where nothing was called yet.

    Before the first one, the calls so far have read seeds. What follows writes and solves problems, which takes more
    tokens: twice as many here, so that it is rather too much than too little.
    """
    amount = AMOUNTS[unit]
    made, paid = store.rows(f"SELECT count(*) FILTER (WHERE stage = 'compose'), sum({amount}) FROM calls WHERE {PAID}")[
        0
    ]
    if made and paid:
        return float(paid) / int(made)
    mean = store.rows(f"SELECT coalesce(avg({amount}), 0) FROM calls WHERE {amount} > 0")[0][0]
    judges = len(settings.roles.judges)
    panels = (settings.review.first or judges) + (settings.grade.first or judges)
    return 2.0 * float(mean) * (2 + panels + settings.solve.samples)


def cost(store: Store) -> list[str]:
    """The money of a workspace in a few words, where anybody knows a price: in all, and for each accepted pair."""
    called, _ = spent(store, "USD")
    if not store.rows("SELECT 1 FROM calls WHERE cost IS NOT NULL LIMIT 1"):
        return []
    pairs = pair_count(store)
    return [f"{called:,.2f} USD in all" + (f", {called / pairs:.5f} USD a pair" if pairs else "")]


def budget(store: Store, settings: RunSettings) -> list[str]:
    """How the workspace stands to its budget, where there is one."""
    if settings.budget is None:
        return []
    limit = read_budget(settings.budget)
    called, lost = spent(store, limit.unit)
    told = f"{show(called, limit.unit)} of {limit} spent"
    return [told + (f", and {show(lost, limit.unit)} that crashes may have lost" if lost > 0 else "")]


def by_stage(store: Store) -> list[dict[str, Any]]:
    """Calls, tokens, seconds and USD by stage and model, in the order of the stages.

    `cost_of_rejected` is USD spent on what is no pair; None where there are too many calls to tell quickly.
    """
    large = store.rows("SELECT count(*) FROM calls")[0][0] > LARGE
    source = FAST if large else "spending"
    names = ("stage", "model", *COLUMNS, "cost", "cost_of_rejected")
    rows = store.rows(f"SELECT {', '.join(names)} FROM {source} ORDER BY {ORDER}, model")
    return [dict(zip(names, row, strict=True)) for row in rows]


ORDER = "list_position(['extract', 'connect', 'compose', 'review', 'solve', 'grade'], stage)"

FAST = """(
    SELECT stage, model, count(*) AS calls, (sum(attempts) - count(*))::BIGINT AS retries, count(fault) AS faults,
        sum(input_tokens)::BIGINT AS input_tokens, sum(cached_tokens)::BIGINT AS cached_tokens,
        sum(output_tokens)::BIGINT AS output_tokens, sum(reasoning_tokens)::BIGINT AS reasoning_tokens,
        sum(seconds) AS seconds, sum(cost) AS cost, NULL AS cost_of_rejected
    FROM calls GROUP BY stage, model)"""
