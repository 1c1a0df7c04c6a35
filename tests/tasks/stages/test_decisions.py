"""The decisions of the paid stages, as tables: review, election, verdict, and how much production feeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from flows.progress import DOUBT, Progress
from flows.reporting.snapshot import money, pace
from flows.stages import LARGEST_CHUNK, SMALLEST_CHUNK, chunk_size
from tasks.judging.panel import choose, consult, decide, disputed, verdict
from tasks.judging.votes import elect, settled
from tasks.reports.graph_verdict import EXPECTED_YIELD, combinations_needed
from tasks.settings.roles import ResolvedRole
from tasks.settings.sections import GradeRule, ReviewRule
from tests.support.contexts import settings_for

MEAN, MAJORITY = ReviewRule(rule="mean"), ReviewRule()


@pytest.mark.parametrize(
    ("scores", "accepted", "score", "reason"),
    [
        ([(1, 0.85)], True, 0.85, ""),
        ([(1, 0.849)], False, 0.849, "low score"),
        ([(1, 0.9), (1, 0.8)], True, 0.85, ""),
        ([(1, 0.7), (1, 0.9), (1, 0.95)], True, 0.85, ""),
        ([(1, 1.0), (1, 1.0), (1, 0.5)], False, 2.5 / 3, "low score"),
        ([(3, 0.9), (1, 0.7)], True, 0.85, ""),
        ([(1, 0.9), (3, 0.7)], False, 0.75, "low score"),
        ([(1, 0.9), (1, None)], True, 0.9, ""),
        ([(1, 0.9), (1, None), (1, None)], False, None, "unjudged"),
        ([(2, 0.9), (1, None), (1, None)], True, 0.9, ""),
        ([(1, 0.9), (3, None)], False, None, "unjudged"),
        ([(1, None)], False, None, "unjudged"),
        ([], False, None, "unjudged"),
        ([(1, 0.0)], False, 0.0, "low score"),
        ([(1, 1.0)], True, 1.0, ""),
    ],
)
def test_review(scores: list[tuple[float, float | None]], accepted: bool, score: float | None, reason: str) -> None:
    found = decide(scores, MEAN)
    assert (found.accepted, found.reason) == (accepted, reason)
    assert found.score == (None if score is None else pytest.approx(score))
    assert bool(found.detail) == (not accepted), "a rejection has a detail"


def test_a_failed_judge_is_no_low_score() -> None:
    assert decide([(1, 0.9), (1, 0.9), (1, None)], MEAN).accepted
    assert not decide([(1, 0.9), (1, 0.9), (1, 0.0)], MEAN).accepted


@pytest.mark.parametrize(
    ("scores", "accepted", "why"),
    [
        ([(1, 0.9), (1, 0.9), (1, 0.0)], True, "one judge in three may be wrong"),
        ([(1, 0.9), (1, 0.84), (1, 0.84)], False, "two are below the threshold"),
        ([(1, 0.9), (1, 0.0)], False, "half is no majority"),
        ([(2, 0.9), (1, 0.0)], True, "unless it weighs more"),
        ([(1, 0.9), (1, None)], True, "the quorum holds"),
        ([(1, 0.9), (1, None), (1, None)], False, "it does not"),
    ],
)
def test_review_by_majority(scores: list[tuple[float, float | None]], accepted: bool, why: str) -> None:
    assert decide(scores, MAJORITY).accepted is accepted, why


@pytest.mark.parametrize(
    ("classes", "asked", "least", "accepted", "share", "reason"),
    [
        ([], 4, 0.0, False, None, "no solution"),
        ([[0]], 1, 0.0, True, 1.0, ""),
        ([[0, 1, 2, 3]], 4, 0.5, True, 1.0, ""),
        ([[0, 2], [1]], 4, 0.5, True, 0.5, ""),
        ([[0, 2], [1]], 5, 0.5, False, 0.4, "no agreement"),
        ([[0], [1]], 2, 0.0, False, 0.5, "no agreement"),
        ([[0, 1], [2, 3]], 4, 0.5, False, 0.5, "no agreement"),
        ([[0, 1], [2, 3], [4]], 5, 0.0, False, 0.4, "no agreement"),
        ([[1]], 4, 0.5, False, 0.25, "no agreement"),
        ([[1]], 4, 0.0, True, 0.25, ""),
        ([[0, 1, 2], [3]], 10, 0.3, True, 0.3, ""),
    ],
)
def test_election(
    classes: list[list[int]], asked: int, least: float, accepted: bool, share: float | None, reason: str
) -> None:
    found = elect([len(members) for members in classes], asked, least)
    assert (found.accepted, found.score, found.reason) == (accepted, share, reason)
    assert bool(found.detail) == (not accepted)


@pytest.mark.parametrize("samples", range(1, 7))
@pytest.mark.parametrize("least", [0.0, 0.5, 0.6, 1.0])
def test_no_further_vote_changes_a_settled_outcome_and_an_open_one_can_change(samples: int, least: float) -> None:
    """Every sequence of answers, of which 0 is none at all: a vote is settled exactly when all its ends are alike."""
    ends: dict[tuple[int, ...], set[object]] = {}
    for answers in product(range(min(samples, 4) + 1), repeat=samples):
        end = elect(sizes(answers), samples, least)
        best = Counter(answer for answer in answers if answer).most_common(1)
        for asked in range(samples + 1):
            ends.setdefault(answers[:asked], set()).add((end.accepted, end.accepted and best[0][0]))
    for given, outcomes in ends.items():
        if samples <= 4:
            assert settled(sizes(given), len(given), samples, least) == (len(outcomes) == 1), (given, outcomes)
        elif settled(sizes(given), len(given), samples, least):
            assert len(outcomes) == 1, given


def sizes(answers: Sequence[int]) -> list[int]:
    """Sizes of the classes of answers, largest first."""
    return sorted(Counter(answer for answer in answers if answer).values(), reverse=True)


@pytest.mark.parametrize(
    ("votes", "veto", "majority", "quorum"),
    [
        ([1], True, True, 0.5),
        ([0], False, False, 0.5),
        ([1, 1, 1], True, True, 0.5),
        ([1, 1, 0], False, True, 0.5),
        ([1, 0], False, False, 0.5),
        ([1, 0, 0], False, False, 0.5),
        ([1, None], True, True, 0.5),
        ([1, None, None], None, None, 0.5),
        ([1, 1, None], True, True, 0.5),
        ([1, 1, None], None, None, 1.0),
        ([0, None, None], None, None, 0.5),
        ([1, 0, None], False, False, 0.5),
        ([None, None], None, None, 0.1),
        ([], None, None, 0.5),
    ],
)
def test_verdict(votes: list[int | None], veto: bool | None, majority: bool | None, quorum: float) -> None:
    """Expected is True, False, or None where the panel is not judged to have spoken."""
    for rule, expected in (("veto", veto), ("majority", majority)):
        found = verdict([(1, vote) for vote in votes], GradeRule.model_validate({"rule": rule, "quorum": quorum}))
        reason = {True: "", False: "voted wrong", None: "unjudged"}[expected]
        assert (found.accepted, found.reason) == (expected is True, reason), rule


def test_a_judge_counts_by_its_weight() -> None:
    rule = GradeRule()
    assert verdict([(3, 1), (1, 0), (1, 0)], rule).accepted
    assert not verdict([(2, 1), (1, 0), (1, 0)], rule).accepted, "half is no majority"
    assert not verdict([(3, None), (1, 1), (1, 1)], rule).accepted, "the quorum is one of weight"


Votes = list[list[int | None]]


@pytest.mark.parametrize(
    ("graded", "pooled", "accepted", "best", "why"),
    [
        ([[1, 1]], True, True, 0, "one solution, nobody doubts"),
        ([[1, 0, 1]], True, True, 0, "one solution, one doubts"),
        ([[1, 0, 1], [1, 1]], True, True, 1, "the better one is chosen, not the first"),
        ([[1, 0, 1], [1, 0, 1]], True, True, 0, "of equals the first"),
        ([[1, 0, 0], [1, 1]], True, True, 1, "three of five stand behind the answer"),
        ([[1, 0, 0], [1, 0, 1]], True, False, 1, "three of six do not"),
        ([[1, 0, 0], [1, 0, 1]], False, True, 1, "a proof stands for itself"),
        ([[None, None, None], [1, 1]], True, False, 1, "too few judges gave a vote"),
        ([[None, None, None], [1, 1]], False, True, 1, "that was about another proof"),
        ([[0, 1, 0], [None, 0, 0]], True, False, 0, "none is good"),
    ],
)
def test_the_best_graded_solution_is_chosen(graded: Votes, pooled: bool, accepted: bool, best: int, why: str) -> None:
    given = [[(1.0, vote) for vote in votes] for votes in graded]
    decision, found = choose(given, GradeRule(), pooled=pooled)
    assert (decision.accepted, found) == (accepted, best), why


@pytest.mark.parametrize(
    ("votes", "open_"),
    [([1, 1], False), ([0, 0], False), ([1, 0, 1], True), ([1, None, 1], False), ([None, None, None], True)],
)
def test_judges_that_differ_are_shown_a_next_solution(votes: list[int | None], open_: bool) -> None:
    assert disputed([(1, vote) for vote in votes]) is open_


@pytest.mark.parametrize(
    ("answers", "first", "asked", "why"),
    [
        ([1, 1, 0], 2, 2, "the first two agree"),
        ([0, 0, 1], 2, 2, "also against"),
        ([1, 0, 1], 2, 3, "they differ"),
        ([1, None, 1], 2, 3, "one could not be understood"),
        ([None, None, 1], 2, 3, "nor the other"),
        ([1, 1, 1], 0, 3, "all at once"),
        ([1, 1, 1], 9, 3, "a small panel"),
        ([1, 0, 0], 1, 1, "the first decides alone"),
    ],
)
async def test_the_rest_of_the_panel_is_asked_when_the_first_ones_differ(
    answers: list[int | None], first: int, asked: int, why: str
) -> None:
    judges = [ResolvedRole(str(number), "e", "m", 0.0, None, 1, {}) for number in range(len(answers))]

    async def ask(judge: ResolvedRole) -> int | None:
        return answers[int(judge.name)]

    found = await consult(judges, first, ask, lambda vote: None if vote is None else vote == 1)
    assert found == answers[:asked], why


@pytest.mark.parametrize(
    ("screened", "finished", "frontier"),
    [
        (0, {}, 0),
        (0, {0: 16}, 16),
        (0, {16: 32}, 0),
        (0, {16: 32, 0: 16, 48: 64}, 32),
        (32, {0: 16, 16: 32}, 32),
        (32, {32: 33, 33: 1000}, 1000),
    ],
)
def test_the_frontier_is_behind_the_first_open_chunk(screened: int, finished: dict[int, int], frontier: int) -> None:
    assert Progress(100, 64, screened, 0, finished=finished).frontier == frontier


@pytest.mark.parametrize(
    ("target", "fed", "screened", "kept", "wanted", "why"),
    [
        (450, 0, 0, 0, 1000, "nothing is known: the paper's yield"),
        (450, 1000, 0, 0, 0, "what is in chains is expected to be enough"),
        (450, 900, 0, 0, 100, "what is in chains will not be enough"),
        (450, 500, 500, 450, 0, "the target is met"),
        (450, 500, 500, 500, 0, "more than the target"),
        (1, 0, 0, 0, 3, "a small target"),
        (1000, 950, 950, 0, 44445, "a poor yield asks for more, but never without end"),
        (1000, 950, 950, 950, 52, "a rich yield asks for less"),
    ],
)
def test_what_is_fed(target: int, fed: int, screened: int, kept: int, wanted: int, why: str) -> None:
    assert (EXPECTED_YIELD, DOUBT) == (0.45, 50)
    assert Progress(target, fed, screened, kept).wanted == wanted, why


@pytest.mark.parametrize(
    ("asks", "fed", "screened", "kept", "wanted"),
    [(1, 0, 0, 0, 1000), (8, 0, 0, 0, 125), (8, 125, 0, 0, 0), (8, 100, 100, 180, 142)],
)
def test_combinations_that_are_asked_for_several_problems_are_fewer(
    asks: int, fed: int, screened: int, kept: int, wanted: int, tmp_path: Path
) -> None:
    assert Progress(450, fed, screened, kept, asks=asks).wanted == wanted
    settings = settings_for(tmp_path, target_pairs=450, sample={"samples_per_combination": asks})
    assert combinations_needed(settings) == 1000 / asks


def test_a_resumed_run_judges_its_yield_by_all_that_was_screened() -> None:
    assert Progress(200, 350, 350, 150).rate == pytest.approx((150 + 22.5) / 400)


@pytest.mark.parametrize(
    ("pending", "size"),
    [(0, 16), (1, 16), (128, 16), (129, 17), (800, 100), (8000, 1000), (8001, 1000), (10**7, 1000)],
)
def test_chunks_are_an_eighth_of_what_is_left(pending: int, size: int) -> None:
    assert (SMALLEST_CHUNK, LARGEST_CHUNK) == (16, 1000)
    assert chunk_size(pending) == size


@pytest.mark.parametrize(
    ("screened", "kept", "hopeless", "why"),
    [
        (999, 0, False, "not enough was seen"),
        (1000, 0, True, "a thousand and none"),
        (1000, 1, False, "one is a beginning"),
    ],
)
def test_a_run_that_makes_no_pair_stops_paying(screened: int, kept: int, hopeless: bool, why: str) -> None:
    assert Progress(100, screened, screened, kept).hopeless is hopeless, why


def test_what_an_earlier_run_made_is_no_hope_for_this_one() -> None:
    assert Progress(100, 1500, 1500, 40, began=(500, 40)).hopeless


def test_the_first_chunks_are_small_until_a_pair_is_seen() -> None:
    before, after = Progress(20_000, 0, 0, 0), Progress(20_000, 1000, 1000, 500)
    assert (before.chunk, after.chunk) == (250, 1000)


@pytest.mark.parametrize(
    ("progress", "chunk", "why"),
    [
        (Progress(9000, 0, 0, 0, funds=100.0), 16, "nothing is known of the cost: a small chunk, and look"),
        (Progress(9000, 16, 0, 0, funds=100.0), 0, "it is not finished yet"),
        (Progress(9000, 0, 0, 0, funds=100.0, guess=2.0), 47, "a guess is better than nothing"),
        (Progress(9000, 40, 0, 0, funds=100.0, guess=2.0), 7, "what is in chains will be paid for"),
        (Progress(9000, 40, 10, 4, funds=100.0, guess=2.0, spent=10.0), 7, "few are seen: the guess is dearer"),
        (Progress(9000, 40, 10, 4, funds=100.0, guess=2.0, spent=30.0), 0, "few are seen, and they are dearer"),
        (Progress(9000, 60, 60, 20, funds=100.0, guess=9.0, spent=60.0), 35, "enough are seen"),
        (Progress(9000, 110, 60, 20, funds=100.0, guess=9.0, spent=60.0), 0, "more than that would not be finished"),
        (Progress(9000, 560, 560, 20, (500, 0), funds=100.0, spent=60.0), 35, "earlier runs had funds of their own"),
        (Progress(9000, 160, 160, 20, passed_over=100, funds=100.0, spent=60.0), 35, "what was passed over is free"),
        (Progress(9000, 10, 10, 4, funds=100.0, guess=2.0, spent=10.0), 85, "few are seen, and none is at work"),
        (Progress(9000, 60, 60, 20, funds=100.0, spent=60.0, held=21.0), 15, "the last call must fit at its worst"),
        (Progress(9000, 60, 60, 20, funds=60.5, spent=60.0), 0, "what is left pays for none"),
    ],
)
def test_no_more_is_fed_than_the_budget_lets_finish(progress: Progress, chunk: int, why: str) -> None:
    assert progress.chunk == chunk, why


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, ""),
        ({"pairs_an_hour": 0, "seconds_left": None}, ""),
        ({"pairs_an_hour": 12_345, "seconds_left": 3_725}, ", 12,345 an hour, about 1:02:05 to go"),
        ({"pairs_an_hour": 60, "seconds_left": None}, ", 60 an hour"),
    ],
)
def test_the_pace_of_a_run_in_words(content: dict[str, int | None], told: str) -> None:
    assert pace(content) == told


BUDGET, SPENT = {"amount": 25.0, "unit": "USD", "spent": 3.214}, "3.21 USD of 25.00 USD spent"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"pairs": 3, "cost": None, "budget": None}, []),
        ({"pairs": 3}, []),
        ({"pairs": 0, "cost": 1.5, "budget": None}, ["1.50 USD in all"]),
        ({"pairs": 3, "cost": 1.5, "budget": None}, ["1.50 USD in all, 0.50000 USD a pair"]),
        (
            {"pairs": 3, "cost": 1.5, "budget": BUDGET},
            ["1.50 USD in all, 0.50000 USD a pair", "3.21 USD of 25.00 USD spent"],
        ),
        ({"pairs": 3, "cost": None, "budget": {**BUDGET, "unit": "tokens"}}, ["3 tokens of 25 tokens spent"]),
    ],
)
def test_the_money_of_a_run_in_words(content: dict[str, object], told: list[str]) -> None:
    assert money(content) == told
