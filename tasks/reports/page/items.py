"""What the report's inspector shows: pairs and rejects with all that led to them, or a stratified sample of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from tasks.reports.page.novelty import Nearest
from tasks.store.database import Store
from tasks.store.latest import recipe_of

MOST = 20_000
"""Problems that are shown; of more, a sample in which every outcome and relation has its share."""
LEAST = 50
"""Problems of each outcome and relation that are shown in any case, where there are so many."""
MOST_ROWS = 2_000
"""Rejected rows, names and seeds that are listed."""


def items(
    store: Store, numbers: Mapping[UUID, int], nearest: Sequence[Nearest] = (), benchmarks: int = 0
) -> dict[str, Any]:
    """The items, in sampling order, and how many there are in all. The table `told` must be there.

    `nearest` are the seeds next to pairs; `benchmarks` is how many the texts were compared with.
    """
    whole = int(store.rows("SELECT count(*) FROM told")[0][0])
    chosen = [row[0] for row in store.rows(_SAMPLE, [LEAST, MOST])]
    shown = [*_items(store, chosen, numbers)]
    rows = [list(row) for row in store.rows(_ROWS, [MOST_ROWS])]
    seeds = {near.pair: [near.seed, round(near.similarity, 3), near.text] for near in nearest}
    for item in shown:
        if near := seeds.get(item["id"]):
            item["nearest"] = near
    return {"items": shown, "of": whole, "rows": rows, "benchmarks": benchmarks}


def _items(store: Store, ids: Sequence[UUID], numbers: Mapping[UUID, int]) -> Iterator[dict[str, Any]]:
    wanted = [list(ids)]
    reviews = _grouped(store, _REVIEWS, wanted)
    solutions = _grouped(store, _SOLUTIONS, wanted)
    grades = _grouped(store, _GRADES, wanted)
    repeats = _grouped(store, _REPEATS, wanted)
    evidence = _grouped(store, _EVIDENCE, wanted)
    texts = {problem: text for problem, *text in store.rows(_TEXTS, [*wanted])}
    names = [column for column, _ in COLUMNS]
    for row in store.rows(
        f"SELECT {', '.join(sql for _, sql in COLUMNS)} FROM told WHERE id IN {_IDS} {_ORDER}", wanted
    ):
        told = dict(zip(names, row, strict=True))
        problem = UUID(told["id"])
        told["points"] = [numbers.get(point, -1) for point in told["points"]]
        told |= {"reviews": reviews[problem], "solutions": solutions[problem], "grades": grades[problem]}
        told |= {"repeats": repeats[problem], "evidence": evidence[problem]}
        told["solution"], told["shown"] = texts.get(problem, (None, None))
        # What is not there need not be said twenty thousand times.
        yield {name: value for name, value in told.items() if value not in (None, [])}


def _grouped(store: Store, sql: str, parameters: Sequence[Any]) -> defaultdict[UUID, list[list[Any]]]:
    found: defaultdict[UUID, list[list[Any]]] = defaultdict(list)
    for problem, *rest in store.rows(sql, parameters):
        found[problem].append(rest)
    return found


def as_json(value: Any) -> str:
    """JSON without blanks; ids and times as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


COLUMNS = (
    ("id", "id::VARCHAR"),
    ("sample", "sample"),
    ("position", "position"),
    ("relation", "relation"),
    ("weight", "weight"),
    ("points", "points"),
    ("names", "names"),
    ("outcome", "outcome"),
    ("reason", "reason"),
    ("detail", "detail"),
    ("score", "round(review_score, 4)"),
    ("rated", "rated"),
    ("measured", "measured"),
    ("agreement", "round(agreement, 4)"),
    ("vote", "kind"),
    ("asked", "asked"),
    ("spared", "spared"),
    ("classes", "classes"),
    ("tier", "tier"),
    ("level", "level"),
    ("tokens", "tokens"),
    ("usd", "round(usd, 6)"),
    ("problem", "(SELECT text FROM problems p WHERE p.id = told.id)"),
    ("answer", "(SELECT answer FROM solutions s WHERE s.id = told.solution_id)"),
)

