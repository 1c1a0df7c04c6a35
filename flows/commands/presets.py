"""`gsdp preset`: what a preset sets, next to what its paper says."""

from __future__ import annotations

from textwrap import wrap
from typing import get_args

from graph.errors import UsageError
from tasks.settings.presets import HEAD, Preset, choices
from tasks.settings.run import RunSettings

WIDTHS = (32, 36, 24, 44)


def print_preset(name: str) -> None:
    """Paper, ours and the reason, setting by setting. Raises UsageError for a name that is no preset."""
    presets: dict[str, Preset] = {preset: preset for preset in get_args(Preset)}
    if name not in presets:
        raise UsageError(f"There is no preset {name!r}: give one of {', '.join(presets)}.")
    settings = RunSettings.model_validate(
        {"preset": name, "workspace": "w", "seeds": [{"path": "s"}], "endpoints": {"e": {"base_url": "sandbox"}}}
    )
    for row in (HEAD, *choices(presets[name], settings.model_dump(mode="json"))):
        cells = [wrap(cell, width - 2) for cell, width in zip(row, WIDTHS, strict=True)]
        for line in range(max(map(len, cells))):
            shown = [cell[line] if line < len(cell) else "" for cell in cells]
            print("".join(f"{text:<{width}}" for text, width in zip(shown, WIDTHS, strict=True)).rstrip())
