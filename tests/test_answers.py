"""The checker as a table: two answers, the verdict, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import pytest

from tasks.gates.answers import compare_cheaply, read
from tasks.gates.equivalence import Equivalence
from tasks.gates.final import final_answer
from tasks.gates.normal import normal_answer

SAME = [
    ("5", "5.0", "a decimal that ends is the integer"),
    ("0.50", ".5", "zeros and a missing zero carry nothing"),
    (r"\frac12", "0.5", "fraction and decimal"),
    (r"\dfrac{1}{2}", r"\tfrac{1}{2}", "sizes of fractions are layout"),
    (r"\frac{2}{4}", "1/2", "fractions are reduced"),
    ("½", "1/2", "a vulgar fraction character is mapped, not destroyed"),
    ("1½", "1.5", "a digit before a vulgar fraction is a mixed number"),
    ("1 1/2", r"\frac{3}{2}", "a mixed number, plain"),
    (r"2\frac{1}{3}", "7/3", "a mixed number in LaTeX is no product"),
    ("-1 1/2", "-1.5", "the sign of a mixed number covers all of it"),
    (r"-\frac{3}{4}", r"\frac{-3}{4}", "where the sign stands does not matter"),
    (r"\frac{-1}{-2}", "0.5", "two signs cancel"),
    ("−3", "-3", "the minus sign U+2212"),
    ("５", "5", "full-width digit"),
    ("（1，2）", "(1,2)", "full-width brackets and comma"),
    (r"25\%", "0.25", "percent divides by a hundred, by policy"),
    ("25%", r"25\%", "an escaped percent sign"),
    ("12.5%", "1/8", "percent of a decimal"),
    ("1,234", "1234", "thousands comma"),
    ("1,234,567", "1234567", "two thousands commas"),
    (r"5\,000", "5000", "thin space as separator"),
    (r"300,\!000", "300000", "a comma and a negative space, as MATH writes it"),
    (r"1{,}000", "1000", "protected comma"),
    ("$12$", "12", "dollars around are layout"),
    (r"\(12\)", r"\[12\]", "other math marks"),
    (r"\boxed{12}", "12", "a box around is layout"),
    (r"\boxed{10} then \boxed{42}", "42", "the last of two boxes counts"),
    ("**7**", "7", "bold is layout"),
    ("7.", "7", "a sentence's period"),
    (r"1.2\times10^{5}", "120000", "scientific notation"),
    ("1.2e5", "120000", "scientific notation of programs"),
    ("10^{-3}", "0.001", "negative power of ten"),
    ("2^{10}", "1024", "a power that is small"),
    ("2^10", "1024", "an exponent without braces is meant whole"),
    ("10²", "100", "superscript character"),
    ("x²", "x^2", "superscript character on a letter"),
    (r"0.\overline{3}", "1/3", "repeating decimal"),
    ("0.333333", "1/3", "six significant decimals are a rounded value"),
    ("3!", "6", "a small factorial"),
    ("1011_2", "11", "a numeral with base two"),
    ("2A_{16}", "42", "a numeral with letters"),
    ("x = 5", "5", "a label on one side is dropped"),
    ("x=5", "x = 5.0", "equal labels, equal values"),
    ("f(x)=2x+1", "y = 2x+1", "two names of one function"),
    ("5 cm", "5", "a unit on one side is dropped"),
    (r"5\text{ cm}", "5cm", "a unit in text and without space"),
    ("5 centimeters", "5 cm", "a unit's long name"),
    ("1 m", "100 cm", "units of one kind are converted"),
    ("60 minutes", "1 hour", "time is converted"),
    (r"12 \text{ cm}^2", "12 square centimeters", "two writings of a square unit"),
    (r"\$5", "5 dollars", "currency before and after"),
    ("5 apples", "5 apple", "plural of an unknown unit"),
    (r"30^\circ", "30°", "degree command and character"),
    (r"30^{\circ}", "30", "degrees dropped on one side"),
    (r"30^\circ", r"\frac{\pi}{6}", "degrees against radians with pi"),
    (r"2\sqrt{2} \text{ m}", r"200\sqrt{2} \text{ cm}", "conversion of an irrational quantity"),
    ("(1,2)", r"\left( 1, 2 \right)", "sizing commands are layout"),
    ("(1, 1/2)", "(1, 0.5)", "tuples element by element"),
    (r"\{1,2\}", r"\{2,1\}", "sets have no order"),
    ("1, 2", "2, 1", "a bare list of solutions has no order"),
    ("x=1 or x=2", "1, 2", "or separates solutions"),
    ("1 and 2", r"\{1, 2\}", "a bare list is a set"),
    (r"\pm 2", "2, -2", "plus-minus is two values"),
    ("±2", "-2 or 2", "plus-minus character"),
    (r"1 \pm \sqrt{2}", r"1-\sqrt{2}, 1+\sqrt{2}", "plus-minus with a surd"),
    (r"(-\infty, 3]", r"(-∞, 3.0]", "intervals end by end"),
    (r"(0,1)\cup(2,3)", r"(2,3)\cup(0,1)", "a union has no order"),
    (r"x \in [0, 1]", "[0,1]", "membership is a label"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1,2)", "a column vector is its tuple"),
    ("(B)", "B", "a choice in brackets"),
    ("b)", r"\text{(B)}", "a choice in lower case"),
    ("Option B", "B.", "a choice with a word and a period"),
    ("(B) 12", "B", "a choice with its text"),
    ("Yes", "true", "one polarity"),
    (r"\text{True}", "true", "case of a word"),
    ("否", "no", "Chinese no"),
    ("8:34 PM", "20:34", "two clocks"),
    ("08:34", "8:34 a.m.", "a leading zero"),
    ("3:20", "3:20 pm", "am or pm is missing on one side"),
    ("6:4", "3:2", "ratios are reduced"),
    ("an isosceles triangle", "Isosceles triangle", "articles and case"),
    ("Tuesday", "tuesday", "case of a word"),
    ("five", "5", "a number word"),
    (r"\emptyset", r"\varnothing", "two empty sets"),
    ("√2", r"\sqrt{2}", "root character"),
    ("√(x+1)", r"\sqrt{x+1}", "root character with brackets"),
    (r"\sqrt2", "2^{1/2}", "root and power"),
    (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}", "a rationalised denominator"),
    (r"\sqrt{8}", r"2\sqrt{2}", "a simplified root"),
    ("x+1", "1+x", "sums commute"),
    ("(x+1)^2", "x^2+2x+1", "an expanded square"),
    (r"\frac{x^2-1}{x-1}", "x+1", "a cancelled fraction"),
    (r"\sin 30^\circ", "1/2", "degrees inside a function"),
    (r"\log_2 8", "3", "a logarithm"),
    (r"e^{i\pi}", "-1", "a complex constant that is real"),
    (r"\sqrt[3]{-8}", "-2", "the real root of a negative number"),
    (r"x\le 3", r"(-\infty, 3]", "a relation and its interval"),
    (r"0<x<1", r"(0,1)", "a double relation and its interval"),
    (r"\binom{10}{2}", "45", "a binomial"),
    (r"2\pi r", r"2 \pi r", "spaces after commands"),
    (r"\sqrt{2}", "1.41421356", "a root rounded to many decimals"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}", "two brackets of matrices"),
    (r"1+\sqrt2,1-\sqrt2", r"-\sqrt2+1,\sqrt2+1", "a list of surds in another order"),
    ("2^{x}", "2^{x+1}/2", "a law of powers"),
]  # fmt: skip

DIFFERENT = [
    ("5", "6", "plain"),
    ("5", "-5", "sign"),
    ("1/2", "1/3", "fractions"),
    ("9", r"9\%", "percent is no decoration"),
    ("25", r"25\%", "percent against its number"),
    ("0.33", "1/3", "two decimals are no rounded third"),
    ("0.333", "0.3333", "both are exact"),
    ("0.666666", "2/3", "cut off, not rounded"),
    ("5 cm", "5 m", "units of different size"),
    ("3 km", "3 m", "units of different size"),
    ("5 cm", r"5 \text{ cm}^2", "a length is no area"),
    ("5 seconds", "5 meters", "units of different kinds"),
    (r"2\sqrt{2} \text{ cm}", r"2\sqrt{2} \text{ m}", "irrational quantities with different units"),
    ("5 dollars", "5 cents", "currency"),
    ("1/2^99", "1/2^98", "tiny magnitudes"),
    ("10^{-20}", r"2\cdot 10^{-20}", "tiny magnitudes in scientific notation"),
    ("0.0000004", "0.0000001", "tiny decimals"),
    (r"10^{-20}x", r"2\cdot 10^{-20}x", "tiny coefficients"),
    (r"10^{-20}\sqrt{2}", r"10^{-20}\sqrt{3}", "tiny irrational numbers"),
    ("1/30!", "1/31!", "tiny factorials"),
    ("1011_2", "1011", "a base is part of the number"),
    ("17_8", "17_9", "two bases"),
    (r"\boxed{10} then \boxed{42}", "10", "the first of two boxes does not count"),
    (r"\boxed{10} then \boxed{42}", r"\{10,42\}", "two boxes are no set"),
    ("(1,2)", "(2,1)", "tuples have an order"),
    (r"(5,\infty)", "76", "an interval is no number"),
    ("(1,2)", "[1,2]", "open and closed"),
    ("(1,2]", "(1,2)", "half open"),
    ("(1,2)", "(1,2,3)", "lengths"),
    (r"\{1,2\}", r"\{1,3\}", "sets"),
    ("1, 2", "1, 2, 3", "a missing solution"),
    (r"\pm 2", "2", "one of two solutions"),
    (r"(0,1)\cup(2,3)", r"(0,1)\cup(2,4)", "unions"),
    ("A", "B", "choices"),
    ("(A)", "B.", "choices in two writings"),
    ("yes", "false", "polarity"),
    ("True", "1", "a word is no number"),
    ("8:34 PM", "8:34 AM", "halves of the day"),
    ("3:20 pm", "15:21", "a minute"),
    ("3:2", "2:3", "ratios have an order"),
    ("x=5", "y=5", "labels"),
    ("x=1, y=2", "x=2, y=1", "a swapped solution"),
    ("red", "blue", "words"),
    ("1 1/2", "11/2", "a mixed number is no run of digits"),
    (r"2\frac{1}{2}", "1", "a mixed number is no product"),
    ("1,234", "1.234", "comma and point"),
    (r"\infty", r"-\infty", "signs of infinity"),
    (r"\infty", "1000000", "infinity is no number"),
    ("x+1", "x-1", "an operator"),
    ("x", "y", "variables"),
    (r"\sqrt{2}", r"\sqrt{3}", "roots"),
    (r"\sqrt{2}", "1.414", "a short decimal is no root"),
    (r"\pi", "3.14", "a short decimal is no pi"),
    (r"\pi", "22/7", "a fraction is no pi"),
    (r"\frac{\sqrt{3}}{2}", r"\frac{\sqrt{2}}{2}", "surds"),
    ("x^2", "x^3", "powers"),
    (r"\sin x", r"\cos x", "functions"),
    ("x<3", r"x\le 3", "strict or not"),
    ("x<3", "x>3", "direction"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&5\end{pmatrix}", "matrices"),
    ("2x+3y", "3x+2y", "coefficients"),
    (r"e^{x}", r"e^{-x}", "sign of an exponent"),
    (r"\log_2 8", r"\log_8 2", "base and argument"),
    ("3+4i", "3-4i", "conjugates"),
    ("一", "二", "Chinese words"),
]  # fmt: skip

UNKNOWN = [
    ("", "5", "nothing is no answer"),
    ("", "", "nothing agrees with nothing"),
    ("listen", "silent", "prose is no product of letters"),
    ("12 students", "12 people", "whether two unknown units are one, nobody can tell"),
    ("2:10", "1:05", "a ratio or a time of day"),
    ("the line opens upward", "it goes up", "prose"),
    (r"\int_0^1 x dx", "1/2", "an integral is no answer"),
]

TABLE = [(a, b, "same", why) for a, b, why in SAME]
TABLE += [(a, b, "different", why) for a, b, why in DIFFERENT]
TABLE += [(a, b, "unknown", why) for a, b, why in UNKNOWN]

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
    (r"x = 3\,\text{ apples}.", "3apples"),
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


@pytest.mark.parametrize(("a", "b", "expected", "why"), TABLE, ids=[f"{a} ~ {b}" for a, b, *_ in TABLE])
async def test_two_answers(equivalence: Equivalence, a: str, b: str, expected: str, why: str) -> None:
    assert (await equivalence.compare(a, b)).outcome == expected, why
    assert (await equivalence.compare(b, a)).outcome == expected, f"{why}, asked the other way round"


@pytest.mark.parametrize(("a", "b", "expected", "why"), TABLE, ids=[f"{a} ~ {b}" for a, b, *_ in TABLE])
def test_cheap_tiers_never_contradict_the_table(a: str, b: str, expected: str, why: str) -> None:
    if not re.search(r"\\boxed.*\\boxed", a):
        assert compare_cheaply(a, b) in (expected, None), why
        assert compare_cheaply(a, b) == compare_cheaply(b, a)


def test_the_table_has_enough_hard_cases() -> None:
    assert len(TABLE) >= 120
    assert len(DIFFERENT) >= 40


@pytest.mark.parametrize(("text", "expected", "why"), FINAL, ids=[why for *_, why in FINAL])
def test_final_answer(text: str, expected: str | None, why: str) -> None:
    assert final_answer(text) == expected, why


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text[:30] or "empty" for text, _ in VALUES])
def test_exact_value(text: str, expected: Fraction | None) -> None:
    assert read(text).number == expected


@pytest.mark.parametrize(("text", "expected"), NORMAL)
def test_normal_answer(text: str, expected: str) -> None:
    assert normal_answer(text) == expected
    assert normal_answer(expected) == expected


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
