"""Names that look alike and differ are told apart, by words that exclude each other; doubt is left to the curator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.contrasts import Opposed, contrast, joins_alone
from graph.names import NameRules
from prompts.domain import BASE, find_domain
from tests.support.concept_names import OURS

WORDS = find_domain(BASE).opposed
APART = [
    ("definite integral", "indefinite integral"),
    ("law of sines", "law of cosines"),
    ("sin^2 x identity", "cosine identity"),
    ("arithmetic sequence", "geometric progression"),
    ("sum of cubes", "difference of cubes"),
    ("permutation", "combination"),
    ("maximum of a function", "least value of a function"),
    ("row rank", "column rank"),
    ("incircle", "circumcircle"),
    ("inscribed circle", "circumcircle of a triangle"),
    ("even function", "odd function"),
    ("linear equation", "nonlinear equation"),
    ("continuous function", "discontinuous function"),
    ("derivative", "antiderivative"),
    ("set", "subset"),
    ("first derivative test", "second derivative test"),
    ("Type I error", "type 2 error"),
    ("two-digit number", "three-digit number"),
    ("2x2 determinant", "3x3 determinant"),
    ("divisibility by 3", "divisibility by 9"),
    ("square of the sum", "sum of squares"),
    ("limit of a sum", "sum of limits"),
    ("sum to product formulas", "product to sum formulas"),
    ("quadratic equation", "quadratic inequality"),
    ("permutations with repetition", "permutations without repetition"),
    ("mean", "median"),
    ("Fermat's little theorem", "Fermat's last theorem"),
    ("percent increase", "percent decrease"),
    ("polynomial expansion", "polynomial factorization"),
    ("convex polygon", "concave polygon"),
    ("clockwise rotation", "counterclockwise rotation"),
    ("setting up equations", "solving equations"),
    ("ascending order", "descending order"),
    ("average speed", "average velocity"),
    ("kinetic energy", "potential energy"),
    ("supply curve", "demand curve"),
    ("cation", "anion"),
    ("genotype", "phenotype"),
    ("encryption", "decryption"),
    ("定积分", "不定积分"),
    ("正弦定理", "余弦定理"),
    ("等差数列", "等比数列"),
    ("充分条件", "必要条件"),
    ("一元二次方程", "二元一次方程"),
    ("最大公约数", "最小公倍数"),
    ("反三角函数", "三角函数"),
    ("三角形面积", "三角形周长"),
]
DOUBTFUL = [
    ("Euclidean algorithm", "extended Euclidean algorithm"),
    ("area of a cone", "surface area of a cone"),
    ("integral", "definite integral"),
    ("derivative test", "first derivative test"),
    ("Euler's theorem", "Euler's formula"),
    ("cosine law", "cosine rule"),
    ("sine rule", "sine and cosine rule"),
    ("x-axis", "y-axis"),
    ("Area of a circle", "circle area"),
    ("勾股定理", "毕达哥拉斯定理"),
    ("функция", "функции"),
]
NOTHING = [
    ("greatest common divisor", "highest common factor"),
    ("arcsine", "inverse sine"),
    ("arithmetic progression", "arithmetic sequence"),
    ("30-60-90 triangle", "30°-60°-90° triangle"),
    ("difference of squares", "difference of two squares"),
    ("Type I error", "type 1 error"),
    ("L'Hôpital's rule", "L'Hospital's rule"),
    ("勾股定理", "勾股定理。"),
]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        *((one, other, "apart") for one, other in APART),
        *((one, other, "doubtful") for one, other in DOUBTFUL),
        *((one, other, "none") for one, other in NOTHING),
    ],
)
def test_contrasts(one: str, other: str, expected: str) -> None:
    assert contrast(one, other, WORDS) == contrast(other, one, WORDS) == expected


def test_names_of_one_concept_are_never_apart() -> None:
    assert [(a, b) for group in OURS for a in group for b in group if contrast(a, b, WORDS) == "apart"] == []


@given(st.sampled_from([name for group in OURS for name in group]), st.sampled_from(["The ", "", "  "]))
def test_a_name_has_no_contrast_to_itself_in_another_spelling(name: str, before: str) -> None:
    assert contrast(name, before + name.swapcase(), WORDS) == "none"


OWN = Opposed.read(
    """
    Map = mapping | Set | list   # words of programs
    breadth first | depth first
    栈 | 队列
    [telling]
    sorted | weak = weakly
    [kinds]
    method | class
    [same]
    dict = Map
    """
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("map of keys", "set of keys", "apart"),
        ("mappings of keys", "dict of keys", "none"),
        ("breadth-first search", "depth first search", "apart"),
        ("first search", "depth first search", "doubtful"),
        ("栈的大小", "队列的大小", "apart"),
        ("map of keys", "sorted map of keys", "doubtful"),
        ("weak reference", "weakly reference", "none"),
        ("hash method", "hash class", "doubtful"),
        ("row rank", "column rank", "none"),
    ],
)
def test_words_are_those_of_the_domain_and_no_others(one: str, other: str, expected: str) -> None:
    assert contrast(one, other, OWN) == contrast(other, one, OWN) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a | b\nsine", "line 2: 'sine' needs at least two words"),
        ("[tellings]\na", "line 1: there is no section 'tellings'; valid are opposed, telling, kinds, same"),
        ("[same]\nsin", "line 2: 'sin' is to be one word = the other"),
        ("a | | b", "line 1: a word is missing"),
    ],
)
def test_a_line_that_cannot_be_read_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Opposed.read(text)


def test_where_case_is_meaning_a_score_joins_no_names_of_other_case() -> None:
    assert joins_alone("Map of keys", "map of keys", OWN)
    assert not joins_alone("Map of keys", "map of keys", OWN, NameRules(case=True))
