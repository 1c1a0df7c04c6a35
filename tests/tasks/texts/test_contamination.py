"""Texts that repeat a benchmark item are found, with evidence."""

from __future__ import annotations

import random

import pytest

from tasks.texts.contamination import Contamination

LONG = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
SHORT = "What is 2 + 2?"
CHINESE = "小明有三个苹果，小红给了他五个苹果，请问小明现在一共有多少个苹果？"

ALGEBRA = "Let $x$ and $y$ satisfy $\\frac{3}{4} \\cdot x + y = 12$ and $x - 2y = 5$; determine $x + y$ exactly."
EDITED = " ".join(
    f"{word}" for word in (f"{a}{b}" for a in "klmnp" for b in ("an", "el", "im", "os", "ut", "ar", "ek"))
)
MIDDLE = " ".join(word if place % 12 != 6 else "changed" for place, word in enumerate(EDITED.split()))

ITEMS = [
    ("gsm8k/0", LONG),
    ("tiny/0", SHORT),
    ("zh/0", CHINESE),
    ("algebra/0", "Find $\\frac{1}{2} x^2$ for $x = 4$."),
    ("algebra/1", ALGEBRA),
]


@pytest.fixture(scope="module")
def contamination() -> Contamination:
    return Contamination(ITEMS)


FOUND = [
    (LONG, "gsm8k/0", "13-gram", "the item itself"),
    (LONG.upper().replace(",", " ;"), "gsm8k/0", "13-gram", "case and punctuation do not count"),
    ("Read this. " + LONG + " Explain.", "gsm8k/0", "13-gram", "the item inside a text"),
    (" ".join(LONG.split()[2:15]), "gsm8k/0", "13-gram", "exactly thirteen words of it"),
    ("what is 2 + 2", "tiny/0", "whole text", "a short item as the whole text"),
    ("**What** is\n$2+2$?", "tiny/0", "whole text", "a short item with markup"),
    ("Think well. What is 2 + 2? Explain.", "tiny/0", "whole text", "a short item as a sentence of a longer text"),
    ("Find $\\dfrac{1}{2} t^2$ for \\(t = 4\\).", "algebra/0", "8-gram coverage", "a short item in other letters"),
    (ALGEBRA.replace("x", "u").replace("y", "v"), "algebra/1", "8-gram coverage", "other letters for its variables"),
    (
        ALGEBRA.replace("$", "").replace("\\frac{3}{4}", "3/4").replace("\\cdot", "\\times"),
        "algebra/1",
        "13-gram",
        "formulas in another dress",
    ),
    ("Q: What is 2 + 2?", "tiny/0", "whole text", "a short item behind a letter"),
    ("(a) What is 2 + 2?", "tiny/0", "whole text", "a short item in a list"),
    ("**3.** What is 2 + 2?", "tiny/0", "whole text", "a short item behind a number"),
    ("Please, what is $2+2$?\nExplain.", "tiny/0", "whole text", "a short item asked for politely"),
    ("Question 4: find what is 2 + 2.", "tiny/0", "whole text", "a short item and a word that says nothing"),
    ("What is 2 + 2", "tiny/0", "whole text", "a short item without its mark"),
    ("Find ½·x² for x = 4.", "algebra/0", "8-gram coverage", "signs of Unicode in a short item"),
    (
        "Let x and y satisfy ¾·x + y = 12 and x − 2y = 5; determine x + y exactly.",
        "algebra/1",
        "13-gram",
        "signs of Unicode",
    ),
    (LONG.replace("Natalia", "Mia"), "gsm8k/0", "13-gram", "another name of a person, once"),
    ("题目：小明有三个苹果，小红给了他五个苹果。多少？", "zh/0", "13-gram", "thirteen Chinese characters"),
    ("小明有三个苹果 小红给了他五个苹果", "zh/0", "13-gram", "Chinese punctuation and spaces do not count"),
]

