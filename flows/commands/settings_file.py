"""Reading a settings file, with overrides, into `RunSettings`; what is wrong becomes one sentence for each key.

Paths in the file are relative to the file's folder, so a settings file can move with its seeds.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from graph.depth import TOO_DEEP, is_too_deep
from graph.errors import SettingsError
from tasks.inputs.fetched import address_of
from tasks.inputs.files import KINDS, kind_of
from tasks.settings.policy import Policy
from tasks.settings.run import RunSettings
from tasks.settings.sections import EquivalenceRule

PATHS = (
    ("workspace",),
    ("prompts",),
    ("seeds", "path"),
    ("benchmarks", "path"),
    ("connect", "alias_file"),
    ("endpoints", "ca_file"),
)
"""Keys that hold paths, by section."""


def read_settings(path: Path, overrides: Sequence[str] = ()) -> RunSettings:
    """The settings of a TOML file, changed by `key=value` overrides (dotted keys, TOML values).

    Raises SettingsError that names every wrong key and the nearest valid one.
    """
    content = _toml(path)
    _check_tables(content, path)
    _resolve(content, path.resolve().parent)
    for override in overrides:
        _override(content, override)
    return make_settings(content, str(path))


def read_comparison(path: Path) -> tuple[Policy, str | None]:
    """When two answers are the same by a settings file, and its domain; the rest of it is not looked at.

    Raises SettingsError.
    """
    content = _toml(path)
    _resolve(content, path.resolve().parent)
    try:
        return EquivalenceRule.model_validate(content.get("equivalence", {})).policy(), content.get("domain")
    except ValidationError as error:
        raise SettingsError(f"{path}, equivalence: {explain(error, EquivalenceRule)}") from error


def _check_tables(content: Mapping[str, Any], path: Path) -> None:
    """Tell how files are listed, where they stand otherwise. Raises SettingsError."""
    for name in ("seeds", "benchmarks"):
        if isinstance(found := content.get(name), str | dict):
            what = f"`{name} = {found!r}`" if isinstance(found, str) else f"`[{name}]`, with single brackets,"
            raise SettingsError(f"{path}: {what} is no list of files: write `[[{name}]]` and below it `path = ...`.")


def _toml(path: Path) -> dict[str, Any]:
    if kind_of(path) in KINDS:
        raise SettingsError(f"{path} holds rows, and no settings: name it as `path` under [[seeds]] of a TOML file.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path} does not exist: give the path of a settings file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except RecursionError:
        raise SettingsError(f"{path}: {TOO_DEEP}.") from None
    if is_too_deep(content):
        raise SettingsError(f"{path}: {TOO_DEEP}.")
    return content


def make_settings(content: Mapping[str, Any], where: str = "The settings") -> RunSettings:
    """Validate settings. Raises SettingsError."""
    try:
        return RunSettings.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{where}: {explain(error, RunSettings)}") from error


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """What pydantic found, one clause for each key, in words and with the nearest valid key."""
    found = error.errors()
    # A list whose items are wrong counts as empty to pydantic, which is no second fault.
    within = {item["loc"][:size] for item in found for size in range(len(item["loc"]))}
    told = [item for item in found if not (item["type"] == "too_short" and item["loc"] in within)]
    return "; ".join(_clause(model, item["loc"], item["type"], item["msg"]) for item in told) + "."


def _clause(model: type[BaseModel], location: tuple[str | int, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        names = list(_fields(model, location[:-1]))
        near = get_close_matches(str(location[-1]), names, 1)
        if len(location) > 1 and location[-1] in model.model_fields:
            return f"unknown key {key!r}; `{location[-1]}` stands at the top of the file, above the first [section]"
        return f"unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"valid are {', '.join(names)}")
    if kind == "missing":
        return f"key {key!r} is missing"
    plain = message.removeprefix("Value error, ")
    return f"{key}: {plain[0].lower()}{plain[1:]}" if key else plain


def _fields(model: type[BaseModel], location: Sequence[str | int]) -> Sequence[str]:
    """The keys that are valid at a place of the settings."""
    parts = iter(location)
    for part in parts:
        field = model.model_fields.get(str(part))
        found = _model_in(field.annotation) if field else None
        if field is None or found is None:
            continue
        model = found
        if get_origin(field.annotation) is dict:
            next(parts, None)  # the name of an entry, which may be spelled like a key
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _resolve(content: dict[str, Any], folder: Path) -> None:
    domain = content.get("domain")
    if isinstance(domain, str) and ("/" in domain or os.sep in domain):
        content["domain"] = str(folder / domain)
    for section, *rest in PATHS:
        value = content.get(section)
        if not rest and isinstance(value, str):
            content[section] = str(folder / value)
        entries: list[Any] = []
        if rest:
            entries = value if isinstance(value, list) else [value]
            entries += list(value.values()) if isinstance(value, dict) else []
        for entry in entries:
            if isinstance(entry, dict) and isinstance(entry.get(rest[0]), str) and not address_of(Path(entry[rest[0]])):
                entry[rest[0]] = str(folder / entry[rest[0]])


def _override(content: dict[str, Any], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key.strip():
        raise SettingsError(f"--set {override!r} is not key=value, such as --set target_pairs=500.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    except RecursionError:
        raise SettingsError(f"--set {key.strip()}: {TOO_DEEP}.") from None
    *path, last = (part.strip() for part in key.split("."))
    place: Any = content
    for part in path:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise SettingsError(f"--set {override!r}: {part!r} is not a section of the settings.")
    place[last] = value
