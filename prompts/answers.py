"""The one strict parser of what models answer.

Prompts ask for tagged plain text, because JSON turns the LaTeX command `\\frac` into a form feed without a word. Here
a tag is read in any letter case and with stray spaces, and the last complete block wins: models announce the format
or draft before they answer, and an unclosed block was cut off. Nothing is guessed beyond that. An answer that does
not fit is `Unparseable`, with a reason that is the same for the same kind of misfit, so that reasons can be counted.

It knows the text alone: whether an answer was cut off or still holds a chain of thought is the client's to find out
before it comes here. It cannot tell a sensible answer from a senseless one; the judges do that.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import get_args

from graph.records import Difficulty

ANSWER_TAGS = frozenset({"points", "verdicts", "name", "problem", "logic", "presentation", "difficulty", "verdict"})
"""What the prompts ask models to answer in."""

DATA_TAGS = frozenset({"problem", "solution", "points", "names", "pairs", "class", "item", "text"})
"""What the prompts put data in."""

TAGS = ANSWER_TAGS | DATA_TAGS | {"score", "think", "answer"}
"""Everything that has a meaning between us and a model; `score`, `think` and `answer` are what models add unasked."""

GUARDED = TAGS - {"class", "item", "name", "names", "pairs", "text", "score"}
"""Tags that mean something wherever they stand. The others are also words of programs, as in `List<Item>`: they are
text except in a prompt or an answer that uses them."""

_SPEAKERS = "user|assistant|system|tool|endofturn"
_TOOLS = "turn|channel|tool|tool_call|tool_response"
_MARKERS = {
    "<": (
        r"[|｜][^<>|｜\s]{1,64}[|｜]>",  # ChatML, Llama 3, Phi, GLM, DeepSeek, Granite, Command, gpt-oss
        r"</?SYS>>",  # Llama 2
        r"(?:start|end)_of_turn>|(?:bos|eos)>|unused\d{1,4}>",  # Gemma
        rf"\|(?:{_TOOLS})>|(?:{_TOOLS})\|>",  # Gemma 4
        r"/?tool_(?:call|response)s?>|/?tools>",  # Qwen, Hermes
        r"[se]op>",  # GLM
        r"seed:[a-z_/]{2,40}>|/seed:[a-z_]{2,40}>",  # Seed-OSS
        r"extra_id_\d{1,4}>|SPECIAL_\d{1,4}>",  # Nemotron
        r"reserved_\d{1,4}>",  # Baichuan
        r"(?:beginning|end)_of_sentence>",  # MiniMax
    ),
    "[": (
        r"/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|AVAILABLE_TOOLS|CALL_ID|THINK)\]",  # Mistral
        r"[gs]?MASK\]",  # GLM
        rf"\|(?:{_SPEAKERS})\|\]",  # EXAONE
        r"UNUSED_TOKEN_\d{1,4}\]",  # InternLM
        r"e~\[",  # MiniMax
    ),
    "]": (r"~!?b[\[\]]",),  # MiniMax
    "◁": (r"/?think▷",),  # Kimi
}
"""By the character they begin with: a pattern that begins with one of a few is looked for several times as fast."""
CHAT_MARKER = (
    r"[<\[\]◁](?:" + "|".join(rf"(?<={re.escape(first)})(?:{'|'.join(rest)})" for first, rest in _MARKERS.items()) + ")"
)
"""Strings that chat templates of open models turn into a change of speaker, a call of a tool or the beginning of all.
`[ABCD]`, an area, is none, and `<s>` alone changes no speaker."""
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]"
)
"""Characters that take no place: a tag that holds some looks like one to people and to models."""
END_OF_TEXT = "</s>"
"""How some models end an answer, where no `<s>` was opened."""

_NEVER = re.compile(rf"(?i:<\s{{0,3}}/?\s{{0,3}}(?:{'|'.join(sorted(GUARDED))})\s{{0,3}}/?>)")
_MARKER = re.compile(CHAT_MARKER)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_DECIMAL = r"(?:[0-9]{1,4}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})"
_SCORE = re.compile(rf"({_DECIMAL})\s?(?:(%|％|per ?cent)|(?:/|out of|of)\s?({_DECIMAL}))?")
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b")
_SINGLE_POINT = re.compile(r"<points>[ \t]*\n?([^<\n]{1,300})\n?[ \t]*</points>", re.IGNORECASE)
_OPENED_POINTS = re.compile(r"<points>", re.IGNORECASE)
"""A block for each name: all of them are meant, not the last one alone."""
_DRESS = " \t\r\n*_`\"'“”."
_NUMERAL = re.compile(r"[0-9]+")
_NUMBERED_LINE = re.compile(r"^\W*[0-9]{1,3}[.)]\s*")
_LEAST_REPEATS = 4
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_NO_LETTER = re.compile(r"\\[hv]?phantom\s*\{[^{}]*\}|\\[a-zA-Z]+")
_NUMBERED = re.compile(r"[^\w]{0,4}([0-9]{1,9})(?![0-9.]*[0-9])\W*(.*)")


class Unparseable(ValueError):
    """An answer that does not have the form asked for; `reason` is short and can be grouped by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def block(text: str, tag: str, may_be_open: bool = False) -> str:
    """The inside of the last complete `<tag>` block, without outer whitespace.

    With `may_be_open`, and without any complete block, what follows the last opening tag: small models forget to close
    a list. An answer that was cut off does not come here.

    A block that wraps nothing but another one of its kind is unwrapped. One that holds a block and more is refused:
    either half may be what was meant, and half an answer must not pass for a whole one.
    """
    body = _last(text, tag)
    if body is None and may_be_open:
        body = _last(f"{text}</{tag}>", tag)
    if body is None:
        raise Unparseable(f"no <{tag}> block")
    match _own_tag(tag).split(body):
        case ["", "", inner, "/", ""]:
            return str(inner).strip()
        case [_]:
            return body
    raise Unparseable(f"nested <{tag}>")


