"""The arms of a comparison: runs of the same seeds that differ in a setting, each in a workspace of its own.

Seeds are read once, in the comparison's own workspace; every arm takes that in (`tasks/store/unite.py`) and pays for
the rest by itself. The budget is shared out evenly, so that no arm is richer than another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from graph.errors import SettingsError
from tasks.settings.amounts import read_budget
from tasks.settings.run import RunSettings
from tasks.store.database import open_store
from tasks.store.unite import unite

ARMS = "arms"
"""The folder of the arms, within the workspace."""
NAME = re.compile(r"\w[\w.-]{0,63}")
FIXED = ("workspace", "seeds", "target_pairs", "budget", "shards", "compare", "extract")
"""What arms may not differ in: they are compared at one volume and one cost, over seeds that are read once."""


def arms(settings: RunSettings) -> dict[str, RunSettings]:
    """The settings of each arm. Raises SettingsError."""
    if len(settings.compare) < 2:
        raise SettingsError(
            "A comparison needs at least two arms: name them as [compare.NAME], with what each changes."
        )
    return {name: _arm(settings, name, changed) for name, changed in settings.compare.items()}


def _arm(settings: RunSettings, name: str, changed: Mapping[str, Any]) -> RunSettings:
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"compare.{name}: call an arm by letters, digits, dots and dashes; a folder bears its name."
        )
    if fixed := sorted(set(changed) & set(FIXED)):
        raise SettingsError(f"compare.{name}: arms cannot differ in {', '.join(fixed)}: leave it out.")
    base = settings.model_dump(exclude_unset=True, exclude={"compare"})
    own = {"workspace": settings.workspace / ARMS / name, "shards": 1, **_share(settings)}
    try:
        return RunSettings.model_validate({**_merged(base, changed), **own})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(f"compare.{name}: {where}: {first['msg'].removeprefix('Value error, ')}.") from error


def _share(settings: RunSettings) -> dict[str, str]:
    if settings.budget is None:
        return {}
    budget = read_budget(settings.budget)
    return {"budget": f"{budget.amount / len(settings.compare):.9f} {budget.unit}"}


def _merged(base: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Sections are changed key by key; the value of a key, such as `sample.quotas`, is replaced whole."""
    merged = dict(base)
    for key, value in changed.items():
        before = merged.get(key)
        merged[key] = {**before, **value} if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


async def hand_over_seeds(settings: RunSettings, arm: RunSettings) -> None:
    """Give an arm what was paid for while the seeds were read."""
    store = open_store(arm.workspace)
    try:
        await unite(store, settings.workspace)
    finally:
        store.close()


def differences(settings: RunSettings) -> Iterator[tuple[str, str]]:
    """What each arm changes, in words."""
    for name, changed in settings.compare.items():
        yield name, ", ".join(f"{key} = {_short(value)}" for key, value in _flat(changed)) or "nothing"


def _flat(changed: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in changed.items():
        if isinstance(value, Mapping) and not prefix:
            yield from _flat(value, f"{key}.")
        else:
            yield f"{prefix}{key}", value


def _short(value: object) -> str:
    return str(value) if len(str(value)) <= 60 else f"{str(value)[:57]}..."
