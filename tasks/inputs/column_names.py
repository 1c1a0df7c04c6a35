"""What people call the columns of a problem, its solution and its answer, in whatever case they write them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tasks.inputs.values import LETTERS
from tasks.settings.sections import Columns

Row = Mapping[str, Any]

USUAL: dict[str, tuple[str, ...]] = {
    "problem": ("problem", "question", "query", "prompt", "exercise", "instruction", "input"),
    "solution": ("solution", "rationale", "explanation", "response", "completion", "output"),
    "answer": ("answer", "final_answer", "expected_answer", "correct_answer", "ground_truth", "target"),
}
"""What a column is for -> its usual names, the more telling ones first."""
OF_LAYOUTS = (
    *("options", "choices", "answerKey", "correct", "label", "answer_letter", "answer_index", "level", "type"),
    *("generated_solution", "messages", "conversations", "reward_model"),
)
"""Further names that layouts go by."""


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    """A name without case, spaces, hyphens and underscores."""
    return "".join(character for character in name.casefold() if character not in " _-")


KNOWN = {_bare(name): name for names in (*USUAL.values(), OF_LAYOUTS) for name in names} | {
    f"{word}{letter.lower()}": letter for word in ("option", "choice", "op") for letter in LETTERS
}
"""A name as `_bare` has it -> the name that layouts have."""


@dataclass
class KnownNames:
    """Gives the columns of a row the names that layouts go by, where they differ in nothing but case and spaces.

    Columns that the settings name stay as they are.
    """

    kept: Collection[str] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    """The name that a column of the latest row has now -> the one it has in the file."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.renamed = {}
        for name, value in row.items():
            known = KNOWN.get(_bare(name), name)
            if name in self.kept or known in row or known in found:
                known = name
            elif known != name:
                self.renamed[known] = name
            found[known] = value
        return found


def by_usual_names(row: Row) -> Columns | None:
    """The columns of a row by their usual names; None where none is called like a problem."""
    problem = next((name for name in USUAL["problem"] if isinstance(row.get(name), str | list)), None)
    if problem is None:
        return None
    places = {"problem": _place(row, problem)}
    for use in ("solution", "answer"):
        name = next((name for name in USUAL[use] if name in row and name != problem), use)
        # A column `answer` that is no text makes no row unusable, unless somebody has named it.
        places |= {use: _place(row, name)} if name != use else {}
    return Columns.model_validate(places)


def _place(row: Row, name: str) -> str:
    """A column, or the text of the last of the turns in it."""
    value = row[name]
    turns = isinstance(value, list) and value and all(isinstance(turn, Mapping) and "role" in turn for turn in value)
    return f"{name}[-1].content" if turns else name


def in_words(columns: Columns, renamed: Mapping[str, str]) -> str:
    """Which column of the file holds what, as the settings would say it; "" where that goes without saying."""
    named = {use: name for use, name in columns.model_dump().items() if name}
    named.setdefault("answer", "answer")
    said = {use: renamed.get(name, name) for use, name in named.items() if renamed.get(name, name) != use}
    return ", ".join(f"{use} = {name!r}" for use, name in said.items())
