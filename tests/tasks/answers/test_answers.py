"""The checker as a table: two answers, the verdict, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import pytest

from tasks.answers.equivalence import Equivalence, check_all
from tasks.answers.extraction import final_answer
from tasks.answers.guards import oversized
from tasks.answers.reading import read
from tasks.answers.tiers import compare_cheaply
from tests.support.answers_that_agree import SAME
from tests.support.answers_that_differ import DIFFERENT, UNKNOWN
from tests.support.answers_that_look_alike import ROWS as ALIKE
from tests.support.answers_written_blind import AGAIN, ROWS
from tests.support.answers_written_blind_later import FINAL as BLIND_FINAL
from tests.support.answers_written_blind_later import ROWS as LATER

OWN = [(a, b, "same", why) for a, b, why in SAME]
OWN += [(a, b, "different", why) for a, b, why in DIFFERENT]
OWN += [(a, b, "unknown", why) for a, b, why in UNKNOWN]
OWN += [(a, b, expected, f"{kind}: {why}") for kind, a, b, expected, why in ALIKE]
BLIND = [(a, b, expected, f"{kind}: {why}") for kind, a, b, expected, why in ROWS + LATER + AGAIN]

FINAL = [
    (r"so \boxed{42}.", "42", "a box"),
    (r"\boxed{10}, no: \boxed{42}", "42", "the last box"),
    (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}", "braces inside"),
    (r"\boxed{\{1, 2\}}", r"\{1, 2\}", "escaped braces do not count"),
    (r"\boxed{\boxed{5}}", "5", "a box in a box"),
    (r"\fbox{7}", "7", "the other box"),
    (r"\boxed 9", "9", "a box without braces"),
    (r"\boxed {9}", "9", "a space before the brace"),
    (r"\boxed{3} and \boxed{4", "3", "a box that is cut off is no answer"),
    (r"\boxed{} then nothing", None, "an empty box"),
    (r"\boxed{5} or \boxed{}", "5", "an empty box after a full one"),
    (r"\boxed{x = \text{the } n}", r"x = \text{the } n", "text in a box"),
    ("\\boxed{\n12\n}", "12", "a box over lines"),
    (r"<answer>3</answer> \boxed{4}", "4", "a box comes before a tag"),
    ("<answer> 12 </answer>", "12", "a tag"),
    ("<answer>1</answer> <answer>2</answer>", "2", "the last tag"),
    ("<ANSWER>x</ANSWER>", "x", "a tag in capitals"),
    ("<answer>open", None, "an open tag"),
    ("Work.\n#### 18", "18", "hashes of GSM8K"),
    ("#### 1\n#### 1,234", "1,234", "the last hashes"),
    ("### 4. Heading", None, "three hashes are a heading"),
    ("The answer is 12.", "12", "a sentence"),
    ("The answer is 3.5.", "3.5", "a decimal point ends no sentence"),
    ("The answer is 1. No, the answer is 2.", "2", "the last sentence"),
    ("the final answer is: $\\frac{1}{2}$ because it is half.", r"\frac{1}{2}", "a formula in a sentence"),
    ("Answer: **B**", "B", "bold"),
    ("Final Answer: 42 apples", "42 apples", "with its unit"),
    ("The answer is 5 because 2+3=5", "5", "a reason after it"),
    ("答案是12", "12", "Chinese"),
    ("所以最终答案为：$x=3$。", "x=3", "Chinese, a formula and a full stop"),
    ("答案：7。", "7", "Chinese with a colon"),
    ("We get 12 apples.", None, "no mark, no answer"),
    ("", None, "nothing"),
    ("The answer", None, "a mark without an answer"),
    (r"\boxed{3} and \boxed{4}", "3, 4", "two boxes that a sentence joins"),
    (r"so $a = \boxed{3}$, $b=\boxed{4}$", "3, 4", "two boxes with names"),
    (r"\boxed{3}. Then \boxed{4}", "4", "two sentences"),
    ("**Answer**: 12", "12", "bold before the colon"),
    ("A: 18", "18", "a letter for answer"),
    ("A: 12\nB: 13\nThe answer is B", "B", "a letter of options"),
    ("So the answer would be 9", "9", "would be"),
    ("The answer is:\n$$5$$", "5", "a formula on the next line"),
    ("The answer is:\n\\[\nx+1\n\\]", "x+1", "a formula over lines"),
    ("The answer is $x$ = 5", "5", "a name before the answer"),
    ("Answer: $5$ and $6$", "5 and 6", "two formulas"),
    ("The answers are $2$, $3$ and $5$.", "2, 3 and 5", "three formulas"),
    ("The answer is $5$, which is odd.", "5", "a clause behind"),
    (r"The answer is \boxed{}", None, "an empty box in a sentence"),
    (r"The answer is \boxed{10}. Wait, I made a mistake. The answer is 12.", "12", "a correction"),
    (r"\boxed{7}. Actually, this follows from 3.", "7", "no other answer is stated"),
    *BLIND_FINAL,
]

VALUES = [
    ("5", Fraction(5)),
    ("-0.25", Fraction(-1, 4)),
    (r"\frac{3}{4}", Fraction(3, 4)),
    ("1 1/2", Fraction(3, 2)),
    (r"25\%", Fraction(1, 4)),
    ("1.2e3", Fraction(1200)),
    (r"3\times10^{-2}", Fraction(3, 100)),
    (r"0.1\overline{6}", Fraction(1, 6)),
    ("-2^2", Fraction(-4)),
    ("(-2)^2", Fraction(4)),
    ("2^{3^2}", Fraction(512)),
    ("1011_2", Fraction(11)),
    ("1/0", None),
    ("0^{-1}", None),
    ("9_2", None),
    ("10^{10^{10}}", None),
    ("(10^9)!", None),
    ("9" * 300, None),
    ("(" * 80 + "1" + ")" * 80, None),
    ("x", None),
    ("2 3", None),
    ("", None),
    ("__import__('os')", None),
]

NORMAL = [
    (r"$\dfrac12$", r"\frac{1}{2}"),
    (r"\left(1,\,2\right)", "(1,2)"),
    (r"x = 3\,\text{ apples}.", "3"),
    ("1,000", "1000"),
    (r"45^\circ", "45"),
    (r"\sin 30^\circ", r"\sin30^{\circ}"),
    (r"2 \pi r", r"2\pi r"),
    ("1 1/2", "1 1/2"),
    ("x²+½", r"x^{2}+\frac{1}{2}"),
]


@pytest.fixture(scope="module")
def equivalence() -> Iterator[Equivalence]:
    with Equivalence(workers=1, timeout=10.0) as checker:
        yield checker


@pytest.mark.parametrize(("a", "b", "expected", "why"), OWN, ids=[f"{a} ~ {b}"[:60] for a, b, *_ in OWN])
async def test_two_answers(equivalence: Equivalence, a: str, b: str, expected: str, why: str) -> None:
    there, back = await check_all([(a, b), (b, a)], equivalence)
    assert there.outcome == expected, why
    assert back.outcome == expected, f"{why}, asked the other way round"


def test_cheap_tiers_never_contradict_the_table() -> None:
    for a, b, expected, why in OWN:
        if not (re.search(r"\\boxed.*\\boxed", a) or oversized(a)):
            assert compare_cheaply(a, b) in (expected, None), why
            assert compare_cheaply(a, b) == compare_cheaply(b, a), why


async def test_24_in_25_are_right_and_none_falsely_the_same(equivalence: Equivalence) -> None:
    right = {"own": 0, "blind": 0}
    for part, rows in (("own", OWN), ("blind", BLIND)):
        verdicts = await check_all([(a, b) for a, b, *_ in rows], equivalence)
        for (a, b, expected, why), verdict in zip(rows, verdicts, strict=True):
            right[part] += verdict.outcome == expected
            assert expected == "same" or verdict.outcome != "same", (a, b, why)
    share = sum(right.values()) / len(OWN + BLIND)
    print(
        f"{right['own']} of {len(OWN)} own rows and {right['blind']} of {len(BLIND)} blind ones are right: {share:.1%}"
    )
    assert share >= 0.96


def test_the_table_has_enough_hard_cases() -> None:
    kinds = Counter((kind, expected == "same") for kind, _, _, expected, _ in ALIKE)
    assert min(kinds[kind, same] for kind, _ in kinds for same in (True, False)) >= 3
    assert min(kinds[kind, True] + kinds[kind, False] for kind, _ in kinds) >= 8
    assert len(OWN + BLIND) >= 700
    assert sum(row[2] == "different" for row in OWN + BLIND) >= 300
    assert len(BLIND) >= 700 / 3


@pytest.mark.parametrize(("text", "expected", "why"), FINAL, ids=[why for *_, why in FINAL])
def test_final_answer(text: str, expected: str | None, why: str) -> None:
    assert final_answer(text) == expected, why


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text[:30] or "empty" for text, _ in VALUES])
def test_exact_value(text: str, expected: Fraction | None) -> None:
    assert read(text).number == expected


@pytest.mark.parametrize(("text", "expected"), NORMAL)
def test_the_normal_form_of_a_value(text: str, expected: str) -> None:
    assert read(text).value == expected
    assert read(expected).value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\boxed{" * 20_000, None),
        ("{" * 100_000, None),
        ("the answer is " * 8_000, "the answer is"),
        ("<answer>" * 12_000, None),
    ],
    ids=["boxes", "braces", "phrases", "tags"],
)
def test_a_final_answer_is_looked_for_in_linear_time(text: str, expected: str | None) -> None:
    # A quadratic search would take minutes here.
    assert final_answer(text) == expected
