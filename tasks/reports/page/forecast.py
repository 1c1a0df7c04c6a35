"""What ten times as many pairs would take, if everything went on as it did.

Counted is what grows with the pairs: seeds that were read and names that were sorted are not paid for twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph.prospect import pairs_of
from graph.relations import sizes
from tasks.reports.card import is_rehearsal
from tasks.reports.money import PRODUCTION
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.graphs import sampled_graph
from tasks.store.latest import current_recipe

TIMES = 10


def ten_times(store: Store, settings: RunSettings, pairs: int) -> Iterator[str]:
    """Sentences on what it takes. The table `told` must be there."""
    if not pairs:
        return
    more = TIMES - 1
    calls, tokens, cost, seconds = store.rows(_SPENT)[0]
    price = f", {more * cost:,.2f} USD" if cost is not None else ""
    yield (
        f"Set `target_pairs = {TIMES * pairs}` and run again: {more * pairs:,} more pairs, about {more * calls:,} "
        f"calls and {more * tokens:,} tokens{price} from compose to grade. The seeds are not read again."
    )
    hours = more * float(seconds) / 3600
    told = f"{hours:,.1f} hours" if hours >= 1 else f"{60 * hours:,.1f} minutes"
    rehearsed = is_rehearsal(store, settings)
    speed = ", the sandbox's pace in a rehearsal: models take longer" if rehearsed else ""
    yield f"At this run's pace that is {told}{speed}."
    yield _offered(store, settings, pairs)


def _offered(store: Store, settings: RunSettings, pairs: int) -> str:
    """How many combinations the graph has, and about how many pairs they give at this run's yield."""
    plan = settings.sample
    graph = sampled_graph(store, plan, current_recipe(store, "connect"), current_recipe(store, "extract"))
    found = sizes(graph, plan.shares, plan.cutoffs)
    told = ", ".join(
        f"{'more than can be listed' if number is None else f'{number:,}'} {relation.replace('_', '-')}"
        for relation, number in found.items()
    )
    offers = f"The graph offers these combinations: {told}"
    possible = pairs_of(found, plan, pairs / max(1, int(store.value("SELECT count(*) FROM told"))))
    if possible is None:
        return f"{offers}."
    enough = "enough" if possible >= TIMES * pairs else f"too few for {TIMES * pairs:,}: more seeds make it larger"
    return f"{offers}; at this yield about {possible:,} pairs, {enough}."


_SPENT = f"""
    WITH spent AS (SELECT * FROM calls WHERE stage IN {PRODUCTION}),
        runs AS (SELECT epoch(max(ended_at) - min(ended_at)) AS seconds FROM spent GROUP BY run_id)
    SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0)::BIGINT, sum(cost),
        (SELECT coalesce(sum(seconds), 0) FROM runs)
    FROM spent"""
