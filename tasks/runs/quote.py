"""The quote: what the rest of a run will cost, from what a probe of some seeds did.

The probe is `tasks/runs/probe.py`; how its figures are scaled up, with their intervals, is `graph/estimate.py`.

A probe does not show what only large runs meet: graphs that run dry, pairs that repeat earlier ones, other shares of
the relations than a small graph has, what a policy learns. Quotas of the accepted pairs (`accept`) are not counted in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid4

from graph.errors import SettingsError
from graph.estimate import Forecast, Names, Range, names_of, of_combinations, of_names, of_seeds, sum_of
from graph.ledger import Measure, Quote, Quoted, utc_now
from graph.names import normal_form
from prompts.domain import BASE, find_domain
from tasks.context.basis import bound
from tasks.reports.money import ALL, PRODUCTION, STAGES
from tasks.runs.probe import SUMS, ProbeFigures
from tasks.settings.run import RunSettings
from tasks.store.database import Store

BEYOND = 32
"""Most combinations that a run asks for although its pairs do not need them: two of its smallest chunks."""
FEW = 20
"""Pairs below which a quote says that it rests on few."""

COLUMNS: dict[Measure, Sequence[int]] = {
    "calls": [0],
    "input_tokens": [1],
    "output_tokens": [2],
    "tokens": [1, 2],
    "usd": [3],
}
"""Which of the sums make up a measure."""


class Estimate(NamedTuple):
    """A quote with its figures, and what a person should know of it."""

    quote: Quote
    figures: list[Quoted]
    unpriced: list[str]
    """Stages with calls that nobody knows a price of."""


async def keep(store: Store, made: Estimate) -> None:
    """Write a quote into the workspace's store, as the latest one, given after the latest run."""
    number, run = store.rows(LATEST)[0]
    await store.write(made.quote.model_copy(update={"number": number + 1, "run": run}), *made.figures)


@dataclass(frozen=True)
class Known:
    """What the workspace has already of what the settings ask for."""

    unread: int
    """Seeds without names."""
    names: Names
    pairs: int


def known(store: Store, recipes: Mapping[str, UUID], seeds: set[UUID], domain: str = BASE) -> Known:
    """What a store holds of `seeds` and of pairs, under some recipes; names count by the rules of their domain."""
    recipe, rules = recipes["extract"], find_domain(domain).names
    mentioned: dict[str, set[UUID]] = defaultdict(set)
    nameless = "SELECT subject_id FROM rejects WHERE stage = 'extract' AND recipe = ?"
    read = set(store.column(nameless, [recipe]))
    for seed_id, name in store.rows("SELECT seed_id, name FROM mentions WHERE recipe = ?", [recipe]):
        read.add(seed_id)
        if seed_id in seeds:
            mentioned[normal_form(name, rules)].add(seed_id)
    times = Counter(len(found) for found in mentioned.values())
    accepted = "SELECT count(*) FROM passes WHERE stage = 'screen' AND recipe = ?"
    return Known(
        len(seeds - read),
        Names(len(seeds & read), len(mentioned), times[1], times[2]),
        int(store.value(accepted, [bound(recipes, store)["screen"]])),
    )


def estimate(measured: ProbeFigures, there: Known, target: int) -> Estimate:
    """What is still to be paid for `target` pairs, beyond what is there. Raises SettingsError if nothing was read."""
    if not measured.seeds:
        raise SettingsError(
            "The budget ended before the probe had read a seed: raise it and run the same command again."
        )
    wanted = max(0, target - there.pairs)
    production = of_combinations(measured.production, measured.pairs, wanted, BEYOND)
    names = names_of(there.names, there.unread)
    stages = {
        "extract": of_seeds(measured.extract, there.unread),
        "connect": of_names(measured.single, measured.paired, measured.names, there.names.found, names),
    }
    for number, stage in enumerate(PRODUCTION):
        start = 1 + number * measured.width
        stages[stage] = production.at(range(start, start + measured.width))
    quote = Quote(
        id=uuid4(),
        quoted_at=utc_now(),
        target_pairs=target,
        wanted=wanted,
        seeds=measured.seeds,
        combinations=len(measured.pairs),
        pairs=int(measured.pairs.sum()),
    )
    figures = [
        ("compose", "combinations", production.at([0]).sum()),
        *_figures(stages, measured.unpriced, priced=measured.paid[2] is not None),
    ]
    rows = [
        Quoted(quote_id=quote.id, stage=stage, measure=measure, **found._asdict()) for stage, measure, found in figures
    ]
    return Estimate(quote, rows, sorted(measured.unpriced, key=STAGES.index))


def _figures(stages: Mapping[str, Forecast], unpriced: Set[str], priced: bool) -> Iterator[tuple[str, Measure, Range]]:
    """Every figure of each stage, and of all together; money where every call of a stage has a price, and in all."""
    hours = range(len(SUMS), len(stages["extract"].value))
    production = sum_of(stages[stage] for stage in PRODUCTION)
    for stage, found in (*stages.items(), (ALL, sum_of(stages.values()))):
        for measure, columns in COLUMNS.items():
            if measure != "usd" or (priced and stage not in unpriced):
                yield stage, measure, found.at(columns).sum()
        if stage != ALL:
            yield stage, "hours", found.at(hours).most().sum()
    one_by_one = (stages["extract"], stages["connect"], production)
    yield ALL, "hours", sum_of(found.at(hours).most() for found in one_by_one).sum()


def doubts(found: Estimate, settings: RunSettings, wanted: int) -> Iterator[str]:
    """What a person should know before relying on a quote; `wanted`: combinations that the probe was to finish."""
    quote = found.quote
    if quote.combinations < wanted:
        yield (
            f"The probe finished {quote.combinations:,} combinations of {wanted:,}: the graph of its seeds has no "
            "more, or the budget ended."
        )
    if quote.wanted and not quote.pairs:
        yield "No pair came of them, so nobody can say what pairs cost: `gsdp status` of its folder counts the reasons."
    elif quote.wanted and quote.pairs < FEW:
        yield f"The intervals rest on {quote.pairs:,} pairs, which is few: more seeds (--seeds) make them narrower."
    if settings.screen.semantic or settings.screen.second_look:
        yield "What screen asks the embedder and the verifier (screen.semantic, screen.second_look) is not counted in."
    if any(endpoint.batch for endpoint in settings.endpoints.values()):
        yield "The probe asks at once: calls that go through batches will cost less than this, and take longer."
    if settings.accept.given:
        yield "The quotas under [accept] are not counted in: to meet them a run may draw more combinations."
    if found.unpriced and any(row.measure == "usd" for row in found.figures):
        yield f"Nobody knows a price of some or all calls of {', '.join(found.unpriced)}: they are not in the money."


LATEST = "SELECT coalesce((SELECT max(number) FROM quotes), 0), coalesce((SELECT max(number) FROM runs), 0)"
