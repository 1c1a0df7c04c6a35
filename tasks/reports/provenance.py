"""How a problem came about, from the seeds of its points to the judges' votes on its solutions."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten, wrap
from uuid import UUID

from tasks.reports.paths import paths_between
from tasks.store.database import Store
from tasks.store.latest import current_recipe, latest_identity


def problems_called(store: Store, prefix: str) -> list[UUID]:
    """The ids that begin so, at most two."""
    return store.column("SELECT id FROM problems WHERE starts_with(id::VARCHAR, ?) LIMIT 2", [prefix])


def provenance(store: Store, problem_id: UUID) -> Iterator[str]:
    """Everything that led to a problem and its fate, in lines for a person."""
    text, sample, combination_id, asked_by = store.rows(
        "SELECT text, sample, combination_id, names FROM problems WHERE id = ?", [problem_id]
    )[0]
    present = bool(store.rows("SELECT 1 FROM current_problems WHERE id = ?", [problem_id]))
    yield from _combination(store, combination_id, asked_by, present)
    yield f"problem      {problem_id} (sample {sample})"
    yield from _wrapped(text)
    yield from _reviews(store, problem_id)
    yield from _solutions(store, problem_id)
    yield from _verdicts(store, problem_id)
    if store.rows("SELECT 1 FROM pairs WHERE id = ?", [problem_id]):
        yield "This is a pair of the dataset."
    elif not present:
        yield (
            "This problem has retired: the present seeds and settings do not ask for it, so it is no pair of the "
            "dataset. It is paid for, and takes part again when they do."
        )


def _combination(store: Store, combination_id: UUID, asked_by: list[str] | None, present: bool) -> Iterator[str]:
    """What was drawn, with the seeds of each point and the paths between them."""
    for relation, points, names, weight, position in store.rows(COMBINATION, [combination_id]):
        place = f"place {position:,} in sampling order" if present else "not drawn from the present seeds"
        yield f"combination  {relation}, weight {weight:g}, {place}"
        for point, name in zip(points, asked_by or names, strict=True):
            seeds = store.rows(SEEDS_OF_POINT, [point])
            found = ", ".join(f"{source}:{line}" for source, line, _ in seeds[:3])
            yield f"  point      {name}, " + (f"from {len(seeds)} seeds: {found}" if seeds else "in no present seed")
            yield from (shorten(problem, WIDTH, initial_indent=INDENT) for _, _, problem in seeds[:1])
        yield from paths_between(store, current_recipe(store, "connect"), points)


def _reviews(store: Store, problem_id: UUID) -> Iterator[str]:
    for judge, logic, presentation, difficulty, unjudged in store.rows(REVIEWS, [problem_id]):
        said = unjudged or (f"difficulty {difficulty}" if difficulty else f"logic {logic}, presentation {presentation}")
        yield f"review       {judge}: {said}"


def _solutions(store: Store, problem_id: UUID) -> Iterator[str]:
    """Each answer; the text of those that judges have read, and what they say."""
    for solution_id, number, answer, solution in store.rows(SOLUTIONS, [problem_id]):
        grades = store.rows(GRADES, [solution_id])
        yield f"solution {number}   answer {answer}"
        yield from _wrapped(solution) if grades else ()
        for judge, vote, unjudged in grades:
            yield f"  grade      {judge}: {unjudged or ('wrong', 'right')[vote]}"


def _verdicts(store: Store, problem_id: UUID) -> Iterator[str]:
    """The election, and what each gate made of the problem."""
    for kind, asked, classes, measured in store.rows(ELECTION, [problem_id]):
        agreed = f"{asked} solutions, by answer {', '.join(map(str, classes)) or 'none'}" if kind == "votes" else kind
        yield f"election     {agreed}" + (f"; measured difficulty {measured}" if measured else "")
    named = latest_identity(store)["screen"].get("benchmarks")
    checked = "and in no benchmark that the settings name" if named else "and no benchmark is named to compare with"
    for stage, score in store.rows(PASSES, [problem_id]):
        told = PASSED[stage].format(score or 0.0)
        yield f"passed       {stage}{told}{checked if stage == 'screen' else ''}"
    for stage, reason, detail in store.rows(REJECTIONS, [problem_id]):
        yield f"rejected     {stage}: {reason} ({detail})"


def _wrapped(text: str) -> Iterator[str]:
    """Lines of a text, indented and wrapped; long formulas stay whole."""
    for line in text.splitlines():
        yield from wrap(line, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False)


WIDTH = 110
INDENT = "    "

PASSED = {
    "review": ": mean score {:.3f}",
    "grade": ": {:.0%} of the solutions give its answer, and the judges accept it",
    "screen": ": no repetition, ",
}
"""What passing a gate means; the number is the row's score."""

COMBINATION = """
    SELECT relation, points, names, weight, position FROM combinations WHERE id = ?
    ORDER BY recipe IN (SELECT recipe FROM current_recipes) DESC, recipe LIMIT 1"""

SEEDS_OF_POINT = """
    SELECT DISTINCT s.source, s.line, s.problem FROM occurrences o JOIN seeds s ON s.id = o.seed_id
    WHERE o.point_id = ? ORDER BY ALL"""

REVIEWS = """
    SELECT judge, logic, presentation, difficulty, unjudged FROM reviews WHERE problem_id = ? ORDER BY judge"""

SOLUTIONS = "SELECT id, sample, answer, text FROM solutions WHERE problem_id = ? ORDER BY sample"

GRADES = "SELECT judge, vote, unjudged FROM grades WHERE solution_id = ? ORDER BY judge"

ELECTION = "SELECT kind, asked, classes, difficulty FROM current_elections WHERE problem_id = ?"

PASSES = """
    SELECT stage, score FROM current_passes WHERE problem_id = ?
    ORDER BY list_position(['review', 'grade', 'screen'], stage)"""

REJECTIONS = "SELECT stage, reason, detail FROM current_rejects WHERE subject_id = ? ORDER BY ALL"
