"""The table of coverage against what plain Python counts in the demo's store."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from tasks.reports.coverage import Cover, coverage
from tests.conftest import Demo
from tests.support.rehearsal import gsdp, opened, query

LEVELS = {"easy": 1, "medium": 2, "hard": 3}


@pytest.fixture(scope="module")
def covers(demo: Demo) -> list[Cover]:
    with opened(demo.workspace) as store:
        return coverage(store)


def grouped(workspace: Path, sql: str) -> dict[Any, set[Any]]:
    found: dict[Any, set[Any]] = defaultdict(set)
    for key, value in query(workspace, sql):
        found[key].add(value)
    return found


def test_every_point_and_community_is_counted_as_by_hand(demo: Demo, covers: list[Cover]) -> None:
    workspace = demo.workspace
    community = dict(query(workspace, "SELECT point_id, community FROM communities"))
    seeds = grouped(workspace, "SELECT point_id, seed_id FROM aliases JOIN mentions USING (name)")
    mentions = Counter(
        dict(query(workspace, "SELECT point_id, count(*) FROM aliases JOIN mentions USING (name) GROUP BY 1"))
    )
    drawn = grouped(workspace, "SELECT unnest(points), id FROM combinations")
    written = grouped(workspace, "SELECT combination_id, id FROM problems")
    pairs = {row[0] for row in query(workspace, "SELECT id FROM pairs")}
    refused = {row[0] for row in query(workspace, "SELECT subject_id FROM rejects WHERE stage <> 'compose'")}
    rated = dict(query(workspace, "SELECT problem_id, difficulty FROM passes WHERE stage = 'review'"))
    assert {cover.point_id: cover.community for cover in covers if cover.point_id} == community
    for cover in covers:
        points: set[UUID] = (
            {cover.point_id}
            if cover.point_id
            else {point for point, group in community.items() if group == cover.community}
        )
        combined = set().union(*(drawn[point] for point in points))
        problems = set().union(*(written[each] for each in combined))
        levels = [LEVELS[rated[each]] for each in problems if rated.get(each)]
        kept, decided = problems & pairs, problems & (pairs | refused)
        assert cover[3:] == (
            len(set().union(*(seeds[point] for point in points))),
            sum(mentions[point] for point in points),
            len(combined),
            len(problems),
            len(kept),
            pytest.approx(len(kept) / len(decided)) if decided else None,
            pytest.approx(sum(levels) / len(levels)) if levels else None,
            0,
        )


def test_communities_come_first_and_are_called_after_their_most_frequent_points(covers: list[Cover]) -> None:
    groups = [cover for cover in covers if cover.point_id is None]
    assert covers[: len(groups)] == groups
    assert [cover.community for cover in groups] == list(range(len(groups)))
    for cover in groups:
        members = [each for each in covers if each.point_id and each.community == cover.community]
        members.sort(key=lambda each: (-each.mentions, each.name))
        assert cover.name == ", ".join(each.name for each in members[:3])


def test_the_command_prints_the_table_and_writes_all_of_it(demo: Demo, covers: list[Cover], tmp_path: Path) -> None:
    printed = gsdp("graph", demo.workspace, "--coverage").stdout
    assert f"  0: {covers[0].name[:20]}" in printed
    used = sum(cover.combinations > 0 for cover in covers if cover.point_id)
    assert f"{used} of {sum(cover.point_id is not None for cover in covers)} points are in a combination" in printed
    file = tmp_path / "coverage.parquet"
    assert gsdp("graph", demo.workspace, "--coverage", "--export", file).returncode == 0
    with duckdb.connect() as engine:
        assert engine.execute(f"SELECT * FROM '{file}'").fetchall() == covers
        assert [row[0] for row in engine.execute(f"DESCRIBE FROM '{file}'").fetchall()] == list(Cover._fields)
