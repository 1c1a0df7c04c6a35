"""The form of a run in Prefect's UI: what it shows, what it sends, and what the server says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import build_error_obj, validate

from deployments.serve import FLOWS
from flows.synthesize import synthesize
from tasks.settings.amounts import read_budget
from tasks.settings.blocks import ModelEndpoint
from tasks.settings.form import BLOCK_TYPE
from tasks.settings.presets import PRESETS
from tasks.settings.run import RunSettings

SCHEMA = parameter_schema(synthesize).model_dump()
DEFINITIONS: dict[str, Any] = SCHEMA["definitions"]
SETTINGS = DEFINITIONS["RunSettings"]["properties"]
PICKED = {"$ref": {"block_document_id": "00000000-0000-0000-0000-000000000001"}}
LEAST = {"workspace": "w", "seeds": [{"path": "s.jsonl"}], "endpoint": PICKED}


def shown(field: dict[str, Any]) -> dict[str, Any]:
    """A field with what it refers to, as the form merges them."""
    return {**DEFINITIONS[field["$ref"].rpartition("/")[2]], **field} if "$ref" in field else field


def initial(field: dict[str, Any]) -> Any:
    """What the form sends for a field that nobody touches; None when nothing."""
    field = shown(field)
    if "default" in field or field.get("type") != "object":
        return field.get("default")
    sent = {name: initial(inner) for name, inner in field.get("properties", {}).items()}
    return {name: value for name, value in sent.items() if value is not None} or None


def opened(section: str) -> Any:
    """What a section sends once its switch is turned."""
    return initial(next(kind for kind in SETTINGS[section]["anyOf"] if "$ref" in kind))


def fields() -> list[tuple[str, dict[str, Any]]]:
    """Every field that a person may meet, with its place."""
    return [
        (f"{model}.{name}", field)
        for model, definition in DEFINITIONS.items()
        for name, field in definition.get("properties", {}).items()
    ]


@pytest.mark.parametrize(("place", "field"), fields(), ids=[place for place, _ in fields()])
def test_every_field_has_a_title_a_hint_and_a_place(place: str, field: dict[str, Any]) -> None:
    assert field["title"]
    assert field["description"] or shown(field)["description"]
    assert isinstance(field["position"], int)


@pytest.mark.parametrize("served", FLOWS, ids=lambda each: str(each.name))
def test_every_flow_is_described_and_asks_for_settings_first(served: Any) -> None:
    schema = parameter_schema(served).model_dump()
    assert served.description
    assert schema["properties"]["settings"]["position"] == 0
    assert all(field["description"] for field in schema["properties"].values())


def test_what_must_be_said_comes_first_and_the_rest_is_folded() -> None:
    order = sorted(SETTINGS, key=lambda name: SETTINGS[name]["position"])
    assert order[:6] == ["workspace", "seeds", "endpoint", "target_pairs", "budget", "preset"]
    folded = [name for name in order if "anyOf" in SETTINGS[name]]
    assert {*PRESETS["gsdp"], "roles", "sample", "accept", "screen", "publish"} <= {*folded}
    assert all(SETTINGS[name]["default"] is None for name in folded)


@pytest.mark.parametrize("role", [role for role in DEFINITIONS["Roles"]["properties"] if role != "judges"])
def test_a_saved_endpoint_is_picked_for_a_role(role: str) -> None:
    field = DEFINITIONS["Roles"]["properties"][role]
    assert shown(field)["block_type_slug"] == BLOCK_TYPE == ModelEndpoint.get_block_type_slug()
    assert "anyOf" not in field
    assert DEFINITIONS["Role"]["title"] == "Role", "the server looks a picker's definition up by its title"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_wins_over_what_an_untouched_form_sends(preset: str) -> None:
    untouched: dict[str, Any] = {**LEAST, "endpoint": "block:x"}
    wanted = RunSettings.model_validate({**untouched, "preset": preset})
    untouched |= {name: initial(field) for name, field in SETTINGS.items() if name not in LEAST}
    assert RunSettings.model_validate({**untouched, "preset": preset}) == wanted
    all_open = {name: opened(name) for name, field in SETTINGS.items() if "anyOf" in field}
    assert RunSettings.model_validate({**untouched, **all_open, "preset": preset}) == wanted


def test_what_a_preset_decides_is_said_where_it_is_left_empty() -> None:
    samples = DEFINITIONS["Solve"]["properties"]["samples"]
    assert samples["description"].endswith("Left empty: verified: 4; gsdp, grip: 1")
    assert "default" not in samples


def test_what_a_form_leaves_empty_is_left_out() -> None:
    plain = RunSettings.model_validate({**LEAST, "endpoint": "block:x"})
    empty = {"budget": "", "prompts": None, "review": None, "roles": {"others": "block:x", "solver": None}}
    assert RunSettings.model_validate({**LEAST, **empty, "endpoint": ""}) == plain
    assert RunSettings.model_validate({**LEAST, "endpoint": "block:x", "roles": None}) == plain


def test_an_endpoint_for_all_is_said_in_one_place() -> None:
    with pytest.raises(ValueError, match=r"endpoint and roles\.others say the same"):
        RunSettings.model_validate({**LEAST, "endpoint": "block:x", "roles": {"others": "block:y"}})
    given = RunSettings.model_validate({**LEAST, "endpoint": "block:x", "roles": {"solver": "block:y"}})
    assert given.roles.others
    assert given.roles.solver
    assert (given.roles.others.endpoint, given.roles.solver.endpoint) == ("block:x", "block:y")


ACCEPTED: dict[str, dict[str, Any]] = {
    "the least": {},
    "a role by name": {"roles": {"others": "block:x"}},
    "a role as a table": {"roles": {"others": {"endpoint": ["a", "b"], "temperature": 0.5}}},
    "several judges": {"roles": {"others": PICKED, "judges": [PICKED, "block:x"]}},
    "roles in the place of an endpoint": {"endpoint": ..., "roles": {"others": PICKED}},
    "endpoints in the place of one": {"endpoint": ..., "endpoints": {"local": "block:x"}, "roles": None},
    "an endpoint by name": {"endpoints": {"local": "block:x"}},
    "an endpoint as a table": {"endpoints": {"local": {"base_url": "http://x/v1", "model": "m"}}},
    "an open section": {"review": {"threshold": 0.9}, "sample": {"quotas": {"one_hop": 1}}},
    "folded sections": {"review": None, "solve": None},
}


@pytest.mark.parametrize("why", ACCEPTED)
def test_the_server_accepts(why: str) -> None:
    assert errors({name: value for name, value in {**LEAST, **ACCEPTED[why]}.items() if value is not ...}) == []


REFUSED: dict[str, tuple[dict[str, Any], tuple[str | int, ...]]] = {
    "no workspace": ({"workspace": ...}, ("workspace",)),
    "no endpoint": ({"endpoint": ..., "roles": None, "endpoints": {}}, ("endpoint",)),
    "too many pairs": ({"target_pairs": 10**9}, ("target_pairs",)),
    "no seeds": ({"seeds": []}, ("seeds",)),
    "a seed file without a path": ({"seeds": [{}]}, ("seeds", 0, "path")),
    "a target of none": ({"target_pairs": 0}, ("target_pairs",)),
    "a word for a number": ({"target_pairs": "many"}, ("target_pairs",)),
    "an unknown preset": ({"preset": "grib"}, ("preset",)),
    "a folded section's number": ({"review": {"threshold": 7}}, ("review",)),
}


@pytest.mark.parametrize("why", REFUSED)
def test_the_server_refuses_and_names_the_field(why: str) -> None:
    changes, place = REFUSED[why]
    sent = {name: value for name, value in {**LEAST, **changes}.items() if value is not ...}
    assert place in errors(sent)


@pytest.mark.parametrize(
    "text",
    [
        *("25 USD", "$25", "5M tokens", "2_000_000 tokens", "1,500.5k usd", "0.123456789 USD"),
        *("5M Tokens", "25 Usd", "1,234,567 TOKENS"),
    ],
)
def test_the_form_takes_every_budget_that_is_read(text: str) -> None:
    assert read_budget(text)
    assert errors({**LEAST, "budget": text}) == []


@pytest.mark.parametrize("text", ["much", "25 EUR", "USD", "-5 USD", "0 USD", "1,5 USD", "12,34 USD", "$5 tokens"])
def test_what_is_no_budget_is_refused_in_a_sentence_and_by_no_pattern_in_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="is no budget"):
        read_budget(text)
    assert '"pattern":' not in json.dumps(SCHEMA)


def errors(settings: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """The places within the settings of which the server says that something is wrong."""
    return list(places(build_error_obj(validate({"settings": settings}, SCHEMA))["errors"][:1]))


def places(found: list[Any], above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    result = []
    for each in found:
        if isinstance(each, str):
            result.append(above[1:])
        else:
            result += places(each["errors"], (*above, each.get("property", each.get("index"))))
    return result
