"""Layouts of public datasets: which column holds what, told by its name or guessed from the first row's columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tasks.inputs.column_names import USUAL, by_usual_names
from tasks.inputs.multiple_choice import Options, choice_answer, choice_problem, is_multiple_choice, options_of
from tasks.inputs.values import NotText, columns_of, text_at, value_at
from tasks.settings.sections import Columns, LayoutName, SeedFile

Row = Mapping[str, Any]


class Layout(NamedTuple):
    """How the rows of a dataset are laid out."""

    title: str
    """Empty where there is no more to it than the names of its columns."""
    columns: Columns
    guessed: Callable[[Row], bool]
    """Whether a row looks like it; asked in the order of the registry."""
    answer_after: str | None = None
    problem: Callable[[Row], str] | None = None
    """Where no column holds it as it is to be read."""
    solution: Callable[[Row], str] | None = None
    answer: Callable[[Row], str] | None = None
    options: Callable[[Row], Options] | None = None
    """Of multiple choice, where its answer is a letter."""
    calculations: bool = False
    """Whether solutions hold a calculator's notes, `<<3*4=12>>`."""


def _has(*names: str) -> Callable[[Row], bool]:
    return lambda row: all(name in row for name in names)


def _turns(column: str, who: str) -> Callable[[Row], bool]:
    return lambda row: (
        isinstance(found := row.get(column), list)
        and bool(found)
        and all(isinstance(turn, Mapping) and who in turn for turn in found)
    )


def _alpaca_problem(row: Row) -> str:
    return f"{text_at(row, 'instruction')}\n{text_at(row, 'input')}".strip()


def _final_answers(row: Row) -> str:
    found = value_at(row, "final_answer")
    return ", ".join(str(part) for part in found) if isinstance(found, list) else text_at(row, "final_answer")


def _is_worked(text: str) -> bool:
    """Whether an answer is a solution: people call both so."""
    return "\n" in text or len(text.split()) > LONGEST_ANSWER


LONGEST_ANSWER = 15
"""Words of a final answer."""


def _worked_answer(row: Row) -> str:
    return found if _is_worked(found := text_at(row, "answer")) else ""


def _final_answer(row: Row) -> str:
    return "" if _is_worked(found := text_at(row, "answer")) else found


LAYOUTS: dict[LayoutName, Layout] = {
    "dapo": Layout(
        "DAPO",
        Columns(problem="prompt[-1].content", answer="reward_model.ground_truth"),
        _has("prompt", "reward_model"),
    ),
    "mcq": Layout(
        "multiple choice",
        Columns(problem="question", solution="solution"),
        is_multiple_choice,
        problem=choice_problem,
        answer=choice_answer,
        options=options_of,
    ),
    "olympiad": Layout(
        "OlympiadBench",
        Columns(problem="question", solution="solution"),
        _has("question", "solution", "final_answer"),
        answer=_final_answers,
    ),
    "openmath": Layout(
        "OpenMathInstruct",
        Columns(problem="problem", solution="generated_solution", answer="expected_answer"),
        _has("problem", "generated_solution"),
    ),
    "numina": Layout("NuminaMath", Columns(), _has("problem", "solution", "messages")),
    "math": Layout("MATH", Columns(), _has("problem", "solution", "level", "type")),
    "gsm8k": Layout(
        "GSM8K",
        Columns(problem="question", solution="answer"),
        lambda row: isinstance(row.get("question"), str) and "####" in str(row.get("answer", "")),
        answer_after="####",
        calculations=True,
    ),
    "metamath": Layout(
        "MetaMathQA",
        Columns(problem="query", solution="response"),
        _has("query", "response"),
        answer_after="The answer is:",
    ),
    "alpaca": Layout(
        "Alpaca",
        Columns(problem="instruction", solution="output"),
        _has("instruction", "output"),
        problem=_alpaca_problem,
    ),
    "messages": Layout(
        "messages",
        Columns(
            problem="messages[?role=='user'].content | [0]", solution="messages[?role=='assistant'].content | [-1]"
        ),
        _turns("messages", "role"),
    ),
    "sharegpt": Layout(
        "ShareGPT",
        Columns(
            problem="conversations[?from=='human'].value | [0]", solution="conversations[?from=='gpt'].value | [-1]"
        ),
        _turns("conversations", "from"),
    ),
    "qa": Layout(
        "question and answer",
        Columns(problem="question", solution=None, answer="answer"),
        lambda row: (
            isinstance(row.get("question"), str)
            and isinstance(row.get("answer"), str)
            and not any(name in row for name in (*USUAL["solution"], *USUAL["answer"]) if name != "answer")
        ),
        solution=_worked_answer,
        answer=_final_answer,
    ),
}
"""By the name in the settings; the more telling ones first, since the first that fits is taken."""

CALCULATION = re.compile(r"<<[^<>]*>>")


def layout_of(file: SeedFile, row: Row) -> Layout | None:
    """The layout of a file by its settings, or guessed from a row where the settings say nothing of its columns."""
    if file.layout:
        return _with_solution(LAYOUTS[file.layout], row)
    if file.columns != Columns():
        return None
    plain = "problem" in row and not any(name in row for name in TELLING) and not is_multiple_choice(row)
    known = None if plain else next((layout for layout in LAYOUTS.values() if layout.guessed(row)), None)
    return _with_solution(known, row) if known else _by_names(row)


TELLING = ("generated_solution", "messages", "options", "choices", "level")
"""Columns that tell of a layout also where there is one called problem."""


def _by_names(row: Row) -> Layout | None:
    """The layout of rows whose columns have usual names; None where these are the ones that are read anyway."""
    columns = by_usual_names(row)
    return Layout("", columns, lambda _: True) if columns and columns != Columns() else None


def _with_solution(layout: Layout, row: Row) -> Layout:
    """The layout with the column that a row calls its solution otherwise."""
    columns = layout.columns
    if columns.solution is None or any(name in row for name in columns_of(columns.solution)):
        return layout
    named = next((name for name in USUAL["solution"] if name in row and name not in columns_of(columns.problem)), None)
    return layout._replace(columns=columns.model_copy(update={"solution": named})) if named else layout


def laid_out(file: SeedFile, layout: Layout | None) -> SeedFile:
    """The file with its layout's columns, where the settings name none."""
    if layout is None:
        return file
    columns = layout.columns if file.columns == Columns() else file.columns
    return file.model_copy(update={"columns": columns, "answer_after": file.answer_after or layout.answer_after})


def problem_of(row: Row, columns: Columns, layout: Layout | None, booleans: bool = False) -> str:
    """The problem of a row. Raises NotText."""
    return layout.problem(row) if layout and layout.problem else text_at(row, columns.problem, booleans)


def solution_of(row: Row, columns: Columns, layout: Layout | None, booleans: bool = False) -> str:
    """The solution of a row. Raises NotText."""
    found = layout.solution(row) if layout and layout.solution else text_at(row, columns.solution, booleans)
    return CALCULATION.sub("", found) if layout and layout.calculations else found


def answer_of(row: Row, columns: Columns, layout: Layout | None, booleans: bool = False) -> str:
    """The answer that a row has apart from its solution. Raises NotText."""
    if layout and layout.answer:
        return layout.answer(row)
    if columns.answer:
        return text_at(row, columns.answer, booleans)
    return _plain_answer(row, columns.problem, columns.solution)


def _plain_answer(row: Row, *others: str | None) -> str:
    """The text of a column `answer` that nobody has named, unless it holds something else."""
    if any("answer" in columns_of(other) for other in others if other):
        return ""
    try:
        return text_at(row, "answer")
    except NotText:
        return ""
