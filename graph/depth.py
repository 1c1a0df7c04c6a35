"""How deep lists and mappings lie within each other: what is deeper breaks whatever walks through it level by level."""

from __future__ import annotations

from typing import Any

DEEPEST = 64
"""Lists and mappings within each other in a row or in settings; nothing of use has as many."""
TOO_DEEP = f"lists or objects are nested deeper than {DEEPEST}"


def is_too_deep(value: Any) -> bool:
    """Whether something that was read from JSON or TOML is nested deeper than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST):
        parts = (part.values() if isinstance(part, dict) else part for part in level)
        level = [inner for part in parts for inner in part if isinstance(inner, dict | list)]
        if not level:
            return False
    return True
