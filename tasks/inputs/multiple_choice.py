"""Rows of multiple choice: the problem with its options under letters, and the letter of the right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any, NamedTuple

from tasks.inputs.values import LETTERS, NotText, choices, text_at

Row = Mapping[str, Any]

OPTIONS = ("options", "choices")
RIGHT = ("answer", "answerKey", "correct", "label", "answer_letter", "answer_index", "correct_answer")
"""Columns with the right option, the usual ones first."""
LEAST_LETTERED = 3
"""Columns A, B, C from which on they are options: a problem may have parameters A and B."""
IN_ONE_TEXT = re.compile(r"(?:^|[,;\n])\s*\(?([A-Ja-j])\s*[).:]\s*")
IN_TEXT = re.compile(r"\\text(?:bf)?\s*\{([^{}]*)\}")
MARKED = re.compile(r"\(?([A-Za-z])\s*[).:]\s*")


def is_multiple_choice(row: Row) -> bool:
    """Whether a row looks like it."""
    asked = "question" in row or "problem" in row
    lettered = len(_lettered(row)) >= LEAST_LETTERED and any(_letter(row.get(name)) for name in RIGHT)
    return asked and (any(name in row for name in OPTIONS) or lettered)


class Options(NamedTuple):
    """What may be chosen."""

    texts: list[str]
    written: list[str]
    """As the file has them: with their letters, where these stand in the texts."""
    labels: list[str]
    """What the file calls them, where it does."""


def choice_problem(row: Row) -> str:
    """The question, and its options under letters."""
    stem = text_at(row, "question") or text_at(row, "problem")
    return f"{stem}\n{choices(options_of(row).texts)}"


def choice_answer(row: Row) -> str:
    """The letter of the right option."""
    return right_option(right_value(row), options_of(row))


def right_value(row: Row) -> Any:
    """What a row says of its right option."""
    return next((row[name] for name in RIGHT if row.get(name) is not None), None)


def right_option(value: Any, options: Options) -> str:
    """The letter of the right option, which rows give as a label, a letter, an index from 0 or the option's text.

    "" where they give nothing. Raises NotText for what is none of these.
    """
    said = text_at({"answer": value}, "answer")
    if not said:
        return ""
    is_index = said.isdecimal() and not any(label.isdecimal() for label in options.labels)
    index = int(said) if is_index and not isinstance(value, str) else _place(said, options)
    if index is None and is_index:
        index = int(said)
    if index is None:
        raise NotText(f"the answer {said[:40]!r} is no option's letter, index or text")
    if index >= len(options.texts):
        raise NotText(f"the answer {said[:40]} is the index of no option")
    return ascii_uppercase[index]


def _place(said: str, options: Options) -> int | None:
    """Where the option stands that is said by its label, its letter, its text, or the last two together."""
    letters = list(ascii_uppercase[: len(options.texts)])
    bare = IN_TEXT.sub(r"\1", said).strip("().: ").upper()
    for name, among in ((bare, options.labels), (bare, letters), (said, options.texts), (said, options.written)):
        if name in among:
            return among.index(name)
    mark = MARKED.match(said)
    place = letters.index(mark[1].upper()) if mark and mark[1].upper() in letters else None
    return place if mark and place is not None and options.texts[place] == said[mark.end() :] else None


def _letter(value: Any) -> str:
    """The letter that a value is, with or without brackets or a dot; "" for another value."""
    letter = value.strip("().: ").upper() if isinstance(value, str) else ""
    return letter if len(letter) == 1 and letter in LETTERS else ""


def _lettered(row: Row) -> list[str]:
    """The columns A, B, ... of a row, as far as they go."""
    here = [letter for letter in LETTERS if row.get(letter) not in (None, "")]
    return here if here == list(LETTERS[: len(here)]) else []


def options_of(row: Row) -> Options:
    """The options of a row. Raises NotText where it has none."""
    found = next((row[name] for name in OPTIONS if row.get(name) is not None), None)
    return options_in([row[letter] for letter in _lettered(row)] if found is None else found)


def options_in(found: Any) -> Options:
    """Options out of a list, a text, or a table as some sets have it: `{"text": [...], "label": [...]}`."""
    labels: Any = []
    if isinstance(found, Mapping):
        labels = found.get("label", []) if "text" in found else list(found)
        found = found.get("text", list(found.values()))
    if isinstance(found, str):
        found = _in_one_text(found)
    if not isinstance(found, list | tuple) or not 2 <= len(found) <= len(ascii_uppercase):
        raise NotText(f"the options are no list of 2 to {len(ascii_uppercase)} texts")
    written = [str(option) if isinstance(option, bool) else text_at({"option": option}, "option") for option in found]
    named = [str(label).strip("().: ").upper() for label in labels] if len(labels) == len(written) else []
    return Options(_without_letters(written), written, named)


def _in_one_text(text: str) -> list[str]:
    """The options of `a ) 38 , b ) 40 , c ) 42`; none where the letters do not follow each other."""
    parts = IN_ONE_TEXT.split(text)
    letters = "".join(parts[1::2]).upper()
    return [part.strip() for part in parts[2::2]] if LETTERS.startswith(letters) and not parts[0].strip() else []


def _without_letters(options: list[str]) -> list[str]:
    """Options that come under their letters, as `A)12`, without these."""
    marks = [MARKED.match(option) for option in options]
    letters = "".join(mark[1].upper() for mark in marks if mark)
    return (
        [option[mark.end() :] for mark, option in zip(marks, options, strict=True) if mark]
        if letters == ascii_uppercase[: len(options)]
        else options
    )
