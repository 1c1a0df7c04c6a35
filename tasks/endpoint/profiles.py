"""What `gsdp doctor` found out about the endpoints of a workspace, kept in a file that the clients begin with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

FILE = "endpoints.json"


class Profile(BaseModel):
    """One model of one endpoint. What is None was not found out."""

    model_config = ConfigDict(frozen=True)

    token_limit_parameter: Literal["max_tokens", "max_completion_tokens"] | None = None
    left_out: tuple[str, ...] = ()
    """Parameters that it refuses."""
    context: int | None = None
    """Tokens of prompt and answer together."""
    concurrency: int | None = None
    """Requests at once from which more bring nothing."""


Profiles = dict[str, dict[str, Profile]]
"""By base URL and model."""

ADAPTER: TypeAdapter[Profiles] = TypeAdapter(Profiles)


def read_profiles(workspace: Path) -> Profiles:
    """The profiles of a workspace; none where there is no file, or one that cannot be read: all is found out again."""
    try:
        return ADAPTER.validate_json((workspace / FILE).read_bytes())
    except (OSError, ValidationError):
        return {}


def hand_over(workspace: Path, other: Path) -> None:
    """Let another workspace begin with what the doctor knows."""
    other.mkdir(parents=True, exist_ok=True)
    if (workspace / FILE).exists():
        shutil.copy(workspace / FILE, other)


def keep_profiles(workspace: Path, found: Profiles) -> Path:
    """Add profiles to those of a workspace; where they are now."""
    merged = read_profiles(workspace)
    for base_url, models in found.items():
        merged[base_url] = merged.get(base_url, {}) | models
    workspace.mkdir(parents=True, exist_ok=True)
    path = workspace / FILE
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(ADAPTER.dump_python(merged, mode="json"), indent=1), encoding="utf-8")
    return fresh.replace(path)
