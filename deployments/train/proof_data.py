"""What the arms of the proof are trained on, and what all are asked: pairs whose combination is held out of every arm.

Pure: rows in, rows out. A combination is its set of knowledge points. Whether it is held out hangs on its points alone,
so it is held out of every arm at once, and a problem that is asked has no sibling among those that were trained on.

Only pairs with small numbers are taken. A small model soon learns how a kind of problem is solved, but it cannot
multiply numbers of three digits: of such problems every arm gets nearly all wrong, and nothing is shown.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

HELD_OUT = 0.15
"""Share of the combinations."""
LARGEST = 60
"""Largest number in a problem or its solution."""


class TrainedPair(NamedTuple):
    """A problem with its solution, the answer where a program can compare it, and its points."""

    problem: str
    solution: str
    answer: str | None
    points: tuple[str, ...]

    @property
    def combination(self) -> str:
        """Its points in one order."""
        return "\n".join(sorted(self.points))


def join(messages: Iterable[Mapping[str, Any]], verifiable: Iterable[Mapping[str, Any]]) -> list[TrainedPair]:
    """The rows of `messages.jsonl`, with what `verifiers.jsonl` knows of those whose answer can be compared."""
    known = {row["id"]: row for row in verifiable}
    found = []
    for row in messages:
        problem, solution = (turn["content"] for turn in row["messages"])
        if row["id"] in known:
            found.append(
                TrainedPair(problem, solution, known[row["id"]]["answer"], tuple(known[row["id"]]["info"]["points"]))
            )
    return found


def is_held_out(pair: TrainedPair) -> bool:
    """Whether the pair's combination is kept for the questions."""
    return int.from_bytes(hashlib.sha256(pair.combination.encode()).digest()[:8], "big") < HELD_OUT * 2**64


def is_small(pair: TrainedPair) -> bool:
    """Whether its numbers are within the reach of a small model."""
    return all(int(number) <= LARGEST for number in re.findall(r"\d+", f"{pair.problem} {pair.solution}"))


def questions(arms: Sequence[Sequence[TrainedPair]], count: int) -> list[TrainedPair]:
    """Held-out pairs, from every arm in turn, of all combinations as evenly as there are pairs."""
    waiting = [[pair for pair in arm if is_held_out(pair) and pair.answer is not None] for arm in arms]
    found: dict[str, TrainedPair] = {}
    asked: Counter[str] = Counter()
    while any(waiting) and len(found) < count:
        for arm in filter(None, waiting):
            pair = min(arm, key=lambda pair: asked[pair.combination])
            arm.remove(pair)
            if pair.problem not in found:
                asked[pair.combination] += 1
                found[pair.problem] = pair
    return list(found.values())[:count]


def trained_on(arm: Sequence[TrainedPair], count: int) -> list[TrainedPair]:
    """The first pairs of an arm whose combination is not held out."""
    return [pair for pair in arm if not is_held_out(pair)][:count]


def shuffled(pairs: Sequence[TrainedPair], seed: int = 0) -> list[TrainedPair]:
    """The same problems, each with the solution of another one."""
    order = list(range(len(pairs)))
    random.Random(seed).shuffle(order)
    following = dict(zip(order, order[1:] + order[:1], strict=True))
    return [pair._replace(solution=pairs[following[at]].solution) for at, pair in enumerate(pairs)]


def chat(pair: TrainedPair) -> dict[str, Any]:
    """A row to train on."""
    turns = [("user", pair.problem), ("assistant", pair.solution)]
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def question(pair: TrainedPair) -> dict[str, Any]:
    """A row of the benchmark."""
    return {"problem": pair.problem, "answer": pair.answer}
