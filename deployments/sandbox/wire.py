"""The OpenAI wire format: what a request says, and how answers, embeddings, usage and errors are written.

Token counts are estimates (four characters a token), because the rehearsal has no tokenizer; they are stable, so that a
quote before a run and the bill after it can be compared.
"""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

FINGERPRINT = "gsdp-rehearsal"
_CREATED = 1_700_000_000
"""A constant: an answer depends on its request alone, not on the clock."""


def tokens(characters: int) -> int:
    """Estimated tokens of so many characters."""
    return (characters + 3) // 4


def message_texts(messages: object) -> list[tuple[str, str]]:
    """(role, text) of each message; content may be a string or a list of text parts. ValueError says what is wrong."""
    if not isinstance(messages, list) or not messages:
        raise ValueError("'messages' must be a non-empty list.")
    texts = []
    for message in messages:
        if not isinstance(message, dict):
            raise ValueError("Each message must be an object with 'role' and 'content'.")
        content = message.get("content") or ""
        if isinstance(content, list):
            content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        if not isinstance(content, str):
            raise ValueError("A message's 'content' must be a string or a list of parts.")
        texts.append((str(message.get("role", "user")), content))
    return texts


def usage(texts: Sequence[tuple[str, str]], answer: str, reasoning: str) -> dict[str, Any]:
    """Usage as OpenAI writes it; the system prompt is the part that a real server would have cached."""
    prompt = sum(tokens(len(text)) + 4 for _, text in texts)
    cached = tokens(sum(len(text) for role, text in texts if role == "system")) // 16 * 16
    thought = tokens(len(reasoning))
    completion = tokens(len(answer)) + thought
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def completion(request: str, model: str, content: str | None, used: dict[str, Any], finish: str) -> dict[str, Any]:
    """A chat completion with one choice."""
    return {
        "id": f"chatcmpl-{request}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": model,
        "system_fingerprint": FINGERPRINT,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "logprobs": None,
                "finish_reason": finish,
            }
        ],
        "usage": used,
    }


def stream_events(request: str, model: str, content: str, used: dict[str, Any]) -> Iterable[bytes]:
    """The same completion as server-sent events, a few words a chunk."""
    head = {"id": f"chatcmpl-{request}", "object": "chat.completion.chunk", "created": _CREATED, "model": model}

    def event(delta: dict[str, Any], finish: str | None, **extra: Any) -> bytes:
        body = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **extra}
        return b"data: " + dump(body) + b"\n\n"

    yield event({"role": "assistant", "content": ""}, None)
    for start in range(0, len(content), 48):
        yield event({"content": content[start : start + 48]}, None)
    yield event({}, "stop")
    yield b"data: " + dump({**head, "choices": [], "usage": used}) + b"\n\n"
    yield b"data: [DONE]\n\n"


def embeddings(model: str, inputs: Sequence[str], vectors: Sequence[Sequence[float]], encoding: str) -> dict[str, Any]:
    """Vectors as lists of numbers or as base64 of little-endian 32-bit floats."""
    shown: list[Any] = [_packed(vector) if encoding == "base64" else list(vector) for vector in vectors]
    prompt = sum(tokens(len(text)) for text in inputs)
    return {
        "object": "list",
        "model": model,
        "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(shown)],
        "usage": {"prompt_tokens": prompt, "total_tokens": prompt},
    }


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(array("f", vector).tobytes()).decode()


def error(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """An error body as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def model_list(names: Iterable[str]) -> dict[str, Any]:
    """The answer of /v1/models."""
    rows = [{"id": name, "object": "model", "created": _CREATED, "owned_by": FINGERPRINT} for name in names]
    return {"object": "list", "data": rows}


def dump(body: object) -> bytes:
    """JSON as bytes."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
