"""How much room a model has, as its server tells: in its list of models, or in the words of a refusal.

Pure reading. What is told once is enough to fit every later answer to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class RoomTold(NamedTuple):
    """Tokens, 0 where nothing is said."""

    context: int = 0
    prompt: int = 0
    longest_answer: int = 0


def listed_contexts(body: object) -> dict[str, int]:
    """The context of each model in the parsed answer to `/models`, as far as it is told."""
    rows = body.get("data") if isinstance(body, dict) else None
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row.get("id")): size for row in found if (size := listed_context(row))}


def listed_context(row: Mapping[str, Any]) -> int:
    """The context in one row of a list of models, under whatever name; 0 where it is not told."""
    for part in (row, *(value for value in row.values() if isinstance(value, dict))):
        for key in LISTED:
            if type(part.get(key)) is int and part[key] > 0:
                return int(part[key])
    return 0


LISTED = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx", "n_ctx_train")
"""vLLM and SGLang; OpenRouter, Together and Fireworks; Groq; Mistral and LM Studio; llama-server."""


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
