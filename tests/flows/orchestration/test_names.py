"""What runs are called, in lists of hundreds."""

from __future__ import annotations

import pytest

from flows.orchestration.names import name_of


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("fantastic-ibis", "synthesize algebra (fantastic-ibis)"),
        ("Fantastic-Ibis", "synthesize algebra (Fantastic-Ibis)"),
        ("gamma5-mirrormere-vector", "synthesize algebra (gamma5-mirrormere-vector)"),
        ("before the holidays", "before the holidays"),
        ("shard 2 of 4 of algebra, round 0 to 400", "shard 2 of 4 of algebra, round 0 to 400"),
        ("synthesize algebra (fantastic-ibis)", "synthesize algebra (fantastic-ibis)"),
    ],
)
def test_what_was_typed_stays_in_the_name_also_when_it_is_retried(called: str, name: str) -> None:
    assert name_of("synthesize", "algebra", called, "a deployment") == name


def test_a_run_within_another_is_called_after_its_stage() -> None:
    assert name_of("extract", "algebra", "fantastic-ibis", None) == "extract algebra"
