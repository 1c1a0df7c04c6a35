"""Texts that repeat a benchmark item are found, with evidence."""

from __future__ import annotations

import random

import pytest

from tasks.gates.contamination import Contamination

LONG = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
SHORT = "What is 2 + 2?"
CHINESE = "小明有三个苹果，小红给了他五个苹果，请问小明现在一共有多少个苹果？"

ITEMS = [("gsm8k/0", LONG), ("tiny/0", SHORT), ("zh/0", CHINESE)]


@pytest.fixture(scope="module")
def contamination() -> Contamination:
    return Contamination(ITEMS)


FOUND = [
    (LONG, "gsm8k/0", "13-gram", "the item itself"),
    (LONG.upper().replace(",", " ;"), "gsm8k/0", "13-gram", "case and punctuation do not count"),
    ("Read this. " + LONG + " Explain.", "gsm8k/0", "13-gram", "the item inside a text"),
    (" ".join(LONG.split()[2:15]), "gsm8k/0", "13-gram", "exactly thirteen words of it"),
    ("what is 2 2", "tiny/0", "whole text", "a short item as the whole text"),
    ("**What** is\n2 + 2", "tiny/0", "whole text", "a short item with markup"),
    ("题目：小明有三个苹果，小红给了他五个苹果。多少？", "zh/0", "13-gram", "thirteen Chinese characters"),
    ("小明有三个苹果 小红给了他五个苹果", "zh/0", "13-gram", "Chinese punctuation and spaces do not count"),
]

CLEAN = [
    ("", "nothing"),
    ("Natalia sold clips.", "three words of an item"),
    (" ".join(LONG.split()[2:14]), "twelve words of an item"),
    ("Tell me: what is 2 + 2? And what is three times seven minus four, my friend?", "a short item inside a text"),
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
    assert len(Contamination(ITEMS)) == 3


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
