"""What a person says about an endpoint. Never a secret: whatever may be one says where it is (`env:`, `block:`)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.settings.addresses import server_address
from tasks.settings.bodies import what_is_wrong
from tasks.settings.form import as_text_too, in_order
from tasks.settings.keys import (
    HARMLESS_HEADERS,
    NO_REFERENCE,
    block_name,
    holds_secret,
    is_reference,
    names_secret_within,
)


class Prices(BaseModel):
    """What an endpoint costs: by tokens, or by the hour of its GPUs. Left out, a published price is looked up."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, json_schema_extra=lambda schema: in_order(schema)
    )

    input: float | None = Field(default=None, ge=0, description="USD a million input tokens")
    cached: float | None = Field(default=None, ge=0, description="USD a million cached ones; as input if left out")
    output: float | None = Field(default=None, ge=0, description="USD a million output tokens")
    reasoning: float | None = Field(
        default=None, ge=0, description="USD a million reasoning tokens; as output if left out"
    )
    gpu_hour: float | None = Field(default=None, ge=0, description="USD an hour of one GPU, counted while calls run")
    gpus: int = Field(default=1, ge=1, description="GPUs behind the endpoint")

    @model_validator(mode="after")
    def _say_something(self) -> Prices:
        if self.gpu_hour is None and (self.input is None or self.output is None):
            raise ValueError("give input and output, in USD a million tokens, or gpu_hour, in USD an hour of one GPU")
        return self


BatchedStage = Literal["extract", "connect", "compose", "review", "solve", "grade"]


class BatchCalls(BaseModel):
    """Calls that may wait: sent as files to the server's Batch API, answered within hours, at a lower price."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, json_schema_extra=lambda schema: in_order(schema)
    )

    stages: tuple[BatchedStage, ...] = Field(min_length=1, description="Stages whose calls go this way")
    price_factor: float = Field(default=0.5, gt=0, le=1, description="Their price, as a share of that of other calls")
    requests: int = Field(default=5000, ge=1, le=50_000, description="Most requests in one batch")
    window: str = Field(default="24h", description="Time in which the server is to answer, in its own words")


HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    if name := names_secret_within(body):
        raise ValueError(
            f"extra_body holds {name}, which is likely to be a secret; secrets never stand in settings. "
            "Give it as api_key = 'env:NAME' or as a header"
        )
    if fault := what_is_wrong(body):
        raise ValueError(fault)
    return body


ExtraBody = Annotated[dict[str, Any], AfterValidator(_without_secrets)]


class Server(BaseModel):
    """An OpenAI-compatible model server, but for its key: settings name the place of it, a saved endpoint holds it.

    Every field is operational and may change on any resume, but for `model` and `extra_body`, which shape the answers.
    """

    base_url: str = Field(description="Address up to and including /v1, or 'sandbox' for the bundled rehearsal server")
    model: str | None = Field(default=None, description="Model to ask for when the role names none (identity)")
    concurrency: int = Field(
        default=64, ge=1, le=512, description="Most requests in flight at once; how many is found out below that"
    )
    rpm: float | None = Field(default=None, gt=0, description="Most requests a minute")
    input_tpm: float | None = Field(default=None, gt=0, description="Most tokens a minute that are sent")
    output_tpm: float | None = Field(default=None, gt=0, description="Most tokens a minute that come back")
    timeout: float = Field(default=600, gt=0, description="Seconds for one request from start to last byte")
    attempts: int = Field(default=8, ge=1, description="Tries of one request before it counts as failed")
    outage_patience: float = Field(
        default=60, ge=0, description="Seconds of retrying before the endpoint counts as down"
    )
    prices: Prices | None = Field(default=None, description="What its calls cost")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Extra request headers; secret ones as env:NAME or block:NAME"
    )
    ca_file: str | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate"
    )
    proxy: str | None = Field(default=None, description="http:// address of a proxy; env:NAME when it holds a password")
    extra_body: ExtraBody = Field(default_factory=dict, description="Fields added to every request body (identity)")
    thought_tags: dict[str, str] = Field(
        default_factory=dict,
        description="Further tags between which models write thoughts, opening = closing; those of many are known",
    )
    token_limit_parameter: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="Name of the limit of output tokens; a server that refuses it gets the other"
    )
    stream: bool = Field(
        default=False, description="Let answers come in pieces, for proxies that cut requests that stay silent"
    )
    largest_answer: int = Field(
        default=64, ge=1, le=1024, description="Most megabytes of an answer, unpacked; the longest completions take few"
    )
    batch: BatchCalls | None = Field(default=None, description="Which calls go through the server's Batch API")

    @model_validator(mode="after")
    def _batches_have_a_price_a_token(self) -> Self:
        if self.batch and self.prices and self.prices.gpu_hour is not None:
            raise ValueError("batch is for servers that are paid by the token, and prices.gpu_hour is by the hour")
        return self

    @field_validator("base_url")
    @classmethod
    def _is_no_secret(cls, value: str) -> str:
        if holds_secret(value):
            raise ValueError(
                "base_url holds a user, a password or a key; secrets never stand in settings. "
                "Leave it out there, and give it as api_key = 'env:NAME' or as a header"
            )
        return server_address(value)

    @field_validator("proxy")
    @classmethod
    def _names_its_password(cls, value: str | None) -> str | None:
        if value and not is_reference(value) and holds_secret(value):
            raise ValueError(
                "proxy holds a user or a password; secrets never stand in settings. "
                "Write proxy = 'env:NAME' and put the whole address there"
            )
        return value

    @field_validator("headers")
    @classmethod
    def _name_their_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if not HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header: letters, digits and hyphens")
            if CONTROL.search(content):
                raise ValueError(f"the header {name} holds a line break; a header is one line")
            if name.lower() not in HARMLESS_HEADERS and not is_reference(content):
                raise ValueError(
                    f"the header {name} may be a secret; secrets never stand in settings. "
                    f"Write {name} = 'env:NAME' or 'block:NAME' and put the whole value there"
                )
        return value


class Endpoint(Server):
    """A model server as settings name it: by its address and whatever else matters, or as the text `block:NAME`.

    `block:NAME` is a ModelEndpoint that is saved in Prefect (`tasks/settings/blocks.py`); a table with that `base_url`
    changes some of its fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, json_schema_extra=as_text_too)

    api_key: str | None = Field(
        default=None, description="Where the key is: env:NAME or block:NAME. Never the key itself"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, value: Any) -> Any:
        return {"base_url": value} if isinstance(value, str) else value

    @property
    def saved(self) -> str | None:
        """The name of the saved endpoint that this stands for."""
        return block_name(self.base_url)

    @field_validator("api_key")
    @classmethod
    def _names_a_place(cls, value: str | None) -> str | None:
        if value and not is_reference(value):
            raise ValueError(NO_REFERENCE)
        return value
