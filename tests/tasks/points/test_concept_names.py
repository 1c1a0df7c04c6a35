"""Merging names, scored on tables with known answers; `python -m tests.benchmarks.names` prints the scores."""

from __future__ import annotations

import random
from pathlib import Path

import networkx as nx
import pytest

from tests.support.concept_names import BLIND, OURS
from tests.support.contexts import settings_for
from tests.support.name_pairs import ONE, PROPOSED
from tests.support.name_scores import LETTERS, ROLES, Letters, Score, by_connect, by_form, concepts, score
from tests.support.scripted_curator import connected, written

STAND_IN = {"same_at": 0.6, "ask_from": 0.6}
"""Bands for the stand-in, whose cosines are lower than a model's; chosen on our own names."""


def test_the_tables_are_of_some_size_and_a_third_was_written_blind() -> None:
    ours, blind = concepts("ours"), concepts("blind")
    assert len(ours) == sum(map(len, OURS)), "a name stands in one group only"
    assert len(ours) + len(blind) >= 150
    assert len(blind) >= (len(ours) + len(blind)) / 3
    assert all(names and lookalikes for names, lookalikes in BLIND)


@pytest.mark.parametrize("table", ["ours", "blind"])
def test_normal_forms_alone_join_nothing_that_differs(table: str) -> None:
    truth = concepts(table)
    found = score(truth, by_form(list(truth)))
    print(table, "normal forms", found)
    assert found.precision == 1.0
    assert found.right > 20


@pytest.mark.parametrize("table", ["ours", "blind"])
async def test_scores_that_nothing_speaks_against_join_what_is_the_same(table: str, tmp_path: Path) -> None:
    truth = concepts(table)
    joined, asked = await by_connect(truth, tmp_path, LETTERS, curator=False, **STAND_IN)
    found = score(truth, joined)
    print(table, "stand-in embedder, no curator", found)
    assert asked == 0
    assert found.precision == 1.0, "other words are the curator's, whatever the score"
    assert found.right > score(truth, by_form(list(truth))).right


async def test_without_contrasts_look_alikes_would_be_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.points.resolution.contrast", lambda *names: "none")
    monkeypatch.setattr("tasks.points.resolution.joins_alone", lambda *names: True)
    truth = concepts("blind")
    joined, _ = await by_connect(truth, tmp_path, LETTERS, curator=False, **STAND_IN)
    assert score(truth, joined).precision < 0.9


async def test_without_an_embedder_letters_join_nothing_and_propose_to_the_curator(tmp_path: Path) -> None:
    truth = concepts("blind")
    alone, _ = await by_connect(truth, tmp_path / "alone", None, curator=False)
    assert score(truth, alone) == score(truth, by_form(list(truth)))
    helped, asked = await by_connect(truth, tmp_path / "helped", None, curator=True)
    found = score(truth, helped)
    print("blind, no embedder, a curator that knows", found, asked, "pairs asked")
    assert (found.wrong, found.recall > 0.5) == (0, True)
    assert asked < len(truth), "a fraction of all pairs"


def test_scores() -> None:
    assert score({"a": 1, "b": 1, "c": 1, "d": 2}, {"a": 0, "b": 0, "c": 3, "d": 0}) == Score(1, 2, 2)
    assert str(Score(3, 1, 3)) == "precision 0.750, recall 0.500 (3 right, 1 wrong)"


@pytest.mark.parametrize("seed", range(2))
async def test_two_names_are_one_point_only_where_rows_say_why(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    known = [name for pair in ONE + PROPOSED for name in pair]
    names = sorted(set(draw.sample(known, 60) + draw.sample([name for group in OURS for name in group], 60)))
    settings = settings_for(
        tmp_path,
        roles=ROLES | {"embedder": "local"},
        endpoints={"local": LETTERS},
        connect={"filter": False, **STAND_IN},
        **written(tmp_path, *([name] for name in names)),
    )
    client = Letters()
    client.learn(names)
    found = await connected(settings, client)
    said = nx.Graph([(row.name, row.other) for row in found.proposals.values() if row.verdict == "same"])
    several = [members for members in found.classes() if len(members) > 1]
    assert len(several) > 4
    for members in several:
        assert members <= set(said), "each stands in a row"
        assert nx.is_connected(said.subgraph(members))
