"""Audits of what the graph is for: whether the combinations are new, and whether the problems need their points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flows.commands.auditing import REHEARSAL, audited, settings_of
from flows.commands.workspace import latest_settings
from graph.errors import UsageError
from graph.nouns import counted
from tasks.audits.adherence import Found, adherence
from tasks.audits.novelty import new_of, novelty
from tasks.reports.card import is_rehearsal
from tasks.store.looking import reading

PAPER = "GRIP reports 88.65% with all and 98.49% with any (appendix E.3), by a rule it does not give."


def print_novelty(workspace: Path) -> None:
    """The combinations that stand in no seed, and the pairs that came of each seed."""
    with reading(workspace) as store:
        found = novelty(store)
        if is_rehearsal(store, latest_settings(store)):
            print(REHEARSAL)
    print(f"{'':<16}{'combinations':>14}{'in no seed':>12}{'share':>8}{'pairs':>12}{'in no seed':>12}{'share':>8}")
    for relation in [*sorted(found.drawn), "all"]:
        cells = "".join(
            f"{total:>{width},}{new:>12,}{_share(new, total):>8}"
            for width, (new, total) in ((14, new_of(found.drawn, relation)), (12, new_of(found.pairs, relation)))
        )
        print(f"  {relation:<14}{cells}")
    made = new_of(found.pairs, "all")[1]
    times = made / found.seeds if found.seeds else 0
    print(f"\nexpansion  {counted(made, 'pair')} of {counted(found.seeds, 'seed')}: {times:.1f} times")
    print("A combination is new when no seed has all its points. Two- and three-hop ones are so by definition; a new")
    print("combination does not make a new text, which the screen looks at.")


def print_adherence(run: Path, size: int) -> None:
    """How many pairs of a sample contain the points they were asked for. Raises UsageError where there are no pairs."""
    settings = settings_of(run)
    found, rehearsed = audited(settings, lambda work: adherence(work, size))
    if not found:
        raise UsageError(f"{settings.workspace} has no pairs yet: run `gsdp run` first.")
    for line in adherence_lines(found):
        print(line)
    print(REHEARSAL if rehearsed else PAPER)


def adherence_lines(found: Sequence[Found]) -> Iterable[str]:
    """A table of what was found, by relation. Shares are of the pairs that could be read."""
    yield f"{'':<14}{'pairs':>8}{'all':>10}{'any':>10}{'none':>10}{'unread':>8}"
    for relation in [*sorted({row.relation for row in found}), "all"]:
        rows = [row for row in found if relation in (row.relation, "all")]
        read = [row for row in rows if row.found is not None]
        whole, none = sum(row.found == row.asked for row in read), sum(row.found == 0 for row in read)
        shares = (_share(number, len(read)) for number in (whole, len(read) - none, none))
        yield f"  {relation:<12}{len(rows):>8,}" + "".join(f"{x:>10}" for x in shares) + f"{len(rows) - len(read):>8,}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
