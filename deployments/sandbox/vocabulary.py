"""The knowledge points that the rehearsal knows: their names, spellings, triggers and vectors.

The points stand in `points/*.txt`, one a line. What is known of a point: its domain (which chooses problem kinds), its
synonyms, the triggers that show it in a text, and its neighbours that look alike but are other points. Two names that
differ in case, number, articles, hyphens, word order or the word "formula" are the same name; this is the sandbox's
own rule, deliberately not shared with the pipeline, which is what it tests.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import shake_128
from math import sqrt
from pathlib import Path

from deployments.sandbox.dice import Dice, digest, share

DIMENSIONS = 64
_FOLDER = Path(__file__).parent / "points"
_FILES = ("words", "algebra", "numbers", "geometry", "counting", "precalculus", "physics")
_SMALL_WORDS = frozenset(
    {"a", "an", "the", "of", "for", "in", "on", "to", "and", "by", "with", "from", "at", "is", "as", "formula"}
)

VAGUE = (
    "problem-solving strategies",
    "basic arithmetic",
    "logical reasoning",
    "mathematical thinking",
    "reading comprehension",
    "careful calculation",
    "algebraic manipulation",
    "word problems",
    "checking the answer",
    "general knowledge of mathematics",
)
WRONG = ("sum of square roots is the root of the sum", "every odd number is prime", "angles of a triangle sum to 360")


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the vocabulary."""

    index: int
    subject: str
    """The file that it stands in."""
    domain: str
    name: str
    synonyms: tuple[str, ...]
    common: bool
    """Common points (addition, subtraction) only fill up when a text shows little else."""
    family: int
    """Points of one family look alike: their vectors land in the band that the curator must decide."""
    literals: tuple[str, ...]
    patterns: tuple[str, ...]


def _cells(text: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in text.split("; ") if cell.strip())


def _parse(line: str, subject: str, index: int, family: int) -> Point:
    domain, name, synonyms, triggers = (cell.strip() for cell in line.lstrip("+").split(" | ", 3))
    wanted = _cells(triggers)
    return Point(
        index=index,
        subject=subject,
        domain=domain,
        name=name.lstrip("*"),
        synonyms=_cells(synonyms),
        common=name.startswith("*"),
        family=family,
        literals=tuple(t.lower() for t in wanted if not t.startswith("~")),
        patterns=tuple(t[1:] for t in wanted if t.startswith("~")),
    )


