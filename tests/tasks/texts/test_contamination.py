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
    (LONG.replace("Natalia", "Mia"), "gsm8k/0", "13-gram", "another name of a person, once"),
    ("题目：小明有三个苹果，小红给了他五个苹果。多少？", "zh/0", "13-gram", "thirteen Chinese characters"),
    ("小明有三个苹果 小红给了他五个苹果", "zh/0", "13-gram", "Chinese punctuation and spaces do not count"),
]

CLEAN = [
    ("", "nothing"),
    ("Natalia sold clips.", "three words of an item"),
    (" ".join(LONG.split()[2:14]), "twelve words of an item"),
    ("Tell me: what is 2 + 2? And what is three times seven minus four?", "a short item within a sentence"),
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
    evidence = Contamination(items).check(phrase)
    assert evidence is not None, "thirteen words in a row are no phrase"
    assert (evidence.rule, evidence.coverage) == ("13-gram", 0.0)
    assert Contamination(items).check(" ".join(phrase.split()[:11])) is None


@pytest.mark.parametrize(("coverage", "found"), [(0.2, True), (0.5, False)])
def test_the_share_that_must_be_covered_is_set(coverage: float, found: bool) -> None:
    text = "Yesterday " + " ".join(LONG.split()[:12]) + " boxes"
    assert (Contamination(ITEMS, coverage).check(text) is not None) is found


def test_an_item_of_eight_to_twelve_words_must_be_there_as_a_whole() -> None:
    contamination = Contamination([("a", "How many primes lie strictly between one and thirty inclusive")], 0.5)
    assert contamination.check("How many primes lie strictly between one and thirty inclusive? Say") is not None
    assert contamination.check("How many primes lie strictly between one and forty inclusive? Say") is None
