"""An answer that came in pieces, put together: server-sent events in, the JSON of an ordinary completion out.

The whole body is read first. Streaming serves the proxies on the way, which see bytes flow and do not cut; nobody
here is shown half an answer.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.endpoint.replies import told_error
from tasks.endpoint.thoughts import FIELDS, parts

DONE = "[DONE]"


class CutShort(ValueError):
    """The events end before the answer does."""


def join_events(text: str) -> dict[str, Any]:
    """The completion behind the events. Raises ValueError when one is no JSON, CutShort when the end is missing."""
    texts: dict[str, list[str]] = {}
    finish: object = None
    usage: object = None
    done = False
    # Not splitlines: JSON may hold U+2028 and its like as they are.
    for line in text.split("\n"):
        name, _, data = line.partition(":")
        if name != "data":
            continue
        data = data.strip()
        if data == DONE:
            done = True
            break
        event = json.loads(data)
        if not isinstance(event, dict):
            raise ValueError("an event that is no object")
        choice = _choice(event)
        usage = _usage(event, choice) or usage
        if event.get("error") or (choice is None and told_error(event)):
            return {**event, "usage": usage}
        choice = choice or {}
        if choice.get("error"):
            return {"error": choice["error"], "usage": usage}
        finish = choice.get("finish_reason") or finish
        _add(texts, choice.get("delta") or choice.get("message"))
    if not done and finish is None:
        raise CutShort("the events end before the answer does")
    message = {name: "".join(parts) for name, parts in texts.items()}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def _choice(event: dict[str, Any]) -> dict[str, Any] | None:
    """The piece in an event; empty where it brings none, None where it is no event of a completion."""
    choices = event.get("choices")
    if not isinstance(choices, list):
        return None
    return choices[0] if choices and isinstance(choices[0], dict) else {}


def _usage(event: dict[str, Any], choice: dict[str, Any] | None) -> object:
    """The usage of an event: in its own field, in its choice (Moonshot), or in the server's (Groq)."""
    groq = event.get("x_groq")
    return event.get("usage") or (choice or {}).get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)


def _add(texts: dict[str, list[str]], delta: object) -> None:
    if not isinstance(delta, dict):
        return
    for name in ("content", "refusal"):
        text, thought = parts(delta.get(name))
        texts.setdefault(name, []).append(text)
        if thought:
            texts.setdefault(FIELDS[0], []).append(thought)
    for name in FIELDS:
        if thought := "".join(parts(delta.get(name))):
            texts.setdefault(name, []).append(thought)
            return  # the others, where there are any, say the same
