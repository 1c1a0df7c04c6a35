"""What is asked was trained on by no arm; shuffling moves every solution; the page tells means, intervals, hashes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.train.proof import NOT_WORSE, WORSE, Size, check_size, interval, known_scores, told
from deployments.train.proof_data import (
    TrainedPair,
    chat,
    is_held_out,
    is_small,
    join,
    question,
    questions,
    shuffled,
    trained_on,
)

SIZE = Size("smol.gguf", 10, 5, 3, 2, 1e-4, 3, ("implicit", "shuffled"))


def pairs(count: int, of: str = "") -> list[TrainedPair]:
    return [
        TrainedPair(f"{of}{n}?", f"so {of}{n}", str(n), (f"point {n % 37}", f"{of}point {n % 11}"))
        for n in range(count)
    ]


def test_a_combination_is_held_out_of_every_arm_in_any_order_of_its_points() -> None:
    one = pairs(300)
    turned = [pair._replace(points=pair.points[::-1]) for pair in one]
    assert [*map(is_held_out, one)] == [*map(is_held_out, turned)]
    assert 0.05 < sum(map(is_held_out, one)) / len(one) < 0.3


def test_what_is_asked_was_trained_on_by_no_arm() -> None:
    arms = [pairs(200), pairs(200, "b")]
    asked = questions(arms, 20)
    assert len({pair.combination for pair in asked}) == len(asked) == 20
    trained = {pair.combination for arm in arms for pair in trained_on(arm, 200)}
    assert trained.isdisjoint(pair.combination for pair in asked)
    kinds = [pair.problem.startswith("b") for pair in asked]
    assert abs(kinds.count(True) - kinds.count(False)) <= 1


def test_questions_are_spread_over_the_combinations_and_none_is_asked_twice() -> None:
    few = [pair._replace(points=(f"point {n % 40}",)) for n, pair in enumerate(pairs(400))]
    held = {pair.combination for pair in few if is_held_out(pair)}
    asked = questions([few, few], 2 * len(held))
    assert len({pair.problem for pair in asked}) == len(asked)
    assert Counter(pair.combination for pair in asked) == dict.fromkeys(held, 2)


def test_pairs_with_large_numbers_are_beyond_a_small_model() -> None:
    one = TrainedPair("7 * 8?", "$7 \\cdot 8 = 56$", "56", ("product",))
    assert [is_small(one), is_small(one._replace(problem="7 * 80?")), is_small(one._replace(solution="560"))] == [
        True,
        False,
        False,
    ]


@given(st.integers(2, 50), st.integers(0, 5))
def test_shuffling_gives_every_problem_the_solution_of_another(count: int, seed: int) -> None:
    before = pairs(count)
    after = shuffled(before, seed)
    assert [pair.problem for pair in after] == [pair.problem for pair in before]
    assert sorted(pair.solution for pair in after) == sorted(pair.solution for pair in before)
    assert all(one.solution != other.solution for one, other in zip(before, after, strict=True))


def test_pairs_are_read_out_of_two_published_files() -> None:
    turns = [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}]
    messages = [{"id": "a", "messages": turns}, {"id": "proof", "messages": turns}]
    (pair,) = join(messages, [{"id": "a", "answer": "2", "info": {"points": ["addition"]}}])
    assert pair == TrainedPair("1 + 1?", "2", "2", ("addition",))
    assert chat(pair)["messages"] == turns
    assert question(pair) == {"problem": "1 + 1?", "answer": "2"}


def test_the_interval_is_students() -> None:
    low, high = interval([0.2, 0.3, 0.4])
    assert (low, high) == pytest.approx((0.3 - 4.30265 * 0.1 / 3**0.5, 0.3 + 4.30265 * 0.1 / 3**0.5), abs=1e-4)
    assert interval([0.5]) == (0.5, 0.5)


@pytest.mark.parametrize(("wrong", "line"), [([0.1, 0.2], WORSE), ([0.4, 0.3], NOT_WORSE)])
def test_the_page_says_whether_shuffled_answers_do_worse(wrong: list[float], line: str) -> None:
    scores = {"base": [0.0], "implicit": [0.2, 0.4], "shuffled": wrong}
    text = [*told(scores, {"implicit": "aa", "shuffled": "bb", "questions": "cc"}, SIZE, 115)]
    assert text[-1] == line
    assert text[2].endswith("; 115 questions.")
    assert "| base | 0 | 0.0% | - | - |" in text
    assert any(row.startswith("| implicit | 2 | 30.0% | [0.0%, 100.0%] | aa |") for row in text)


def test_scores_of_earlier_runs_stay_on_the_page(tmp_path: Path) -> None:
    for name, right in {"random-0": 0.1, "base": 0.0, "one_hop-1": 0.3, "one_hop-0": 0.2}.items():
        results = tmp_path / f"scores/{name}/evaluation/{name}/results.json"
        results.parent.mkdir(parents=True)
        results.write_text(json.dumps({"results": {"questions": {"exact_match,none": right}}}))
    assert list(known_scores(tmp_path).items()) == [("base", [0.0]), ("one_hop", [0.2, 0.3]), ("random", [0.1])]


def test_a_folder_keeps_to_one_size(tmp_path: Path) -> None:
    check_size(tmp_path / "size.json", SIZE)
    check_size(tmp_path / "size.json", SIZE._replace(seeds=5, arms=("seeds",)))
    with pytest.raises(SystemExit, match="another size"):
        check_size(tmp_path / "size.json", SIZE._replace(steps=4))
