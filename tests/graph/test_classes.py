"""Classes are complete, and frozen ones stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.classes import complete_linkage

Same = dict[tuple[int, int], float]


@st.composite
def verdicts(draw: st.DrawFn) -> tuple[int, Same]:
    count = draw(st.integers(0, 9))
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    same = draw(st.dictionaries(st.sampled_from(pairs), st.sampled_from([0.7, 0.8, 0.9, 1.0]))) if pairs else {}
    return count, same


@pytest.mark.parametrize(
    ("count", "same", "expected", "why"),
    [
        (0, {}, [], "nothing to class"),
        (3, {}, [[0], [1], [2]], "no verdict joins nothing"),
        (3, {(0, 1): 0.9, (1, 2): 0.8}, [[0, 1], [2]], "a chain is cut at its weaker link"),
        (3, {(0, 1): 0.8, (1, 2): 0.9}, [[0], [1, 2]], "a chain is cut at its weaker link"),
        (3, {(0, 1): 0.9, (1, 2): 0.9}, [[0, 1], [2]], "ties go to the lower index"),
        (3, {(0, 1): 0.9, (1, 2): 0.8, (0, 2): 0.7}, [[0, 1, 2]], "all pairs are the same"),
        (4, {(0, 1): 1, (2, 3): 1, (0, 2): 0.9, (1, 3): 0.9, (1, 2): 0.9}, [[0, 1], [2, 3]], "one pair is missing"),
    ],
)
def test_classes(count: int, same: Same, expected: list[list[int]], why: str) -> None:
    assert complete_linkage(count, same) == expected, why


@given(verdicts())
def test_every_class_is_complete_and_none_could_be_joined(case: tuple[int, Same]) -> None:
    count, same = case
    classes = complete_linkage(count, same)
    assert sorted(item for members in classes for item in members) == list(range(count))
    for members in classes:
        assert all((a, b) in same for a in members for b in members if a < b)
    for left in classes:
        for right in classes:
            if left[0] < right[0]:
                assert any((min(a, b), max(a, b)) not in same for a in left for b in right)


@given(verdicts(), st.randoms())
def test_the_order_of_verdicts_does_not_matter(case: tuple[int, Same], shuffler: object) -> None:
    count, same = case
    items = list(same.items())
    getattr(shuffler, "shuffle")(items)  # noqa: B009  (st.randoms() has no public type)
    assert complete_linkage(count, dict(items)) == complete_linkage(count, same)


def test_frozen_classes_gain_members_but_never_join() -> None:
    everything = {(i, j): 0.9 for i in range(5) for j in range(i + 1, 5)}
    assert complete_linkage(5, everything, frozen=[[1, 3], [2]]) == [[0, 1, 3, 4], [2]]


def test_a_new_item_joins_a_frozen_class_only_if_it_matches_all_of_it() -> None:
    assert complete_linkage(3, {(0, 2): 1.0}, frozen=[[0, 1]]) == [[0, 1], [2]]
    assert complete_linkage(3, {(0, 2): 1.0, (1, 2): 0.8}, frozen=[[0, 1]]) == [[0, 1, 2]]
