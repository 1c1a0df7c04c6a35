r"""How many answers a second one core compares, ours beside bare math-verify, and how many verdicts are right.

    python tests/benchmarks/equivalence.py                      # 3,000 generated pairs
    python tests/benchmarks/equivalence.py math_train.jsonl     # the final answers of a file's solutions instead
    python tests/benchmarks/equivalence.py --hard               # no plain numbers, nothing written alike

The mix is that of the final answers of MATH's training set: 63 % integers, 18 % fractions, decimals and amounts, 9 %
surds and multiples of pi, 3 % letters, 4 % tuples, lists and intervals, 2 % units and words, 1 % matrices. Of a
gold answer's predictions, half are written alike, a quarter otherwise, and a quarter are wrong by a digit; no pair
occurs twice, so no verdict comes from a cache. math-verify is asked as its README says, answers between dollars,
in this process. Both are warm; they take turns on the same core, batch by batch, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from math_verify import LatexExtractionConfig, parse, verify

from tasks.answers.equivalence import Equivalence, check_all
from tasks.answers.extraction import final_answer

BATCH = 100
Writer = Callable[[random.Random], tuple[str, str]]
Case = tuple[str, str, bool]


def main() -> None:
    """Compare every pair on both sides and print rates, right verdicts and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="JSONL whose `solution` states a final answer")
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hard", action="store_true", help="generate no plain numbers and nothing written alike")
    parser.add_argument("--wrong", action="store_true", help="also print the pairs that ours gets wrong")
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    source = from_file(arguments.file, dice) if arguments.file else generated(dice, arguments.hard)
    cases = list(islice(distinct(source), arguments.pairs))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the worker inherits it: one core for both together
    logging.disable(logging.ERROR)
    report(cases, *measure(cases), show=arguments.wrong)


def measure(cases: list[Case]) -> tuple[dict[str, float], dict[str, list[str]], Counter[str]]:
    """Seconds and outcomes of each side, and the tiers that decided ours."""
    seconds = {"ours": 0.0, "math-verify": 0.0}
    outcomes: dict[str, list[str]] = {"ours": [], "math-verify": []}
    tiers: Counter[str] = Counter()
    with Equivalence() as equivalence, asyncio.Runner() as runner:
        runner.run(check_all([("x+1", "1+x"), (r"\sin 2x", r"2\sin x\cos x")], equivalence))
        bare("x+1", "1+x")
        for start in range(0, len(cases), BATCH):
            pairs = [(gold, prediction) for gold, prediction, _ in cases[start : start + BATCH]]
            began = time.perf_counter()
            verdicts = runner.run(check_all(pairs, equivalence))
            halfway = time.perf_counter()
            outcomes["math-verify"] += [bare(*pair) for pair in pairs]
            seconds["math-verify"] += time.perf_counter() - halfway
            seconds["ours"] += halfway - began
            outcomes["ours"] += [verdict.outcome for verdict in verdicts]
            tiers.update(verdict.tier for verdict in verdicts)
    return seconds, outcomes, tiers


def bare(gold: str, prediction: str) -> str:
    """math-verify's verdict in its words: equal or not."""
    left, right = (parse(f"${text}$", [LatexExtractionConfig()]) for text in (gold, prediction))
    return "same" if verify(left, right) else "different"


def report(
    cases: list[Case],
    seconds: dict[str, float],
    outcomes: dict[str, list[str]],
    tiers: Counter[str],
    show: bool,
) -> None:
    """Print both sides, the ratio, and what decided."""
    for side, found in outcomes.items():
        expected = ["same" if case[2] else "different" for case in cases]
        right = sum(x == y for x, y in zip(found, expected, strict=True))
        false_same = sum(x == "same" != y for x, y in zip(found, expected, strict=True))
        print(
            f"{side:12} {len(cases) / seconds[side]:8,.0f} answers/s on one core   right {right / len(cases):.1%}   "
            f"false same {false_same}   unknown {found.count('unknown')}"
        )
    print(f"ratio        {seconds['math-verify'] / seconds['ours']:.1f}x over {len(cases):,} pairs")
    print("decided by   " + ", ".join(f"{tier} {count}" for tier, count in tiers.most_common()))
    for (gold, prediction, same), outcome in zip(cases, outcomes["ours"], strict=True):
        if show and outcome != ("same" if same else "different"):
            print(f"{outcome:10} {gold!r} {prediction!r}")


def distinct(source: Iterator[Case]) -> Iterator[Case]:
    """Every pair once."""
    seen: set[tuple[str, str]] = set()
    for gold, prediction, same in source:
        if (gold, prediction) not in seen:
            seen.add((gold, prediction))
            yield gold, prediction, same


# --- the generated mix: each kind writes an answer in two ways --------------------------------------------------------


def generated(dice: random.Random, hard: bool = False) -> Iterator[Case]:
    """Pairs without end, in the proportions above; where hard, without numbers and without what is written alike."""
    shares = {writer: share for writer, share in MIX.items() if not (hard and writer in (integer, fraction, decimal))}
    while True:
        gold, prediction, same = predicted(*dice.choices([*shares], [*shares.values()])[0](dice), dice)
        if not (hard and gold == prediction):
            yield gold, prediction, same


def predicted(gold: str, other: str, dice: random.Random) -> Case:
    """A gold answer with one of its predictions."""
    chance = dice.random()
    if chance < 0.5:
        return gold, gold, True
    if chance < 0.75 or not re.search(r"\d", gold):
        return gold, other, True
    return gold, wrong_by_a_digit(gold, dice), False