def read_points(text: str) -> list[str]:
    """The names as written, one a line; none is an honest answer, so an empty block is an empty list.

    Lines that differ in nothing but their numbers are no names of facts: the model repeats itself, or counts.
    """
    single = _SINGLE_POINT.findall(text)
    each = len(single) > 1 and len(single) == len(_OPENED_POINTS.findall(text))
    body = clean("\n".join(single) if each else block(text, "points", may_be_open=True), "points")
    lines = _listed(body) or [line.strip() for line in body.splitlines() if line.strip()]
    most = max(Counter(_NUMERAL.sub("0", _NUMBERED_LINE.sub("", line)) for line in lines).values(), default=0)
    if most >= _LEAST_REPEATS:
        raise Unparseable("one line over and over")
    return lines


def _listed(body: str) -> list[str]:
    """The names of a JSON list, which some models write unasked; nothing for anything else."""
    if not body.startswith("["):
        return []
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return [name.strip() for name in found if name.strip()] if all(isinstance(name, str) for name in found) else []


def read_problem(text: str, longest: int = 8000) -> str:
    """The text of a problem of at most `longest` characters, free of our tags and of chat markers.

    A box that is filled is a final answer: small models go on to solve what they wrote, and a problem that tells its
    answer teaches nothing. An empty box is a blank to fill.
    """
    body = clean(block(text, "problem"), "problem", longest)
    if not any(c.isalnum() for c in body):
        raise Unparseable("empty <problem>")
    if any(c.isalnum() for box in _BOX.findall(body) for c in _NO_LETTER.sub("", box)):
        raise Unparseable("final answer in <problem>")
    return body


def unwrapped(text: str, tag: str) -> str:
    """The text without the tags of the `<tag>` block in it, which a model added unasked; as it is, if not just one."""
    match _own_tag(tag).split(text):
        case [before, "", inner, "/", after]:
            return f"{before}{inner}{after}".strip()
    return text.strip()


def clean(text: str, tag: str, longest: int | None = None) -> str:
    """The text itself, if it has at most `longest` characters and neither a tag of ours nor a chat marker is in it.

    Those are scraps of the prompt or of another answer. Control characters are what is left of LaTeX that was read as
    an escape (`\\frac`, `\\beta`), and a terminal obeys some. `tag` says in the reason what the text was meant to be.
    """
    seen = without_hidden(text)
    if _own_tag(tag).search(seen) or _NEVER.search(seen) or _MARKER.search(seen) or _ends_with_mark(seen):
        raise Unparseable(f"tag left in <{tag}>")
    if _CONTROL.search(text):
        raise Unparseable(f"control character in <{tag}>")
    if longest is not None and len(text) > longest:
        raise Unparseable("too long")
    return text


