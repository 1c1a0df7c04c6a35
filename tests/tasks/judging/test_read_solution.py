"""What a solver wrote is read: the text that may be published, and the answer it states."""

from __future__ import annotations

import pytest

from prompts.answers import Unparseable
from tasks.judging.solutions import LONGEST, read_solution

READ = [
    (r"So \boxed{5}.", (r"So \boxed{5}.", "5"), "as asked for"),
    ("<solution>\nSo \\boxed{5}.\n</solution>", (r"So \boxed{5}.", "5"), "wrapped as a whole"),
    ("<solution>The answer is 5</solution>", ("The answer is 5", "5"), "no scrap of the tag in the answer"),
    ("That is clear. <answer>5</answer>", ("That is clear. 5", "5"), "the answer in a tag"),
    (r"\boxed{5} <answer>5</answer>", (r"\boxed{5} 5", "5"), "both"),
    ("x" * (LONGEST - 9) + r"\boxed{5}", ("x" * (LONGEST - 9) + r"\boxed{5}", "5"), "as long as allowed"),
]

REFUSED = [
    ("The conditions contradict each other.", "no final answer", "an honest refusal"),
    (r"<solution>a</solution> No: <solution>\boxed{5}</solution>", "tag left in <solution>", "two solutions"),
    (r"\boxed{5}<solution>", "tag left in <solution>", "a tag left open"),
    (r"<problem>a</problem> \boxed{5}", "tag left in <solution>", "a scrap of the prompt"),
    (r"<answer>4</answer> or \boxed{<answer>5</answer>}", "tag left in <solution>", "two answers"),
    (r"\boxed{5}<|im_end|>", "tag left in <solution>", "a chat marker"),
    (r"\boxed{5}</s>", "tag left in <solution>", "an end of sequence"),
    (r"[INST] and \boxed{5}", "tag left in <solution>", "a chat marker with brackets"),
    ("x" * LONGEST + r"\boxed{5}", "too long", "round in circles"),
]


@pytest.mark.parametrize(("text", "expected", "why"), READ, ids=[row[2] for row in READ])
def test_a_solution_is_its_text_and_its_answer(text: str, expected: tuple[str, str], why: str) -> None:
    assert read_solution(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("So x is 5. <answer>5</answer>", ("So x is 5. 5", "5"), "as asked for"),
        ("In List<Item> it is <ANSWER>O(n)</ANSWER>", ("In List<Item> it is O(n)", "O(n)"), "in any letter case"),
        (r"So \boxed{5}.", None, "a box is no tag"),
        ("The answer is 5.", None, "nor is a sentence"),
        ("<answer></answer>", None, "an empty one"),
    ],
)
def test_a_tagged_answer_is_what_stands_in_the_tag(text: str, expected: tuple[str, str] | None, why: str) -> None:
    if expected:
        assert read_solution(text, "tagged") == expected, why
    else:
        with pytest.raises(Unparseable, match="no final answer"):
            read_solution(text, "tagged")


def test_an_open_answer_is_the_whole_text() -> None:
    assert read_solution(r"It fell because of debt, \boxed{1789}.", "nowhere") == (
        r"It fell because of debt, \boxed{1789}.",
        None,
    )


@pytest.mark.parametrize(("text", "reason", "why"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_solution_that_may_not_be_published_is_refused(text: str, reason: str, why: str) -> None:
    with pytest.raises(Unparseable) as refused:
        read_solution(text)
    assert refused.value.reason == reason
