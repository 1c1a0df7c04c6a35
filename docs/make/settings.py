"""The page about the settings, from the models that read them: default, unit, meaning and source of each."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.make.markdown import code, page, table
from prompts.library import Library
from tasks.settings.identity import FREE, Identity, identity
from tasks.settings.presets import CHOICES, PRESETS
from tasks.settings.roles import DEFAULT_MAX_TOKENS, MAX_TOKENS, TEMPERATURE, resolve_roles
from tasks.settings.run import RunSettings

INTRODUCTION = """\
A settings file is TOML. `--set key=value` overrides a line of it, `gsdp preset NAME` prints what a preset sets, and a
key that does not exist is refused with the nearest one that does. Keys of endpoints never stand in settings:
`api_key` names the place (`env:NAME` or `block:NAME`).

*Default*: `gsdp` and `grip` are presets with other numbers. *Source*: what the papers say, where they say something,
and otherwise *ours*. What a later change of a setting does: **changes answers**: `gsdp run` says what would be paid
again and asks for `--accept-changes`. **decides again**: it judges the answers that are there, and pays at most for
further ones. No word: it may change at any time."""

HEAD = ("setting", "default", "unit", "meaning", "source")
REQUIRED = "*required*"
NAMED = {"endpoints": "endpoints.NAME", "compare": "compare.NAME"}
ROLE = "roles.ROLE"
EXAMPLE = RunSettings.model_validate(
    {"workspace": "runs/example", "seeds": [{"path": "seeds.jsonl"}], "endpoints": {"local": {"base_url": "sandbox"}}}
)
IDENTITY = "**changes answers**"
DECIDES = "**decides again**"
OF_A_MODEL = ("model", "temperature", "top_p", "max_tokens", "extra_body")
"""Fields of a role, and of an endpoint, that are part of the identity."""

MEASURES = (
    (r"[Mm]egabytes", "megabytes"),
    (r"USD a million", "USD per million tokens"),
    (r"USD an hour", "USD per GPU and hour"),
    (r"^Seconds", "seconds"),
    (r"requests a minute", "requests per minute"),
    (r"tokens a minute", "tokens per minute"),
    (r"[Cc]osine", "cosine, 0 to 1"),
    (r"[Ss]hare|[Ff]raction|overlap", "share, 0 to 1"),
    (r"[Rr]elative difference", "relative difference"),
    (r"[Ww]eight of a judge", "weight"),
    (r"price", "share of the price"),
    (r"Sampling temperature", "temperature"),
    (r"Nucleus", "probability"),
    (r"score of a good", "score, 0 to 1"),
    (r"below this weight", "seeds"),
    (r"^How much", "exponent, 0 to 1"),
)
"""Units of numbers that may be fractions, by what is said of them."""
COUNTED = re.compile(
    r"\b(megabytes|pairs|points|judges|solutions|workers|tokens|requests|tries|GPUs|problems|items|combinations|hubs|answers|names"
    r"|decimals|figures|times|seeds|bytes)\b",
    re.IGNORECASE,
)
"""What whole numbers count: the first of these words."""


class Setting(NamedTuple):
    """One key of a settings file."""

    section: str
    name: str
    kind: str
    default: str
    unit: str
    meaning: str
    source: str


class Group(NamedTuple):
    """A section of a settings file: its heading, what it is, and its keys."""

    path: str
    about: str
    model: type[BaseModel]
    many: bool


def settings() -> str:
    """The page."""
    return page("Settings", INTRODUCTION, *(_section(group) for group in groups()))


def groups() -> list[Group]:
    """All sections in the order of the models, each model once."""
    top = Group("", "Above the first section of the file.", RunSettings, False)
    return [top, *_below(RunSettings, "")]


def _below(model: type[BaseModel], path: str) -> Iterator[Group]:
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            known = ROLE if inner.__name__ == "Role" else ".".join(filter(None, (path, NAMED.get(name, name))))
            if known == ROLE and (path, name) != ("roles", "others"):
                continue
            yield Group(known, field.description or "", inner, get_origin(field.annotation) is tuple)
            yield from _below(inner, known)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models_in(part)]


def _section(group: Group) -> str:
    title = "The run" if not group.path else f"[[{group.path}]]" if group.many else f"[{group.path}]"
    head = title if not group.path else f"`{title}`"
    rows = [
        (f"{code(each.name)}<br>{each.kind}", each.default, each.unit, each.meaning, each.source)
        for each in settings_of(group)
    ]
    about = cleandoc(group.model.__doc__ or group.about) if group.path else group.about
    return f"## {head}\n\n{about}\n\n{table(HEAD, rows)}"


def settings_of(group: Group) -> list[Setting]:
    """The keys of a section."""
    return [_setting(group, name, field) for name, field in group.model.model_fields.items()]


def _setting(group: Group, name: str, field: FieldInfo) -> Setting:
    path = f"{group.path}.{name}".strip(".")
    said = field.description or ""
    meaning = " ".join(filter(None, (f"{said.rstrip('.')}.", _change(path, group))))
    unit = unit_of(field)
    return Setting(group.path, name, kind_of(field), _default(path, field), unit, meaning, _source(path, said))


def unit_of(field: FieldInfo) -> str:
    """The unit of a number, read from what is said of it; nothing for what is no number."""
    said, number = field.description or "", number_in(field.annotation)
    if number is int and (counted := COUNTED.search(said)):
        return counted[1].lower().replace("gpus", "GPUs")
    return next((unit for pattern, unit in MEASURES if number and re.search(pattern, said)), "")


def number_in(annotation: Any) -> type | None:
    """Which kind of number values are, or values of a table; None for what is no number."""
    kinds = [kind for kind in get_args(annotation) if kind is not types.NoneType] or [annotation]
    return kinds[-1] if kinds[-1] in (int, float) else None


def kind_of(field: FieldInfo) -> str:
    """The type in words, with its bounds."""
    return " ".join(filter(None, (_kind(field.annotation), _bounds(field))))


KINDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    Any: "any value",
}


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), [part for part in get_args(annotation) if part is not types.NoneType]
    if annotation in KINDS:
        return KINDS[annotation]
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(map(str, parts))
    if origin in (Union, types.UnionType):
        return " or ".join(map(_kind, parts))
    if origin is tuple:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        return f"table of {_kind(parts[0])} = {_kind(parts[1])}"
    return "section" if models_in(annotation) else str(getattr(annotation, "__name__", annotation))


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(rule, name):,}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    return ", ".join(found)


def _default(path: str, field: FieldInfo) -> str:
    if field.is_required():
        return REQUIRED
    if path == f"{ROLE}.temperature":
        return f"{_by_role(TEMPERATURE)}; others 0"
    if path == f"{ROLE}.max_tokens":
        return f"{_by_role(MAX_TOKENS)}; others {DEFAULT_MAX_TOKENS}"
    section, _, name = path.rpartition(".")
    presets = {preset: changed.get(section, {}).get(name) for preset, changed in PRESETS.items()}
    own = field.get_default(call_default_factory=True)
    others = [f"{preset} {code(_toml(value))}" for preset, value in presets.items() if value not in (None, own)]
    return " · ".join(filter(None, ("" if isinstance(own, BaseModel) else code(_toml(own)), *others)))


def _by_role(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{role} {number}" for role, number in numbers.items())


def _toml(value: Any) -> str:
    if value is None or value in ((), {}):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_toml(part)}' for name, part in value.items())} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _change(path: str, group: Group) -> str:
    section, _, name = path.rpartition(".")
    if section in (ROLE, "endpoints.NAME"):
        return IDENTITY if name in OF_A_MODEL else ""
    if (section in ("sample", "seeds", "seeds.columns") and path != "seeds.path") or path in ("domain", "prompts"):
        return IDENTITY
    stage = {"equivalence": "grade"}.get(section, section)
    if name in FREE or section == "equivalence":
        return DECIDES
    return IDENTITY if name in shaping().get(stage, {}) else ""


def shaping() -> Identity:
    """The identity of a run that says nothing but what it must."""
    return identity(EXAMPLE, Library(), resolve_roles(EXAMPLE, Library()))


def _source(path: str, said: str) -> str:
    for choice in CHOICES:
        if choice.setting == path:
            papers = [f"{name}: {said}" for name, said in (("GSDP", choice.gsdp), ("GRIP", choice.grip))]
            told = "; ".join(papers) if choice.gsdp != choice.grip else f"GSDP, GRIP: {choice.gsdp}"
            return f"{told}. {choice.reason[0].upper()}{choice.reason[1:]}"
    cited = re.search(r"\((GRIP[^)]*|GSDP[^)]*)\)", said)
    return cited[1] if cited else "ours"