def wrong_by_a_digit(text: str, dice: random.Random) -> str:
    """One digit changed."""
    place = dice.choice([match.start() for match in re.finditer(r"\d", text)])
    return f"{text[:place]}{8 if text[place] == '9' else int(text[place]) + 1}{text[place + 1 :]}"


def integer(dice: random.Random) -> tuple[str, str]:
    n = dice.choice((dice.randint(-20, 200), dice.randint(200, 99_999)))
    return str(n), dice.choice((f"${n}$", f"{n}.0", f"{n:,}", f"x = {n}", rf"\boxed{{{n}}}"))


def fraction(dice: random.Random) -> tuple[str, str]:
    a, b, k = dice.randint(1, 99), dice.randint(2, 60), dice.randint(2, 5)
    other = (rf"\dfrac{{{a}}}{{{b}}}", f"{a}/{b}", rf"\frac{{{a * k}}}{{{b * k}}}")
    return rf"\frac{{{a}}}{{{b}}}", dice.choice(other)


def decimal(dice: random.Random) -> tuple[str, str]:
    n = dice.randint(1, 99_999)
    return f"{n / 100:.2f}", dice.choice((rf"\frac{{{n}}}{{100}}", f"{n / 100:.3f}", rf"\${n / 100:,.2f}"))


def surd(dice: random.Random) -> tuple[str, str]:
    a, b, n = dice.randint(2, 12), dice.randint(2, 15), dice.choice((2, 3, 5, 6, 7, 10, 13, 21))
    return dice.choice(
        (
            (rf"{a}\sqrt{{{n}}}", rf"\sqrt{{{a * a * n}}}"),
            (rf"\frac{{{a}\sqrt{{{n}}}}}{{{n}}}", rf"\frac{{{a}}}{{\sqrt{{{n}}}}}"),
            (rf"{a}+{b}\sqrt{{{n}}}", rf"{b}\sqrt{{{n}}}+{a}"),
            (rf"\frac{{\sqrt{{{n}}}}}{{{b}}}", rf"\sqrt{{{n}}}/{b}"),
        )
    )


def circular(dice: random.Random) -> tuple[str, str]:
    a, b = dice.randint(2, 99), dice.randint(2, 12)
    return dice.choice(((rf"{a}\pi", rf"{a} \pi"), (rf"\frac{{{a}\pi}}{{{b}}}", rf"\frac{{{a}}}{{{b}}}\pi")))


def letters(dice: random.Random) -> tuple[str, str]:
    a, b, x = dice.randint(1, 9), dice.randint(2, 9), dice.choice("xytn")
    return dice.choice(
        (
            (f"({x}+{a})({x}-{b})", f"{x}^2+{a - b}{x}-{a * b}".replace("+-", "-")),
            (f"{a}{x}^2+{b}{x}+1", f"1+{b}{x}+{a}{x}^2"),
            (f"{a}-{b}i", f"-{b}i+{a}"),
            (rf"\frac{{{x}^2-{b * b}}}{{{x}-{b}}}", f"{x}+{b}"),
            (f"y = {a}{x}+{b}", f"y={b}+{a}{x}"),
        )
    )


def several(dice: random.Random) -> tuple[str, str]:
    a, b, c = (dice.randint(1, 40) for _ in range(3))
    return dice.choice(
        (
            (f"({a}, {b})", rf"\left({a},{b}\right)"),
            (rf"\left(\frac{{{a}}}{{{c}}}, {b}\right)", f"({a}/{c},{b})"),
            (f"{a}, {a + b}", f"{a + b} and {a}"),
            (rf"[{a},\infty)", rf"\left[{a}, \infty\right)"),
            (rf"(-\infty,{a})\cup({a + b},\infty)", rf"({a + b}, \infty) \cup (-\infty, {a})"),
        )
    )


def worded(dice: random.Random) -> tuple[str, str]:
    n = dice.randint(2, 90)
    return dice.choice(
        ((rf"{n}\text{{ miles}}", f"{n} miles"), (rf"{n}^\circ", f"{n}"), (r"\text{Tuesday}", "Tuesday"))
    )


def matrix(dice: random.Random) -> tuple[str, str]:
    a, b, c, d = (dice.randint(-9, 9) for _ in range(4))
    inner = rf"{a} & {b} \\ {c} & {d}"
    return rf"\begin{{pmatrix}} {inner} \end{{pmatrix}}", rf"\begin{{bmatrix}}{inner.replace(' ', '')}\end{{bmatrix}}"


MIX: dict[Writer, float] = {
    integer: 63, fraction: 14, decimal: 4, surd: 6, circular: 3, letters: 3, several: 4, worded: 2, matrix: 1,
}  # fmt: skip


# --- a file's own answers ---------------------------------------------------------------------------------------------


def from_file(path: Path, dice: random.Random) -> Iterator[Case]:
    """Each final answer of the file, once, with a prediction."""
    for line in path.read_text(encoding="utf-8").splitlines():
        gold = final_answer(json.loads(line)["solution"])
        if gold is not None:
            yield predicted(gold, rewritten(gold), dice)


def rewritten(text: str) -> str:
    """The same answer as another model might type it."""
    text = re.sub(r"(?<!\d)\\[dt]?frac\{(\d+)\}\{(\d+)\}$", r"\1/\2", text)
    text = text.replace(r"\frac", r"\dfrac").replace(r"\left", "").replace(r"\right", "").replace(r"\!", "")
    return f"${text.replace('+', ' + ')}$"


if __name__ == "__main__":
    main()
