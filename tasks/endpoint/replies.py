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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from graph.spending import Spending
from tasks.endpoint.faults import ERROR_KEYS, Failure, Fault, cleaned, in_words, read_error_object
from tasks.endpoint.finishes import fault_of, is_loop
from tasks.endpoint.thoughts import KNOWN, Marks, parts, split_thinking, thought_beside


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
    interrupted: Callable[[Spending], None] | None = None
    """Told what the call had used, where the run is told to end before the answer has come."""


@dataclass(frozen=True, slots=True)
class Reply(Spending):
    """The outcome of one call, and what all its attempts used up."""

    text: str
    reasoning: str
    finish_reason: str | None
    failure: Failure | None
    """None for a usable answer, else why this item can never have one."""

    @property
    def fault(self) -> str | None:
        """The failure in words."""
        return in_words(self.failure)


class Usage(NamedTuple):
    """Tokens as a server counts them; `cached` is part of `input`, `reasoning` part of `output`."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        if self is NO_USAGE:  # most calls have one attempt
            return other
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))


NO_USAGE = Usage()


@dataclass(slots=True)
class CallUse:
    """What the attempts of one call have used up so far."""

    attempts: int = 0
    seconds: float = 0.0
    usage: Usage = NO_USAGE
    cost: float | None = None
    presumed: int = 0

    def charge(self, cost: float | None, presumed: int) -> None:
        """Add what an attempt cost; None where nobody knows."""
        self.cost = self.cost if cost is None else (self.cost or 0.0) + cost
        self.presumed += presumed

    def spending(self, endpoint: str) -> Spending:
        """All of it."""
        return Spending(**self.amounts(endpoint))

    def amounts(self, endpoint: str) -> dict[str, Any]:
        """All of it, by the fields of Spending."""
        return {
            "endpoint": endpoint,
            "attempts": self.attempts,
            "seconds": self.seconds,
            "input_tokens": self.usage.input,
            "cached_tokens": self.usage.cached,
            "output_tokens": self.usage.output,
            "reasoning_tokens": self.usage.reasoning,
            "presumed_tokens": self.presumed,
            "cost": self.cost,
        }


@dataclass(frozen=True, slots=True)
class ReplyContent:
    """One 200, read. The text is kept when there is a fault too: a cut answer was paid for and may be looked at."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage = NO_USAGE
    fault: Fault | None = None

    def reply(self, used: Mapping[str, Any], failure: Failure | None, secrets: tuple[str, ...]) -> Reply:
        """What the caller of a call is told that ended with this answer; `used` as `CallUse.amounts` gives it."""
        return Reply(
            cleaned(self.text, secrets),
            cleaned(self.reasoning, secrets),
            self.finish_reason and cleaned(self.finish_reason, secrets),
            failure,
            **used,
        )


@dataclass(frozen=True, slots=True)
class Vectors:
    """One 200 to an embeddings request, read."""

    vectors: list[list[float]] = field(default_factory=list)
    usage: Usage = NO_USAGE
    fault: Fault | None = None


def read_answer(body: object, known: Marks = KNOWN) -> ReplyContent:
    """The answer in the parsed JSON of a 200 to a chat completion; `known` marks a thought in its text."""
    if not isinstance(body, dict):
        return ReplyContent(fault=Fault("transient", "malformed_answer", "malformed answer"))
    choice = _first(body.get("choices")) or {}
    usage = read_usage(body.get("usage") or choice.get("usage"))
    error, message = choice.get("error"), choice.get("message")
    if error or not isinstance(message, dict):
        error = error or body.get("error") or told_error(body)
        return ReplyContent(usage=usage, fault=read_error_object(error) or NO_CHOICES)
    content, apart = parts(message.get("content"))
    text, inline, is_open = split_thinking(content, known)
    reasoning = "\n".join(part for part in (thought_beside(message) or apart, inline) if part)
    finish = choice.get("finish_reason")
    fault = _fault(text, reasoning, finish, is_open, message.get("refusal"))
    if fault and not text and isinstance(refusal := message.get("refusal"), str):
        text = refusal
    usage = _count_reasoning(usage, len(reasoning), len(text))
    finish = finish if isinstance(finish, str) else None
    return ReplyContent(well_formed(text), well_formed(reasoning), finish, usage, fault)


def told_error(body: dict[str, Any]) -> dict[str, Any] | None:
    """An error that is the whole body, as MiniMax (`base_resp`), Zhipu and Baidu (`code`, `msg`) answer under 200."""
    return {name: body[name] for name in ERROR_KEYS if body.get(name)} if any(body.get(name) for name in TOLD) else None


def _count_reasoning(usage: Usage, thought: int, said: int) -> Usage:
    """The usage with the tokens of the thought; where a server shows a thought and counts none, by its share."""
    if not thought or usage.reasoning or not usage.output:
        return usage
    return usage._replace(reasoning=max(1, usage.output * thought // (thought + said)))


def _fault(text: str, reasoning: str, finish: object, is_open: bool, refusal: object) -> Fault | None:
    fault = fault_of(finish, bool(text))
    cut = fault is not None and fault.code == "truncated"
    if cut and is_loop(text or reasoning):
        return Fault("permanent", "repetition", "repetition")
    if is_open or (cut and reasoning and not text):
        return Fault("permanent", "truncated_thinking", "truncated thinking")
    if fault or text:
        return fault
    if refusal:
        return Fault("permanent", "refused_by_model", "refused by the model")
    if reasoning:
        return Fault("permanent", "only_thought", "a thought and no answer")
    return Fault("permanent", "empty", "empty")


def _first(choices: object) -> dict[str, Any] | None:
    """The choice that was asked for. Where none is numbered 0, the first that came."""
    if not isinstance(choices, list):
        return None
    found = [choice for choice in choices if isinstance(choice, dict)]
    if len(found) == 1:
        return found[0]
    return next((choice for choice in found if choice.get("index") == 0), next(iter(found), None))


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
    # xAI and Gemini count the thought separately, not as part of the completion.
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
        return value if 0 <= value < LARGEST_COUNT else 0
    if not isinstance(value, str | float):
        return 0
    try:
        number = float(value)
    except ValueError:
        return 0
    return int(number) if math.isfinite(number) and 0 <= number < LARGEST_COUNT else 0


def read_vectors(body: object, expected: int) -> Vectors:
    """The vectors of an embeddings answer in the order of the texts, all of one length and finite."""
    if not isinstance(body, dict):
        return Vectors(fault=Fault("transient", "malformed_answer", "malformed answer"))
    usage = read_usage(body.get("usage"))
    rows = body.get("data")
    if not isinstance(rows, list):
        error = body.get("error") or told_error(body)
        return Vectors(usage=usage, fault=read_error_object(error) or Fault("transient", "no_vectors", "no vectors"))
    vectors = [_vector(row.get("embedding")) if isinstance(row, dict) else [] for row in _by_index(rows)]
    widths = {len(vector) for vector in vectors}
    if len(vectors) != expected or len(widths) > 1 or 0 in widths:
        return Vectors(usage=usage, fault=Fault("transient", "malformed_vectors", "malformed vectors", once=True))
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


LARGEST_COUNT = 2**31
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

TOLD = ("base_resp", "code", "error_code", "message", "msg", "error_msg", "detail")
"""One of these stands in a body that is an error."""

NO_CHOICES = Fault("transient", "no_choices", "no choices")