def _load() -> tuple[Point, ...]:
    points: list[Point] = []
    family = -1
    for stem in _FILES:
        for line in (_FOLDER / f"{stem}.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                family += not line.startswith("+")
                points.append(_parse(line, stem, len(points), family))
    return tuple(points)


POINTS = _load()


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """What is left of a name without case, number, articles, hyphens and word order."""
    words = re.findall(r"[^\W_]+", name.lower().replace("'s", "s").replace("’s", "s"))
    kept = [_singular(word) for word in words if word not in _SMALL_WORDS]
    return " ".join(sorted(kept or words))


_BY_KEY: dict[str, Point] = {}
for _point in POINTS:
    for _name in (_point.name, *_point.synonyms):
        _BY_KEY.setdefault(name_key(_name), _point)


def lookup(name: str) -> Point | None:
    """The point that a name stands for, in any of its spellings."""
    return _BY_KEY.get(name_key(name))


def same_point(one: str, other: str) -> bool:
    """Whether two names mean the same: by the synonym table, else by their normal forms."""
    first, second = lookup(one), lookup(other)
    if first is not None or second is not None:
        return first is second
    return name_key(one) == name_key(other)


def _alternatives(pattern: str) -> list[str]:
    """The pattern's parts between bars that stand outside all brackets."""
    parts, depth, escaped = [""], 0, False
    for char in pattern:
        if not escaped:
            depth += (char in "([") - (char in ")]")
        if char == "|" and depth == 0 and not escaped:
            parts.append("")
        else:
            parts[-1] += char
        escaped = char == "\\" and not escaped
    return parts


_CLASS = re.compile(r"(?<!\\)\[[^\]]*\](?:[?*+]|\{[^}]*\})?")
_OUTSIDE = re.compile(r"\\[bBsSdDwW]|\{[^}]*\}|[.^]")
_OPTIONAL = re.compile(r"(?:\\.|[^\\])[?*]|(?:\\.|[^\\])(?=\{\d)|[+]")


def needed_literal(alternative: str) -> str:
    """A text that every match of the alternative holds; empty when none is obvious.

    Searching for it first spares most of the patterns, which would otherwise be all of the extractor's time.
    """
    flat, previous = alternative.replace("\\\\", "\1"), ""
    while flat != previous:
        previous, flat = flat, re.sub(r"(?<!\\)\((?:\\.|[^()\\])*\)[?*]?", "\0", flat)
    for unsure in (_CLASS, _OPTIONAL, _OUTSIDE):
        flat = unsure.sub("\0", flat)
    runs = re.sub(r"\\(.)", r"\1", flat).replace("\1", "\\").split("\0")
    return max(runs, key=len)


def _first_group(alternative: str) -> str | None:
    """The content of the first bracketed group, unless the group is optional or looks around."""
    plain = re.sub(r"\\.", "\1\1", alternative)
    start = plain.find("(")
    if start < 0 or plain[start + 1] == "?":
        return None
    depth = 0
    for i in range(start, len(plain)):
        depth += (plain[i] == "(") - (plain[i] == ")")
        if depth == 0:
            return None if plain[i + 1 : i + 2] in ("?", "*") else alternative[start + 1 : i]
    return None


def needed_literals(alternative: str) -> tuple[str, ...]:
    """Texts of which every match holds at least one: a single long one, else one for each way of the first group."""
    single = needed_literal(alternative)
    group = None if len(single.strip()) > 2 else _first_group(alternative)
    options = tuple(needed_literal(option) for option in _alternatives(group)) if group else ()
    return options if options and all(len(option.strip()) > 1 for option in options) else (single,)


Trigger = tuple[tuple[str, ...], re.Pattern[str]]


@cache
def _triggers(point: Point) -> tuple[Trigger, ...]:
    """Compiled at first use: four hundred patterns at import would be most of the start-up time."""
    parts = [part for pattern in point.patterns for part in _alternatives(pattern)]
    return tuple((needed_literals(part), re.compile(part)) for part in parts)


def _fires(trigger: Trigger, text: str) -> bool:
    literals, pattern = trigger
    for literal in literals:
        if literal in text:
            return pattern.search(text) is not None
    return False


def hits(point: Point, text: str) -> int:
    """How many of a point's triggers a lowercased text holds; all patterns together count as one."""
    count = sum(1 for literal in point.literals if literal in text)
    return count + any(_fires(trigger, text) for trigger in _triggers(point))


def extract(problem: str, solution: str) -> list[Point]:
    """The points of a solved problem, most relevant first, at most six: a pure function of the two texts."""
    asked = " ".join(problem.lower().split())
    whole = asked + " \n " + " ".join(solution.lower().split())
    scored: list[tuple[float, float, Point]] = []
    for point in POINTS:
        found = hits(point, whole)
        if found:
            score = min(found, 3) + 1.0 * (hits(point, asked) > 0) - 3.0 * point.common
            scored.append((-score, share(point.name, asked), point))
    scored.sort(key=lambda row: row[:2])
    special = [point for _, _, point in scored if not point.common]
    physics = [point for point in special if point.subject == "physics"]
    # A text of physics calculates too; what it is of is the physics.
    special = physics if len(physics) > 1 else special
    chosen = special[: 3 + digest("limit", asked) % 4]
    if len(chosen) < 2:
        chosen += [point for _, _, point in scored if point.common][: 2 - len(chosen)]
    return chosen


def _plural(name: str) -> str:
    if name.endswith(("s", "x", "ing", "pi", "h", "+")) or not name[-1:].isalpha():
        return name
    return name[:-1] + "ies" if name.endswith("y") and name[-2:-1] not in "aeou" else name + "s"


def _reordered(name: str) -> str:
    head, _, tail = name.partition(" of a ")
    return f"{tail} {head}".lower() if tail and " " not in head else name


@cache
def spellings(point: Point) -> tuple[str, ...]:
    """The ways a model would write a point's name; the plain one is first."""
    name = point.name
    lower = name[:1].lower() + name[1:]
    ways = [name, lower, name.title().replace("'S", "'s"), f"the {lower}", _plural(name), _reordered(name)]
    ways.append(name.replace("-", " ", 1) if "-" in name else name.replace(" ", "-", 1))
    if name.startswith(("Area of", "Volume of", "Circumference of", "Surface area", "Perimeter of")):
        ways += [f"Formula for the {lower}", f"{name} formula"]
    for synonym in point.synonyms:
        ways += [synonym, synonym.lower()]
    kept = [way for way in ways if lookup(way) is point]
    return tuple(dict.fromkeys(kept))


def spell(point: Point, dice: Dice) -> str:
    """One spelling of a point's name: the plain one more often than any other."""
    return point.name if dice.chance(0.4) else dice.pick(spellings(point))


def _direction(seed: str) -> list[float]:
    """A unit vector that depends on the seed alone; two seeds are nearly orthogonal."""
    raw = array("i")
    raw.frombytes(shake_128(seed.encode("utf-8", "surrogatepass")).digest(4 * DIMENSIONS))
    length = sqrt(sum(float(x) * x for x in raw))
    return [x / length for x in raw]


def _blend(*parts: tuple[float, list[float]]) -> list[float]:
    mixed = [sum(weight * vector[i] for weight, vector in parts) for i in range(DIMENSIONS)]
    length = sqrt(sum(x * x for x in mixed))
    return [x / length for x in mixed]


@lru_cache(maxsize=4096)
def _centre(seed: str, family: str) -> list[float]:
    return _blend((0.90, _direction("family " + family)), (0.44, _direction("point " + seed)))


@lru_cache(maxsize=8192)
def embed(name: str) -> tuple[float, ...]:
    """A name's vector: synonyms above 0.92 of each other, look-alikes around 0.8, the rest far away.

    Unknown names lie near the sum of their words, so that names which share most words look alike too.
    """
    point, key = lookup(name), name_key(name)
    if point is not None:
        centre = _centre(point.name, str(point.family))
    else:
        words = [(1.0, _direction("word " + word)) for word in key.split()] or [(1.0, _direction("empty"))]
        centre = _blend((0.95, _blend(*words)), (0.31, _direction("unknown " + key)))
    return tuple(_blend((1.0, centre), (0.14, _direction("spelling " + name))))
