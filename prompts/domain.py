"""A domain: one folder with everything that a subject needs, wherever it stands.

`domain.toml` says what the subject is, in which form answers come, how they are compared and which tags the card of a
dataset bears; `opposed.txt` lists words that exclude each other in names of points; `*.txt` of the names of prompts are
the prompts. What a folder leaves out comes from mathematics, and is named in `missing`, so that nobody takes it for the
domain's own. It knows how to read a domain, not how to compare its answers: `checker` names who does.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

from graph.depth import TOO_DEEP
from graph.errors import PromptError
from graph.records import content_id

BASE = "mathematics"
"""The domain whose files stand in for those that another domain does not have."""

ABOUT, OPPOSED = "domain.toml", "opposed.txt"
AnswerKind = Literal["boxed", "tagged", "open", "code"]
"""boxed: `\\boxed{}`. tagged: `<answer>`. open: judges alone decide. code: checked by running it."""
CHECKED: tuple[AnswerKind, ...] = ("boxed",)
"""Kinds that something here compares. The others are the seam: a checker of a kind is what they wait for."""

_ROOT = Path(__file__).parent
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True)
class Domain:
    """What a folder says of its subject."""

    folder: Path
    title: str
    tags: tuple[str, ...]
    answer: AnswerKind
    checker: str
    opposed: tuple[tuple[str, ...], ...]
    """Words and phrases in lower case, of which a point's name can have only one of each group."""
    missing: tuple[str, ...]
    """Files that are not in the folder and come from mathematics."""

    @cached_property
    def opposed_hash(self) -> UUID:
        return content_id("opposed", [list(group) for group in self.opposed])

    def opposes(self, one: str, other: str) -> bool:
        """Whether two names have different words of one group, so that they are not one point."""
        a, b = (f" {' '.join(_WORD.findall(name.lower()))} " for name in (one, other))
        return any(
            (here := _held(a, group)) and (there := _held(b, group)) and not here & there for group in self.opposed
        )


def _held(text: str, group: tuple[str, ...]) -> set[str]:
    return {word for word in group if f" {word} " in text}


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
    answer = about.get("answer", "boxed")
    if answer not in get_args(AnswerKind):
        raise PromptError(f"{folder / ABOUT}: answer must be one of {', '.join(get_args(AnswerKind))}, not {answer!r}.")
    if answer not in CHECKED:
        raise PromptError(
            f"{folder / ABOUT}: nothing here compares answers of the kind `{answer}` yet; use {', '.join(CHECKED)}."
        )
    opposed = folder / OPPOSED
    return Domain(
        folder=folder,
        title=str(about.get("title", folder.name)),
        tags=tuple(str(tag) for tag in about.get("tags", [folder.name])),
        answer=answer,
        checker=str(about.get("checker", BASE)),
        opposed=_groups(opposed.read_text(encoding="utf-8")) if opposed.exists() else (),
        missing=()
        if folder.resolve() == _ROOT / BASE
        else tuple(sorted(name for name in {*base, ABOUT, OPPOSED} if not (folder / name).exists())),
    )


def _about(file: Path) -> dict[str, Any]:
    known = {"title", "tags", "answer", "checker"}
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PromptError(f"{file} cannot be read: {error}.") from error
    except RecursionError:
        raise PromptError(f"{file}: {TOO_DEEP}.") from None
    if unknown := sorted(found.keys() - known):
        raise PromptError(f"{file}: unknown key `{unknown[0]}`; valid are {', '.join(sorted(known))}.")
    return found


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    """A group a line, its words with bars between them; what stands behind # is a remark."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    groups = (tuple(" ".join(_WORD.findall(word.lower())) for word in line.split("|")) for line in lines if "|" in line)
    return tuple(groups)


REMARKS = {
    ABOUT: """# What this domain is. Delete a line to have what mathematics says.

# Named in the dataset's card.
title = "{name}"
# Tags of the card, for a dataset hub.
tags = ["{name}"]
# How a solution gives its answer: boxed is a LaTeX \\boxed{{}} at the end. (tagged, open and code wait for a checker.)
answer = "boxed"
# Who compares two answers: mathematics, or physics, which also knows SI units and significant figures.
checker = "mathematics"
""",
    OPPOSED: """# Words that exclude each other in names of points: one group a line, with bars between the words.
# Two names with different words of a group are never one point, whatever their likeness.
# For example:
# kinetic | potential
# series | parallel
""",
}


def beginning(name: str) -> dict[str, str]:
    """The files that a new domain begins with, by name: the prompts of mathematics, and remarks on the rest."""
    prompts = {path.name: path.read_text(encoding="utf-8") for path in sorted((_ROOT / BASE).glob("*.txt"))}
    return prompts | {file: text.format(name=name) for file, text in REMARKS.items()}
