"""Writing problems and reading them back: the registry of kinds, flaws, and the truth of a text.

`read` knows nothing but the text. So a judge that never saw the composer's dice knows the answer, whether the problem
is flawed and how; and a text that was not written here is not read at all (`None`), which is what makes the rehearsal
honest about real problems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from deployments.sandbox.answers import SandboxAnswer
from deployments.sandbox.dice import Dice
from deployments.sandbox.grammar import algebra, everyday, geometry, physics, whole_numbers
from deployments.sandbox.grammar.kind import SLOT, Kind, Numbers, Template, Work, to_number, write_number
from deployments.sandbox.vocabulary import lookup
from deployments.sandbox.wording import POOLS, carrier, draw_words, opening

CONTRADICTIONS = (
    "It is also certain that the requested value is both larger than {high} and smaller than {low}.",
    "Moreover, two independent checks show that the result equals {low} and, at the same time, equals {high}.",
    "One of the numbers above is known to be negative, although {who} measured it as {high}.",
    "Please note that the result must be {low} more than itself.",
)
LEAKS = (
    "(In case it helps: the answer is ${answer}$.)",
    "{who} already knows that the result is ${answer}$.",
    "By the way, the answer key says ${answer}$.",
)
_CONTRADICTED = re.compile(
    r"the requested value is both larger than|and, at the same time, equals|"
    r"is known to be negative, although|the result must be \d+ more than itself"
)
_LEAKED = re.compile(r"In case it helps: the answer is|already knows that the result is|the answer key says")

LARGEST = 10**9
"""Above what any kind draws. A text that merely looks like ours may hold a number that would take for ever."""


@dataclass(frozen=True, slots=True)
class ProblemReading:
    """What a text written here says: its kind, its numbers (None when one is missing), its truth and its flaw."""

    kind: Kind
    numbers: Numbers | None
    work: Work | None
    flaw: str | None

    @property
    def truth(self) -> SandboxAnswer | None:
        """The answer, when the problem has exactly one."""
        return self.work[1] if self.work and self.flaw != "contradictory" else None


def write_facts(template: Template, numbers: Numbers, words: dict[str, str], unknown: str | None) -> str:
    """A phrasing with its numbers filled in; the slot `unknown` becomes the letter N."""

    def one(match: re.Match[str]) -> str:
        if len(match[1]) > 1 or match[2]:
            return words[match[1] + match[2]]
        return "N" if match[1] == unknown else write_number(numbers[match[1]], match[3] or "")

    text = SLOT.sub(one, template.text)
    return text[:1].upper() + text[1:]


def _kinds_for(names: Sequence[str]) -> Sequence[Kind]:
    """The kinds that suit the known ones among the names; all kinds of mathematics when none is known."""
    found: dict[str, Kind] = {}
    points = [point for name in names if (point := lookup(name))]
    physics = [point for point in points if point.subject == "physics"]
    for point in physics or points:
        for kind in BY_DOMAIN.get(point.domain, ()):
            found[kind.name] = kind
    return tuple(found.values()) or MATHEMATICS


def _flaw_sentence(flaw: str, kind: Kind, numbers: Numbers, dice: Dice) -> str | None:
    who, low = dice.pick(POOLS["who"]), dice.between(3, 400)
    if flaw == "contradictory":
        return dice.pick(CONTRADICTIONS).format(low=low, high=low + dice.between(5, 900), who=who)
    if flaw == "leaked":
        return dice.pick(LEAKS).format(answer=kind.solve(numbers)[1].text, who=who)
    return None


def _unknown_slot(templates: Sequence[Template], dice: Dice) -> str | None:
    plain = sorted({m[1] for t in templates for m in SLOT.finditer(t.text) if len(m[1]) == 1 and not m[2] and not m[3]})
    signed_ones = {m[1] for t in templates for m in SLOT.finditer(t.text) if len(m[1]) == 1 and m[3]}
    free = [slot for slot in plain if slot not in signed_ones]
    return dice.pick(free) if free else None


def compose(names: Sequence[str], dice: Dice, bad_rate: float) -> str:
    """A new problem that carries every name; flawed at `bad_rate`, and then recognisably so from its text alone."""
    kind = dice.pick(_kinds_for(names))
    numbers = kind.draw(dice)
    fact, ask = dice.pick(kind.fact_templates), dice.pick(kind.ask_templates)
    words = draw_words((fact.text, ask.text), dice)
    flaw = dice.pick(("contradictory", "underdetermined", "leaked")) if dice.chance(bad_rate) else None
    unknown = _unknown_slot((fact, ask), dice) if flaw == "underdetermined" else None
    if flaw == "underdetermined" and unknown is None:
        flaw = "contradictory"
    facts = write_facts(fact, numbers, words, unknown)
    question = write_facts(ask, numbers, words, unknown)
    extra = _flaw_sentence(flaw, kind, numbers, dice) if flaw else None
    return _assemble(facts, question, extra, names, dice)


def _assemble(facts: str, question: str, extra: str | None, names: Sequence[str], dice: Dice) -> str:
    """The sentences in one of several orders; facts always come before the question."""
    parts = [facts, question]
    if extra:
        parts.insert(dice.between(1, 2), extra)
    scenes = 1 + dice.chance(0.3)
    if names:
        parts.insert(dice.pick((0, 1, len(parts))), carrier(names, dice))
    parts[0:0] = [opening(dice) for _ in range(scenes)]
    return " ".join(parts)


def _find(text: str) -> tuple[Kind, dict[str, str]] | None:
    for kind, fact in _FACTS:
        written = fact.read(text)
        if written is not None:
            for ask in kind.ask_templates:
                more = ask.read(text)
                if more is not None:
                    return kind, written | more
    return None


@lru_cache(maxsize=4096)
def read(text: str) -> ProblemReading | None:
    """What a problem text says, or None when it was not written here."""
    flat = " ".join(text.split())
    found = _find(flat)
    if found is None:
        return None
    kind, written = found
    numbers = {key: value for key, shown in written.items() if (value := to_number(shown)) is not None}
    if len(numbers) < len(written):
        return ProblemReading(kind, None, None, "underdetermined")
    if any(abs(value) > LARGEST for value in numbers.values()):
        return ProblemReading(kind, numbers, None, "contradictory")
    try:
        work = kind.solve(numbers)
    except (ValueError, ZeroDivisionError, StopIteration):
        return ProblemReading(kind, numbers, None, "contradictory")
    flaw = "contradictory" if _CONTRADICTED.search(flat) else "leaked" if _LEAKED.search(flat) else None
    return ProblemReading(kind, numbers, work, flaw)


def slip(kind: Kind, numbers: Numbers, dice: Dice) -> Work | None:
    """The work of somebody who misreads one number by one, when that changes the answer."""
    truth = kind.solve(numbers)[1]
    for _ in range(8):
        key = dice.pick(sorted(numbers))
        wrong = {**numbers, key: numbers[key] + dice.pick((1, -1, 1, 2))}
        try:
            work = kind.solve(wrong)
        except (ValueError, ZeroDivisionError, StopIteration):
            continue
        if not set(work[1].forms) & set(truth.forms):
            return work
    return None


MATHEMATICS: tuple[Kind, ...] = (
    *everyday.KINDS,
    *algebra.KINDS,
    *whole_numbers.KINDS,
    *geometry.KINDS,
)
KINDS: tuple[Kind, ...] = (*MATHEMATICS, *physics.KINDS)

BY_DOMAIN: dict[str, list[Kind]] = {}
for _kind in KINDS:
    for _domain in _kind.domains:
        BY_DOMAIN.setdefault(_domain, []).append(_kind)

_FACTS = sorted(((kind, fact) for kind in KINDS for fact in kind.fact_templates), key=lambda pair: -len(pair[1].anchor))
