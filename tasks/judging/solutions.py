"""What a solver wrote, read: the text that may be published, and the answer it states."""

from __future__ import annotations

from typing import Literal

from prompts.answers import Unparseable, clean, unwrapped
from tasks.answers.extraction import final_answer, last_tag

Stated = Literal["boxed", "tagged", "nowhere"]
"""Where a solution states its answer."""

LONGEST = 50_000
"""Characters of a solution: more than a student reads, and a sign of a model that went round in circles."""


def stated_in(kind: str, compared: bool = True) -> Stated:
    """Where solutions of a domain's kind of answers state theirs; `compared`: whether this one is compared at all."""
    if not compared or kind not in ("boxed", "tagged"):
        return "nowhere"
    return "tagged" if kind == "tagged" else "boxed"


def read_solution(text: str, stated: Stated = "boxed") -> tuple[str, str | None]:
    """The text, free of our tags and of chat markers, and its final answer; a proof and an open answer have none.

    Another solution without an answer proves nothing that could be compared. Tags around the whole or around the answer
    go: models add them unasked, and where they were asked for, the answer has been read. A box is read in whatever form
    a model knows better; a tag is strict, for what stands in a box may be no answer there.
    """
    text = unwrapped(text, "solution")
    answer = None if stated == "nowhere" else final_answer(text) if stated == "boxed" else last_tag(text)
    if not answer and stated != "nowhere":
        raise Unparseable("no final answer")
    if not any(character.isalnum() for character in text):
        raise Unparseable("empty solution")
    return clean(unwrapped(text, "answer"), "solution", LONGEST), answer and clean(answer, "solution")
