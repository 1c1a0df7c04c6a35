"""Where a model's thought ends and its answer begins: by tags in the text, by channels, or in fields of their own.

Each row of `TAGS` is how a family of models marks its thought. A server that knows the family takes the thought out of
the text and sends it in another field; one that does not leaves it where it is, and then it must not become a solution.
It knows nothing of HTTP, usage or finish reasons. It does not recognise a thought that is written as plain prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

TAGS: Mapping[str, str] = {
    "<think>": "</think>",  # DeepSeek, Qwen, GLM, and most others
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",  # EXAONE
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",  # Mistral
    "◁think▷": "◁/think▷",  # Kimi
    "<seed:think>": "</seed:think>",  # Seed-OSS
    "<|channel>thought": "<channel|>",  # Gemma 4
    "<|START_THINKING|>": "<|END_THINKING|>",  # Command
}
"""Opening and closing of a thought in the text. Upper and lower case are the same."""

FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "reasoning_text", "thinking")
"""Where a message holds its thought: DeepSeek, SGLang and LiteLLM; vLLM and OpenRouter; OpenRouter's list; others."""

THOUGHT_PARTS = ("thinking", "reasoning")
"""How the type of a part begins that is a thought."""

FINAL = "final"
"""The channel of the answer; every other one holds thoughts."""
CHANNEL = re.compile(
    r"<\|channel\|>\s*(\w+)[^<]*<\|message\|>(.*?)(?=<\|(?:end|return|start|call|channel)\|>|\Z)", re.S
)
BARE_CHANNELS = re.compile(r"\A\s*analysis(.*?)assistant\s*final(.*)\Z", re.S)
"""The same with its special tokens skipped, as some servers do."""

TOKEN = r"<\|\w{1,40}\|>|<｜[^｜<>]{1,40}｜>|</s>|<(?:end_of_turn|eos|EOS)>|\[EOS\]"
TOKEN_STARTS = ("<|", "<｜", "<s>", "</s>", "<end_of_turn>", "<eos>", "<EOS>", "[EOS]")
TOKEN_ENDS = ("|>", "｜>", "</s>", "<end_of_turn>", "<eos>", "<EOS>", "[EOS]")
LAST_TOKENS = re.compile(rf"(?:\s*(?:{TOKEN}))+\s*\Z")
FIRST_TOKENS = re.compile(rf"\A(?:\s*(?:{TOKEN}|<s>)(?:assistant(?=\s|<))?)+")
"""Special tokens of chat templates, which are no part of an answer; at its ends only, where servers let them slip."""
TAIL = 200
"""Characters at the end in which they are looked for: a pattern that ends with the text is slow on a whole one."""


class Split(NamedTuple):
    """A content in its parts."""

    text: str
    thought: str
    is_open: bool
    """Whether a thought is still open at the end: it was cut, and what stands there is no answer."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The tags to look for."""

    any: re.Pattern[str]
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    words: tuple[str, ...]
    """In lower case; every tag holds one of them."""


def marks(further: Mapping[str, str]) -> Marks:
    """The known tags, and further ones of the settings."""
    tags = {**TAGS, **further}
    opening, closing = ("|".join(map(re.escape, sorted(each, key=len))) for each in (tags, set(tags.values())))
    any_, open_, close = (re.compile(each, re.IGNORECASE) for each in (f"{opening}|{closing}", opening, closing))
    words = {max(re.findall(r"[^\W\d_]+", tag) or [tag], key=len).lower() for tag in (*tags, *tags.values())}
    return Marks(any_, open_, close, tuple(word for word in words if not any(w in word for w in words - {word})))


KNOWN = marks({})


def split_thinking(content: str, known: Marks = KNOWN) -> Split:
    """`content` as text and thought.

    The text is what follows the last closing tag. Some chat templates open the thought in the prompt, so the opening
    tag may be missing.
    """
    if (channels := _channels(content)) is not None:
        return channels
    if not any(map(content.lower().__contains__, known.words)):  # most answers: a tenth of what the patterns take
        return Split(without_tokens(content), "", False)
    last = None
    for last in known.closing.finditer(content):  # noqa: B007
        pass
    thought, rest = (content[: last.start()], content[last.end() :]) if last else ("", content)
    opened = known.opening.search(rest)
    if opened:
        thought, rest = f"{thought}\n{rest[opened.end() :]}", rest[: opened.start()]
    return Split(without_tokens(rest), known.any.sub("", thought).strip(), opened is not None)


def _channels(content: str) -> Split | None:
    """A content in channels (harmony, of gpt-oss); None of any other."""
    if content.lstrip().startswith("analysis") and (bare := BARE_CHANNELS.match(content)):
        return Split(without_tokens(bare[2]), bare[1].strip(), False)
    parts = CHANNEL.findall(content) if "<|channel|>" in content else []
    if not parts:
        return None
    said = [text for name, text in parts if name == FINAL]
    thought = "\n".join(text.strip() for name, text in parts if name != FINAL)
    return Split(without_tokens("".join(said)), thought, not said)


def without_tokens(text: str) -> str:
    """The text without the special tokens at its ends, and without blanks there."""
    text = text.strip()
    if text.endswith(TOKEN_ENDS):
        text = (text[:-TAIL] + LAST_TOKENS.sub("", text[-TAIL:])).rstrip()
    return FIRST_TOKENS.sub("", text).strip() if text.startswith(TOKEN_STARTS) else text


def thought_beside(message: Mapping[str, object]) -> str:
    """The thought in a field of its own."""
    for name in FIELDS:
        if (held := message.get(name)) and (text := "".join(parts(held)).strip()):
            return text
    return ""


def parts(content: object) -> tuple[str, str]:
    """Text and thought of a message's content, which is a string, null, or a list of parts."""
    if isinstance(content, str):
        return content, ""
    text, thought = [], []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict):
            if str(part.get("type")).startswith(THOUGHT_PARTS):
                thought.append("".join(parts(part.get("thinking") or part.get("text") or part.get("summary"))))
            elif isinstance(part.get("text"), str):
                text.append(part["text"])
    return "".join(text), "".join(thought)
