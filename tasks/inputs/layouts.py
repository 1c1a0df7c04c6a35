"""Layouts of public datasets: which column holds what, told by its name or guessed from the first row's columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tasks.inputs.values import LETTERS, NotText, choices, text_at, value_at
from tasks.settings.run import Columns, LayoutName, SeedFile

Row = Mapping[str, Any]


class Layout(NamedTuple):
    """How the rows of a dataset are laid out."""

    title: str
    columns: Columns
    guessed: Callable[[Row], bool]
    """Whether a row looks like it; asked in the order of the registry."""
    answer_after: str | None = None
    problem: Callable[[Row], str] | None = None
    """Where no column holds it as it is to be read."""
    answer: Callable[[Row], str] | None = None
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


def _options(row: Row) -> list[str]:
    found = next((row[name] for name in ("options", "choices") if row.get(name) is not None), None)
    if isinstance(found, Mapping):
        # As some sets have it: {"text": [...], "label": [...]}, or {"A": ..., "B": ...}.
        found = found.get("text", list(found.values()))
    if not isinstance(found, list) or not 2 <= len(found) <= len(LETTERS):
        raise NotText(f"the options are no list of 2 to {len(LETTERS)} texts")
    return [text_at({"option": option}, "option") for option in found]


def _choice_problem(row: Row) -> str:
    stem = text_at(row, "question") or text_at(row, "problem")
    return f"{stem}\n{choices(_options(row))}"


def _choice_answer(row: Row) -> str:
    """The letter of the right option, which rows give as a letter, an index from 0 or the option's text."""
    options = _options(row)
    value = next((row[name] for name in ("answer", "answerKey", "label") if row.get(name) is not None), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < len(options):
            return LETTERS[int(value)]
        raise NotText(f"the answer {value} is the index of no option")
    said = text_at({"answer": value}, "answer")
    letter = said.strip("().: ").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options)]:
        return letter
    if said in options:
        return LETTERS[options.index(said)]
    if said.isdecimal() and int(said) < len(options):
        return LETTERS[int(said)]
    if not said:
        return ""
    raise NotText(f"the answer {said[:40]!r} is no option's letter, index or text")


def _alpaca_problem(row: Row) -> str:
    return f"{text_at(row, 'instruction')}\n{text_at(row, 'input')}".strip()


def _final_answers(row: Row) -> str:
    found = value_at(row, "final_answer")
    return ", ".join(str(part) for part in found) if isinstance(found, list) else text_at(row, "final_answer")


LAYOUTS: dict[LayoutName, Layout] = {
    "dapo": Layout(
        "DAPO",
        Columns(problem="prompt[-1].content", answer="reward_model.ground_truth"),
        _has("prompt", "reward_model"),
    ),
    "mcq": Layout(
        "multiple choice",
        Columns(problem="question", solution="solution"),
        lambda row: ("options" in row or "choices" in row) and ("question" in row or "problem" in row),
        problem=_choice_problem,
        answer=_choice_answer,
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
}
"""By the name in the settings; the more telling ones first, since the first that fits is taken."""

CALCULATION = re.compile(r"<<[^<>]*>>")


def layout_of(file: SeedFile, row: Row) -> Layout | None:
    """The layout of a file by its settings, or guessed from a row where the settings say nothing of its columns."""
    if file.layout:
        return LAYOUTS[file.layout]
    if file.columns != Columns() or ("problem" in row and not any(name in row for name in TELLING)):
        return None
    return next((layout for layout in LAYOUTS.values() if layout.guessed(row)), None)


TELLING = ("generated_solution", "messages", "options", "choices", "level")
"""Columns that tell of a layout also where there is one called problem."""


def laid_out(file: SeedFile, layout: Layout | None) -> SeedFile:
    """The file with its layout's columns, where the settings name none."""
    if layout is None:
        return file
    columns = layout.columns if file.columns == Columns() else file.columns
    return file.model_copy(update={"columns": columns, "answer_after": file.answer_after or layout.answer_after})
