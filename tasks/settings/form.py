"""How settings look as a form: their JSON schema, changed so that Prefect's UI shows a person what they can fill in.

The UI shows a section as a box, a default as a value that it then sends, and what may be left out as a switch between
types. So a section that has defaults is folded behind a switch, what may be left out is a field that may stay empty,
and what a preset decides shows no default: it would be sent, and win. Values are checked by the same schema before a
run starts. It knows nothing of any one setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

BLOCK_TYPE = "model-endpoint"
"""The block type that a role's picker offers."""
WORDS = {
    "rpm": "Requests a minute",
    "input_tpm": "Input tokens a minute",
    "output_tpm": "Output tokens a minute",
    "base_url": "Address",
    "api_key": "Key",
    "ca_file": "Certificate authority",
    "gpu_hour": "GPU hour",
    "gpus": "GPUs",
    "top_p": "Top-p",
    "max_tokens": "Most output tokens",
    "timeout": "Time limit",
    "concurrency": "Requests at once",
}
"""Titles of fields whose names say too little."""

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NOTHING: Schema = {"type": "null", "title": "As it is"}


def title(name: str) -> str:
    """A field's name in words."""
    return WORDS.get(name, name.replace("_", " ").capitalize())


def arrange(form: Schema, resolve: Callable[[Schema], Schema], first: Sequence[str] = ()) -> dict[str, Schema]:
    """Make a form of an object's schema and of all objects within; its sections by name, each once put in order."""
    done: list[Schema] = []

    def visit(schema: Schema, first: Sequence[str] = ()) -> None:
        if any(schema is other for other in done):
            return
        done.append(schema)
        in_order(schema, first)
        for field in schema.get("properties", {}).values():
            _show_picker(field, resolve)
            for inner in (field, field.get("items", {})):
                if "$ref" in inner:
                    visit(resolve(inner))

    visit(form, first)
    fields, needed = form["properties"], form.get("required", ())
    return {name: resolve(field) for name, field in fields.items() if "$ref" in field and name not in needed}


def in_order(schema: Schema, first: Sequence[str] = ()) -> None:
    """Title the fields of an object and number them, `first` before all others: databases forget their order."""
    fields = schema.get("properties", {})
    rest = [name for name in fields if name not in first]
    for position, name in enumerate([*(name for name in first if name in fields), *rest]):
        fields[name] = field = {**fields.pop(name), "title": title(name), "position": position}
        _may_stay_empty(field)
        _one_field_a_key(field)


def _may_stay_empty(field: Schema) -> None:
    """Take away the switch to null of a single value: left empty, it is left out."""
    kinds = _kinds(field)
    if len(kinds) == 1 and "$ref" not in kinds[0]:
        del field["anyOf"], field["default"]
        field.update({**kinds[0], **field})


def _show_picker(field: Schema, resolve: Callable[[Schema], Schema]) -> None:
    """Take away the switch to null of a picker, in which nothing may be picked."""
    kinds = _kinds(field)
    if len(kinds) == 1 and "block_type_slug" in resolve(kinds[0]):
        del field["anyOf"], field["default"]
        field.update(kinds[0])


def _kinds(field: Schema) -> list[Schema]:
    """What a field that is null by default may be else."""
    null_by_default = field.get("default", ...) is None
    return [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"] if null_by_default else []


def _one_field_a_key(field: Schema) -> None:
    """Show a mapping whose keys are known as an object with a field for each."""
    keys = field.get("propertyNames", {}).get("enum")
    if keys:
        inner = field.pop("additionalProperties")
        del field["propertyNames"]
        field.pop("default", None)
        field["properties"] = {key: {**inner, "title": title(key), "position": at} for at, key in enumerate(keys)}
        field["additionalProperties"] = False


def fold(field: Schema) -> Schema:
    """A section behind a switch that stands on its defaults."""
    shown = {key: value for key, value in field.items() if key != "$ref"}
    return {**shown, "anyOf": [{"$ref": field["$ref"], "title": "Change"}, NOTHING], "default": None}


OWN = "verified"
"""The preset whose values are the settings' own defaults."""


def leave_to_presets(fields: Mapping[str, Schema], presets: Mapping[str, Mapping[str, Any]]) -> None:
    """Take away the defaults that depend on the preset and say them; the fields' own are of the preset `OWN`."""
    names = {name for values in presets.values() for name in values}
    for name in sorted(names):
        default = fields[name].pop("default")
        others: dict[Any, list[str]] = {}
        for preset, values in presets.items():
            if preset != OWN:
                others.setdefault(values.get(name, default), []).append(preset)
        told = "; ".join([f"{OWN}: {default}", *(f"{', '.join(who)}: {value}" for value, who in others.items())])
        fields[name]["description"] += f". Left empty: {told}"


def as_text_too(schema: Schema) -> None:
    """Let a text stand for an object."""
    inner = {
        key: schema.pop(key) for key in ("type", "properties", "required", "additionalProperties") if key in schema
    }
    schema["anyOf"] = [TEXT, inner]


def pick_block(schema: Schema) -> None:
    """Let a person pick a saved endpoint; a program may still send what the schema says, or names."""
    as_text_too(schema)
    schema["anyOf"].append({"type": "array", "items": TEXT})
    schema["block_type_slug"] = BLOCK_TYPE


def left_empty(value: Any, optional: Iterable[str]) -> Any:
    """What a form sent, without the optional fields that are null or an empty text."""
    if not isinstance(value, dict):
        return value
    names = set(optional)
    return {name: inner for name, inner in value.items() if name not in names or inner not in (None, "")}
