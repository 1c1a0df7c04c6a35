"""What is asked of a model and what comes back: the request, the reply, and the reading of a 200's JSON.

A 200 is not a success until it is read: it may carry an error, no choices, no content, a cut text or an open
thought. Reading is pure and never raises; it knows nothing of HTTP, retries or prices, and does not judge whether
the text is what the prompt asked for. That is the stage's parser's part.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from tasks.endpoint.faults import Fault, read_error_object


class ChatRequest(NamedTuple):
    """One chat completion to ask for. None leaves a parameter to the server's default."""

    messages: list[dict[str, str]]
    model: str
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    extra_body: Mapping[str, Any] = {}
    """Further fields of the body; they win over the endpoint's own `extra_body`."""
    stage: str = ""
    """What it is for: of those who wait for an endpoint, later stages go first."""
    call_id: UUID | None = None
    """What the ledger calls it: by this an answer is known that comes hours later, to another run."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of one call. `fault` is None for a usable answer, else why this item can never have one."""

    text: str
    reasoning: str
    finish_reason: str | None
    fault: str | None
    input_tokens: int
    """Tokens of all attempts that the server reported, since all of them are paid."""
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    seconds: float
    """On the wire, over all attempts; waits for a slot and between attempts are not in it."""
    attempts: int
    endpoint: str
    cost: float | None = None
    """USD of all attempts, None where nobody knows a price."""
    presumed_tokens: int = 0
    """Tokens of attempts whose outcome is unknown, at their worst case."""


class Usage(NamedTuple):
    """Tokens as a server counts them; `cached` is part of `input`, `reasoning` part of `output`."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class ReplyContent:
    """One 200, read. The text is kept when there is a fault too: a cut answer was paid for and may be looked at."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage = NO_USAGE
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Vectors:
    """One 200 to an embeddings request, read."""

    vectors: list[list[float]] = field(default_factory=list)
    usage: Usage = NO_USAGE
    fault: Fault | None = None


def read_answer(body: object) -> ReplyContent:
    """The answer in the parsed JSON of a 200 to a chat completion."""
    if not isinstance(body, dict):
        return ReplyContent(fault=Fault("transient", "malformed answer"))
    usage = read_usage(body.get("usage"))
    choice = _first(body.get("choices"))
    message = choice.get("message") if choice else None
    if not isinstance(message, dict):
        error = body.get("error") or (choice or {}).get("error")
        return ReplyContent(usage=usage, fault=read_error_object(error) if error else Fault("transient", "no choices"))
    content, thought = _parts(message.get("content"))
    text, inline, is_open = split_thinking(content)
    reasoning = "\n".join(part for part in (_thought(message) or thought, inline) if part)
    finish = choice.get("finish_reason") if choice else None
    finish = finish if isinstance(finish, str) else None
    fault = _fault(text, reasoning, finish, is_open, message.get("refusal"))
    usage = _count_reasoning(usage, len(reasoning), len(text))
    return ReplyContent(well_formed(text), well_formed(reasoning), finish, usage, fault)