_IDS = "(SELECT unnest(?::UUID[]))"
_ORDER = "ORDER BY position, sample"

_SAMPLE = """
    WITH strata AS (
        SELECT id, position, sample, row_number() OVER stratum AS place,
            count(*) OVER (PARTITION BY outcome, reason, relation) AS size
        FROM told WINDOW stratum AS (PARTITION BY outcome, reason, relation ORDER BY id))
    SELECT id FROM strata WHERE place <= greatest(?, ceil(size * least(1, ? / (SELECT count(*) FROM told))))
    ORDER BY position, sample"""
"""Ids are hashes, so that the first of each stratum are any of them, and the same tomorrow."""

WORDS = 600
"""Characters of a judge's own words that are told; of rejects alone, since they are what asks for reasons."""

_SAID = f"""
    CASE WHEN t.outcome = '{{stage}}' AND length(regexp_replace(c.text, '<[^>]*>[^<]*</[^>]*>|\\s', '', 'g')) > 0
        THEN left(c.text, {WORDS}) END"""
"""Words of a judge beyond the scores themselves, which stand in a column of their own."""

_REVIEWS = f"""
    SELECT r.problem_id, r.judge, r.logic, r.presentation, r.difficulty, r.unjudged, {_SAID.format(stage="review")}
    FROM reviews r JOIN told t ON t.id = r.problem_id LEFT JOIN calls c ON c.id = r.call_id
    WHERE r.problem_id IN {_IDS} ORDER BY r.judge = 'rater', r.judge"""

_SOLUTIONS = f"""
    SELECT s.problem_id, s.sample, s.answer, s.id = t.solution_id, c.model
    FROM solutions s JOIN told t ON t.id = s.problem_id LEFT JOIN calls c ON c.id = s.call_id
    WHERE s.problem_id IN {_IDS} ORDER BY s.sample"""

_GRADES = f"""
    SELECT g.problem_id, s.sample, g.judge, g.vote, g.unjudged, {_SAID.format(stage="grade")}
    FROM grades g JOIN solutions s ON s.id = g.solution_id JOIN told t ON t.id = g.problem_id
    LEFT JOIN calls c ON c.id = g.call_id
    WHERE g.problem_id IN {_IDS} ORDER BY s.sample, g.judge"""

_REPEATS = f"""
    SELECT problem_id, kind, kept_id::VARCHAR, round(similarity, 4) FROM repeats
    WHERE problem_id IN {_IDS} AND recipe = {recipe_of("screen")} ORDER BY kind"""

_EVIDENCE = f"""
    SELECT subject_id, part, item, rule, round(coverage, 4), overlap FROM evidence
    WHERE subject_id IN {_IDS} AND recipe = {recipe_of("screen")} ORDER BY part, item"""

_TEXTS = f"""
    WITH shown AS (
        SELECT t.id AS problem_id, coalesce(t.solution_id, g.solution_id, s.id) AS solution_id
        FROM told t
        LEFT JOIN (SELECT problem_id, min(solution_id) AS solution_id FROM grades GROUP BY 1) g ON g.problem_id = t.id
        LEFT JOIN solutions s ON s.problem_id = t.id AND s.sample = 0
        WHERE t.id IN {_IDS})
    SELECT shown.problem_id, s.text, s.sample FROM shown JOIN solutions s ON s.id = shown.solution_id"""
"""The solution that was chosen; of a rejected problem one that was graded, or the first."""

_ROWS = """
    SELECT stage, reason, detail, coalesce(s.source || ':' || s.line, '') AS place FROM rejects r
    LEFT JOIN seeds s ON s.id = r.subject_id
    WHERE stage IN ('ingest', 'extract', 'connect')
        AND (stage = 'ingest' OR recipe IN (SELECT recipe FROM current_recipes))
    ORDER BY stage, reason, detail, place LIMIT ?"""
