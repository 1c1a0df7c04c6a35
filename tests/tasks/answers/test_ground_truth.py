r"""What an answer is typed with goes, what it says stays, and both checkers read the rest."""

from __future__ import annotations

import math_verify
import pytest

from tasks.answers.equivalence import Equivalence
from tasks.answers.ground_truth import ground_truth
from tasks.settings.policy import DEFAULT_POLICY
from tests.support.answers_that_agree import SAME
from tests.support.answers_that_differ import DIFFERENT
from tests.support.answers_that_look_alike import ROWS

PLAIN: list[tuple[str, str, str | None]] = [
    ("2{,}963", "2963", "2963"),
    ("2,963", "2963", "2963"),
    (r"2\,963", "2963", "2963"),
    (r"2\!,963", "2963", "2963"),
    (r"2,\!963{,}100", "2963100", "2963100"),
    ("1 234 567", "1234567", "1234567"),
    (r"3.141\,592", "3.141592", "3.141592"),
    (r"0{,}125", r"0{,}125", None),
    ("1 125/128", "1 125/128", None),
    (r"3^2{,}100", r"3^2{,}100", None),
    (r"-1{,}200.5", "-1200.5", "-1200.5"),
    (r"x = 1{,}200", "x = 1200", "1200"),
    (r"1{,}234\pi", r"1234\pi", r"1234\pi"),
    (r"\frac{1{,}000}{3}", r"\frac{1000}{3}", "1000/3"),
    (r"2{,}963\text{ cm}", r"2963\text{ cm}", "2963"),
    (r"\$5", "$5", "5"),
    (r"\$1{,}250.50", "$1250.50", "1250.5"),
    (r"\$5,000", "$5000", "5000"),
    (r"\$1,234.50", "$1234.50", "1234.5"),
    (r"-\$1,200", "-$1200", None),
    ("$42$", "42", "42"),
    (r"\(x^2\)", "x^2", "x^2"),
    (r"\boxed{7}.", "7", "7"),
    (r"\text{yes}", "yes", None),
    (r"\textbf{(B)}", "(B)", None),
    (r"50\%", r"50\%", r"50\%"),
    (r"5 \text{ cm}", r"5 \text{ cm}", r"5\text{ cm}"),
    (r"\text{5 cm and } x", r"\text{5 cm and } x", None),
    ("(1,250)", "(1,250)", "(1,250)"),
    (r"S=\{120,180\}", r"S=\{120,180\}", r"\{120,180\}"),
    (r"x\in[100,200]", r"x\in[100,200]", "[100,200]"),
    ("A = (100,200)", "A = (100,200)", "(100,200)"),
    ("P(100,200)", "P(100,200)", None),
    (r"S=\{120,\,180\}", r"S=\{120,\,180\}", r"\{120,180\}"),
    (r"100,\ 200", r"100,\ 200", None),
    ("[100 200 300]", "[100 200 300]", None),
    (r"\sqrt[3]{1,000}", r"\sqrt[3]{1000}", "10"),
    ("10^{1,000}", "10^{1000}", None),
    ("1, 250", "1, 250", "1, 250"),
    ("3{,}14", "3{,}14", None),
    (r"\$5 \text{ and } \$6", r"\$5 \text{ and } \$6", None),
    ("", "", None),
]
"""An answer, what is made of it, and what math-verify is to take for it."""


@pytest.mark.parametrize(("answer", "wanted", "said"), PLAIN, ids=[row[0] for row in PLAIN])
def test_separators_and_marks_go_and_checkers_read_the_rest(answer: str, wanted: str, said: str | None) -> None:
    found = ground_truth(answer)
    assert found == wanted
    assert ground_truth(found) == found
    if said is not None:
        gold, stated = (math_verify.parse(f"${each}$", parsing_timeout=None) for each in (found, said))
        assert math_verify.verify(gold, stated, timeout_seconds=None)


BRACKETS = [
    ("(", ")"), ("[", "]"), ("[", ")"), ("]", "["), (r"\{", r"\}"), ("{", "}"), (r"\left(", r"\right)"), ("<", ">"),
    (r"\langle ", r"\rangle"), (r"\begin{pmatrix}", r"\end{pmatrix}"), (r"\lbrace ", r"\rbrace"), ("⟨", "⟩"),
]  # fmt: skip
BEFORE = [
    "",
    "S=",
    "P",
    r"x\in",
    r"x \in ",
    r"\gcd",
    r"\max",
    r"\mathrm{P}",
    "f",
    "-3+",
    r"(0,1)\cup",
    r"\frac{1}{2}+",
    "2 or ",
]


@pytest.mark.parametrize(("opening", "closing"), BRACKETS, ids=[f"{a}{b}" for a, b in BRACKETS])
def test_a_comma_within_brackets_separates_numbers(opening: str, closing: str) -> None:
    checker = Equivalence(DEFAULT_POLICY, 1, 1.0)
    for before in BEFORE:
        answer = f"{before}{opening}100,200{closing}"
        assert ground_truth(answer) == answer
        verdict = checker.compare_at_once(answer, answer.replace("100,200", "100200"), "")
        assert verdict is None or verdict.outcome != "same", answer


ANSWERS = sorted(
    {answer for row in (*SAME, *DIFFERENT) for answer in row[:2]} | {answer for row in ROWS for answer in row[1:3]}
)


def test_our_verifier_takes_every_answer_for_what_is_made_of_it() -> None:
    checker = Equivalence(DEFAULT_POLICY, 1, 1.0)
    changed = [answer for answer in ANSWERS if ground_truth(answer) != answer]
    assert len(changed) > 30
    for answer in changed:
        verdict = checker.compare_at_once(ground_truth(answer), answer, "")
        assert verdict is None or verdict.outcome == "same", answer
