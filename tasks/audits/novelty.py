"""Whether the combinations are new: how many stand in no seed. It costs no call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tasks.store.database import Store
from tasks.store.latest import current_recipe, recipe_of


@dataclass(frozen=True)
class Novelty:
    """By relation, how many combinations are new (True) and how many are not."""

    seeds: int
    drawn: dict[str, Counter[bool]]
    pairs: dict[str, Counter[bool]]


def novelty(store: Store) -> Novelty:
    """The combinations of the latest run and those of its pairs, each new or in some seed."""
    occurs = _occurrences(store)
    return Novelty(
        seeds=int(store.value("SELECT count(*) FROM current_seeds")),
        drawn=_counted(occurs, store.stream(COMBINATIONS, [current_recipe(store, "sample")])),
        pairs=_counted(occurs, store.stream(PAIRS)),
    )


def new_of(found: dict[str, Counter[bool]], relation: str) -> tuple[int, int]:
    """New ones and all of a relation, or of all."""
    counts: Counter[bool] = sum((found[name] for name in found if relation in (name, "all")), Counter())
    return counts[True], counts.total()


def _occurrences(store: Store) -> dict[UUID, set[int]]:
    """The seeds of each point, by numbers of their own."""
    numbers: dict[UUID, int] = {}
    found: dict[UUID, set[int]] = defaultdict(set)
    for point, seed in store.stream("SELECT point_id, seed_id FROM occurrences"):
        found[point].add(numbers.setdefault(seed, len(numbers)))
    return found


def _counted(occurs: dict[UUID, set[int]], rows: Iterable[tuple[str, list[UUID]]]) -> dict[str, Counter[bool]]:
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    for relation, points in rows:
        rarest, *others = sorted((occurs.get(point, set()) for point in points), key=len)
        found[relation][not rarest.intersection(*others)] += 1
    return found


COMBINATIONS = "SELECT relation, points FROM combinations WHERE recipe = ?"
PAIRS = f"""
    SELECT c.relation, c.points FROM pairs p JOIN combinations c
        ON c.id = p.combination_id AND c.recipe = {recipe_of("sample")}"""