CLEAN = [
    ("", "nothing"),
    ("Natalia sold clips.", "three words of an item"),
    (" ".join(LONG.split()[2:14]), "twelve words of an item"),
    ("Tell me if what is 2 + 2 is four.", "a short item within a sentence"),
    ("What is 2 + 2 times 7?", "a short item and more"),
    ("What is 2 + 2 + 2?", "a short item and another operator"),
    ("$x = 2 + 2$. What is $x$?", "the words of a short item over two sentences"),
    ("What is 2 - 2?", "another operator"),
    ("Let $a$ and $b$ satisfy $2a + b = 12$ and $a - 2b = 7$; determine $a$.", "a template with other numbers"),
    ("What is 2 + 3?", "another short text"),
    (" ".join(reversed(LONG.split())), "the words in another order"),
    ("小明有三个苹果。", "a few Chinese characters"),
]


@pytest.mark.parametrize(("text", "item", "rule", "why"), FOUND, ids=[why for *_, why in FOUND])
def test_found(contamination: Contamination, text: str, item: str, rule: str, why: str) -> None:
    evidence = contamination.check(text)
    assert evidence is not None, why
    assert (evidence.item, evidence.rule) == (item, rule)


@pytest.mark.parametrize(("text", "why"), CLEAN, ids=[why for _, why in CLEAN])
def test_not_found(contamination: Contamination, text: str, why: str) -> None:
    assert contamination.check(text) is None, why


def test_the_evidence_is_the_whole_overlap(contamination: Contamination) -> None:
    evidence = contamination.check("Yesterday " + " ".join(LONG.split()[3:20]) + " and that was all there was to it")
    assert evidence is not None
    assert evidence.overlap.startswith("to 48 of her friends in april and then she")
    assert len(evidence.overlap.split()) == 17


def test_chinese_evidence_has_no_spaces(contamination: Contamination) -> None:
    evidence = contamination.check(CHINESE)
    assert evidence is not None
    assert evidence.overlap.startswith("小明有三个苹果小红给了他五个苹果")


def test_no_benchmark_finds_nothing() -> None:
    assert Contamination([]).check(LONG) is None
    assert Contamination([("empty", ""), ("dots", "...")]).check("") is None
    assert len(Contamination(ITEMS)) == len(ITEMS)


def test_every_planted_run_is_found_and_nothing_else() -> None:
    draw = random.Random(3)
    vocabulary = [f"word{n}" for n in range(3000)]
    items = [(f"item/{n}", " ".join(draw.choices(vocabulary, k=40))) for n in range(500)]
    contamination = Contamination(items)
    for n, (name, text) in enumerate(items):
        clean = " ".join(draw.choices(vocabulary, k=50))
        assert contamination.check(clean) is None
        start = n % 28
        evidence = contamination.check(clean + " " + " ".join(text.split()[start : start + 13]))
        assert evidence is not None
        assert evidence.item == name


def test_a_batch_decides_as_its_texts_alone() -> None:
    contamination = Contamination(ITEMS)
    texts = [row[0] for row in FOUND] + [row[0] for row in CLEAN]
    assert contamination.check_many(texts * 100) == [contamination.check(text) for text in texts] * 100


def test_a_phrase_of_many_items_says_nothing() -> None:
    phrase = "find the greatest common divisor of the two numbers that are given here"
    items = [(f"item/{n}", f"{phrase} w{n} x{n} y{n} z{n}") for n in range(80)]
    contamination = Contamination(items)
    assert contamination.check(phrase) is None
    assert contamination.check(" ".join(phrase.split()[:11])) is None
    evidence = contamination.check(items[79][1])
    assert evidence is not None, "what is its own shows which item it is"
    assert evidence.item == "item/79"


