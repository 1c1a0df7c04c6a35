"""Pairs of names from five fields: what is joined unasked, what is proposed, and what a high score does not join."""

from __future__ import annotations

import pytest

from graph.contrasts import joins_alone
from graph.likeness import difference, loose_pairs
from graph.names import normal_form
from prompts.domain import BASE, find_domain
from tests.support.name_pairs import ONE, PROPOSED, TWO

WORDS = find_domain(BASE).opposed


def test_the_table_is_of_some_size_and_no_pair_stands_in_it_twice() -> None:
    pairs = [frozenset(pair) for pair in ONE + PROPOSED + TWO]
    assert len(pairs) == len(set(pairs)) >= 280
    assert all(len(pair) == 2 for pair in pairs)


@pytest.mark.parametrize(("one", "other"), ONE)
def test_spellings_of_one_name_are_joined(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(("one", "other"), PROPOSED)
def test_other_ways_to_write_a_name_are_proposed_with_a_reason(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
    assert loose_pairs([one, other]) == loose_pairs([other, one]) == [(0, 1)]
    assert difference(one, other) == difference(other, one) != "words"


@pytest.mark.parametrize(("one", "other"), TWO)
def test_other_things_are_joined_neither_by_form_nor_by_a_score(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
    assert not joins_alone(one, other, WORDS)
    assert not joins_alone(other, one, WORDS)
