"""The rows of a dataset, gathered from the store some thousands at a time, so that memory is flat in their number.

A row is a solution of an accepted problem: the chosen one, or every one that agrees with it. What is gathered are
Parquet files in the dataset's order, and all other files of the dataset are made of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from graph.paths import shortest_path
from tasks.answers.ground_truth import ground_truth
from tasks.reports.agreement import asked_now
from tasks.reports.columns import ANSWER_TYPE, COLUMNS
from tasks.reports.formats import PublishedPair
from tasks.settings.sections import Publish
from tasks.store.database import Store, literal
from tasks.store.graphs import load_graph, point_names
from tasks.store.latest import current_recipe, latest_identity, recipe_of

AT_ONCE = 10_000
"""Pairs that are gathered at a time."""

PLACES = 3
"""Seeds that a pair names of each of its points; `gsdp explain` counts all of them."""


class DatasetSplit(NamedTuple):
    """A part of the pairs, and what its files are called."""

    name: str
    pairs: str
    suffix: str
    part: str


def splits(validation: float) -> list[DatasetSplit]:
    """All pairs, or those of some combinations held out: siblings are in one split."""
    if not validation:
        return [DatasetSplit("train", "pairs", "", "true")]
    bound = UUID(int=int(validation * 2**128))
    held_out = f"combination_id::VARCHAR < '{bound}'"
    return [
        DatasetSplit("train", "pairs", "", f"NOT ({held_out})"),
        DatasetSplit("validation", "validation", "-validation", held_out),
    ]


@contextmanager
def published(store: Store, most: int) -> Iterator[int]:
    """The first pairs as the table `published`, in this thread, and how many they are."""
    try:
        for statement in (_PUBLISHED, _NAMED, _PATHS):
            store.rows(statement, [most] if statement is _PUBLISHED else [])
        with store.function("as_checkers_read", ground_truth):
            yield int(store.value("SELECT count(*) FROM published"))
    finally:
        for table in ("published", "named", "paths"):
            store.rows(f"DROP TABLE IF EXISTS {table}")


def gather(store: Store, publish: Publish, folder: Path, count: int) -> dict[DatasetSplit, list[Path]]:
    """The rows of every split as files of some thousand rows; `count` pairs must be in the table `published`."""
    identity, paths = latest_identity(store), PathNames(store)
    parts: dict[DatasetSplit, list[Path]] = {split: [] for split in splits(publish.validation)}
    for start in range(0, max(count, 1), AT_ONCE):
        here = f"place >= {start} AND place < {start + AT_ONCE}"
        paths.keep(here)
        for split, files in parts.items():
            files.append(folder / f"{split.pairs}-{start:09d}.parquet")
            sql = _rows(identity, publish.solutions == "agreed", split.name, f"{here} AND {split.part}")
            store.write_parquet(sql, [], files[-1])
    return parts


class PathNames:
    """The names along the shortest path between two points of the present graph."""

    def __init__(self, store: Store) -> None:
        recipe = current_recipe(store, "connect")
        self.store, self.graph, self.names = store, load_graph(store, recipe), point_names(store, recipe)
        self.number = {point: node for node, point in enumerate(self.graph.ids)}
        self.between = lru_cache(KEPT_PATHS)(self._between)

    def keep(self, here: str) -> None:
        """Let the table `paths` hold those of some of the published pairs."""
        sql = f"""SELECT DISTINCT p.combination_id, c.points FROM published p
            JOIN combinations c ON c.id = p.combination_id AND c.recipe = {recipe_of("sample")}
            WHERE {here} AND len(c.points) = 2"""
        found = {key: self.between(*points) for key, points in self.store.rows(sql)}
        rows = [[*found], [*found.values()]]
        self.store.rows("DELETE FROM paths")
        self.store.rows("INSERT INTO paths SELECT unnest(?::UUID[]), unnest(?::VARCHAR[][])", rows)

    def _between(self, start: UUID, end: UUID) -> list[str] | None:
        if start not in self.number or end not in self.number:
            return None
        nodes = shortest_path(self.graph, self.number[start], self.number[end])
        return [self.names[self.graph.ids[node]] for node in nodes] or None


KEPT_PATHS = 100_000


def gather_rejected(store: Store, folder: Path) -> list[Path]:
    """What the gates kept out, also as files of some thousand rows."""
    try:
        store.rows(_KEPT_OUT)
        count = int(store.value("SELECT count(*) FROM kept_out"))
        files = []
        for start in range(0, max(count, 1), AT_ONCE):
            files.append(folder / f"rejected-{start:09d}.parquet")
            store.write_parquet(_REJECTED.format(here=f"place >= {start} AND place < {start + AT_ONCE}"), [], files[-1])
        return files
    finally:
        store.rows("DROP TABLE IF EXISTS kept_out")


def published_pairs(store: Store, files: Sequence[Path]) -> Iterator[PublishedPair]:
    """The rows of gathered files, one by one."""
    names = [column.name for column in COLUMNS]
    fields = PublishedPair._fields[:-1]
    for file in files:
        for row in store.stream(f"SELECT {', '.join(names)} FROM {listed([file])}"):
            columns = dict(zip(names, row, strict=True))
            yield PublishedPair._make([*(columns[name] for name in fields), columns])


def example_of(store: Store, gathered: Mapping[DatasetSplit, Sequence[Path]]) -> dict[str, Any] | None:
    """A short row of the first split, to be shown; None where there is no row."""
    names = [column.name for column in COLUMNS]
    sql = f"""SELECT {", ".join(names)} FROM {listed(next(iter(gathered.values()))[:1])} WHERE chosen
        ORDER BY NOT verifiable, length(problem) + length(solution), id LIMIT 1"""
    return next((dict(zip(names, row, strict=True)) for row in store.rows(sql)), None)


def listed(files: Sequence[Path]) -> str:
    """SQL of the rows of Parquet files, in their order."""
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def _rows(identity: dict[str, Any], agreed: bool, split: str, here: str) -> str:
    """The query of the rows of some of the published pairs, in the dataset's order."""
    rater = identity["review"]["rater"]
    constant = {
        "rater": rater and rater["model"],
        "review_prompt": identity["review"]["prompt.review"],
        "rate_prompt": identity["review"]["prompt.rate"],
        "grade_prompt": identity["grade"]["prompt.grade"],
        "split": split,
    }
    values = {name: f"{literal(value)}::VARCHAR" for name, value in constant.items()}
    columns = ", ".join(f"({values.get(name, name)})::{kind} AS {name}" for name, kind, _ in COLUMNS)
    solutions = "list_contains(n.agreed, s.id)" if agreed else "false"
    reviewed, graded = asked_now(identity, "review", "problem_id"), asked_now(identity, "grade", "solution_id")
    answered = _answered(here, solutions, reviewed, graded)
    return f"{answered} SELECT {columns} FROM answered ORDER BY place, NOT chosen, number"


