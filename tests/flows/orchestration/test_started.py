"""How a run that has ended tells a script whether its target is met."""

from __future__ import annotations

import pytest

from flows.orchestration.started import check_target
from graph.errors import TargetMissed


def test_a_run_below_its_target_ends_with_a_code_of_its_own_and_what_would_help() -> None:
    check_target({"pairs": 5}, 5)
    with pytest.raises(TargetMissed, match=r"90 of 5,000 pairs: no combination is left\. More seeds") as raised:
        check_target({"pairs": 90, "end": "no combination is left"}, 5000)
    assert raised.value.exit_code == 3
