"""Audits of what the graph is for: whether the combinations are new, and whether the problems need their points."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from flows.commands.auditing import REHEARSAL, audited, settings_of
from flows.commands.workspace import latest_settings, reading
from graph.errors import UsageError
from tasks.audits.adherence import Found, adherence
from tasks.reports.card import is_rehearsal
from tasks.store.database import Store
from tasks.store.latest import current_recipe, recipe_of

PAPER = "GRIP reports 88.65% with all and 98.49% with any (appendix E.3), by a rule it does not give."


def print_novelty(workspace: Path) -> None:
    """The combinations that stand in no seed, and the pairs that came of each seed."""
    with reading(workspace) as store:
        seeds = store.rows("SELECT count(*) FROM current_seeds")[0][0]
        occurs = _occurrences(store)
        drawn = _counted(occurs, store.stream(COMBINATIONS, [current_recipe(store, "sample")]))
        pairs = _counted(occurs, store.stream(PAIRS))
        if is_rehearsal(store, latest_settings(store)):
            print(REHEARSAL)
    print(f"{'':<16}{'combinations':>14}{'in no seed':>12}{'share':>8}{'pairs':>12}{'in no seed':>12}{'share':>8}")
    for relation in [*sorted(drawn), "all"]:
        cells = "".join(
            f"{total:>{width},}{new:>12,}{_share(new, total):>8}"
            for width, (new, total) in ((14, _of(drawn, relation)), (12, _of(pairs, relation)))
        )
        print(f"  {relation:<14}{cells}")
    made = _of(pairs, "all")[1]
    print(f"\nexpansion  {made:,} pairs of {seeds:,} seeds: {made / seeds if seeds else 0:.1f} times")
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


def _occurrences(store: Store) -> dict[UUID, set[int]]:
    """The seeds of each point, by numbers of their own."""
    numbers: dict[UUID, int] = {}
    found: dict[UUID, set[int]] = defaultdict(set)
    sql = """SELECT a.point_id, m.seed_id FROM current_mentions m JOIN aliases a ON a.name = m.name AND a.recipe = ?
             WHERE m.recipe = ?"""
    for point, seed in store.stream(sql, [current_recipe(store, "connect"), current_recipe(store, "extract")]):
        found[point].add(numbers.setdefault(seed, len(numbers)))
    return found


def _counted(occurs: dict[UUID, set[int]], rows: Iterable[tuple[str, list[UUID]]]) -> dict[str, Counter[bool]]:
    """By relation, how many combinations are new (True) and how many are not."""
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    for relation, points in rows:
        rarest, *others = sorted((occurs.get(point, set()) for point in points), key=len)
        found[relation][not rarest.intersection(*others)] += 1
    return found


def _of(found: dict[str, Counter[bool]], relation: str) -> tuple[int, int]:
    """New ones and all of a relation, or of all."""
    counts: Counter[bool] = sum((found[name] for name in found if relation in (name, "all")), Counter())
    return counts[True], counts.total()


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


COMBINATIONS = "SELECT relation, points FROM combinations WHERE recipe = ?"
PAIRS = f"""
    SELECT c.relation, c.points FROM pairs p JOIN combinations c
        ON c.id = p.combination_id AND c.recipe = {recipe_of("sample")}"""