def _count_reasoning(usage: Usage, thought: int, said: int) -> Usage:
    """The usage with the tokens of the thought; where a server shows a thought and counts none, by its share."""
    if not thought or usage.reasoning or not usage.output:
        return usage
    return usage._replace(reasoning=max(1, usage.output * thought // (thought + said)))


def _fault(text: str, reasoning: str, finish: str | None, is_open: bool, refusal: object) -> Fault | None:
    reason = FINISHES.get(finish)
    cut = reason == "truncated"
    if cut and is_loop(text or reasoning):
        return Fault("permanent", "repetition")
    if is_open or (cut and reasoning and not text):
        return Fault("permanent", "truncated thinking")
    if finish not in FINISHES:
        return Fault("transient", f"finished with {finish!r:.40}", once=True)
    if reason:
        return Fault("permanent", reason)
    if not text:
        return Fault("permanent", "refused by the model" if refusal else "empty")
    return None


def is_loop(text: str) -> bool:
    """Whether a text that was cut off had begun to say one thing over and over, or to count: `log_2 7, log_2 8, ...`.

    More tokens would not have ended it, which is what "truncated" would suggest.
    """
    end = DIGITS.sub("0", text[-LONGEST_LOOP * LEAST_ROUNDS * 2 :])[::-1]
    lengths = ((period, max(LEAST_ROUNDS * period, LEAST_LOOP)) for period in range(1, LONGEST_LOOP + 1))
    return any(length <= len(end) and end[period:length] == end[: length - period] for period, length in lengths)


def split_thinking(content: str) -> tuple[str, str, bool]:
    """`content` as (text, thinking, whether a thought is still open).

    The text is what follows the last closing tag. Some chat templates open the thought in the prompt, so the opening
    tag may be missing; a thought that is open at the end was cut, and what stands there is no answer.
    """
    if OPEN not in content and CLOSE not in content:
        return content.strip(), "", False
    thinking, _, text = content.rpartition(CLOSE)
    before, opened, rest = text.partition(OPEN)
    if opened:
        return before.strip(), _untagged(thinking + "\n" + rest), True
    return text.strip(), _untagged(thinking), False


def _untagged(thinking: str) -> str:
    return thinking.replace(OPEN, "").replace(CLOSE, "").strip()


def _first(choices: object) -> dict[str, Any] | None:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else None


def _thought(message: dict[str, Any]) -> str:
    """Reasoning beside the content."""
    for name in THOUGHTS:
        text = "".join(_parts(message.get(name))).strip()
        if text:
            return text
    return ""


def _parts(content: object) -> tuple[str, str]:
    """Text and thinking of a message's content, which is a string, null, or a list of parts."""
    if isinstance(content, str):
        return content, ""
    text, thinking = [], []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict):
            if part.get("type") in ("thinking", "reasoning"):
                thinking.append("".join(_parts(part.get("thinking") or part.get("text"))))
            elif isinstance(part.get("text"), str):
                text.append(part["text"])
    return "".join(text), "".join(thinking)


def well_formed(text: str) -> str:
    r"""`text` without lone surrogates: JSON may carry `\ud83d` alone, and no file or database takes it."""
    return text if text.isascii() else LONE_SURROGATE.sub("\ufffd", text)


def read_usage(usage: object) -> Usage:
    """Token counts, 0 where a server sends none or nonsense."""
    if not isinstance(usage, dict):
        return NO_USAGE
    inputs, outputs = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    sent, output = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    reasoning = count(outputs.get("reasoning_tokens")) if isinstance(outputs, dict) else 0
    # xAI and Gemini count the thought beside the completion, not as a part of it.
    if reasoning and (reasoning > output or count(usage.get("total_tokens")) == sent + output + reasoning):
        output += reasoning
    return Usage(
        sent,
        count(inputs.get("cached_tokens")) if isinstance(inputs, dict) else count(usage.get("prompt_cache_hit_tokens")),
        output,
        reasoning,
    )


def count(value: object) -> int:
    """A token count from an int, a float or a string of digits; 0 when it is none or beyond 31 bits."""
    if type(value) is int:
        number = float(value) if abs(value) < LARGEST_COUNT else 0.0
    elif isinstance(value, str | float):
        try:
            number = float(value)
        except ValueError:
            return 0
    else:
        return 0
    return int(number) if math.isfinite(number) and 0 <= number < LARGEST_COUNT else 0


def read_vectors(body: object, expected: int) -> Vectors:
    """The vectors of an embeddings answer in the order of the texts, all of one length and finite."""
    if not isinstance(body, dict):
        return Vectors(fault=Fault("transient", "malformed answer"))
    usage = read_usage(body.get("usage"))
    rows = body.get("data")
    if not isinstance(rows, list):
        error = body.get("error")
        return Vectors(usage=usage, fault=read_error_object(error) if error else Fault("transient", "no vectors"))
    vectors = [_vector(row.get("embedding")) if isinstance(row, dict) else [] for row in _by_index(rows)]
    widths = {len(vector) for vector in vectors}
    if len(vectors) != expected or len(widths) > 1 or 0 in widths:
        return Vectors(usage=usage, fault=Fault("transient", "malformed vectors", once=True))
    return Vectors(vectors, usage)


def _by_index(rows: list[Any]) -> list[Any]:
    indices = [row.get("index") if isinstance(row, dict) else None for row in rows]
    if sorted(map(str, indices)) != sorted(map(str, range(len(rows)))):
        return rows
    return sorted(rows, key=lambda row: int(row["index"]))


def _vector(value: object) -> list[float]:
    """Numbers, or their base64 as little-endian 32-bit floats; empty when it is neither."""
    if isinstance(value, str):
        try:
            numbers = array("f")
            numbers.frombytes(base64.b64decode(value, validate=True))
        except (ValueError, binascii.Error):
            return []
        value = numbers.tolist()
    if not isinstance(value, list) or not all(type(x) in (int, float) and math.isfinite(x) for x in value):
        return []
    return [float(x) for x in value]


OPEN, CLOSE = "<think>", "</think>"

THOUGHTS = ("reasoning_content", "reasoning")
"""Where a message holds its thought: DeepSeek, SGLang and LiteLLM; vLLM and OpenRouter."""

LARGEST_COUNT = 2**31
DIGITS = re.compile(r"[0-9]+")
LONGEST_LOOP, LEAST_ROUNDS, LEAST_LOOP = 400, 4, 160
"""Characters of what a loop repeats, how often it must, and how much of the text's end that must be: a table or a long
sum repeats itself for a while, too."""
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

FINISHES: dict[str | None, str | None] = {
    # None: some gateways send no reason at all; then the text alone decides.
    None: None,
    "stop": None,
    "eos_token": None,
    "stop_sequence": None,
    "end_turn": None,
    "length": "truncated",
    "max_tokens": "truncated",
    "model_length": "truncated",
    "content_filter": "content filter",
    "tool_calls": "tool call",
    "function_call": "tool call",
    "repetition": "repetition",
}
"""Known finish reasons and the permanent fault behind each. An unknown one (`error`, `abort`) is tried once more."""
