"""The report's charts: each a table of numbers, the way it is drawn, and a sentence on what to read from it.

To add one: a function of what is told of a run, and a line in `CHARTS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from graph.shares import Stratum, share_within
from tasks.reports.agreement import Agreement, panel
from tasks.reports.money import by_stage
from tasks.reports.page.novelty import nearest_seeds
from tasks.reports.page.overview import latest_audit
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.latest import latest_identity, recipe_of

Form = Literal["text", "count", "share", "decimal", "signed", "usd", "seconds", "time"]
BINS = 40
"""Points of a curve, and columns of a histogram."""


class Column(NamedTuple):
    """What a column of a table holds, and how its numbers are written."""

    name: str
    form: Form = "count"


class Chart(NamedTuple):
    """A table and how it is drawn."""

    name: str
    title: str
    kind: Literal["lines", "columns", "bars", "matrix", "table"]
    """lines: the first column lies along the axis; columns: the same, as bars that stand; bars: lying ones with a
    label; matrix: shaded cells."""
    reading: str
    columns: list[Column]
    rows: Sequence[Sequence[Any]]


class Told(NamedTuple):
    """What charts are made of. The store must have its table `told`."""

    store: Store
    settings: RunSettings
    panels: Sequence[Agreement]


def charts(run: Told) -> list[dict[str, Any]]:
    """All charts that have something to show."""
    made = [chart for make in CHARTS for chart in make(run) if chart.rows]
    return [chart._asdict() | {"columns": [column._asdict() for column in chart.columns]} for chart in made]


def yield_by_place(run: Told) -> list[Chart]:
    """Yield and cost along the order of sampling."""
    rows = run.store.rows(_BY_PLACE, [BINS])
    reading = (
        "Each point is a stretch of the sampling order. A yield that falls to the right says that later combinations "
        "are weaker: raise `min_weight`, or bring more seeds."
    )
    columns = [Column("place in sampling order"), Column("pairs of problems", "share"), Column("tokens per pair")]
    head, cost = [columns[0], columns[1]], [columns[0], columns[2]]
    dear = "Tokens of all calls, also those for what was rejected, for each accepted pair."
    return [
        Chart("yield", "Yield along the sampling order", "lines", reading, head, [(a, b) for a, b, _ in rows]),
        Chart("cost", "Tokens per pair along the sampling order", "lines", dear, cost, [(a, c) for a, _, c in rows]),
    ]


def by_relation(run: Told) -> list[Chart]:
    """The relations beside each other."""
    reading = (
        "How the ways of joining points compare: a relation with a low yield or dear pairs may deserve a smaller "
        "share. Two- and three-hop are implicit: no seed has their points together."
    )
    columns = [
        Column("relation", "text"),
        Column("yield", "share"),
        Column("problems"),
        Column("pairs"),
        Column("rated hard", "share"),
        Column("tokens per pair"),
    ]
    return [Chart("relations", "Relations", "bars", reading, columns, run.store.rows(_BY_RELATION))]


def difficulty(run: Told) -> list[Chart]:
    """Rated against measured difficulty, and how often each rating passes."""
    seen = {(rated, measured): number for rated, measured, number in run.store.rows(_DIFFICULTY)}
    levels = ("easy", "medium", "hard")
    rows = [[level, *(seen.get((level, other), 0) for other in levels)] for level in levels]
    diagonal = sum(seen.get((level, level), 0) for level in levels)
    whole = sum(seen.get((a, b), 0) for a in levels for b in levels)
    reading = (
        "Rows: what the rater said before any solution was there. Columns: how far the solutions agreed. "
        + (f"The two say the same of {diagonal / whole:.0%}. " if whole else "")
        + "Far from the diagonal, the rater misjudges what the solver can do."
    )
    matrix = Chart(
        "difficulty",
        "Difficulty, rated and measured",
        "matrix",
        reading,
        [Column("rated", "text"), *(Column(f"measured {level}") for level in levels)],
        rows if whole else [],
    )
    passed = Chart(
        "difficulty-passed",
        "What passes, by rated difficulty",
        "bars",
        "Hard problems pass less often; if easy ones do too, look at why in the inspector.",
        [Column("rated", "text"), Column("passed", "share"), Column("problems"), Column("pairs")],
        run.store.rows(_PASSED),
    )
    return [matrix, passed]


def agreement_of_solutions(run: Told) -> list[Chart]:
    """How sure the labels are: the share of the solutions that gave the answer."""
    reading = (
        "The answer's share of the solutions asked for is its label's strength: at 100 % all agree. "
        "What stands below the least agreement was rejected."
    )
    columns = [Column("agreement", "text"), Column("pairs"), Column("rejected")]
    return [Chart("tiers", "Strength of the labels", "bars", reading, columns, run.store.rows(_TIERS))]


def judges(run: Told) -> list[Chart]:
    """The panel: how each judge leans, and how often two of them decide alike."""
    found = []
    for at in run.panels:
        told = "" if at.alpha is None else f" Alpha of the panel is {at.alpha:.3f}: 1 is full agreement, 0 is chance."
        reading = (
            "Bias is a judge's mean distance from the others on the same items: below 0 it is harsher than they are."
            f"{told} With escalation, the later judges see disputed items only."
        )
        columns = [
            Column("judge", "text"),
            Column("mean", "decimal"),
            Column("bias", "signed"),
            Column("items"),
            Column("unjudged"),
        ]
        rows = [(judge.judge, judge.mean, judge.bias, judge.given, judge.unjudged) for judge in at.judges]
        found.append(Chart(f"judges-{at.task}", f"Judges at {at.task}", "bars", reading, columns, rows))
        found.append(_alike(run.store, at.task))
    return found


def _alike(store: Store, task: str) -> Chart:
    names = [name for name, _ in panel(latest_identity(store), task)]
    seen = {(one, other): value for one, other, value in store.rows(_ALIKE[task], [names])}
    rows = [[one, *(1.0 if one == other else seen.get((one, other)) for other in names)] for one in names]
    how = "the mean of 1 less the distance of their scores" if task == "review" else "how often their votes are equal"
    return Chart(
        f"alike-{task}",
        f"Agreement of judges at {task}",
        "matrix",
        f"For each two judges, {how}, on items that both judged. A pair that always agrees may be one judge too many.",
        [Column("judge", "text"), *(Column(name, "share") for name in names)],
        rows if len(names) > 1 else [],
    )


def audited(run: Told) -> list[Chart]:
    """How the gates err, by the latest audit."""
    rows = []
    for row in latest_audit(run.store):
        rejected, accepted = row.rejected_good + row.rejected_bad, row.accepted_good + row.accepted_bad
        good = Stratum(row.rejected, row.rejected_good, rejected), Stratum(row.accepted, row.accepted_good, accepted)
        bad = Stratum(row.accepted, row.accepted_bad, accepted), Stratum(row.rejected, row.rejected_bad, rejected)
        shares = [found and found.share for found in (share_within(*good), share_within(*bad))]
        rows.append((row.gate, shares[0], shares[1], row.rejected, rejected, row.accepted, accepted))
    reading = (
        "False rejects: the share of the good that the gate rejected. False accepts: the share of the bad that it let "
        "through. Both are estimates from what the verifier read again in `gsdp audit gates`, which tells their ranges."
    )
    columns = [
        Column("gate", "text"),
        Column("false rejects", "share"),
        Column("false accepts", "share"),
        Column("rejected"),
        Column("read"),
        Column("accepted"),
        Column("read"),
    ]
    return [Chart("gates", "Errors of the gates", "bars", reading, columns, rows)]


def lengths(run: Told) -> list[Chart]:
    """How long problems and solutions are."""
    found = []
    for name, column in (("problems", "problem"), ("solutions", "solution")):
        rows = run.store.rows(_LENGTHS.format(column=column), [BINS])
        reading = (
            f"Characters of the {name} of accepted pairs. Two humps are two kinds of text; a wall at the right is a "
            "cut-off."
        )
        columns = [Column("characters"), Column("pairs")]
        found.append(Chart(f"length-{name}", f"Length of {name}", "columns", reading, columns, rows))
    return found


def pace(run: Told) -> list[Chart]:
    """Calls, those in flight, retries and pairs over the time of the latest run."""
    rows = run.store.rows(_PACE, [BINS])
    limits = sum(endpoint.concurrency for endpoint in run.settings.endpoints.values())
    when = Column("time", "time")
    flying = (
        f"Seconds spent waiting for answers, by second of the run: how many calls were in flight on average. The "
        f"settings allow {limits:,}; a curve well below it means that something else held the run up."
    )
    timed = [(_seconds(at), *rest) for at, *rest in rows]
    return [
        Chart(
            "throughput",
            "Calls a second",
            "lines",
            "Answers that came in, over the latest run. A dent is an endpoint that waited, or a stage that ended.",
            [when, Column("calls a second", "decimal")],
            [(at, calls) for at, calls, *_ in timed],
        ),
        Chart(
            "in-flight",
            "Calls in flight",
            "lines",
            flying,
            [when, Column("in flight", "decimal")],
            [(at, row[1]) for at, *row in timed],
        ),
        Chart(
            "retries",
            "Tries repeated",
            "columns",
            "Requests that had to be sent again. Peaks go with rate limits and outages.",
            [when, Column("tries repeated")],
            [(at, row[2]) for at, *row in timed] if any(row[3] for row in timed) else [],
        ),
        Chart(
            "pairs",
            "Pairs over time",
            "lines",
            "Accepted pairs by when their last call ended. A straight line is a steady run.",
            [when, Column("pairs")],
            [(_seconds(at), pairs) for at, pairs in run.store.rows(_PAIRS_OVER_TIME, [BINS])],
        ),
    ]


def endpoints(run: Told) -> list[Chart]:
    """What was asked of each endpoint, and how it answered."""
    columns = [
        Column("endpoint", "text"),
        Column("calls"),
        Column("median", "seconds"),
        Column("95th percentile", "seconds"),
        Column("tries repeated"),
        Column("faults"),
    ]
    reading = "A 95th percentile far above the median is an endpoint under strain. Faults are answers of no use."
    return [Chart("endpoints", "Endpoints", "table", reading, columns, run.store.rows(_ENDPOINTS))]


def money(run: Told) -> list[Chart]:
    """The ledger by stage and model."""
    columns = [
        Column("stage", "text"),
        Column("model", "text"),
        Column("calls"),
        Column("retries"),
        Column("faults"),
        Column("input tokens"),
        Column("output tokens"),
        Column("USD", "usd"),
        Column("USD on rejected", "usd"),
    ]
    names = (
        "stage",
        "model",
        "calls",
        "retries",
        "faults",
        "input_tokens",
        "output_tokens",
        "cost",
        "cost_of_rejected",
    )
    rows = [tuple(row[name] for name in names) for row in by_stage(run.store)]
    reading = "All calls that were paid for, as in `gsdp status`. What went into rejects is the price of the gates."
    return [Chart("money", "The ledger", "table", reading, columns, rows)]


def novelty(run: Told) -> list[Chart]:
    """How near the pairs are to the seeds."""
    found = nearest_seeds(run.store)
    bins = Counter(min(int(each.similarity * 20), 19) for each in found)
    rows = [(step / 20, bins[step]) for step in range(max(bins, default=-1) + 1)]
    reading = (
        "How much of its words in a row a problem shares with the seed nearest to it, for a sample of the pairs. "
        "Most should stand at the left: at 1 a problem is its seed."
    )
    columns = [Column("similarity to the nearest seed", "decimal"), Column("pairs")]
    nearest = Chart(
        "nearest",
        "Pairs nearest to a seed",
        "table",
        "Look at these first when you ask whether the dataset only repeats its seeds.",
        [Column("pair", "text"), Column("seed", "text"), Column("similarity", "decimal")],
        found[:NEAREST],
    )
    return [Chart("novelty", "Novelty", "columns", reading, columns, rows), nearest]


def repeats(run: Told) -> list[Chart]:
    """What was kept out as a repetition, and what as contamination, with the evidence."""
    kinds = Chart(
        "repeats",
        "Repetitions kept out",
        "bars",
        "Problems that repeat a kept one or a seed. Many by template mean that the composer has few ideas.",
        [Column("kind", "text"), Column("problems"), Column("clusters"), Column("largest")],
        run.store.rows(_REPEATS),
    )
    shared = Chart(
        "contamination",
        "Contamination, with the evidence",
        "table",
        "Texts kept out because they repeat a benchmark item, and the words they share.",
        [
            Column("text", "text"),
            Column("item", "text"),
            Column("rule", "text"),
            Column("coverage", "share"),
            Column("words", "text"),
        ],
        run.store.rows(_EVIDENCE, [EVIDENCE]),
    )
    return [kinds, shared]


def _seconds(at: datetime) -> float:
    return round((at - datetime(1970, 1, 1)).total_seconds(), 2)


NEAREST = 12
"""Pairs nearest to a seed that are listed."""

EVIDENCE = 200
"""Pieces of evidence that are listed."""

CHARTS: tuple[Callable[[Told], list[Chart]], ...] = (
    yield_by_place,
    by_relation,
    difficulty,
    agreement_of_solutions,
    judges,
    audited,
    lengths,
    novelty,
    repeats,
    pace,
    endpoints,
    money,
)

_BY_PLACE = """
    SELECT max(position), count(*) FILTER (outcome = 'pair') / count(*),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM (SELECT *, ntile(?) OVER (ORDER BY position, sample) AS bin FROM told) GROUP BY bin ORDER BY bin"""

_BY_RELATION = """
    SELECT replace(relation, '_', '-'), count(*) FILTER (outcome = 'pair') / count(*), count(*),
        count(*) FILTER (outcome = 'pair'), count(*) FILTER (rated = 'hard') / nullif(count(rated), 0),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM told GROUP BY relation ORDER BY count(*) DESC, 1"""

_DIFFICULTY = """
    SELECT rated, measured, count(*) FROM told WHERE rated IS NOT NULL AND measured IS NOT NULL GROUP BY ALL"""

_PASSED = """
    SELECT rated, count(*) FILTER (outcome = 'pair') / count(*), count(*), count(*) FILTER (outcome = 'pair')
    FROM told WHERE rated IS NOT NULL GROUP BY 1 ORDER BY list_position(['easy', 'medium', 'hard'], rated)"""

_TIERS = """
    SELECT CASE WHEN kind <> 'votes' THEN kind WHEN agreement >= 1 THEN 'all agree'
            WHEN agreement >= 0.75 THEN '75 % and more' WHEN agreement > 0.5 THEN 'over half'
            ELSE 'half or less' END AS tier,
        count(*) FILTER (outcome = 'pair'), count(*) FILTER (outcome <> 'pair')
    FROM told WHERE kind IS NOT NULL GROUP BY tier
    ORDER BY list_position(['all agree', '75 % and more', 'over half', 'half or less'], tier) NULLS LAST, tier"""

_ALIKE = {
    "review": """
        WITH given AS (
            SELECT problem_id AS item, judge, (logic + presentation) / 2 AS value
            FROM reviews JOIN told ON told.id = problem_id
            WHERE logic IS NOT NULL AND list_contains(?::VARCHAR[], judge))
        SELECT a.judge, b.judge, avg(1 - abs(a.value - b.value)) FROM given a JOIN given b USING (item)
        WHERE a.judge <> b.judge GROUP BY ALL""",
    "grade": """
        WITH given AS (
            SELECT g.solution_id AS item, judge, vote AS value FROM grades g JOIN told ON told.id = problem_id
            WHERE vote IS NOT NULL AND list_contains(?::VARCHAR[], judge))
        SELECT a.judge, b.judge, avg((a.value = b.value)::INTEGER) FROM given a JOIN given b USING (item)
        WHERE a.judge <> b.judge GROUP BY ALL""",
}

_LENGTHS = """
    WITH long AS (SELECT length({column}) AS size FROM pairs),
        span AS (SELECT greatest(1, ceil(quantile_cont(size, 0.995) / ?))::BIGINT AS step FROM long)
    SELECT (least(size, (SELECT quantile_cont(size, 0.995) FROM long)) // step)::BIGINT * step AS bin, count(*)
    FROM long, span GROUP BY bin ORDER BY bin"""

_LATEST = "(SELECT id FROM runs ORDER BY number DESC, id LIMIT 1)"

_PACE = f"""
    WITH mine AS (SELECT epoch(ended_at) AS moment, seconds, attempts FROM calls WHERE run_id = {_LATEST}),
        span AS (SELECT min(moment) AS low, greatest(max(moment) - min(moment), 0.001) / ? AS step FROM mine)
    SELECT make_timestamp(((low + floor((moment - low) / step) * step) * 1e6)::BIGINT), count(*) / any_value(step),
        sum(seconds) / any_value(step), (sum(attempts) - count(*))::BIGINT
    FROM mine, span GROUP BY 1 HAVING count(*) > 0 ORDER BY 1"""

_PAIRS_OVER_TIME = f"""
    WITH mine AS (SELECT epoch(ended_at) AS moment FROM told WHERE outcome = 'pair' AND run_id = {_LATEST}),
        span AS (SELECT min(moment) AS low, greatest(max(moment) - min(moment), 0.001) / ? AS step FROM mine),
        binned AS (
            SELECT make_timestamp(((low + floor((moment - low) / step) * step) * 1e6)::BIGINT) AS bin, count(*) AS pairs
            FROM mine, span GROUP BY 1)
    SELECT bin, sum(pairs) OVER (ORDER BY bin)::BIGINT FROM binned ORDER BY bin"""

_ENDPOINTS = """
    SELECT endpoint, count(*), median(seconds), quantile_cont(seconds, 0.95),
        (sum(attempts) - count(*))::BIGINT, count(fault)
    FROM calls GROUP BY endpoint ORDER BY 2 DESC"""

_REPEATS = f"""
    WITH clusters AS (
        SELECT kind, kept_id, count(*) AS size FROM repeats
        WHERE recipe = {recipe_of("screen")} AND problem_id IN (SELECT id FROM told) GROUP BY ALL)
    SELECT kind, sum(size)::BIGINT, count(*), max(size) FROM clusters GROUP BY kind ORDER BY 2 DESC, 1"""

_EVIDENCE = f"""
    SELECT part, item, rule, coverage, if(rule = 'meaning', '', overlap) FROM evidence
    WHERE part LIKE 'seed %' OR (recipe = {recipe_of("screen")} AND subject_id IN (SELECT id FROM told))
    ORDER BY part, item, rule, subject_id LIMIT ?"""
