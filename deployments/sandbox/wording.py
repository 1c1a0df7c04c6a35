"""The words around a problem: names, places, things, opening sentences, and how knowledge points are carried in.

A recogniser never reads these sentences, so they may vary freely; they are what keeps two problems of one kind from
being near duplicates. No word here holds a full stop, question mark, exclamation mark or dollar sign, because slots
are recognised as runs without them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployments.sandbox.dice import Dice

_FILE = Path(__file__).with_name("pools.txt")


def _load() -> dict[str, tuple[str, ...]]:
    rows = (line.split(": ", 1) for line in _FILE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return {name: tuple(words.split(", ")) for name, words in rows}


POOLS = _load()
OPENINGS = (
    "On <day> in <town>, <who7> was <doing> when <who8> came up with this question.",
    "<who7>, a <mood> <job> from <town>, was <doing> at the <venue>.",
    "It was <season>, and <who7> had been <doing> ever since <who8> left for <town>.",
    "While <doing> at the <venue>, <who7> told <who8> the following.",
    "<who7> found this on a <colour> card at the <venue> in <town>, where a <job> named <who8> had left it.",
    "A <mood> <job> called <who7> once asked <group> of <town> this, right after <doing>.",
    "<who7>'s <kin> <who8> works as a <job> in <town> and likes <doing>.",
    "At the <venue>, <group> met on <day>; <who7> had come all the way from <town>.",
    "<who7> and <who8> spent <day> <doing>, and a <mood> <kin> watched them.",
    "The <mood> <job> of <town>, <who7>, keeps a <colour> book of puzzles beside the <venue>.",
    "During the <season>, the <venue> of <town> was run by <who7>, whose <kin> loved <doing>.",
    "<who8> met <who7> at the <venue> while <doing>, and both were rather <mood> that morning.",
    "In <town>, <who7> is known as the <mood> <job> who spends each evening <doing>.",
    "When <group> visited the <venue> in <town>, a <job> named <who7> was <doing>.",
    "<who7> wrote to <who8> from <town> on <day>, having just finished <doing>.",
    "Between <doing> and lunch, <who7> of <town> showed a <kin> the <colour> notebook of <who8>.",
    "Long before <who7> became a <job>, a <kin> in <town> set this puzzle while <doing>.",
    "This one was pinned to the <colour> door of the <venue> by <who7>, <who8>'s <mood> <kin>.",
    "<group> of <town> argued about it for the whole of <day>, until <who7> stopped <doing>.",
    "For the <season> fair in <town>, <who7> and a <mood> <kin> named <who8> prepared a task at the <venue>.",
)

CARRIERS = (
    "Both <points> should play a part in the reasoning, as <who5> <adverb> pointed out.",
    "(Use <points>; <who5> from <town5> insists on it.)",
    "A full solution will rest on <points>.",
    "<who5>, the <mood5> <job5>, hints <adverb> at <points>.",
    "The <job5> <who5> set it to practise <points>.",
    "To <who5>, who had just learned about <points>, it looked <adverb> simple.",
    "Keep <points> in mind, says <who5>.",
    "In their notes, <group5> had underlined <points> in <colour5>.",
    "Think of <points>, <who5> whispered <adverb>.",
    "It was meant as an exercise on <points> for <group5>.",
    "Whoever knows <points> has an advantage here, <who5> thought.",
    "According to <who5>'s <kin5>, the way leads through <points>.",
    "Your argument should mention <points>, since <group5> will read it.",
    "On the board stood, in <colour5> chalk, the words: <points>.",
    "(<who5>'s <kin5> suggests combining <points>.)",
    "Together, <points> are all that a <mood5> <job5> needs.",
    "The lesson of the day at <town5> was on <points>.",
    "<who5> <adverb> recalled <points> from a lecture in <town5>.",
)

JOINERS = (", together with ", " and ", " as well as ", ", along with ", " plus ", " in combination with ", ", then ")
MARKS = (("", ""), ("*", "*"), ("the idea of ", ""), ("", ""), ('"', '"'), ("what is called ", ""))

_SLOT = re.compile(r"<([a-z]+)(\d?)>")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")


def draw_words(templates: Sequence[str], dice: Dice) -> dict[str, str]:
    """A word for every pool slot of the templates; slots of one pool get different words."""
    words: dict[str, str] = {}
    for template in templates:
        for pool, number in _SLOT.findall(template):
            if pool in POOLS and pool + number not in words:
                taken = set(words.values())
                word = dice.pick(POOLS[pool])
                words[pool + number] = next(
                    (w for w in (word, dice.pick(POOLS[pool]), dice.pick(POOLS[pool])) if w not in taken), word
                )
    return words


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template with its word slots filled; a sentence starts with a capital letter."""
    text = _ARTICLE.sub(r"\1n ", _SLOT.sub(lambda m: words.get(m[1] + m[2], m[0]), template))
    return text[:1].upper() + text[1:]


def opening(dice: Dice) -> str:
    """One sentence that sets a scene and says nothing about the numbers."""
    template = dice.pick(OPENINGS)
    return fill(template, draw_words((template,), dice))


def carrier(names: Sequence[str], dice: Dice) -> str:
    """One sentence that carries every given name into the text, known or not."""
    shown = []
    for name in names:
        before, after = dice.pick(MARKS)
        shown.append(f"{before}{name}{after}")
    joined = shown[0]
    for name in shown[1:]:
        joined += dice.pick(JOINERS) + name
    pattern = dice.pick(CARRIERS if len(names) > 1 else CARRIERS[1:])
    return fill(pattern, draw_words((pattern,), dice)).replace("<points>", joined)
