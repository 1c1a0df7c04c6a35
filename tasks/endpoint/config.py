"""What a person says about an endpoint. Never a secret: `api_key` names where the key is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.endpoint.keys import NO_REFERENCE, is_reference


class Endpoint(BaseModel):
    """An OpenAI-compatible model server. Every field is operational: it may change on any resume."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(description="Address up to and including /v1, or 'sandbox' for the bundled rehearsal server")
    model: str | None = Field(default=None, description="Model to ask for when the role names none (identity)")
    api_key: str | None = Field(
        default=None, description="Where the key is: env:NAME or block:NAME. Never the key itself"
    )
    concurrency: int = Field(default=64, ge=1, le=512, description="Requests in flight at once")
    timeout: float = Field(default=600, gt=0, description="Seconds for one request from start to last byte")
    attempts: int = Field(default=8, ge=1, description="Tries of one request before it counts as failed")
    outage_patience: float = Field(
        default=60, ge=0, description="Seconds of retrying before the endpoint counts as down"
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Extra request headers; env:NAME values are read")
    ca_file: str | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate"
    )
    proxy: str | None = Field(default=None, description="http:// address of a proxy; env:NAME when it holds a password")
    extra_body: dict[str, Any] = Field(default_factory=dict, description="Fields added to every request body")
    token_limit_parameter: str = Field(default="max_tokens", description="max_tokens or max_completion_tokens")

    @field_validator("api_key")
    @classmethod
    def _names_a_place(cls, value: str | None) -> str | None:
        if value and not is_reference(value):
            raise ValueError(NO_REFERENCE)
        return value