def without_hidden(text: str) -> str:
    """The text without the characters that take no place."""
    return text if text.isascii() else HIDDEN.sub("", text)


def _ends_with_mark(text: str) -> bool:
    return text.rstrip().endswith(END_OF_TEXT) and "<s>" not in text


def read_review(text: str) -> tuple[float, float]:
    """The scores of logic and of presentation, each in 0-1."""
    return _score(block(text, "logic")), _score(block(text, "presentation"))


def read_difficulty(text: str) -> Difficulty:
    """One of the three words, in any letter case. An answer that is nothing but the word needs no tags."""
    known: dict[str, Difficulty] = {word: word for word in get_args(Difficulty)}
    bare = text.strip().rstrip(".").lower()
    word = bare if bare in known else block(text, "difficulty").lower()
    if word not in known:
        raise Unparseable("unknown difficulty" if word else "empty <difficulty>")
    return known[word]


def read_vote(text: str) -> int:
    """Exactly 0 or 1: a vote of 0.5 or "yes" is no vote."""
    word = block(text, "verdict")
    if word not in ("0", "1"):
        raise Unparseable("vote not 0 or 1" if word else "empty <verdict>")
    return int(word)


def read_verdicts(text: str, count: int, allowed: Collection[str]) -> dict[int, str]:
    """Verdicts by index from 0, for `count` items that the prompt numbered from 1.

    Items without a verdict, with an unknown one or with two different ones are left out: they stay unjudged, and one
    odd line does not cost the others. Case and punctuation of a verdict do not matter.
    """
    body = block(text, "verdicts", may_be_open=True)
    if not body:
        raise Unparseable("empty <verdicts>")
    known = {_words(verdict): verdict for verdict in allowed}
    found: dict[int, set[str | None]] = {}
    for line in body.splitlines():
        if match := _NUMBERED.fullmatch(line.strip()):
            found.setdefault(int(match[1]) - 1, set()).add(known.get(_words(match[2])))
    single = {index: next(iter(verdicts)) for index, verdicts in found.items() if len(verdicts) == 1}
    return {index: verdict for index, verdict in single.items() if verdict is not None and 0 <= index < count}


LONGEST_NAME = 200
"""Characters. Longer ones are explanations."""


def read_name(text: str, given: Collection[str] = ()) -> str:
    """One name on one line.

    An answer that is nothing but one of the `given` names needs no tags.
    """
    body = text.strip() if text.strip() in given else clean(block(text, "name"), "name")
    if not any(c.isalnum() for c in body):
        raise Unparseable("empty <name>")
    if len(body.splitlines()) > 1:
        raise Unparseable("several lines in <name>")
    if len(body) > LONGEST_NAME:
        raise Unparseable("too long")
    return body


@cache
def _own_tag(tag: str) -> re.Pattern[str]:
    # Bounded whitespace: two unbounded runs side by side would make a row of blanks quadratic.
    return re.compile(rf"<\s{{0,3}}(/?)\s{{0,3}}{re.escape(tag)}\s{{0,3}}>", re.IGNORECASE)


def _last(text: str, tag: str) -> str | None:
    """The block that closes last, each closing tag paired with the nearest open one; stray tags pair with nothing."""
    starts: list[int] = []
    span: tuple[int, int] | None = None
    for match in _own_tag(tag).finditer(text):
        if not match[1]:
            starts.append(match.end())
        elif starts:
            span = starts.pop(), match.start()
    return None if span is None else text[slice(*span)].strip()


def _score(text: str) -> float:
    """0.9, .9, 90%, 9/10, "9 out of 10" and "nine of ten" are the same score, with or without Markdown around them.

    A number above 1 without its scale is refused: whether "4" is of 5 or of 10 would be a guess. So are decimal
    commas, exponents, and words that are no numbers.
    """
    plain = text.lower().rstrip(_DRESS).lstrip(_DRESS.replace(".", ""))
    match = _SCORE.fullmatch(_NUMBER_WORD.sub(lambda word: _NUMBER_WORDS[word[0]], plain))
    if match is None or (match[3] and float(match[3]) == 0):
        raise Unparseable("score not a number" if text else "empty score")
    value = float(match[1]) / (100.0 if match[2] else float(match[3] or 1))
    if not 0 <= value <= 1:
        raise Unparseable("score out of range")
    return value


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
