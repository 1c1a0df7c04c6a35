"""Classes of answers: everybody in one agrees with everybody, and no order of the answers changes anything."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.answers.classes import group, partition
from tasks.answers.equivalence import Equivalence
from tasks.judging.votes import elect, measured, settled

CLASSES = [
    (["5", "5 cm", "5 m", "5 m"], ["5 m, 5 m, 5", "5 cm"], "the larger of two sets that share an answer"),
    (["5", "5 cm", "5 m"], ["5", "5 cm", "5 m"], "of two equal sets that share an answer, neither"),
    (["5", "5", "5 cm", "5 m"], ["5, 5", "5 cm", "5 m"], "what is alike stays together"),
    (["5", "5 cm", "5 cm", "6"], ["5, 5 cm, 5 cm", "6"], "a unit may be left out"),
    (["1/2", "0.5", r"\frac12", "2"], [r"1/2, 0.5, \frac12", "2"], "one value in three writings"),
    (["x=1", "1", "y=1", "y=1"], ["1, y=1, y=1", "x=1"], "labels are as units"),
    (["3 zorgs", "3", "3"], ["3, 3", "3 zorgs"], "an unknown comparison is no agreement"),
    (["0.333333", "1/3", "0.33333333"], ["0.333333, 1/3, 0.33333333"], "rounded values of one number"),
    (["7", "7", "8", "9"], ["7, 7", "8", "9"], "plain numbers"),
]


@pytest.fixture(scope="module")
def equivalence() -> Iterator[Equivalence]:
    with Equivalence() as checker:
        yield checker


def named(classes: list[list[int]], answers: list[str]) -> list[list[str]]:
    return sorted(sorted(answers[index] for index in members) for members in classes)


@pytest.mark.parametrize(("answers", "expected", "why"), CLASSES, ids=[why for *_, why in CLASSES])
async def test_no_order_changes_classes_share_difficulty_or_stopping(
    equivalence: Equivalence, answers: list[str], expected: list[str], why: str
) -> None:
    outcomes = set()
    for order in itertools.permutations(answers):
        given_in = list(order)
        classes = await group(given_in, equivalence)
        assert named(classes, given_in) == sorted(sorted(members.split(", ")) for members in expected), why
        sizes = [len(members) for members in classes]
        decision = elect(sizes, len(answers), 0.5)
        stops = tuple(settled(sizes, len(answers), samples, 0.5) for samples in (4, 6, 8))
        outcomes.add((decision, measured(decision.score, len(answers)), stops))
    assert len(outcomes) == 1


async def test_an_answer_that_is_missing_joins_no_class(equivalence: Equivalence) -> None:
    assert await group([None, "2", None, "2.0"], equivalence) == [[1, 3]]


async def test_a_question_tells_that_percents_are_meant(equivalence: Equivalence) -> None:
    assert await group(["25", r"25\%", "25"], equivalence) == [[0, 2], [1]]
    assert await group(["25", r"25\%", "25"], equivalence, "What percent of 8 is 2?") == [[0, 1, 2]]


graphs = st.integers(1, 7).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.sets(st.sampled_from(list(itertools.combinations(range(size), 2)) or [(0, 0)])),
        st.lists(st.integers(1, 3), min_size=size, max_size=size),
    )
)


@settings(max_examples=200, deadline=None)
@given(graph=graphs, shuffled=st.permutations(range(7)))
def test_every_class_agrees_with_itself_and_names_do_not_matter(
    graph: tuple[int, set[tuple[int, int]], list[int]], shuffled: list[int]
) -> None:
    size, edges, weights = graph
    edges = {edge for edge in edges if edge[0] != edge[1]}

    def classes(name: dict[int, str]) -> set[frozenset[int]]:
        agreement = nx.Graph((name[one], name[other]) for one, other in edges)
        agreement.add_nodes_from(name[one] for one in range(size))
        back = {text: number for number, text in name.items()}
        found = partition(agreement, {name[one]: weights[one] for one in range(size)})
        return {frozenset(back[text] for text in members) for members in found}

    plain = classes({one: str(one) for one in range(size)})
    assert sorted(one for members in plain for one in members) == list(range(size))
    for members in plain:
        assert all(pair in edges for pair in itertools.combinations(sorted(members), 2))
    order = [place for place in shuffled if place < size]
    assert classes({one: str(order[one]) for one in range(size)}) == plain
