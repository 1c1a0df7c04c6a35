r"""The columns of `data/pairs.parquet`: what each of them holds, of which type, and how it is computed.

Types are those of DuckDB; Parquet keeps them, and trainers' readers see text, numbers, booleans, lists and structs.
"""

from __future__ import annotations

from typing import NamedTuple

CLEAN = r"regexp_replace(answer, '[$\s]|\\[,;!]|\\left|\\right|\{,\}', '', 'g')"
"""An answer without the marks that change nothing of its kind."""

NUMBER = r"(\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?|\.\d+|\d+/\d+|\\[dt]?frac\{-?\d+\}\{\d+\})(\\?%|\^\{?\\circ\}?)?"

ANSWER_TYPE = rf"""
    CASE WHEN kind = 'proof' THEN 'proof' WHEN answer IS NULL OR kind = 'open' THEN 'text'
        WHEN regexp_full_match({CLEAN}, '(\\text(bf)?\{{)?\(?[A-J]\)?\}}?') THEN 'choice'
        WHEN regexp_full_match({CLEAN}, '[-+]?{NUMBER}') THEN 'number'
        WHEN regexp_matches({CLEAN}, '^[\[(].*,.*[\])]$') AND regexp_matches({CLEAN}, '^\[|\]$|infty') THEN 'interval'
        WHEN regexp_matches({CLEAN}, '^\\\{{.*\}}$|^[^(\[]*,[^)\]]*$') THEN 'set'
        WHEN regexp_matches(answer, '\p{{L}}{{3,}}\s+\p{{L}}{{2,}}') THEN 'text' ELSE 'expression' END"""
"""The kind of an `answer`, by its form and the `kind` of its problem's election."""


class DatasetColumn(NamedTuple):
    """A column of the dataset."""

    name: str
    type: str
    about: str


COLUMNS = tuple(
    DatasetColumn(*row)
    for row in (
        ("id", "VARCHAR", "Id of the problem; the same in every file, and what `gsdp explain` takes"),
        ("relation", "VARCHAR", "How the problem's knowledge points lie to each other in the graph"),
        ("points", "VARCHAR[]", "Names of the knowledge points that the problem was asked to combine"),
        (
            "path",
            "VARCHAR[]",
            "Of two points: the names along the shortest path between them in the graph, both ends included; "
            "null for more points, or where none joins them",
        ),
        ("problem", "VARCHAR", "The problem, as the composer wrote it"),
        ("solution", "VARCHAR", "A worked solution, as a solver wrote it"),
        ("answer", "VARCHAR", "The final answer found in that solution; null for a proof"),
        ("answer_type", "VARCHAR", "number, expression, set, interval, choice, text or proof, by the answer's form"),
        (
            "verifiable",
            "BOOLEAN",
            "Whether a program can compare the answer: it is no proof, no text, and was voted on",
        ),
        (
            "ground_truth",
            "VARCHAR",
            "The answer as checkers read it, without thousands separators and marks of mathematics around it; null "
            "where it is not verifiable",
        ),
        ("difficulty", "VARCHAR", "easy, medium or hard, as a model rated the problem before it was solved"),
        ("measured_difficulty", "VARCHAR", "easy, medium or hard, by the share of the solutions that agree"),
        ("agreement", "DOUBLE", "Share of the solutions asked for that give the winning answer, 0 to 1"),
        ("asked", "INTEGER", "Solutions asked for"),
        ("votes", "INTEGER[]", "Solutions by answer, most first: [3, 1] is three that agree and one that differs"),
        ("review_score", "DOUBLE", "Weighted mean of the judges' scores of the problem, 0 to 1"),
        (
            "scores",
            "STRUCT(judge VARCHAR, logic DOUBLE, presentation DOUBLE)[]",
            "The scores of the problem by judge, 0 to 1: is it complete and consistent, is it well put",
        ),
        (
            "grades",
            "STRUCT(judge VARCHAR, vote INTEGER)[]",
            "The votes on this solution by judge: 1 right, 0 wrong; empty where none was asked of it",
        ),
        ("seeds", "VARCHAR[]", "Seeds that the points come from, as file:line; at most 3 of each point"),
        ("seed_ids", "VARCHAR[]", "Their ids in the store, in the same order"),
        ("composer", "VARCHAR", "Model that wrote the problem"),
        ("rater", "VARCHAR", "Model that rated it; null where none does"),
        ("solver", "VARCHAR", "Model that wrote the solution; the judges stand in scores and grades"),
        ("compose_prompt", "VARCHAR", "Hash of the prompt file that the problem was asked for with"),
        ("review_prompt", "VARCHAR", "Hash of the prompt file that the judges scored it with"),
        ("rate_prompt", "VARCHAR", "Hash of the prompt file that it was rated with"),
        ("solve_prompt", "VARCHAR", "Hash of the prompt file that the solution was asked for with"),
        ("grade_prompt", "VARCHAR", "Hash of the prompt file that the judges voted with"),
        ("solution_id", "VARCHAR", "Id of the solution in the store"),
        (
            "chosen",
            "BOOLEAN",
            "Whether the judges accepted this solution; others give the same answer",
        ),
        ("split", "VARCHAR", "train or validation; problems of one combination are in one split"),
    )
)
