"""A domain: one folder with everything that a subject needs, wherever it stands.

`domain.toml` says what the subject is, in which form answers come, how they are compared, what tells names of points
apart and which tags the card of a dataset bears; `opposed.txt` lists words that exclude each other in names of points;
`*.txt` of the names of prompts are the prompts. What a folder leaves out comes from mathematics, and is named in
`missing`, so that nobody takes it for the domain's own. It knows how to read a domain, not how to compare its answers:
`checker` names who does.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

from graph.contrasts import Opposed
from graph.depth import TOO_DEEP
from graph.errors import PromptError
from graph.names import NameRules
from graph.records import content_id

BASE = "mathematics"
"""The domain whose files stand in for those that another domain does not have."""

ABOUT, OPPOSED = "domain.toml", "opposed.txt"
AnswerKind = Literal["boxed", "tagged", "open", "code"]
"""boxed: `\\boxed{}`. tagged: `<answer>`. open: judges alone decide. code: checked by running it."""
ANSWERED: dict[AnswerKind, frozenset[str]] = {
    "boxed": frozenset({"\\boxed"}),
    "tagged": frozenset({"answer"}),
    "open": frozenset(),
}
"""What the prompt of solve asks for, by kind. `code` is the seam: it waits for a checker that runs programs."""
NAME_RULES = {"case_matters": "case", "symbols_matter": "symbols"}
INCLUDE = re.compile(r"^include[ \t]+(\S+)[ \t]*$", re.MULTILINE)
"""A line of `opposed.txt` that takes in the words of another domain."""

_ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Domain:
    """What a folder says of its subject."""

    folder: Path
    title: str
    tags: tuple[str, ...]
    answer: AnswerKind
    checker: str
    names: NameRules
    opposed: Opposed
    """Words that tell names of points apart."""
    opposed_hash: UUID | None
    """Of the words, where they are the folder's own."""
    missing: tuple[str, ...]
    """Files that are not in the folder and come from mathematics."""


def find_domain(name: str) -> Domain:
    """The domain of a name that comes with gsdp, or of a folder by its path. Raises PromptError."""
    folder = Path(name)
    if not (os.sep in name or folder.is_dir()) or name in (".", ".."):
        folders = {path.name: path for path in _ROOT.iterdir() if any(path.glob("*.txt"))}
        if name not in folders:
            near = get_close_matches(name, folders, 1)
            hint = f"Did you mean `{near[0]}`?" if near else f"There are {', '.join(sorted(folders))}."
            raise PromptError(f"There is no domain `{name}`. {hint} A folder of your own is named by its path.")
        folder = folders[name]
    if not folder.is_dir():
        raise PromptError(f"There is no folder {folder}. Make one with `gsdp domain new {folder}`.")
    return _read(folder)


def _read(folder: Path) -> Domain:
    about = _about(folder / ABOUT)
    base = {path.name for path in (_ROOT / BASE).glob("*.txt")}
    is_base = folder.resolve() == _ROOT / BASE
    words = _words(folder)
    return Domain(
        folder=folder,
        title=str(about.get("title", folder.name)),
        tags=tuple(str(tag) for tag in about.get("tags", [folder.name])),
        answer=_answer(folder, about.get("answer", "boxed")),
        checker=str(about.get("checker", BASE)),
        names=_name_rules(folder, about),
        opposed=_opposed(folder, words or _words(_ROOT / BASE) or ""),
        opposed_hash=None if is_base or words is None else content_id("opposed", words),
        missing=() if is_base else tuple(sorted(name for name in {*base, ABOUT} if not (folder / name).exists())),
    )


def _about(file: Path) -> dict[str, Any]:
    known = {"title", "tags", "answer", "checker", *NAME_RULES}
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PromptError(f"{file} cannot be read: {error}.") from error
    except RecursionError:
        raise PromptError(f"{file}: {TOO_DEEP}.") from None
    if unknown := sorted(found.keys() - known):
        raise PromptError(f"{file}: unknown key `{unknown[0]}`; valid are {', '.join(sorted(known))}.")
    return found


def _answer(folder: Path, answer: object) -> AnswerKind:
    kinds: tuple[AnswerKind, ...] = get_args(AnswerKind)
    if answer not in kinds:
        raise PromptError(f"{folder / ABOUT}: answer must be one of {', '.join(kinds)}, not {answer!r}.")
    if answer not in ANSWERED:
        raise PromptError(
            f"{folder / ABOUT}: nothing here checks answers of the kind `{answer}` yet; use {', '.join(ANSWERED)}."
        )
    return next(kind for kind in kinds if kind == answer)


def _name_rules(folder: Path, about: dict[str, Any]) -> NameRules:
    given = {key: about[key] for key in NAME_RULES if key in about}
    for key, value in given.items():
        if not isinstance(value, bool):
            raise PromptError(f"{folder / ABOUT}: {key} must be true or false, not {value!r}.")
    return NameRules(**{NAME_RULES[key]: value for key, value in given.items()})


def _words(folder: Path, within: tuple[Path, ...] = ()) -> str | None:
    """The text of the folder's opposed words, with what it includes; None without a file. `within` includes it."""
    file = folder / OPPOSED
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{file} cannot be read: {error}.") from error
    if text is None:
        return None
    included = []
    for found in INCLUDE.finditer(text):
        other = (_ROOT / found[1] / OPPOSED).resolve()
        if other.parent.parent != _ROOT or not other.exists() or other in (file.resolve(), *within):
            raise PromptError(f"{file}: `include` names a domain that comes with gsdp, such as {BASE}, not {found[1]}.")
        included.append(_words(other.parent, (*within, file.resolve())) or "")
    return "\n[opposed]\n".join([INCLUDE.sub("", text), *included])


def _opposed(folder: Path, words: str) -> Opposed:
    try:
        return Opposed.read(words)
    except ValueError as error:
        raise PromptError(f"{folder / OPPOSED}, {error}") from error


REMARKS = {
    ABOUT: """# What this domain is. Delete a line to have what mathematics says.

# Named in the dataset's card.
title = "{name}"
# Tags of the card, for a dataset hub.
tags = ["{name}"]
# How a solution gives its answer: boxed is a LaTeX \\boxed{{}} at the end; tagged is <answer>...</answer>; open has
# nothing to compare, so that the judges alone decide. solve.txt must ask for what stands here, and name it under
# `answer:` (\\boxed, answer or none). code waits for a checker that runs programs, and is refused.
answer = "boxed"
# Who compares two answers: mathematics, or physics, which also knows SI units and significant figures.
checker = "mathematics"
# Whether capitals tell two names of points apart (as in programs: Map, map), and whether signs do (+ operator).
case_matters = false
symbols_matter = true
""",
    OPPOSED: """# Words that exclude each other in names of points: one group a line, with bars between the words.
# Two names with different words of a group are never one point, whatever their likeness. Words joined by = are one.
# For example:
# kinetic | potential
# series | parallel
# Further sections: [telling] words that tell a fact from the one without the word, [kinds] nouns for kinds of facts,
# [same] one word = the other. A line `include mathematics` takes in the words of that domain; delete it to have none.
include mathematics
""",
}


def beginning(name: str) -> dict[str, str]:
    """The files that a new domain begins with, by name: the prompts of mathematics, and remarks on the rest."""
    prompts = {path.name: path.read_text(encoding="utf-8") for path in sorted((_ROOT / BASE).glob("*.txt"))}
    return prompts | {file: text.format(name=name) for file, text in REMARKS.items()}
