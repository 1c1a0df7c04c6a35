"""Repeated texts are found, different ones kept, and the order alone decides."""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.texts.band_table import MAX_PER_BUCKET
from tasks.texts.duplicates import Duplicate, DuplicateIndex
from tasks.texts.shingles import math_words

STORY = (
    "A farmer has 12 rectangular fields, each of them 40 metres long and 25 metres wide, and wants to put a fence "
    "around all of them. How many metres of fence must the farmer buy if every field gets a fence of its own?"
)

EXACT = [
    ("Find x + 1.", "find   X + 1", "case, spaces, punctuation"),
    ("“Find” x!", "Find x.", "quotes"),
    ("x − 1", "x - 1", "the minus sign U+2212"),
    ("ｆｉｎｄ １２", "find 12", "full-width letters"),
    ("求解：三加五？", "求解三加五。", "Chinese punctuation"),
    ("", "", "nothing"),
    ("?!", "?!", "punctuation alone"),
]

DISTINCT = [
    ("What is 3 + 4?", "What is 3 - 4?", "an operator"),
    ("What is 3 + 4?", "What is 3 + 5?", "a number in a short text"),
    ("Is 3.5 whole?", "Is 35 whole?", "a decimal point"),
    ("x < 3", "x > 3", "a relation"),
    ("求解：三加五？", "求解：七加九？", "short Chinese texts"),
    ("?", "!", "two punctuation marks"),
    ("Tom has apples.", "Prove the theorem.", "nothing in common"),
]


@pytest.mark.parametrize(("first", "second", "why"), EXACT, ids=[why for *_, why in EXACT])
def test_exact(first: str, second: str, why: str) -> None:
    index = DuplicateIndex()
    assert index.add("a", first) is None
    assert index.add("b", second) == Duplicate("a", "exact", 1.0), why
    assert len(index) == 1


@pytest.mark.parametrize(("first", "second", "why"), DISTINCT, ids=[why for *_, why in DISTINCT])
def test_distinct(first: str, second: str, why: str) -> None:
    index = DuplicateIndex()
    assert index.add("a", first) is None
    assert index.add("b", second) is None, why


def test_a_near_duplicate_names_the_earlier_text_and_the_similarity() -> None:
    index = DuplicateIndex()
    index.add(1, STORY)
    found = index.add(2, STORY.replace("farmer has", "woman owns"))
    assert found is not None
    assert (found.key, found.kind) == (1, "near")
    assert found.similarity == pytest.approx(similarity(STORY, STORY.replace("farmer has", "woman owns")))


def test_the_first_of_two_is_kept_whichever_it_is() -> None:
    other = STORY.replace("metres long", "yards long")
    for first, second in ((STORY, other), (other, STORY)):
        index = DuplicateIndex()
        decisions = index.add_many([("first", first), ("second", second)])
        assert decisions[0] is None
        assert decisions[1] is not None
        assert decisions[1].key == "first"


def test_a_rejected_text_attracts_no_others() -> None:
    """Similarity is not transitive: only kept texts count, so a chain does not swallow its far end."""
    words = [f"word{n}" for n in range(60)]
    chain = [" ".join(words[n * 9 : n * 9 + 30]) for n in range(3)]
    near = [" ".join(words[n * 4 : n * 4 + 30]) for n in range(3)]
    index = DuplicateIndex()
    assert [found is None for found in index.add_many(enumerate(chain))] == [True, True, True]
    index = DuplicateIndex()
    kept = [index.add(n, text) for n, text in enumerate(near)]
    assert kept[0] is None
    assert kept[1] is not None
    assert kept[2] is None


def test_chinese_texts_are_compared_by_character() -> None:
    text = "小明的果园里有一百二十棵苹果树，每棵树每年可以收获三十五公斤苹果，问果园每年一共可以收获多少公斤苹果？"
    index = DuplicateIndex()
    index.add("a", text)
    found = index.add("b", text.replace("小明", "小红"))
    assert found is not None
    assert found.kind == "near"
    assert index.add("c", "求函数在给定区间上的最大值与最小值，并说明取得最值时自变量的取值范围是什么。") is None


def similarity(a: str, b: str) -> float:
    """Jaccard similarity of word 3-grams, computed the plain way."""
    left, right = ({tuple(w[n : n + 3]) for n in range(len(w) - 2)} for w in (math_words(a), math_words(b)))
    return len(left & right) / len(left | right)


