"""How much room a model has, as its server tells when it refuses: the context, the prompt's share, the longest answer.

Pure reading of words. What is told once is enough to fit every later answer to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class RoomTold(NamedTuple):
    """Tokens, 0 where nothing is said."""

    context: int = 0
    prompt: int = 0
    longest_answer: int = 0


def read_room(words: str) -> RoomTold:
    """What the words of a refusal say of a model's room."""
    return RoomTold(*(_first(patterns, words) for patterns in (CONTEXT, PROMPT, LONGEST)))


def _first(patterns: Sequence[re.Pattern[str]], words: str) -> int:
    found = (pattern.search(words) for pattern in patterns)
    return next((int(match[1].replace(",", "")) for match in found if match), 0)


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace("N", r"(\d[\d,]{0,9})"), re.IGNORECASE | re.DOTALL) for pattern in patterns)


CONTEXT = _patterns(
    r"max_model_len\D{0,20}N",  # vLLM
    r"\bn_ctx\W{1,4}N",  # llama-server
    r"maximum context(?: length)?(?: is| of)?\D{0,12}N",  # OpenAI, vLLM, llama-cpp-python
    r"context (?:length|size|window)\D{0,12}N",
    r"\binputs?\b.{0,40}must be <= N",  # TGI
    r"\bN maximum context",
)
PROMPT = _patterns(
    r"\bn_prompt_tokens\W{1,4}N",
    r"\bN (?:tokens )?(?:in|from|of) (?:the |your )?(?:messages|prompt|input)",
    r"(?:prompt|request|input|messages)\b.{0,30}?\b(?:has|have|contains?|is)\b.{0,15}?\bN (?:input )?tokens",
)
LONGEST = _patterns(
    r"supports at most N",  # OpenAI
    r"less than or equal to \W{0,2}N",  # Groq
    r"range of max\w*_tokens\D{0,20}\[\s*\d+,\s*N",  # DeepSeek, Alibaba
    r"max\w*_tokens\W.{0,30}> N, which is the maximum",  # Anthropic
)
