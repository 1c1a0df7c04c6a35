"""An answer that came in pieces, put together: server-sent events in, the JSON of an ordinary completion out.

The whole body is read first. Streaming serves the proxies on the way, which see bytes flow and do not cut; nobody
here is shown half an answer.
"""

from __future__ import annotations

import json
from typing import Any

from tasks.endpoint.replies import THOUGHTS

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
        if event.get("error"):
            return {"error": event["error"], "usage": event.get("usage") or usage}
        usage = event.get("usage") or usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        finish = choice.get("finish_reason") or finish
        _add(texts, choice.get("delta"))
    if not done and finish is None:
        raise CutShort("the events end before the answer does")
    message = {name: "".join(parts) for name, parts in texts.items()}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def _add(texts: dict[str, list[str]], delta: object) -> None:
    for name in ("content", "refusal", *THOUGHTS) if isinstance(delta, dict) else ():
        part = delta.get(name)  # type: ignore[attr-defined]
        if isinstance(part, str):
            texts.setdefault(name, []).append(part)
