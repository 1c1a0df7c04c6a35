"""`gsdp audit gates`: what each gate rejected and let through wrongly, what it cost, and whether it earns that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flows.commands.auditing import REHEARSAL, audited, settings_of, share, told
from graph.errors import UsageError
from tasks.audits.gates import Audited, audit_gates, pair_cost, worth
from tasks.context.run_context import RunContext


def print_gates(run: Path, size: int) -> None:
    """Both tables. Raises UsageError where no problem was reviewed yet."""
    settings = settings_of(run)
    (found, pair, verifier), rehearsed = audited(settings, lambda work: _audit(work, size))
    if not found[0].rejected.items + found[0].accepted.items:
        raise UsageError(f"{settings.workspace} has no reviewed problem yet: run `gsdp run` first.")
    for line in (*gate_lines(found, pair), "", *_explained(found, verifier)):
        print(line)
    if rehearsed:
        print(REHEARSAL)


async def _audit(work: RunContext, size: int) -> tuple[list[Audited], float | None, str]:
    verifier = work.roles["verifier"]
    panel = any(judge.identity == verifier.identity for judge in work.roles.judges)
    warning = ", which is in the panel and agrees with itself: name another one as `roles.verifier`" if panel else ""
    return await audit_gates(work, size), pair_cost(work), verifier.model + warning


def gate_lines(found: Sequence[Audited], pair: float | None) -> Iterable[str]:
    """How the gates err, what they did, and what that cost. `pair` is what a pair costs."""
    errors = f"{'false rejects':>24}{'false accepts':>24}"
    yield f"{'gate':<10}{'in':>9}{'rejected':>10}{'read':>12}{errors}   earns its cost?"
    for row in found:
        rejected, accepted = row.rejected, row.accepted
        read = f"{rejected.read:,} + {accepted.read:,}" if row.judged else "-"
        errs = f"{told(row.false_rejects):>24}{told(row.false_accepts):>24}"
        yield (
            f"{row.gate:<10}{rejected.items + accepted.items:>9,}{rejected.items:>10,}{read:>12}{errs}"
            f"   {worth(row, pair)}"
        )
    yield ""
    yield f"{'gate':<10}{'bad caught':>12}{'good lost':>12}{'good of rejected':>24}{'bad of accepted':>24}"
    for row in found:
        rejected, accepted = row.rejected, row.accepted
        about = (f"{number:,.0f}" if row.judged else "-" for number in (row.caught, row.lost))
        shares = share(rejected.good, rejected.read), share(accepted.bad, accepted.read)
        yield f"{row.gate:<10}" + "".join(f"{n:>12}" for n in about) + "".join(f"{text:>24}" for text in shares)
    yield ""
    yield from _cost_lines(found, pair)


def _cost_lines(found: Sequence[Audited], pair: float | None) -> Iterable[str]:
    priced = any(row.cost.usd is not None for row in found)
    money = f"{'USD':>12}" if priced else ""
    heads = f"{'gate':<10}{'calls':>12}{'tokens':>14}{money}"
    yield f"{heads}    each bad one caught:{'calls':>8}{'tokens':>10}{money}{'pairs':>8}"
    for row in found:
        cost = row.cost
        spent = f"{cost.usd or 0.0:>12,.2f}" if priced else ""
        yield f"{row.gate:<10}{cost.calls:>12,}{cost.tokens:>14,}{spent}{'':>24}" + _each(row, pair, priced)


def _each(row: Audited, pair: float | None, priced: bool) -> str:
    """What a bad item that was caught cost."""
    cost, caught = row.cost, row.caught
    if not caught:
        return f"{'-':>8}"
    spent = f"{(cost.usd or 0.0) / caught:>12,.5f}" if priced else ""
    pairs = f"{cost.amount / caught / pair:>8,.1f}" if pair else ""
    return f"{cost.calls / caught:>8,.1f}{cost.tokens / caught:>10,.0f}{spent}{pairs}"


def _explained(found: Sequence[Audited], verifier: str) -> Iterable[str]:
    unread = sum(side.unread for row in found for side in (row.rejected, row.accepted))
    yield f"judged again by {verifier}" + (f"; it could not be understood {unread:,} times" if unread else "")
    yield "false rejects: the share of the good that is rejected; false accepts: the share of the bad that is accepted;"
    yield "estimated for all from what was read of each side, with intervals of 95%. Of the solutions, agreement costs"
    yield "those after the first. pairs: how many pairs could be made for what catching a bad one costs."
