"""Quotas of the accepted pairs: how they are counted, and runs that meet them exactly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.commands.settings_file import make_settings
from flows.produce import produce
from flows.synthesize import synthesize
from graph.errors import SettingsError
from graph.quotas import OTHERS, Quotas, Room, apportioned
from graph.records import Relation, content_id
from tests.support.rehearsal import NOISE, Rehearsal, folder_bytes, number, query, rehearsal, settings

A, B, C = (content_id("point", number) for number in range(3))
DRAWN: tuple[Relation, ...] = ("one_hop", "two_hop", "community")


@pytest.mark.parametrize(
    ("shares", "target", "counts"),
    [
        ({}, 10, {OTHERS: 10}),
        ({"one_hop": 0.3}, 10, {"one_hop": 3, OTHERS: 7}),
        ({"one_hop": 1 / 3, "two_hop": 1 / 3, "community": 1 / 3}, 10, {"one_hop": 4, "two_hop": 3, "community": 3}),
        ({"one_hop": 0.1, "two_hop": 0.1, "community": 0.2}, 8, {"one_hop": 2, "two_hop": 2, "community": 4}),
        ({"one_hop": 0.5, "two_hop": 0.5}, 3, {"one_hop": 2, "two_hop": 1, OTHERS: 0}),
        ({"one_hop": 0.29}, 100, {"one_hop": 29, OTHERS: 71}),
    ],
)
def test_shares_become_whole_numbers(shares: dict[str, float], target: int, counts: dict[str, int]) -> None:
    assert {
        name: count for name, count in apportioned(shares, DRAWN, target).items() if count or name in counts
    } == counts


@given(st.dictionaries(st.sampled_from(DRAWN), st.floats(0, 1 / 3)), st.integers(1, 10_000))
def test_whole_numbers_sum_to_the_target_and_are_near_their_shares(shares: dict[str, float], target: int) -> None:
    counts = apportioned(shares, DRAWN, target)
    assert sum(counts.values()) == target
    total = sum(shares.values()) if len(shares) == len(DRAWN) and any(shares.values()) else 1
    assert all(abs(counts[name] - target * share / total) <= 1 for name, share in shares.items())


def test_room_shrinks_by_relation_difficulty_and_point() -> None:
    room = Room(Quotas(relations={"one_hop": 0.5}, difficulties={"hard": 0.25}, per_point=2), 4, DRAWN)
    assert room.missing() == {"one_hop": 2, "hard": 1}
    room.take("one_hop", "hard", [A, B])
    assert (room.refuses_difficulty("hard"), room.refuses_difficulty("easy")) == ("enough of hard difficulty", "")
    room.take("one_hop", None, [A, C])
    assert room.refuses("one_hop", [C]) == "enough of one_hop"
    assert room.refuses("two_hop", [B, C]) == ""
    assert room.refuses("two_hop", [A, C]) == "enough of a point"
    room.take("two_hop", "easy", [B, C])
    room.take("community", "medium", [C])
    assert room.missing() == {}
    assert all(room.refuses(relation, []) for relation in DRAWN)


@pytest.mark.parametrize(
    "accept", [{"relations": {"one_hop": -0.1}}, {"difficulties": {"hard": 0.8, "easy": 0.3}}, {"per_point": 0}]
)
def test_quotas_that_make_no_sense_are_refused(accept: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Quotas.model_validate(accept)


def test_a_quota_for_a_relation_that_is_not_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"accept\.relations names distant, which sample\.quotas does not draw"):
        settings(tmp_path, "http://127.0.0.1:9/v1", 10, accept={"relations": {"distant": 0.1}})


ACCEPT = {"relations": {"one_hop": 0.6, "three_hop": 0.2}, "difficulties": {"hard": 0.2}, "per_point": 3}
MADE_OF = """
    SELECT relation, difficulty, count(*) FROM pairs GROUP BY ALL"""


@pytest.fixture(scope="module")
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE) as started:
        yield started


def counts(workspace: Path) -> tuple[Counter[str], Counter[str], int]:
    """Pairs by relation, by difficulty, and of the point that is in most of them."""
    relations: Counter[str] = Counter()
    difficulties: Counter[str] = Counter()
    for relation, difficulty, pairs in query(workspace, MADE_OF):
        relations[relation] += pairs
        difficulties[difficulty] += pairs
    most = number(
        workspace, "SELECT max(n) FROM (SELECT count(*) n FROM (SELECT unnest(points) p FROM pairs) GROUP BY p)"
    )
    return relations, difficulties, most


@pytest.fixture(scope="module")
def met(prefect_server: str, server: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 5 pairs under quotas that goes on to 10."""
    workspace = tmp_path_factory.mktemp("met") / "work"
    asyncio.run(synthesize(settings(workspace, server.url, 5, accept=ACCEPT)))
    relations, difficulties, most = counts(workspace)
    assert (relations.total(), relations["one_hop"], relations["three_hop"]) == (5, 3, 1)
    assert difficulties["hard"] == 1
    assert most <= 3
    asyncio.run(synthesize(settings(workspace, server.url, 10, accept=ACCEPT)))
    return workspace


def test_a_run_meets_its_quotas_to_the_pair(met: Path) -> None:
    relations, difficulties, most = counts(met)
    assert (relations.total(), relations["one_hop"], relations["three_hop"]) == (10, 6, 2)
    assert difficulties["hard"] == 2
    assert most <= 3


def test_what_has_no_room_is_not_paid_for(met: Path) -> None:
    over = "SELECT subject_id FROM rejects WHERE reason = 'quota full'"
    assert number(met, f"SELECT count(*) FROM ({over}) WHERE subject_id NOT IN (SELECT id FROM problems)") > 0
    card = (met / "dataset/README.md").read_text(encoding="utf-8")
    assert "no usable" not in card


def test_a_raised_target_ends_in_the_same_dataset_as_one_that_was_high_from_the_start(
    prefect_server: str, server: Rehearsal, met: Path, tmp_path: Path
) -> None:
    asyncio.run(synthesize(settings(tmp_path / "work", server.url, 10, accept=ACCEPT)))
    pairs = "SELECT id, position FROM pairs ORDER BY 2, 1"
    assert query(tmp_path / "work", pairs) == query(met, pairs)
    assert (
        folder_bytes(tmp_path / "work/dataset")["data/messages.jsonl"]
        == folder_bytes(met / "dataset")["data/messages.jsonl"]
    )


def test_quotas_that_cannot_be_met_end_with_what_is_missing(
    prefect_server: str, server: Rehearsal, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "accept": {"relations": {"community": 1.0}},
        "sample": {"quotas": {"community": 1, "one_hop": 1}, "per_point": 1},
    }
    chosen = make_settings(settings(tmp_path / "work", server.url, 90, **changes).model_dump())
    asyncio.run(synthesize(chosen, until="sample"))
    result = asyncio.run(produce(chosen))
    missing = 90 - result["pairs"]
    assert result["pairs"] < 90
    assert result["end"] == f"no combination is left (still wanted: community: {missing})"