def _answered(here: str, agreed: str, reviewed: str, graded: str) -> str:
    """The tables that the rows are made of; the last, `answered`, has all that is known of each row."""
    return f"""
    WITH now AS MATERIALIZED (SELECT * FROM published WHERE {here}),
    ids AS MATERIALIZED (SELECT id FROM now),
    {_ORIGINS}, {_SCORED.format(reviewed=reviewed)}, {_GRADED.format(graded=graded)},
    {_SOLVED.format(agreed=agreed)}, {_WRITTEN}, {_ASKED_BY}, {_ANSWERED}"""


_ORIGINS = f"""origins AS (
        SELECT c.id AS combination_id, list_sort(list_distinct(flatten(list(n.places)))) AS sources
        FROM (SELECT id, unnest(points) AS point_id FROM combinations
            WHERE recipe = {recipe_of("sample")} AND id IN (SELECT combination_id FROM now)) c
        JOIN named n USING (point_id) GROUP BY 1)"""

_SCORED = """scored AS (
        SELECT problem_id AS id, list({{judge: judge, logic: logic, presentation: presentation}} ORDER BY judge)
            AS scores
        FROM reviews WHERE problem_id IN (FROM ids) AND {reviewed} GROUP BY 1)"""

_GRADED = """graded AS (
        SELECT solution_id, list({{judge: judge, vote: vote}} ORDER BY judge) AS grades
        FROM grades WHERE problem_id IN (FROM ids) AND {graded} GROUP BY 1)"""

# Where the rows are is looked up first: else the texts of whole tables would be unpacked for a few of them.
_SOLVED = """solved AS MATERIALIZED (
        SELECT n.*, s.id AS solution_id, s.id = n.chosen_id AS chosen, s.sample AS number, s.text AS solution, s.answer,
            s.call_id AS solved_by
        FROM (SELECT * FROM solutions WHERE rowid IN (SELECT rowid FROM solutions WHERE problem_id IN (FROM ids))) s
        JOIN now n ON n.id = s.problem_id
        WHERE s.id = n.chosen_id OR {agreed})"""

