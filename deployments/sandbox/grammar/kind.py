"""A kind of problem: templates that write it, the same templates turned into patterns that read it back, and its truth.

A template's slots stand in angle brackets: `<who>`, `<thing2>` draw a word; a single letter (`<a>`, `<b>`) is a number
of the kind. `<b:+>` writes a number with its sign and a space (` - 5`), `<p:c>` cents as dollars (`12.50`), `<w:d>`
tenths as a decimal (`4.5`). Every text of a kind is one of its `facts` followed, perhaps after other sentences, by one
of its `asks`. In an underdetermined problem one plain number is the letter N.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deployments.sandbox.answers import SandboxAnswer
from deployments.sandbox.dice import Dice

Numbers = Mapping[str, int]
Work = tuple[tuple[str, ...], SandboxAnswer]
"""The steps of a solution, and what they lead to."""

SLOT = re.compile(r"<([a-z]+)(\d?)(?::([+cd]))?>")
_PATTERNS = {"": r"(-?\d+|N)", "+": r"([+-] \d+)", "c": r"(\d+\.\d\d)", "d": r"(-?\d+\.\d)"}


def write_number(value: int, form: str) -> str:
    """A number as its slot wants it."""
    if form == "+":
        return f"{'-' if value < 0 else '+'} {abs(value)}"
    if form == "c":
        return f"{value // 100}.{value % 100:02d}"
    if form == "d":
        return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"
    return str(value)


class Template:
    """One phrasing: a text to fill, and the pattern that reads its numbers back."""

    __slots__ = ("_pattern", "_slots", "anchor", "text")

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())
        self._slots = [m[1] for m in SLOT.finditer(self.text) if len(m[1]) == 1 and not m[2]]
        self.anchor = max(SLOT.sub("\0", self.text).split("\0"), key=len)
        self._pattern: re.Pattern[str] | None = None

    def _compiled(self) -> re.Pattern[str]:
        """Compiled at first use, which keeps the server's start quick."""
        if self._pattern is None:
            parts, end = [], 0
            for slot in SLOT.finditer(self.text):
                parts.append(re.escape(self.text[end : slot.start()]))
                is_number = len(slot[1]) == 1 and not slot[2]
                parts.append(_PATTERNS[slot[3] or ""] if is_number else r"[^.?!$]{1,60}?")
                end = slot.end()
            self._pattern = re.compile("".join(parts) + re.escape(self.text[end:]))
        return self._pattern

    def read(self, text: str) -> dict[str, str] | None:
        """The numbers as written, or None when the text does not hold this phrasing."""
        if self.anchor not in text:
            return None
        found = self._compiled().search(text)
        return dict(zip(self._slots, found.groups(), strict=True)) if found else None


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of problem. Its answer is a function of the numbers that stand in its text, and of nothing else."""

    name: str
    domains: tuple[str, ...]
    level: int
    """1 easy, 2 medium, 3 hard; large numbers add to it."""
    ranges: Mapping[str, tuple[int, int]]
    facts: tuple[str, ...]
    asks: tuple[str, ...]
    solve: Callable[[Numbers], Work]
    fits: Callable[[Numbers], bool] = lambda _: True
    derive: Callable[[dict[str, int]], dict[str, int]] = lambda numbers: numbers
    """Numbers that follow from the drawn ones, for kinds whose answer is chosen first (a system with a known root)."""
    fact_templates: tuple[Template, ...] = field(init=False)
    ask_templates: tuple[Template, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fact_templates", tuple(Template(t) for t in self.facts))
        object.__setattr__(self, "ask_templates", tuple(Template(t) for t in self.asks))

    def draw(self, dice: Dice) -> dict[str, int]:
        """Numbers that make a sound problem of this kind."""
        for _ in range(2000):
            numbers = self.derive({key: dice.between(*bounds) for key, bounds in self.ranges.items()})
            if self.fits(numbers):
                return numbers
        raise AssertionError(f"kind {self.name} finds no numbers")


def to_number(written: str) -> int | None:
    """The inverse of `write_number`; None for the unknown N."""
    if written == "N":
        return None
    return int(written.replace(" ", "").replace(".", "").replace("+", ""))
