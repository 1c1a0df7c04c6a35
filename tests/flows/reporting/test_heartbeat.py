"""What a run says of itself in its log while it works."""

from __future__ import annotations

import logging
from typing import Any

from flows.reporting.heartbeat import AGAIN, MINUTE, Heartbeat


def snapshot(seconds: float, trouble: str = "", limited: str = "", pairs: int = 40) -> dict[str, Any]:
    endpoint = {"in_flight": 7, "batched": 0, "trouble": trouble, "limited_until": limited}
    return {
        "seconds": seconds,
        "pairs": pairs,
        "target_pairs": 100,
        "pairs_an_hour": 3600,
        "seconds_left": 60,
        "cost": 2.5,
        "budget": {"amount": 25.0, "unit": "USD", "spent": 2.5},
        "stages": {"compose": {"done": 80, "calls": 80, "rejected": 0}},
        "endpoints": {"big": endpoint},
    }


def test_a_line_a_minute_tells_pairs_pace_money_and_what_is_on_its_way() -> None:
    heartbeat = Heartbeat()
    said = [line for second in range(0, int(MINUTE) * 3, 5) for line in heartbeat.lines(snapshot(float(second)))]
    assert [level for level, _ in said] == [logging.INFO] * 2
    assert said[0][1] == (
        "40 of 100 pairs, 3,600 an hour, about 0:01:00 to go; 2.50 USD in all, 0.06250 USD a pair; "
        "2.50 USD of 25.00 USD spent; 7 calls on their way"
    )


def test_before_the_first_pair_it_tells_the_stage() -> None:
    ((_, line),) = Heartbeat().lines(snapshot(MINUTE, pairs=0) | {"pairs_an_hour": 0})
    assert line.endswith("; at compose, 80 done")


def test_an_endpoint_in_trouble_is_warned_of_once_in_its_words_and_so_is_its_return() -> None:
    heartbeat = Heartbeat()
    words = "http://big/v1: 500: out of memory"
    steps = [
        (1.0, words, "", [(logging.WARNING, "Endpoint big gives no answer: " + words)]),
        (2.0, words, "", []),
        (3.0, "", "", [(logging.INFO, "Endpoint big answers again.")]),
        (4.0, "", "12:00:00", [(logging.WARNING, "Endpoint big has asked to be left alone until 12:00:00")]),
        (5.0, "", "12:00:01", []),
        (6.0, words, "", [(logging.WARNING, "Endpoint big gives no answer: ")]),
    ]
    for seconds, trouble, limited, expected in steps:
        said = list(heartbeat.lines(snapshot(seconds, trouble, limited)))
        assert [level for level, _ in said] == [level for level, _ in expected], seconds
        assert all(line.startswith(begin) for (_, line), (_, begin) in zip(said, expected, strict=True)), said
    (again, _) = heartbeat.lines(snapshot(6.0 + AGAIN, words))
    assert again[0] == logging.WARNING
