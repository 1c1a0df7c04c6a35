"""What may stand in `extra_body`: fields that JSON can hold, of the right type, none that the run decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

OWNED = {
    "messages": "the run writes the messages",
    "input": "the run writes the texts",
    "model": "name the model under `model`",
    "n": "one answer is asked for at a time; the number of samples is a setting of each stage",
    "stream": "set `stream` of the endpoint",
    "stream_options": "set `stream` of the endpoint",
}
"""Fields that a run decides, and what to do instead."""

NUMBERS = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})
COUNTS = frozenset({"max_tokens", "max_completion_tokens", "seed"})


def what_is_wrong(body: Mapping[str, Any]) -> str:
    """Why these fields cannot be added to a request, in a clause; empty when they can."""
    for name, value in body.items():
        if name in OWNED:
            return f"extra_body holds {name}, which is not its to say: {OWNED[name]}"
        if name in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
            return f"extra_body.{name} must be a number"
        if name in COUNTS and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            return f"extra_body.{name} must be a whole number"
        if (kind := _foreign(value)) is not None:
            return f"extra_body.{name} holds {kind}, which JSON cannot say; write it as text"
    return ""


def _foreign(value: object) -> str | None:
    """What of a value is no JSON; None when all of it is."""
    if isinstance(value, Mapping):
        return next((kind for kind in map(_foreign, value.values()) if kind), None)
    if isinstance(value, list | tuple):
        return next((kind for kind in map(_foreign, value) if kind), None)
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is none"
    if value is None or isinstance(value, str | int | float):
        return None
    return f"a {type(value).__name__}"