def planted(count: int, seed: int) -> tuple[list[str], list[str]]:
    draw = random.Random(seed)
    vocabulary = [f"w{n}" for n in range(4000)]
    originals = [" ".join(draw.choices(vocabulary, k=60)) for _ in range(count)]
    edited = []
    for text in originals:
        words = text.split()
        for _ in range(draw.randint(1, 4)):
            words[draw.randrange(len(words))] = draw.choice(vocabulary)
        edited.append(" ".join(words))
    return originals, edited


def test_planted_near_duplicates_are_found_and_others_kept() -> None:
    originals, edited = planted(1500, seed=1)
    index = DuplicateIndex()
    assert not any(index.add_many(enumerate(originals)))
    due = [n for n in range(len(originals)) if similarity(originals[n], edited[n]) >= 0.6]
    decisions = index.add_many((f"edit {n}", text) for n, text in enumerate(edited))
    found = [n for n in due if (decision := decisions[n]) is not None and decision.key == n]
    assert len(due) > 1000
    assert len(found) >= 0.95 * len(due)


def test_renumbered_texts_count_only_with_the_similarity_they_have() -> None:
    """Precision: beside texts without variants, other numbers are reported when, and only when, the 3-grams say so."""
    draw = random.Random(2)
    templates = [
        "Tom has {} apples and gives {} of them to each of his {} friends; how many apples are left in the basket?",
        "Compute {} + {} * {}.",
        STORY.replace("12", "{}").replace("40", "{}").replace("25", "{}"),
    ]
    texts = [draw.choice(templates).format(*(draw.randint(2, 999) for _ in range(3))) for _ in range(600)]
    decisions = DuplicateIndex().add_many(enumerate(texts), variants=False)
    near = [(n, d) for n, d in enumerate(decisions) if d is not None and d.kind == "near"]
    assert near
    for n, decision in near:
        assert isinstance(decision.key, int)
        assert decision.similarity >= 0.6
        assert decision.similarity == pytest.approx(similarity(texts[n], texts[decision.key]))
    assert not any(texts[n].startswith("Compute") for n, _ in near)


VARIANTS = [
    ("A train of 120 m passes a post in 6 s.", "A train of 95.5 m passes a post in 12 s.", True, "other numbers"),
    ("Solve $2x + 3 = 11$ for $x$.", "Solve $5x + 30 = 1$ for $x$.", True, "numbers before a letter"),
    ("甲有120元，乙有35元，问两人一共有多少元？", "甲有7元，乙有9元，问两人一共有多少元？", True, "Chinese"),
    ("Find $x1 + 2$.", "Find $x2 + 2$.", False, "the number of a name"),
    ("Solve $2x + 3 = 11$.", "Solve $2x - 3 = 11$.", False, "an operator"),
    ("Solve $2x + 3 = 11$.", "Solve $2y + 3 = 11$.", False, "a letter"),
    ("Solve $2x + 3 = 11$.", "Solve $2x + y = 11$.", False, "a letter for a number"),
]


@pytest.mark.parametrize(("first", "second", "same", "why"), VARIANTS, ids=[row[3] for row in VARIANTS])
def test_texts_are_of_one_template_when_only_their_numbers_differ(
    first: str, second: str, same: bool, why: str
) -> None:
    index = DuplicateIndex(variants=1)
    assert index.add(1, first) is None
    found = index.add(2, second)
    assert (found is not None and found.kind == "template") is same


URN = "An urn holds six distinguishable marbles and Ada draws two of them at once. In how many ways can she do so?"
LOGARITHM = (
    "Ben wants to write the logarithm $\\log_3\\frac13$ as a whole number without a calculator at hand. "
    "Which number does he write down in the end?"
)
KIN = [
    (URN, URN.replace("distinguishable", "indistinguishable"), True, "a prefix that denies"),
    (URN, URN.replace("Ada draws", "Ada never draws"), True, "a word that denies"),
    (LOGARITHM, LOGARITHM.replace("\\frac13", "\\frac1{\\sqrt3}"), True, "another formula"),
    (LOGARITHM, LOGARITHM.replace("\\log_3", "\\sqrt "), True, "another function"),
    (STORY.replace("12", "$x+1$"), STORY.replace("12", "$\\frac{x}{2}$"), True, "a formula in a story"),
    (URN, URN.replace("Ada", "Eva"), False, "another name"),
    (URN, URN.replace("distinguishable", "colourful"), False, "another word"),
    (LOGARITHM, LOGARITHM.replace("whole", "natural"), False, "another word beside a formula"),
    (URN, URN.replace("marbles", "incubators"), False, "another word that begins like a denial"),
]


