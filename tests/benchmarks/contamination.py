"""Decontamination, measured: which disguises of planted copies are found, how many clean texts are flagged, how fast.

    python tests/benchmarks/contamination.py                          # the sandbox's problems as benchmark and as texts
    python tests/benchmarks/contamination.py --items MATH.jsonl --texts OTHER.jsonl --text-column question
    python tests/benchmarks/contamination.py --items MATH.jsonl --halves
    python tests/benchmarks/contamination.py --speed 2000000          # 2 M texts of 74 words against 12,000 items

Every item of the benchmark is planted in each disguise of `DISGUISES`. What escapes is listed by disguise, with
examples. `--texts` are texts that are not in the benchmark: what is flagged among them is shown, to be judged by eye.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

from deployments.sandbox.dice import Dice
from deployments.sandbox.problems import compose
from deployments.sandbox.vocabulary import POINTS
from tasks.texts.contamination import RUN, Contamination

ITEMS = 2000
SHOWN = 5
BLOCK = 5000


def case(text: str) -> str:
    """All in capitals but LaTeX commands."""
    return re.sub(r"\\[A-Za-z]+|[a-z]", lambda found: found[0] if found[0][0] == "\\" else found[0].upper(), text)


def spacing(text: str) -> str:
    """Spaces around every sign, line breaks for spaces."""
    return re.sub(r"\s+", " \n ", re.sub(r"([-+*/=^,;:?!(){}$]|\.(?!\d))", r" \1 ", text))


def dress(text: str) -> str:
    """LaTeX written another way: other fractions, other dollars, brackets that grow, numbers as formulas."""
    text = re.sub(r"\$([^$]+)\$", r"\\(\1\\)", text)
    text = text.replace("\\frac", "\\dfrac").replace("\\left", "").replace("\\right", "")
    text = re.sub(r"\\cdot(?![a-z])", r"\\times", text)
    return re.sub(r"(?<![\\\w.,{^_])(\d+)(?![\w.,}])", r"$\1$", text)


def letters(text: str) -> str:
    """Every variable renamed: single letters within formulas, the next one of the alphabet."""
    following = dict(zip("abcdefghijklmnopqrstuvwxyz", "bcdefghijklmnopqrstuvwxyza", strict=True))
    following |= {small.upper(): large.upper() for small, large in following.items()}

    def renamed(formula: re.Match[str]) -> str:
        return re.sub(
            r"\\[A-Za-z]+|(?<![A-Za-z])[A-Za-z](?![A-Za-z])",
            lambda found: following.get(found[0], found[0]),
            formula[0],
        )

    return re.sub(r"\$[^$]+\$", renamed, text)


def sentence(text: str) -> str:
    """A sentence before and one behind."""
    return f"Read the following problem with care before you begin. {text} Give reasons for each of your steps."


SIGNS = {
    "\\cdot": "·",
    "\\times": "×",
    "\\pi": "π",
    "\\leq": "≤",
    "\\le": "≤",
    "\\geq": "≥",
    "\\ge": "≥",
    "\\neq": "≠",
    "\\ne": "≠",
    "\\infty": "∞",
    "\\circ": "°",
    "\\angle": "∠",
    "\\triangle": "△",
    "\\theta": "θ",
    "\\alpha": "α",
    "\\lfloor": "⌊",
    "\\rfloor": "⌋",
    "\\ldots": "…",
    "\\pm": "±",
    "\\div": "÷",
    "\\left": "",
    "\\right": "",
}
POWERS = str.maketrans("0123456789n", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ")


def signs(text: str) -> str:
    """Mathematics in Unicode: roots, powers, letters and relations as signs, fractions with a slash."""
    text = re.sub(r"\\[dt]?frac(?:\{([^{}]*)\}|(\w))(?:\{([^{}]*)\}|(\w))", r"(\1\2)/(\3\4)", text)
    text = re.sub(r"\\sqrt(?:\{([^{}]*)\}|(\w))", lambda found: f"√({found[1]})" if found[1] else f"√{found[2]}", text)
    text = re.sub(r"\\[A-Za-z]+", lambda found: SIGNS.get(found[0], found[0]), text)
    text = re.sub(r"\^(?:\{([0-9n]+)\}|([0-9n]))", lambda found: (found[1] or found[2]).translate(POWERS), text)
    text = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"\^?°|\^\{°\}", "°", text).replace("$", "")


def word_changed(text: str) -> str:
    """The word in the middle of the text another one, numbers, formulas and drawings apart."""
    found = list(re.finditer(r"(?<![\\$\w])[A-Za-z]{3,}(?![\w$])", text))
    if not found or "[asy]" in text:
        return text
    middle = found[len(found) // 2]
    return f"{text[: middle.start()]}wombat{text[middle.end() :]}"


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "case": case,
    "spacing": spacing,
    "LaTeX dress": dress,
    "renamed variables": letters,
    "added sentences": sentence,
    "behind Q:": lambda text: f"Q: {text}",
    "behind (a)": lambda text: f"(a) {text}",
    "behind 3.": lambda text: f"3. {text}",
    "behind Please": lambda text: f"Please {text[0].lower()}{text[1:]}",
    "sentence behind": lambda text: f"{text} Explain how you got there.",
    "Unicode signs": signs,
    "a word changed": word_changed,
    "all of them": lambda text: sentence(letters(dress(spacing(case(text))))),
}


def rows(path: Path, column: str) -> list[str]:
    """A column of a JSONL file."""
    return [str(json.loads(line)[column]) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def rehearsed(count: int, seed: str) -> list[str]:
    """Problems of the sandbox."""
    made = []
    for number in range(count):
        dice = Dice(seed, number)
        made.append(compose([dice.pick(POINTS).name], dice, 0.0))
    return made


def found(items: list[str], texts: list[str]) -> None:
    """Plant every item in every disguise; then look at texts that are none of them."""
    contamination = Contamination((f"item {number}", text) for number, text in enumerate(items))
    short = [len(text.split()) < RUN for text in items]
    print(f"{len(items):,} items, {len(contamination):,} of them with words, {sum(short):,} of fewer than {RUN} words")
    for name, disguise in DISGUISES.items():
        copies = [disguise(text) for text in items]
        began = time.perf_counter()
        evidence = contamination.check_many(copies)
        seconds = time.perf_counter() - began
        doubts = contamination.doubts(copies)
        escaped = [number for number, one in enumerate(evidence) if one is None and doubts[number] is None]
        rules = {rule: sum(one is not None and one.rule == rule for one in evidence) for rule in RULES}
        told = ", ".join(f"{rule} {count:,}" for rule, count in rules.items())
        told += f", doubts {sum(one is not None for one in doubts):,}"
        lost = sum(short[number] for number in escaped)
        print(f"{name:<18}{len(escaped):>6,} escaped, {lost:,} of them short   ({told}; {seconds:.1f} s)")
        for number in escaped[:SHOWN]:
            print(f"    escaped: {copies[number][:110]!r}")
    flagged = [one for one in contamination.check_many(texts) if one]
    print(
        f"{len(texts):,} other texts: {len(flagged):,} flagged, {sum(map(bool, contamination.doubts(texts))):,} doubts"
    )
    for one in flagged[:SHOWN]:
        print(f"    {one.rule}, {one.coverage:.0%} of {one.item}: {one.overlap[:100]!r}")


def speed(count: int) -> None:
    """Texts of 74 words against 12,000 items of 56, as random words and numbers."""
    draw = random.Random(1)
    vocabulary = [a + b + c for a in "bcdfghklmnprst" for b in "aeiou" for c in ("l", "n", "rk", "st", "mp", "ver")]
    vocabulary += [vocabulary[place] + "ing" for place in range(0, len(vocabulary), 2)]
    items = [" ".join(draw.choices(vocabulary, k=56)) for _ in range(12_000)]
    began = time.perf_counter()
    contamination = Contamination((str(number), text) for number, text in enumerate(items))
    print(f"12,000 items indexed in {time.perf_counter() - began:.1f} s")
    wall = used = 0.0
    hits = planted = 0
    for start in range(0, count, BLOCK):
        texts = [" ".join(draw.choices(vocabulary, k=74)) for _ in range(min(BLOCK, count - start))]
        texts[0] = draw.choice(items)
        planted += 1
        began, cpu = time.perf_counter(), time.process_time()
        hits += sum(one is not None for one in contamination.check_many(texts))
        wall, used = wall + time.perf_counter() - began, used + time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{count:,} texts: {wall:.1f} s ({used:.1f} s of one core), {count / wall:,.0f} texts/s, peak {peak:.2f} GB")
    print(f"planted {planted:,}, flagged {hits:,}")


RULES = ("13-gram", "8-gram coverage", "whole text")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=Path, help="JSONL of benchmark items")
    parser.add_argument("--column", default="problem")
    parser.add_argument("--texts", type=Path, help="JSONL of texts that are not in the benchmark")
    parser.add_argument("--text-column", default="problem")
    parser.add_argument(
        "--halves", action="store_true", help="every second item is a text that is not in the benchmark"
    )
    parser.add_argument("--speed", type=int, help="measure the rate on so many texts instead")
    arguments = parser.parse_args()
    if arguments.speed:
        speed(arguments.speed)
        return
    items = rows(arguments.items, arguments.column) if arguments.items else rehearsed(ITEMS, "items")
    texts = rows(arguments.texts, arguments.text_column) if arguments.texts else rehearsed(ITEMS, "texts")
    if arguments.halves:
        items, texts = items[::2], items[1::2]
    found(items, texts)


if __name__ == "__main__":
    main()
