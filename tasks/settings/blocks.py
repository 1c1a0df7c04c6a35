"""Model servers that are saved in Prefect, with their keys: plugged in, edited and chosen in its UI.

`python -m deployments.prepare` makes the form known to a server, or `prefect block register -m tasks.settings.blocks`.
Settings hold a block's name alone, as `block:NAME`; its fields take the name's place when a run opens, and its key only
when the client is made.
"""

from __future__ import annotations

from typing import Any, cast

from prefect.blocks.core import Block
from prefect.exceptions import PrefectException
from pydantic import Field, SecretStr, ValidationError

from graph.errors import SettingsError
from tasks.settings.endpoints import Endpoint, Server
from tasks.settings.form import BLOCK_TYPE, in_order
from tasks.settings.run import RunSettings

FIRST = ("base_url", "api_key", "model")
"""What the form asks for first; the rest has defaults."""


class ModelEndpoint(Server, Block):
    """An OpenAI-compatible model server: vLLM, llama.cpp, LiteLLM, a hosted API."""

    _block_type_name = "Model Endpoint"
    _block_type_slug = BLOCK_TYPE
    _description = "A model server for gsdp, with its key and limits: choose it for a role, or as `block:NAME`."

    api_key: SecretStr | None = Field(default=None, description="Key of the server, where it asks for one")

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """The form. Prefect numbers its fields as they are declared, and marks those that are secret."""
        schema: dict[str, Any] = super().model_json_schema(*arguments, **options)
        in_order(schema, FIRST)
        return schema


def find_endpoint(name: str) -> ModelEndpoint | None:
    """The saved endpoint of a name; None where there is none. Raises SettingsError when Prefect does not answer."""
    try:
        # Prefect decides by the caller whether it waits; its annotations do not say so.
        return cast("ModelEndpoint", cast("Any", ModelEndpoint).load(name, _sync=True))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'it'}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors(include_input=False)
        )
        raise SettingsError(f"The block {name} does not hold ({wrong}): edit it under Blocks in Prefect.") from error
    except ValueError:
        return None
    except (PrefectException, RuntimeError, OSError) as error:
        raise SettingsError(f"Prefect's server, which keeps block:{name}, does not answer ({error}).") from error


def is_saved(block_id: str) -> bool:
    """Whether there is a saved block of an id. A server that does not answer says nothing against it."""
    try:
        cast("Any", ModelEndpoint).load_from_ref({"block_document_id": block_id}, _sync=True)
    except ValueError:
        return False
    except (PrefectException, RuntimeError, OSError):
        return True
    return True


def fill(endpoint: Endpoint) -> Endpoint:
    """The endpoint with what is saved under its name; other fields that the settings give win. Raises SettingsError."""
    if endpoint.saved is None:
        return endpoint
    found = find_endpoint(endpoint.saved)
    if found is None:
        raise SettingsError(
            f"There is no Model Endpoint block named {endpoint.saved!r}: save one in the UI under Blocks (after "
            "`python -m deployments.prepare`, which makes the form known), or name another."
        )
    values = {name: getattr(found, name) for name in Server.model_fields}
    key = {"api_key": endpoint.base_url} if found.api_key else {}
    changed = {name: getattr(endpoint, name) for name in endpoint.model_fields_set - {"base_url"}}
    return Endpoint.model_validate(values | key | changed)


def with_blocks(settings: RunSettings) -> RunSettings:
    """The settings with what is saved in the place of every `block:NAME`. It asks Prefect's server for each.

    Raises SettingsError when one is missing or does not go with the rest.
    """
    if not settings.has_blocks:
        return settings
    endpoints = {name: fill(endpoint) for name, endpoint in settings.endpoints.items()}
    try:
        return RunSettings.model_validate({**dict(settings), "endpoints": endpoints})
    except ValidationError as error:
        told = "; ".join(found["msg"].removeprefix("Value error, ") for found in error.errors())
        raise SettingsError(f"With the saved endpoints, the settings do not hold: {told}.") from error
