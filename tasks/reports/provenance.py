"""How a problem came about, from the seeds of its points to the judges' votes on its solutions."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten, wrap
from uuid import UUID

from tasks.reports.paths import paths_between
from tasks.store.database import Store
from tasks.store.latest import current_recipe


def problems_called(store: Store, prefix: str) -> list[UUID]:
    """The ids that begin so, at most two."""
    return store.column("SELECT id FROM problems WHERE starts_with(id::VARCHAR, ?) LIMIT 2", [prefix])


def provenance(store: Store, problem_id: UUID) -> Iterator[str]:
    """Everything that led to a problem and its fate, in lines for a person."""
    text, sample, combination_id, asked_by = store.rows(
        "SELECT text, sample, combination_id, names FROM problems WHERE id = ?", [problem_id]
    )[0]
    present = bool(store.rows("SELECT 1 FROM current_problems WHERE id = ?", [problem_id]))
    for relation, points, names, weight, position in store.rows(COMBINATION, [combination_id]):
        place = f"place {position:,} in sampling order" if present else "not drawn from the present seeds"
        yield f"combination  {relation}, weight {weight:g}, {place}"
        for point, name in zip(points, asked_by or names, strict=True):
            seeds = store.rows(SEEDS_OF_POINT, [point])
            found = ", ".join(f"{source}:{line}" for source, line, _ in seeds[:3])
            yield f"  point      {name}, " + (f"from {len(seeds)} seeds: {found}" if seeds else "in no present seed")
            yield from (shorten(problem, WIDTH, initial_indent=INDENT) for _, _, problem in seeds[:1])
        yield from paths_between(store, current_recipe(store, "connect"), points)
    yield f"problem      {problem_id} (sample {sample})"
    yield from _wrapped(text)
    for judge, logic, presentation, difficulty, unjudged in store.rows(
        "SELECT judge, logic, presentation, difficulty, unjudged FROM reviews WHERE problem_id = ? ORDER BY judge",
        [problem_id],
    ):
        said = unjudged or (f"difficulty {difficulty}" if difficulty else f"logic {logic}, presentation {presentation}")
        yield f"review       {judge}: {said}"
    for solution_id, number, answer, solution in store.rows(
        "SELECT id, sample, answer, text FROM solutions WHERE problem_id = ? ORDER BY sample", [problem_id]
    ):
        grades = store.rows(
            "SELECT judge, vote, unjudged FROM grades WHERE solution_id = ? ORDER BY judge", [solution_id]
        )
        yield f"solution {number}   answer {answer}"
        yield from _wrapped(solution) if grades else ()
        for judge, vote, unjudged in grades:
            yield f"  grade      {judge}: {unjudged or ('wrong', 'right')[vote]}"
    for kind, asked, classes, measured in store.rows(
        "SELECT kind, asked, classes, difficulty FROM current_elections WHERE problem_id = ?", [problem_id]
    ):
        agreed = f"{asked} solutions, by answer {', '.join(map(str, classes)) or 'none'}" if kind == "votes" else kind
        yield f"election     {agreed}" + (f"; measured difficulty {measured}" if measured else "")
    for stage, score in store.rows(
        "SELECT stage, score FROM current_passes WHERE problem_id = ? "
        "ORDER BY list_position(['review', 'grade', 'screen'], stage)",
        [problem_id],
    ):
        yield f"passed       {stage}" + PASSED[stage].format(score or 0.0)
    for stage, reason, detail in store.rows(
        "SELECT stage, reason, detail FROM current_rejects WHERE subject_id = ? ORDER BY ALL",
        [problem_id],
    ):
        yield f"rejected     {stage}: {reason} ({detail})"
    if store.rows("SELECT 1 FROM pairs WHERE id = ?", [problem_id]):
        yield "This is a pair of the dataset."
    elif not present:
        yield (
            "This problem has retired: the present seeds and settings do not ask for it, so it is no pair of the "
            "dataset. It is paid for, and takes part again when they do."
        )


def _wrapped(text: str) -> Iterator[str]:
    """Lines of a text, indented and wrapped; long formulas stay whole."""
    for line in text.splitlines():
        yield from wrap(line, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False)


WIDTH = 110
INDENT = "    "

PASSED = {
    "review": ": mean score {:.3f}",
    "grade": ": {:.0%} of the solutions give its answer, and the judges accept it",
    "screen": ": no repetition, and in no benchmark that the settings name",
}
"""What passing a gate means; the number is the row's score."""

COMBINATION = """
    SELECT relation, points, names, weight, position FROM combinations WHERE id = ?
    ORDER BY recipe IN (SELECT recipe FROM current_recipes) DESC, recipe LIMIT 1"""

SEEDS_OF_POINT = """
    SELECT DISTINCT s.source, s.line, s.problem FROM occurrences o JOIN seeds s ON s.id = o.seed_id
    WHERE o.point_id = ? ORDER BY ALL"""
