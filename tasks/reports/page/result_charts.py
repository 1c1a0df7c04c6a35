"""Charts of what came of a run: yield, difficulty, labels, lengths, novelty, repetitions."""

from __future__ import annotations

from collections import Counter

from tasks.reports.page.chart import BINS, Chart, Column, Told
from tasks.reports.page.novelty import nearest_seeds
from tasks.reports.page.wording import OF_PROBLEMS
from tasks.store.latest import recipe_of


def yield_by_place(run: Told) -> list[Chart]:
    """Yield and cost along the order of sampling."""
    rows = run.store.rows(_BY_PLACE, [BINS])
    reading = (
        "Each point is a stretch of the sampling order. A yield that falls to the right says that later combinations "
        "are weaker: raise `min_weight`, or bring more seeds."
    )
    columns = [Column("place in sampling order"), Column("pairs of problems", "share"), Column("tokens per pair")]
    head, cost = [columns[0], columns[1]], [columns[0], columns[2]]
    dear = f"What an accepted pair took at each place. {OF_PROBLEMS}"
    return [
        Chart("yield", "Yield along the sampling order", "lines", reading, head, [(a, b) for a, b, _ in rows]),
        Chart("cost", "Tokens per pair along the sampling order", "lines", dear, cost, [(a, c) for a, _, c in rows]),
    ]


def strategies(run: Told) -> list[Chart]:
    """How points were joined, and how hard the problem was asked to be where that was said."""
    reading = (
        "How the ways of asking for a problem compare: the relation that joins its points and, where `sample.levels` "
        "asks for levels, the level. One with a low yield or dear pairs may deserve a smaller share. Two- and "
        f"three-hop are implicit: no seed has their points together. {OF_PROBLEMS}"
    )
    columns = [
        Column("strategy", "text"),
        Column("yield", "share"),
        Column("problems"),
        Column("pairs"),
        Column("rated hard", "share"),
        Column("tokens per pair"),
    ]
    return [Chart("strategies", "Strategies", "bars", reading, columns, run.store.rows(_BY_STRATEGY))]


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
        "That hard problems pass less often is to be expected; where easy ones fail, look at why in the inspector.",
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


NEAREST = 12
"""Pairs nearest to a seed that are listed."""

EVIDENCE = 200
"""Pieces of evidence that are listed."""

_BY_PLACE = """
    SELECT max(position), count(*) FILTER (outcome = 'pair') / count(*),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM (SELECT *, ntile(?) OVER (ORDER BY position, sample) AS bin FROM told) GROUP BY bin ORDER BY bin"""

_BY_STRATEGY = """
    SELECT concat_ws(', ', replace(relation, '_', '-'), level), count(*) FILTER (outcome = 'pair') / count(*), count(*),
        count(*) FILTER (outcome = 'pair'), count(*) FILTER (rated = 'hard') / nullif(count(rated), 0),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM told GROUP BY relation, level ORDER BY count(*) DESC, 1"""

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

_LENGTHS = """
    WITH long AS (SELECT length({column}) AS size FROM pairs),
        span AS (SELECT greatest(1, ceil(quantile_cont(size, 0.995) / ?))::BIGINT AS step FROM long)
    SELECT (least(size, (SELECT quantile_cont(size, 0.995) FROM long)) // step)::BIGINT * step AS bin, count(*)
    FROM long, span GROUP BY bin ORDER BY bin"""

_REPEATS = f"""
    WITH clusters AS (
        SELECT kind, kept_id, count(*) AS size FROM repeats
        WHERE recipe = {recipe_of("screen")} AND problem_id IN (SELECT id FROM told) GROUP BY ALL)
    SELECT kind, sum(size)::BIGINT, count(*), max(size) FROM clusters GROUP BY kind ORDER BY 2 DESC, 1"""

_EVIDENCE = f"""
    SELECT part, item, rule, coverage, if(rule = 'meaning', '', overlap) FROM evidence
    WHERE part LIKE 'seed %' OR (recipe = {recipe_of("screen")} AND subject_id IN (SELECT id FROM told))
    ORDER BY part, item, rule, subject_id LIMIT ?"""
