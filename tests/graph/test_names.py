"""Cleaning of extracted names, and which names share a normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.likeness import loose_pairs
from graph.names import NameRules, clean_name, normal_form

CLEANED = [
    ("- Pythagorean theorem", "Pythagorean theorem"),
    ("* Pythagorean theorem.", "Pythagorean theorem"),
    ("1. Pythagorean theorem", "Pythagorean theorem"),
    ("12) Vieta's formulas;", "Vieta's formulas"),
    ("(3) Vieta's formulas", "Vieta's formulas"),
    ("[2] Vieta's formulas", "Vieta's formulas"),
    ("(b) Vieta's formulas", "Vieta's formulas"),
    ("iv) Vieta's formulas", "Vieta's formulas"),
    ("1.勾股定理。", "勾股定理"),
    ("1、勾股定理", "勾股定理"),
    ("①勾股定理", "勾股定理"),
    ("## Heron's formula", "Heron's formula"),
    ("• **Heron's formula**", "Heron's formula"),
    ("**1. Heron's formula**", "Heron's formula"),
    ("__Heron's formula__", "Heron's formula"),
    ("*Heron's formula*", "Heron's formula"),
    ("`Heron's formula`", "Heron's formula"),
    ("**Heron's formula", "Heron's formula"),
    ("Knowledge point 3: Heron's formula", "Heron's formula"),
    ("KP2: Heron's formula", "Heron's formula"),
    ('"Heron\'s formula"', "Heron's formula"),
    ("“Heron’s formula”.", "Heron’s formula"),
    ("「勾股定理」", "勾股定理"),
    ("$a^2+b^2=c^2$", "a^2+b^2=c^2"),
    ("\\(a^2+b^2=c^2\\)", "a^2+b^2=c^2"),
    ("$\\text{Heron's formula}$", "Heron's formula"),
    ("Sum of the first $n$ odd numbers", "Sum of the first n odd numbers"),
    ("  Law \t of\n cosines ", "Law of cosines"),
    ("Zero\u200b-product property", "Zero-product property"),
    ("（3）勾股定理", "勾股定理"),
    ("1．勾股定理", "勾股定理"),
    ("一、勾股定理", "勾股定理"),
    ("Step 1: Heron's formula", "Heron's formula"),
    ("✅ Heron's formula", "Heron's formula"),
    ("→ Heron's formula", "Heron's formula"),
    # What looks like a wrapping and is not.
    ("- operator", "- operator"),
    ("+ sign", "+ sign"),
    ("[10]Annulene", "[10]Annulene"),
    ("__str__()", "__str__()"),
    ("**kwargs", "**kwargs"),
    ("_id", "_id"),
    ("3:4:5 triangle", "3:4:5 triangle"),
    ("3-4-5 triangle", "3-4-5 triangle"),
    ("0.5 as a fraction", "0.5 as a fraction"),
    ("2 by 2 determinant", "2 by 2 determinant"),
    ("-1 as a square root", "-1 as a square root"),
    ("a_n as a sum of a_1", "a_n as a sum of a_1"),
    ("a*b = b*a", "a*b = b*a"),
    ("A* search", "A* search"),
    ("n!", "n!"),
    ("(a + b)^2 expansion", "(a + b)^2 expansion"),
    ("change for $5 and $10", "change for $5 and $10"),
    ('"and" and "or" in probability', '"and" and "or" in probability'),
    ("[0, 1] is compact", "[0, 1] is compact"),
]


@pytest.mark.parametrize(("raw", "cleaned"), CLEANED)
def test_marks_of_lists_and_markup_are_stripped(raw: str, cleaned: str) -> None:
    assert clean_name(raw) == (cleaned, None)


@pytest.mark.parametrize("raw", ["", "   ", "---", "**", "$$", "•", "...", "\u200b"])
def test_nothing_left_is_empty(raw: str) -> None:
    assert clean_name(raw)[1] == "empty"


def test_a_sentence_is_too_long() -> None:
    assert clean_name("x" * 120)[1] is None
    assert clean_name("x" * 121)[1] == "too long"
    assert clean_name("Pythagoras", longest=5)[1] == "too long"


@given(st.text(alphabet="ab1.*_-$\\(){}'\"• :#`", max_size=20))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    cleaned = clean_name(raw)[0]
    assert clean_name(cleaned)[0] == cleaned


SAME = [
    ("Pythagorean theorem", "The Pythagorean Theorem"),
    ("Pythagorean theorem", "pythagorean theorems"),
    ("Pythagoras' theorem", "Pythagoras theorem"),
    ("Pythagoras's theorem", "Pythagoras’ theorem"),
    ("Bayes' theorem", "Bayes theorem"),
    ("Vieta's formulas", "Vieta formula"),
    ("Vieta’s formulas", "Vieta's formulae"),
    ("The law of cosines", "Law of Cosine"),
    ("Fundamental theorem of algebra", "the fundamental theorem of algebra"),
    ("Cauchy-Schwarz inequality", "Cauchy–Schwarz inequality"),
    ("Cauchy-Schwarz inequality", "Cauchy Schwarz Inequality"),
    ("AM-GM inequality", "AM–GM Inequality"),
    ("Chinese Remainder Theorem (CRT)", "Chinese remainder theorem"),
    ("Fundamental Theorem of Algebra (FTA)", "fundamental theorem of algebra"),
    ("non-negative integer", "nonnegative integers"),
    ("non zero vector", "nonzero vector"),
    ("a^2 + b^2 = c^2", "$a^2+b^2=c^2$"),
    ("Inequalities", "inequality"),
    ("Complex boxes", "complex box"),
    ("勾股定理", "勾股定理。"),
    ("LCM算法", "LCM 算法"),
    ("Stokes' theorem", "Stokes theorem"),
]

PROPOSED = [
    ("theorem of Pythagoras", "Pythagoras theorem"),
    ("Law of cosines", "cosine law"),
    ("Properties of logarithms", "logarithm property"),
    ("Formula for the sum of squares", "sum of squares formula"),
    ("Formula for the area of a circle", "Area of a circle formula"),
    ("Mean value theorem for integrals", "Integral mean value theorem"),
    ("Chain rule for derivatives", "derivative chain rule"),
    ("Principle of mathematical induction", "mathematical induction principle"),
    ("AM-GM inequality", "A.M.-G.M. inequality"),
    ("Arithmetic mean - geometric mean inequality", "arithmetic mean-geometric mean inequality"),
    ("Arithmetic Mean-Geometric Mean (AM-GM) Inequality", "arithmetic mean geometric mean inequality"),
    ("co-prime integers", "coprime integers"),
    ("L'Hôpital's rule", "L’Hopital's Rule"),
    ("d'Alembert's formula", "D’Alembert formula"),
    ("Möbius function", "Mobius function"),
    ("Properties of matrices", "matrix properties"),
    ("Vertices of a parabola", "vertex of parabola"),
    ("Prime factorisation", "prime factorization"),
    ("centre of mass", "center of mass"),
    ("2x2 determinant", "2 × 2 determinants"),
    ("2-by-2 determinant", "2x2 determinant"),
    ("x² identity", "x^2 identity"),
    ("log₂ rules", "log_2 rule"),
    ("\\sin^2 x identity", "sin^2 x identity"),
    ("concept of a function", "function"),
    ("Ｅｕｌｅｒ's formula", "Euler's formula"),
    ("Rule of 72", "72 rule"),
    ("½ angle", "1/2 angle"),
    ("sets & subsets", "sets and sub-sets"),
]

DIFFERENT = [
    ("definite integral", "indefinite integral"),
    ("Fermat's little theorem", "Fermat's last theorem"),
    ("Euclidean algorithm", "extended Euclidean algorithm"),
    ("even function", "odd function"),
    ("sine rule", "cosine rule"),
    ("permutation", "combination"),
    ("sum of squares", "square of the sum"),
    ("square of the sum", "sum of the square"),
    ("sum of the squares", "square of sums"),
    ("formula for the sum of squares", "formula for the square of the sum"),
    ("product of limits", "limit of products"),
    ("limit of a sum", "sum of limits"),
    ("sum rule for limits", "limit rule for sums"),
    ("derivative of the inverse", "inverse of the derivative"),
    ("difference of cubes", "cube of a difference"),
    ("inscribed angle", "circumscribed angle"),
    ("incircle", "circumcircle"),
    ("fraction", "partial fraction"),
    ("differential equation", "partial differential equation"),
    ("Euler's formula", "Euler's formula for polyhedra"),
    ("Euler's theorem", "Euler's formula"),
    ("law of sines", "law of cosines"),
    ("cosine law", "cosine rule"),
    ("rational number", "irrational number"),
    ("independent events", "dependent events"),
    ("convergent series", "divergent series"),
    ("arithmetic series", "arithmetic sequence"),
    ("odds ratio", "odd ratio"),
    ("x² identity", "x2 identity"),
    ("log₂ rules", "log2 rules"),
    ("3½", "31/2"),
    ("f'(x) sign", "f(x) sign"),
    ("f''(x)", "f'(x)"),
    ("(a+b)^2", "a+b^2"),
    ("a-b formula", "ab formula"),
    ("a+b", "a-b"),
    ("sides a and b", "sides and b"),
    ("graph of y = a sin x", "graph of y = sin x"),
    ("graph of a sin x", "graph of sin x"),
    ("sinx - cosx", "sinx cosx"),
    ("ab - ba", "ab ba"),
    ("tens digit", "ten digits"),
    ("ones digit", "one-digit number"),
    ("3:4 ratio", "3 4 ratio"),
    ("3.14", "314"),
    ("n!", "n"),
    ("greater than >", "greater than <"),
    ("first derivative test", "second derivative test"),
    ("Type I error", "Type II error"),
    ("2x2 determinant", "3x3 determinant"),
    ("local maximum", "local minimum"),
    ("basis", "base"),
    ("calculus", "calculation"),
    ("inverse function", "inverse function theorem"),
    ("Chinese remainder theorem", "remainder theorem (CRT)"),
    ("勾股定理", "余弦定理"),
    ("が行", "か行"),
    ("set", "subset"),
    ("linear independence", "linear dependence"),
    ("mean", "median"),
    ("matrix", "matrix of cofactors"),
    ("necessary condition", "sufficient condition"),
    ("commutative property of addition", "commutative property of multiplication"),
    ("additive identity", "identity for addition formula"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_fact_share_a_form(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(("one", "other"), PROPOSED)
def test_another_order_article_accent_or_formula_is_proposed_and_not_joined(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
    assert loose_pairs([one, other]) == [(0, 1)]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_facts_do_not(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_a_form_is_never_empty() -> None:
    assert normal_form("The") == "the"


@given(st.text(min_size=1, max_size=30))
def test_any_text_has_a_form_that_ignores_case_and_spaces(name: str) -> None:
    spaced = f"  {name} "
    assert normal_form(spaced) == normal_form(name)


@pytest.mark.parametrize(
    ("one", "other", "rules", "same"),
    [
        ("Map", "map", NameRules(), True),
        ("Map", "map", NameRules(case=True), False),
        ("hash tables", "hash table", NameRules(case=True), True),
        ("hash-table", "hash table", NameRules(case=True), True),
        ("+ operator", "- operator", NameRules(), False),
        ("+ operator", "- operator", NameRules(symbols=False), True),
        ("Battle of Hastings (1066)", "Battle of Hastings, 1066", NameRules(), False),
        ("Battle of Hastings (1066)", "Battle of Hastings, 1066", NameRules(symbols=False), True),
        ("?!", "!?", NameRules(symbols=False), False),
    ],
)
def test_a_domain_says_whether_case_and_symbols_are_meaning(one: str, other: str, rules: NameRules, same: bool) -> None:
    assert (normal_form(one, rules) == normal_form(other, rules)) == same