@pytest.mark.parametrize(("first", "second", "variant", "why"), KIN, ids=[row[3] for row in KIN])
def test_near_texts_are_variants_when_only_their_mathematics_or_a_denial_differs(
    first: str, second: str, variant: bool, why: str
) -> None:
    for one, other in ((first, second), (second, first)):
        for seed in (False, True):
            index = DuplicateIndex(variants=2)
            index.add_many([(1, one)], variants=not seed)
            found = index.add(2, other)
            assert (found is None) is variant, why
    flood = DuplicateIndex(variants=1)
    flood.add(1, first)
    found = flood.add(2, second)
    assert found is not None
    assert found.kind == ("template" if variant else "near"), "variants are counted"


def test_a_seed_with_other_numbers_in_a_formula_is_no_new_problem() -> None:
    index = DuplicateIndex()
    index.add_many([("seed", STORY.replace("12", "$2x+1$"))], variants=False)
    found = index.add(1, STORY.replace("12", "$3x+1$"))
    assert found is not None
    assert found.kind == "near"


def test_a_flood_of_one_template_is_capped_and_not_deleted() -> None:
    flood = [STORY.replace("12", f"{number}") for number in range(3, 13)]
    assert similarity(flood[0], flood[1]) > 0.6, "as texts alone they would be near duplicates"
    decisions = DuplicateIndex(variants=4).add_many(enumerate(flood))
    assert [found is None for found in decisions] == [True] * 4 + [False] * 6
    assert {(found.key, found.kind) for found in decisions if found} == {(0, "template")}
    index = DuplicateIndex(variants=4)
    index.add_many([("seed", STORY)], variants=False)
    found = index.add(1, flood[0])
    assert found is not None, "a seed with other numbers is no new problem"
    assert (found.key, found.kind) == ("seed", "near")


def test_a_variant_does_not_hide_a_near_duplicate_of_another_text() -> None:
    index = DuplicateIndex()
    assert index.add("a", STORY) is None
    found = index.add("b", STORY.replace("farmer has 12", "woman owns 15"))
    assert found is not None
    assert (found.key, found.kind) == ("a", "near")


def test_a_flood_of_one_template_stays_quick() -> None:
    draw = random.Random(4)
    middle = " ".join(f"shared{n}" for n in range(22))
    texts = [
        f"{middle} " + " ".join(f"own{draw.randrange(10**6)}" for _ in range(18)) for _ in range(20 * MAX_PER_BUCKET)
    ]
    decisions = DuplicateIndex().add_many(enumerate(texts))
    assert sum(d is None for d in decisions) == len(texts)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(min_value=1, max_value=300), max_size=6))
def test_batches_do_not_change_decisions(cuts: list[int]) -> None:
    rows = list(enumerate(MIXED))
    one_by_one = DuplicateIndex()
    expected = [one_by_one.add(key, text) for key, text in rows]
    index = DuplicateIndex()
    decisions: list[Duplicate | None] = []
    for size in [*cuts, len(rows)]:
        decisions += index.add_many(rows[len(decisions) : len(decisions) + size])
    assert decisions == expected


def _mixed() -> list[str]:
    draw = random.Random(6)
    originals, edited = planted(60, seed=5)
    variants = [STORY.replace("12", f"{number}") for number in range(30)]
    floods = [f"{STORY} {' '.join(f'x{draw.randrange(999)}' for _ in range(30))}" for _ in range(60)]
    texts = [*originals, *edited, *floods, *variants, "", "a", "a b", "a b", "1 + 1"]
    draw.shuffle(texts)
    return texts


MIXED = _mixed()


def test_decisions_are_the_same_in_every_process() -> None:
    script = (
        "import test_duplicates as t, hashlib\n"
        "d = t.DuplicateIndex().add_many(enumerate(t.MIXED))\n"
        "print(hashlib.sha256(repr(d).encode()).hexdigest())"
    )
    here = str(pathlib.Path(__file__).parent)
    root = str(pathlib.Path(__file__).parents[3])
    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{here}:{root}"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


def test_long_and_odd_texts_are_kept_without_trouble() -> None:
    index = DuplicateIndex()
    long = " ".join(f"w{n}" for n in range(5000))
    assert index.add("long", long) is None
    assert index.add("longer", long + " end") is not None
    assert index.add("surrogate", "\ud800 odd text") is None


@pytest.mark.parametrize("threshold", [0.0, 1.5])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="similarity"):
        DuplicateIndex(threshold)
