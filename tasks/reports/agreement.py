"""How far the judges of a panel agree, and which way each of them leans, counted from the store.

Knows: Krippendorff's alpha (interval distance; for votes of 0 and 1 it equals the nominal one), which allows for judges
that were not asked or gave nothing; and each judge's bias, its mean distance from the other judges of the same item.
Does not know: who is right. A panel that errs alike agrees well; `gsdp audit judges` compares with labels.
With escalation, judges after the first are asked about disputed items only, so their alpha is that of the hard cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any, NamedTuple
from uuid import UUID

from graph.records import content_id
from tasks.settings.roles import numbered
from tasks.store.database import Store
from tasks.store.ids import id_sql


class Lean(NamedTuple):
    """One judge at one task."""

    judge: str
    given: int
    """Items it scored or voted on."""
    unjudged: int
    mean: float | None
    """Of its scores (0-1), or its share of 1 among its votes."""
    bias: float | None
    """Its mean distance from the mean of the other judges of the same items; above 0 it is milder than they are."""
    compared: int
    """Items that another judge gave a value too: those that the bias is counted on."""


class Agreement(NamedTuple):
    """The panel at one task."""

    task: str
    items: int
    """Items that at least two judges gave a value."""
    alpha: float | None
    """1: they always agree; 0: as if by chance; None where that cannot be told."""
    alike: float | None
    """1 less the mean squared distance of two judges of an item: of votes, how often two are equal."""
    judges: list[Lean]


def alpha(items: Iterable[tuple[int, float, float]]) -> float | None:
    """Krippendorff's alpha with interval distance, of (number, sum, sum of squares) of the values of each item.

    Items with fewer than two values say nothing. None when there are none, or when all values are the same.
    """
    observed = total = squares = 0.0
    count = 0
    for number, whole, square in items:
        if number > 1:
            observed += 2 * (number * square - whole * whole) / (number - 1)
            count, total, squares = count + number, total + whole, squares + square
    expected = 2 * (count * squares - total * total) / (count - 1) if count > 1 else 0.0
    return 1 - observed / expected if expected > 1e-12 else None


def alike(items: Iterable[tuple[Any, ...]]) -> float | None:
    """1 less the mean squared distance of two values of an item; None without two of any item.

    `items` are (number, sum, sum of squares, how many items have the same) of the values of each.
    """
    distance, count = 0.0, 0
    for row in items:
        number, whole, square = _plain(row)
        if number > 1:
            distance += row[3] * 2 * (number * square - whole * whole) / (number - 1)
            count += row[3] * number
    return 1 - distance / count if count else None


def agreement(store: Store, identity: dict[str, Any], written: str, most: int | None = None) -> list[Agreement]:
    """The panel of the latest run at review and at grade.

    `identity` is that of the run; `written` is a query of the ids of the problems that count. With `most`, about so
    many problems are looked at: those of the lowest ids, which are hashes, so that they are like the others.
    """
    problems = store.value("SELECT count(*) FROM problems")
    below = f"AND problem_id < '{UUID(int=most * 2**128 // problems)}'" if most and problems > most else ""
    tasks = (
        ("review", "reviews", "(logic + presentation) / 2", "problem_id"),
        ("grade", "grades", "vote", "solution_id"),
    )
    found = []
    for task, table, value, item in tasks:
        # Decimals: their sums are exact, so the last digit does not hang on the order in which rows were written.
        rows = f"""SELECT {item} AS item, judge, ({value})::DECIMAL(12, 9) AS value FROM {table}
            WHERE problem_id IN ({written}) {below} AND {asked_now(identity, task, item)}"""
        # Items with equal sums together: there are millions of items, and few different ones.
        sums = "count(value) AS number, sum(value) AS whole, sum(value * value) AS square"
        items = store.rows(
            f"SELECT *, count(*) FROM (SELECT {sums} FROM ({rows}) GROUP BY item) GROUP BY ALL ORDER BY ALL"
        )
        leans = [Lean(*row) for row in store.rows(_LEANS.format(rows=rows))]
        if leans:
            compared = sum(row[3] for row in items if row[0] > 1)
            each = chain.from_iterable(repeat(_plain(row), row[3]) for row in items)
            found.append(Agreement(task, compared, alpha(each), alike(items), leans))
    return found


def panel(identity: dict[str, Any], task: str) -> list[tuple[str, str]]:
    """(name, recipe) of the judges of a run, as `tasks.settings.roles.resolve_roles` names them."""
    judges, prompt = identity["review"]["judges"], identity[task][f"prompt.{task}"]
    names = numbered(judge["model"] for judge in judges)
    return [(name, str(content_id("player", prompt, name, judge))) for name, judge in zip(names, judges, strict=True)]


def asked_now(identity: dict[str, Any], task: str, item: str) -> str:
    """A condition on rows of the present panel: a row's id is a hash of its item and its judge's recipe.

    A vote that was shown the solutions' answer has that in its id too, and then the judge's name has to do.
    """
    recipes = {"'" + name.replace("'", "''") + "'": recipe for name, recipe in panel(identity, task)}
    named = f"judge IN ({', '.join(recipes)})"
    if identity[task].get("reference"):
        return named
    cases = " ".join(f"WHEN {name} THEN '{recipe}'" for name, recipe in recipes.items())
    return f"{named} AND id = {id_sql(task, item, f'CASE judge {cases} END')}"


def _plain(row: tuple[Any, ...]) -> tuple[int, float, float]:
    return int(row[0]), float(row[1] or 0), float(row[2] or 0)


_LEANS = """
    WITH given AS ({rows}),
        whole AS (SELECT item, count(value) AS number, sum(value) AS total FROM given GROUP BY item)
    SELECT judge, count(value), count(*) - count(value), avg(value),
        avg((value - (total - value) / nullif(number - 1, 0))::DECIMAL(12, 9)) FILTER (WHERE value IS NOT NULL),
        count(value) FILTER (WHERE number > 1)
    FROM given JOIN whole USING (item) GROUP BY judge ORDER BY judge"""
