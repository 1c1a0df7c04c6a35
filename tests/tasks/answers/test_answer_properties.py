"""What holds for all answers: wrappers and spaces change nothing, formulas agree with their values, classes hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.answers.classes import group
from tasks.answers.equivalence import Equivalence, check_all
from tasks.answers.guards import oversized
from tasks.answers.tiers import compare_cheaply
from tests.support.answers_that_agree import SAME
from tests.support.answers_that_differ import DIFFERENT

PLAIN = [
    row
    for row in SAME + DIFFERENT
    if not any(re.search(r"\$|\\boxed|\*\*|\\\(|[Aa]nswer|答案", text) or oversized(text) for text in row[:2])
]


@pytest.fixture(scope="module")
def equivalence() -> Iterator[Equivalence]:
    with Equivalence() as checker:
        yield checker


def spaced(text: str) -> str:
    return re.sub(r"\s*(\\le|\\ge|[+=<>])(?![A-Za-z])\s*", r" \1 ", text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "dollars": "${}$".format,
    "double dollars": "$${}$$".format,
    "round marks": r"\({}\)".format,
    "square marks": r"\[{}\]".format,
    "a box": r"\boxed{{{}}}".format,
    "a box between dollars": r"$\boxed{{{}}}$".format,
    "bold": "**{}**".format,
    "spaces around": "  {}\n".format,
    "a period": "{}.".format,
    "display style": r"\displaystyle {}".format,
    "a sentence": "The answer is: ${}$".format,
    "a tag": "<answer>{}</answer>".format,
    "hashes": "#### {}".format,
    "spaces within": spaced,
    "large brackets": lambda text: re.sub(r"(?<![\\A-Za-z√])\(", r"\\left(", text).replace(")", r"\right)"),
    "large fractions": lambda text: text.replace(r"\frac", r"\dfrac"),
    "thin spaces": lambda text: text.replace("+", r"\,+\,").replace(", ", r",\ "),
}


@pytest.mark.parametrize(("number", "name"), list(enumerate(DISGUISES)))
async def test_a_disguise_changes_no_verdict(equivalence: Equivalence, number: int, name: str) -> None:
    some = PLAIN[number % 4 :: 4]
    plain = await check_all([(a, b) for a, b, _ in some], equivalence)
    disguised = await check_all([(DISGUISES[name](a), b) for a, b, _ in some], equivalence)
    rows = zip(some, plain, disguised, strict=True)
    assert [row for row, before, after in rows if before.outcome != after.outcome] == []


async def test_every_answer_is_the_same_as_itself_in_a_disguise(equivalence: Equivalence) -> None:
    answers = sorted({text for row in PLAIN for text in row[:2]})
    verdicts = await check_all([(text, f"$ {text} $") for text in answers], equivalence)
    assert [text for text, found in zip(answers, verdicts, strict=True) if found.outcome != "same"] == []


async def test_answers_that_agree_are_one_class_and_those_that_differ_are_two(equivalence: Equivalence) -> None:
    for a, b, why in PLAIN:
        classes = await group([a, None, b], equivalence)
        assert classes == ([[0, 2]] if (a, b, why) in SAME else [[0], [2]]), (a, b, why)


# --- formulas with their values: (text, value at the first point, value at the second) --------------------------------

Valued = tuple[str, Fraction, Fraction]
LEAVES: list[Valued] = [
    ("x", Fraction(2, 3), Fraction(-7, 5)),
    ("y", Fraction(11, 7), Fraction(3, 13)),
    ("2", Fraction(2), Fraction(2)),
    ("0.5", Fraction(1, 2), Fraction(1, 2)),
    (r"\frac{3}{4}", Fraction(3, 4), Fraction(3, 4)),
    ("-1", Fraction(-1), Fraction(-1)),
]


def joined(parts: tuple[Valued, str, Valued]) -> Valued:
    (left, a, b), sign, (right, c, d) = parts
    if sign == "/":
        return (rf"\frac{{{left}}}{{{right}}}", a / c, b / d) if c and d else (left, a, b)
    first, second = ({"+": x + y, "-": x - y, "*": x * y}[sign] for x, y in ((a, c), (b, d)))
    return f"({left}){sign}({right})", first, second


def squared(valued: Valued) -> Valued:
    text, a, b = valued
    return f"({text})^2", a * a, b * b


formulas: st.SearchStrategy[Valued] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(st.tuples(inner, st.sampled_from("+-*/"), inner).map(joined), inner.map(squared)),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=formulas, b=formulas)
def test_formulas_agree_only_where_their_values_do(a: Valued, b: Valued) -> None:
    outcome = compare_cheaply(a[0], b[0])
    assert outcome == compare_cheaply(b[0], a[0])
    if a[1:] != b[1:]:
        assert outcome != "same"
    if outcome == "same":
        assert a[1:] == b[1:]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=formulas, b=formulas, c=formulas)
def test_formulas_obey_the_laws_of_arithmetic(a: Valued, b: Valued, c: Valued) -> None:
    x, y, z = (f"({valued[0]})" for valued in (a, b, c))
    assert compare_cheaply(f"{x}+{y}", f"{y}+{x}") in ("same", None)
    assert compare_cheaply(f"{x}*({y}+{z})", f"{x}*{y}+{z}*{x}") in ("same", None)
    assert compare_cheaply(f"{x}-{y}", f"-({y}-{x})") in ("same", None)


surds = st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(2, 40))


@settings(max_examples=200, deadline=None)
@given(a=surds, b=surds)
def test_surds_agree_where_their_squares_and_signs_do(a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    left, right = (rf"{whole}+{times}\sqrt{{{root}}}".replace("+-", "-") for whole, times, root in (a, b))
    x, y = (whole + times * root**0.5 for whole, times, root in (a, b))
    assert compare_cheaply(left, right) == ("same" if abs(x - y) < 1e-9 else "different")
