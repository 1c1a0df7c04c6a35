"""The panel of judges: which of them to ask, and what their scores and votes decide.

Pure but for `consult`. Cheap judges come first; the rest are asked only when these differ, or when one of them could
not be understood. A judge that gave nothing usable is unjudged: it is asked once more (`samples_per_item`), and then
the others decide without it, if they hold the quorum. Which judges a decision rests on depends on the answers alone,
so votes that other settings left in the store change nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tasks.context.run_context import together
from tasks.judging.votes import Decision
from tasks.settings.roles import ResolvedRole
from tasks.settings.sections import GradeRule, ReviewRule

T = TypeVar("T")

Weighted = tuple[float, float | None]
"""A judge's weight, and its score in 0-1 or its vote of 0 or 1; None where it is unjudged."""


async def consult(
    judges: Sequence[ResolvedRole],
    first: int,
    ask: Callable[[ResolvedRole], Awaitable[T]],
    opinion: Callable[[T], bool | None],
) -> list[T]:
    """Answers of the `first` judges (0: of all), and of the rest when their opinions differ or one has none."""
    head = list(judges[:first] if first else judges)
    found = await together(_asked(ask, judge) for judge in head)
    opinions = {opinion(answer) for answer in found}
    if len(opinions) > 1 or None in opinions:
        found += await together(_asked(ask, judge) for judge in judges[len(head) :])
    return found


async def _asked(ask: Callable[[ResolvedRole], Awaitable[T]], judge: ResolvedRole) -> T:
    return await ask(judge)


def decide(scores: Sequence[Weighted], rule: ReviewRule) -> Decision:
    """Whether a problem is good enough; the score is the weighted mean under either rule.

    A judge's score is the mean of logical and presentational completeness: the paper names both and publishes no way
    of joining them.
    """
    missing = _without_quorum(scores, rule.quorum)
    if missing:
        return Decision(False, None, "unjudged", f"{missing} gave scores")
    mean = _share(scores)
    if rule.rule == "mean":
        good = mean >= rule.threshold - 1e-9
        return Decision(good, mean, *(() if good else ("low score", f"{mean:.3f} < {rule.threshold}")))
    votes = [(weight, None if score is None else float(good_score(score, rule))) for weight, score in scores]
    good = RULES[rule.rule](votes)
    return Decision(good, mean, *(() if good else ("low score", f"{_counted(votes)} say good")))


def good_score(score: float, rule: ReviewRule) -> bool:
    """Whether a single score reaches the threshold."""
    return score >= rule.threshold - 1e-9


def majority(votes: Sequence[Weighted]) -> bool:
    """More 1 than 0, by weight."""
    return _share(votes) > 0.5


def veto(votes: Sequence[Weighted]) -> bool:
    """No 0."""
    return _share(votes) > 1 - 1e-9


RULES: dict[str, Callable[[Sequence[Weighted]], bool]] = {
    "majority": majority,
    "veto": veto,
}
"""What votes of 0, 1 or None decide."""


def verdict(votes: Sequence[Weighted], rule: GradeRule) -> Decision:
    """What votes of 0, 1 or None decide; the score is the share of 1, by weight."""
    missing = _without_quorum(votes, rule.quorum)
    if missing:
        return Decision(False, None, "unjudged", f"{missing} voted")
    accepted = RULES[rule.rule](votes)
    return Decision(accepted, _share(votes), *(() if accepted else ("voted wrong", f"{_counted(votes)} say right")))


def disputed(votes: Sequence[Weighted]) -> bool:
    """Whether the judges of a solution differ, or none could be understood: a next solution is worth grading."""
    return len({vote for _, vote in votes if vote is not None}) != 1


def choose(graded: Sequence[Sequence[Weighted]], rule: GradeRule, *, pooled: bool) -> tuple[Decision, int]:
    """What the votes on several solutions decide, and which of them is the best: most of 1, then the earliest.

    `pooled`: the solutions give one answer, so the votes on all of them speak about it, and the best one must also be
    accepted on its own. Else each stands for itself, as proofs do. So a lucky vote on a further solution does not
    outweigh the doubts about the first.
    """
    shares = [_share(votes) for votes in graded]
    best = max(range(len(graded)), key=lambda place: (shares[place], -place))
    alone = verdict(graded[best], rule)
    if pooled and alone.accepted:
        return verdict([vote for votes in graded for vote in votes], rule), best
    return alone, best


def _share(given: Sequence[Weighted]) -> float:
    """Weighted mean of what was given; -1 when nothing was."""
    total = sum(weight for weight, value in given if value is not None)
    return sum(weight * value for weight, value in given if value is not None) / total if total else -1.0


def _without_quorum(given: Sequence[Weighted], quorum: float) -> str:
    """How many judges gave something, when that is too few; else nothing."""
    present = sum(weight for weight, value in given if value is not None)
    if present > 0 and present >= quorum * sum(weight for weight, _ in given) - 1e-9:
        return ""
    return f"{sum(value is not None for _, value in given)} of {len(given)} judges"


def _counted(votes: Sequence[Weighted]) -> str:
    said = [vote for _, vote in votes if vote is not None]
    return f"{sum(said):g} of {len(said)}"