FORM = "The answer can be written as m/n where m and n are relatively prime positive integers. Find m + n."
DRAWING = '[asy] pair A, B, C; A = (0, 0); B = (3, 0); C = (0, 4); draw(A--B--C--cycle); label("A", A, SW); [/asy]'
TRIANGLE = f"In the triangle below, a beetle walks from A to B and a wasp flies home from C. {DRAWING} Who is first?"
STORIES = [
    f"Six {thing} stand in a row of {where} and every second one is {what}. How likely is it that none falls? {FORM}"
    for thing, where, what in (
        ("candles", "brass holders", "lit"),
        ("hurdles", "a stadium", "painted"),
        ("bishops", "chess squares", "taken"),
        ("kettles", "a kitchen shelf", "boiling"),
    )
]


@pytest.mark.parametrize(
    ("text", "item", "why"),
    [
        (f"Nine cooks share one spoon, one after the other. {FORM}", None, "the form of an answer"),
        (f"A kite flies over a lake in the shape of a triangle. {DRAWING} Where does it land?", None, "drawing code"),
        (STORIES[2], "story/2", "the story and the form"),
        (STORIES[2].replace(FORM, ""), "story/2", "the story without the form"),
        (TRIANGLE.replace(DRAWING, ""), "triangle", "the text without the drawing"),
        (f"Look. {DRAWING} Which?", "drawing", "a drawing that is the item"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_what_is_shared_must_hold_content(text: str, item: str | None, why: str) -> None:
    items = [(f"story/{n}", story) for n, story in enumerate(STORIES)]
    items += [("triangle", TRIANGLE), ("drawing", f"Look. {DRAWING} Which?")]
    evidence = Contamination(items).check(text)
    assert (evidence.item if evidence else None) == item, why


CHANGED = [
    ("How many primes lie between 10 and 30?", "How many squares lie between 10 and 30?", "doubt", "another noun"),
    ("Simplify $\\sin x + \\cos x$.", "Simplify $\\sin x - \\cos x$.", "other", "another operator"),
    ("Compute $\\sin 30^\\circ$.", "Compute $\\cos 30^\\circ$.", "doubt", "another function"),
    ("Compute $\\sin 30^\\circ$.", "Compute $\\sin 60^\\circ$.", "other", "another number"),
    ("Compute $\\sin 30^\\circ$.", "Evaluate sin 30°.", "same", "another verb"),
    ("What is the cube of 11?", "(b) What is cube of 11? Explain.", "same", "an article less"),
    ("What is the cube of 11?", "What is the exact cube of 11?", "doubt", "a word more"),
    ("How many rows of 4 seats are there?", "How many rows of four chairs are there?", "other", "two words"),
    ("How many rows of 4 seats are there?", "There, how many rows of 4 seats are?", "other", "another order"),
]


@pytest.mark.parametrize(("item", "text", "outcome", "why"), CHANGED, ids=[row[3] for row in CHANGED])
def test_a_short_item_with_a_word_changed_is_a_doubt(item: str, text: str, outcome: str, why: str) -> None:
    contamination = Contamination([("exam", item), ("other", LONG)])
    evidence, (doubt,) = contamination.check(text), contamination.doubts([text])
    assert ("same" if evidence else "doubt" if doubt else "other") == outcome, why
    if doubt:
        assert (doubt.item, doubt.rule) == ("exam", "one word changed")


@pytest.mark.parametrize(("coverage", "found"), [(0.2, True), (0.5, False)])
def test_the_share_that_must_be_covered_is_set(coverage: float, found: bool) -> None:
    text = "Yesterday " + " ".join(LONG.split()[:12]) + " boxes"
    assert (Contamination(ITEMS, coverage).check(text) is not None) is found


def test_an_item_of_eight_to_twelve_words_must_be_there_as_a_whole() -> None:
    contamination = Contamination([("a", "How many primes lie strictly between one and thirty inclusive")], 0.5)
    assert contamination.check("How many primes lie strictly between one and thirty inclusive? Say") is not None
    assert contamination.check("How many primes lie strictly between one and forty inclusive? Say") is None