_WRITTEN = """written AS MATERIALIZED (
        SELECT * FROM problems WHERE rowid IN (SELECT rowid FROM problems WHERE id IN (FROM ids)))"""

_ASKED_BY = """asked_by AS MATERIALIZED (
        SELECT id, model, prompt FROM calls
        WHERE id IN (SELECT call_id FROM written UNION ALL SELECT solved_by FROM solved))"""

_ANSWERED = f"""answered AS (
        SELECT v.*, t.path, w.text AS problem, {ANSWER_TYPE} AS answer_type,
            coalesce(kind, 'votes') = 'votes' AND answer_type NOT IN ('proof', 'text') AS verifiable,
            if(verifiable, as_checkers_read(v.answer), NULL) AS ground_truth,
            coalesce(c.scores, []) AS scores, coalesce(g.grades, []) AS grades,
            coalesce(list_transform(f.sources, lambda each: each.place), []) AS seeds,
            coalesce(list_transform(f.sources, lambda each: each.id), []) AS seed_ids,
            m.model AS composer, m.prompt AS compose_prompt, a.model AS solver, a.prompt AS solve_prompt
        FROM solved v
        LEFT JOIN written w ON w.id = v.id
        LEFT JOIN paths t ON t.combination_id = v.combination_id
        LEFT JOIN origins f ON f.combination_id = v.combination_id
        LEFT JOIN scored c ON c.id = v.id
        LEFT JOIN graded g ON g.solution_id = v.solution_id
        LEFT JOIN asked_by m ON m.id = w.call_id
        LEFT JOIN asked_by a ON a.id = v.solved_by)"""

_PUBLISHED = f"""
    CREATE OR REPLACE TEMP TABLE published AS
    SELECT p.id, p.combination_id, p.relation, p.points, p.difficulty, p.agreement, p.review_score,
        p.solution_id AS chosen_id, e.kind, e.asked, e.classes AS votes, e.agreed,
        e.difficulty AS measured_difficulty, row_number() OVER (ORDER BY p.position, p.sample) - 1 AS place
    FROM (SELECT * EXCLUDE (problem, solution, answer) FROM pairs ORDER BY position, sample LIMIT ?) p
    LEFT JOIN elections e ON e.problem_id = p.id AND e.recipe = {recipe_of("grade")}"""

_NAMED = f"""
    CREATE OR REPLACE TEMP TABLE named AS
    SELECT point_id, list({{place: place, id: seed_id::VARCHAR}} ORDER BY place)[1:{PLACES}] AS places
    FROM (SELECT DISTINCT o.point_id, o.seed_id, concat(s.source, ':', s.line) AS place
        FROM occurrences o JOIN seeds s ON s.id = o.seed_id)
    GROUP BY 1"""

_PATHS = "CREATE OR REPLACE TEMP TABLE paths (combination_id UUID, path VARCHAR[])"

_KEPT_OUT = """
    CREATE OR REPLACE TEMP TABLE kept_out AS
    SELECT m.id, m.relation, m.names AS points, r.stage AS gate, r.reason, r.detail,
        row_number() OVER (ORDER BY m.position, m.sample, r.stage) - 1 AS place
    FROM rejects r JOIN current_problems m ON m.id = r.subject_id
    WHERE r.stage IN ('review', 'grade', 'screen') AND r.recipe IN (SELECT recipe FROM current_recipes)
        AND r.reason <> 'quota full'"""

_REJECTED = """
    WITH now AS MATERIALIZED (SELECT * FROM kept_out WHERE {here}),
    written AS (
        SELECT * FROM problems WHERE rowid IN (SELECT rowid FROM problems WHERE id IN (SELECT id FROM now))),
    solved AS (
        SELECT problem_id, arg_min(text, sample) AS text, arg_min(answer, sample) AS answer
        FROM (SELECT * FROM solutions
            WHERE rowid IN (SELECT rowid FROM solutions WHERE problem_id IN (SELECT id FROM now)))
        GROUP BY 1)
    SELECT n.id::VARCHAR AS id, n.relation, n.points, w.text AS problem, s.text AS solution, s.answer, n.gate,
        n.reason, n.detail
    FROM now n JOIN written w ON w.id = n.id LEFT JOIN solved s ON s.problem_id = n.id ORDER BY n.place"""
