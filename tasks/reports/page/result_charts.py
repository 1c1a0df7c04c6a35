"""Charts of what came of a run: yield, difficulty, labels, lengths, novelty, repetitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from graph.nouns import counted
from tasks.reports.page.chart import BINS, Chart, Column, Told, items_of
from tasks.reports.page.novelty import LOOKED_AT, WORDS_IN_A_ROW, Nearest
from tasks.reports.page.told import TIERS
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
        "three-hop are implicit: no seed has their points together. Tokens are counted as along the sampling order."
    )
    columns = [
        Column("strategy", "text"),
        Column("yield", "share"),
        Column("problems"),
        Column("pairs"),
        Column("rated hard", "share"),
        Column("tokens per pair"),
    ]
    rows = run.store.rows(_BY_STRATEGY)
    return [
        Chart(
            "strategies",
            "Strategies",
            "bars",
            reading,
            columns,
            [row[2:] for row in rows],
            [_opened(6, {0: {}, 3: {"outcome": "pair"}}, relation=row[0], level=row[1]) for row in rows],
        )
    ]


def _opened(width: int, cells: dict[int, dict[str, str]], **row: str | None) -> list[str | None]:
    """What each of the cells of a row opens: the items of the row, and within them those of the cell."""
    wanted = {name: value for name, value in row.items() if value is not None}
    return [items_of(**wanted, **cells[place]) if place in cells else None for place in range(width)]


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
        [[None, *(items_of(rated=level, measured=other) for other in levels)] for level in levels],
    )
    by_level = run.store.rows(_PASSED)
    passed = Chart(
        "difficulty-passed",
        "What passes, by rated difficulty",
        "bars",
        _passing(by_level),
        [Column("rated", "text"), Column("passed", "share"), Column("problems"), Column("pairs")],
        by_level,
        [_opened(4, {0: {}, 3: {"outcome": "pair"}}, rated=row[0]) for row in by_level],
    )
    return [matrix, passed]


def _passing(by_level: Sequence[tuple[Any, ...]]) -> str:
    """Which rated level passes least, said by the rows themselves."""
    told = "Of the problems that passed the review and were rated, the share that became pairs."
    enough = [row for row in by_level if row[2] >= TELLING]
    if len(enough) < 2:
        return told
    least, most = min(enough, key=lambda row: row[1]), max(enough, key=lambda row: row[1])
    if most[1] - least[1] < 0.02:
        return f"{told} The ratings pass about equally often."
    why = " Harder ones often do: solvers agree less on them." if least[0] == "hard" else ""
    why = " Easy ones should pass most: look at why they fail." if least[0] == "easy" else why
    return f"{told} Those rated {least[0]} pass least, those rated {most[0]} most.{why}"


def agreement_of_solutions(run: Told) -> list[Chart]:
    """How sure the labels are: the share of the solutions that gave the answer."""
    least = run.settings.grade.least_agreement
    reading = (
        "The winning answer's share of the solutions asked for is its label's strength: at 100 % all agree. An answer "
        f"needs at least {least:.0%} of them, and more than any other: where two tie for the first place, the problem "
        "is rejected, whatever their share. Rejected: by this or by what came after, such as the judges."
    )
    columns = [Column("agreement", "text"), Column("pairs"), Column("rejected")]
    rows = run.store.rows(_TIERS, [list(TIERS)])
    links = [_opened(3, {0: {}, 1: {"outcome": "pair"}, 2: {"outcome": REJECTS}}, tier=row[0]) for row in rows]
    return [Chart("tiers", "Strength of the labels", "bars", reading, columns, rows, links)]


def lengths(run: Told) -> list[Chart]:
    """How long problems and solutions are."""
    found: list[Chart] = []
    for name, column in (("problems", "problem"), ("solutions", "solution")):
        rows = run.store.rows(_LENGTHS.format(column=column), [BINS])
        reading = f"Characters of the {name} of accepted pairs."
        if not found:
            reading += " Two humps are two kinds of text; a wall at the right is a cut-off."
        columns = [Column("characters"), Column("pairs")]
        found.append(Chart(f"length-{name}", f"Length of {name}", "columns", reading, columns, rows))
    return found


def novelty(run: Told) -> list[Chart]:
    """How near the pairs are to the seeds."""
    found = run.nearest
    bins = Counter(min(int(each.similarity * 20), 19) for each in found)
    rows = [(step / 20, bins[step]) for step in range(max(bins, default=-1) + 1)]
    reading = (
        f"How far a problem and the seed nearest to it are made of the same {WORDS_IN_A_ROW} words in a row: those in "
        f"both, by those in either; of {_looked_at(found)}. Most should stand at the left: at 1 a problem is its seed."
    )
    columns = [Column("similarity to the nearest seed", "decimal"), Column("pairs")]
    nearest = Chart(
        "nearest",
        "Pairs nearest to a seed",
        "table",
        "Look at these first when you ask whether the dataset only repeats its seeds.",
        [Column("pair", "text"), Column("seed", "text"), Column("similarity", "decimal")],
        [each[:3] for each in found[:NEAREST]],
    )
    return [Chart("novelty", "Novelty", "columns", reading, columns, rows), nearest]


def repeats(run: Told) -> list[Chart]:
    """What was kept out as a repetition, and what as contamination, with the evidence."""
    screen = run.settings.screen
    kinds = Chart(
        "repeats",
        "Repetitions kept out",
        "bars",
        f"Problems that repeat an earlier one that was kept{', or a seed' if screen.seeds_too else ''}. Near: of their "
        f"runs of {WORDS_IN_A_ROW} words the share {screen.near_duplicate:g} or more is the same. Template: the same "
        "but for numbers; many mean that the composer has few ideas. Semantic: vectors that are near.",
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


def _looked_at(found: Sequence[Nearest]) -> str:
    return f"all {counted(len(found), 'pair')}" if len(found) < LOOKED_AT else f"a sample of {len(found):,} pairs"


REJECTS = "rejected"
"""In an address: every outcome but that of a pair."""

TELLING = 5
"""Problems of a rating from which on its share says anything."""

NEAREST = 12
"""Pairs nearest to a seed that are listed."""

EVIDENCE = 200
"""Pieces of evidence that are listed."""

_BY_PLACE = """
    SELECT max(position), count(*) FILTER (outcome = 'pair') / count(*),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM (SELECT *, ntile(?) OVER (ORDER BY position, sample) AS bin FROM told) GROUP BY bin ORDER BY bin"""

_BY_STRATEGY = """
    SELECT relation, level, concat_ws(', ', replace(relation, '_', '-'), level),
        count(*) FILTER (outcome = 'pair') / count(*), count(*), count(*) FILTER (outcome = 'pair'),
        count(*) FILTER (rated = 'hard') / nullif(count(rated), 0),
        round(sum(tokens) / nullif(count(*) FILTER (outcome = 'pair'), 0))::BIGINT
    FROM told GROUP BY relation, level ORDER BY 4 DESC, 3"""

_DIFFICULTY = """
    SELECT rated, measured, count(*) FROM told WHERE rated IS NOT NULL AND measured IS NOT NULL GROUP BY ALL"""

_PASSED = """
    SELECT rated, count(*) FILTER (outcome = 'pair') / count(*), count(*), count(*) FILTER (outcome = 'pair')
    FROM told WHERE rated IS NOT NULL GROUP BY 1 ORDER BY list_position(['easy', 'medium', 'hard'], rated)"""

_TIERS = """
    SELECT tier, count(*) FILTER (outcome = 'pair'), count(*) FILTER (outcome <> 'pair')
    FROM told WHERE tier IS NOT NULL GROUP BY tier ORDER BY list_position(?::VARCHAR[], tier) NULLS LAST, tier"""

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
