"""Rows of multiple choice: the problem with its options under letters, and the letter of the right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasks.inputs.values import LETTERS, NotText, choices, text_at

Row = Mapping[str, Any]

OPTIONS = ("options", "choices")
RIGHT = ("answer", "answerKey", "correct", "label", "answer_letter", "answer_index", "correct_answer")
"""Columns with the right option, the usual ones first."""
LEAST_LETTERED = 3
"""Columns A, B, C from which on they are options: a problem may have parameters A and B."""
IN_ONE_TEXT = re.compile(r"(?:^|[,;\n])\s*\(?([A-Ja-j])\s*[).:]\s*")


def is_multiple_choice(row: Row) -> bool:
    """Whether a row looks like it."""
    asked = "question" in row or "problem" in row
    lettered = len(_lettered(row)) >= LEAST_LETTERED and any(_letter(row.get(name)) for name in RIGHT)
    return asked and (any(name in row for name in OPTIONS) or lettered)


def choice_problem(row: Row) -> str:
    """The question, and its options under letters."""
    stem = text_at(row, "question") or text_at(row, "problem")
    return f"{stem}\n{choices(_options(row))}"


def choice_answer(row: Row) -> str:
    """The letter of the right option, which rows give as a letter, an index from 0 or the option's text."""
    options = _options(row)
    value = next((row[name] for name in RIGHT if row.get(name) is not None), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < len(options):
            return LETTERS[int(value)]
        raise NotText(f"the answer {value} is the index of no option")
    said = text_at({"answer": value}, "answer")
    letter = _letter(said)
    if letter and letter in LETTERS[: len(options)]:
        return letter
    if said in options:
        return LETTERS[options.index(said)]
    if said.isdecimal() and int(said) < len(options):
        return LETTERS[int(said)]
    if not said:
        return ""
    raise NotText(f"the answer {said[:40]!r} is no option's letter, index or text")


def _letter(value: Any) -> str:
    """The letter that a value is, with or without brackets or a dot; "" for another value."""
    letter = value.strip("().: ").upper() if isinstance(value, str) else ""
    return letter if len(letter) == 1 and letter in LETTERS else ""


def _lettered(row: Row) -> list[str]:
    """The columns A, B, ... of a row, as far as they go."""
    here = [letter for letter in LETTERS if row.get(letter) not in (None, "")]
    return here if here == list(LETTERS[: len(here)]) else []


def _options(row: Row) -> list[str]:
    found = next((row[name] for name in OPTIONS if row.get(name) is not None), None)
    if found is None:
        found = [row[letter] for letter in _lettered(row)]
    if isinstance(found, Mapping):
        # As some sets have it: {"text": [...], "label": [...]}, or {"A": ..., "B": ...}.
        found = found.get("text", list(found.values()))
    if isinstance(found, str):
        found = _in_one_text(found)
    if not isinstance(found, list) or not 2 <= len(found) <= len(LETTERS):
        raise NotText(f"the options are no list of 2 to {len(LETTERS)} texts")
    return _without_letters([text_at({"option": option}, "option") for option in found])


def _in_one_text(text: str) -> list[str]:
    """The options of `a ) 38 , b ) 40 , c ) 42`; none where the letters do not follow each other."""
    parts = IN_ONE_TEXT.split(text)
    letters = "".join(parts[1::2]).upper()
    return [part.strip() for part in parts[2::2]] if LETTERS.startswith(letters) and not parts[0].strip() else []


def _without_letters(options: list[str]) -> list[str]:
    """Options that come under their letters, as `A)12`, without these."""
    marks = [
        re.match(rf"\(?{letter}\s*[).:]\s*", option, re.IGNORECASE)
        for letter, option in zip(LETTERS, options, strict=False)
    ]
    return (
        [option[mark.end() :] for mark, option in zip(marks, options, strict=False) if mark] if all(marks) else options
    )
