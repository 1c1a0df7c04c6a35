"""The settings of a run: what a person may say, with its unit and its default.

Two kinds. *Operational* settings (target, addresses, keys, concurrency, folders of output) may change on any resume.
*Identity* settings shape the answers (models, prompts, sampling, thresholds); `tasks/settings/identity.py` gathers
them. Keys of endpoints are never settings: `api_key` names an environment variable or a Prefect block.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from graph.quotas import Quotas
from graph.sampling import SamplingPlan
from tasks.settings.addresses import SANDBOX
from tasks.settings.amounts import read_budget
from tasks.settings.endpoints import Endpoint
from tasks.settings.fallbacks import check_names, fill_roles, named
from tasks.settings.form import Schema, arrange, fold, leave_to_presets
from tasks.settings.keys import block_name
from tasks.settings.presets import PRESETS, Preset
from tasks.settings.sections import (
    BenchmarkFile,
    Connect,
    EquivalenceRule,
    Evaluate,
    Extract,
    GradeRule,
    Publish,
    ReviewRule,
    Roles,
    ScreenRule,
    Section,
    SeedFile,
    Solve,
)

Stage = Literal["ingest", "extract", "connect", "sample", "compose", "review", "solve", "grade", "publish"]
STAGES: tuple[Stage, ...] = get_args(Stage)
ENDPOINT = "endpoint"
"""What a form asks for, and settings may say, in the place of `roles.others`."""
FIRST = ("workspace", "seeds", ENDPOINT, "target_pairs", "budget", "preset")
"""What the form asks for first; all else may stay as it is."""


ENDPOINT_HINT = "Model server that plays every role; needed unless Roles or Endpoints below name others"
ENDPOINT_NEEDED: Schema = {
    "if": {
        "anyOf": [
            {"required": ["roles"], "properties": {"roles": {"type": "object"}}},
            {"required": ["endpoints"], "properties": {"endpoints": {"type": "object", "minProperties": 1}}},
        ]
    },
    "else": {"required": [ENDPOINT]},
}
"""For forms: an endpoint must be picked where nothing else names one."""
MOST_PAIRS = 100_000_000


def _endpoint_for_all(value: dict[str, Any]) -> dict[str, Any]:
    """Settings that say `endpoint`, with it in the place of `roles.others`. Raises ValueError where both are said."""
    rest = {key: inner for key, inner in value.items() if key != ENDPOINT}
    if value.get(ENDPOINT) in (None, ""):
        return rest
    roles = rest.get("roles") or {}
    given = dict(roles) if isinstance(roles, Mapping) else roles.model_dump(exclude_unset=True)
    if given.get("others"):
        raise ValueError("endpoint and roles.others say the same: leave one of them out")
    return {**rest, "roles": {**given, "others": value[ENDPOINT]}}


class RunSettings(Section):
    """Everything a run needs to know."""

    workspace: Path = Field(description="Folder for the store, the dataset and the reports")
    preset: Preset = Field(
        "verified",
        description="Numbers to begin with. verified: several solutions, votes and majorities; gsdp, grip: the papers'",
    )
    target_pairs: int = Field(1000, ge=1, le=MOST_PAIRS, description="Accepted pairs to stop at")
    budget: str | None = Field(
        None,
        description='Most that all runs of the workspace may spend, such as "25 USD" or "5M tokens"',
    )
    shared: bool = Field(False, description="Let other users of the machine read the workspace's files")
    shards: int = Field(
        1,
        ge=1,
        le=1024,
        description="Workers that share the work, as deployment runs of `shard`; 1: this process",
    )
    models: Literal["same", "extend"] = Field(
        "same",
        description="What becomes of the work of former models. same: a run refuses other ones. extend: what is there "
        "is kept, and new work goes to the new models",
    )
    domain: str = Field(
        "mathematics", description="What the problems are of: a name, or the path of a folder of your own"
    )
    prompts: Path | None = Field(None, description="Folder of your own prompt files; they win file by file")
    seeds: tuple[SeedFile, ...] = Field(
        description="Files of solved problems, or folders of them",
        # For forms. A file of settings may go without, where all that is wanted is to evaluate models.
        json_schema_extra={"minItems": 1},
    )
    benchmarks: tuple[BenchmarkFile, ...] = Field((), description="Files whose problems must not be published")
    endpoints: dict[str, Endpoint] = Field(
        default_factory=dict,
        description="Model servers by a name of your choice; none is needed where roles name saved ones (block:NAME)",
    )
    roles: Roles = Field(default_factory=Roles, description="Which endpoint plays which role")
    extract: Extract = Field(default_factory=Extract, description="How knowledge points are found")
    connect: Connect = Field(default_factory=Connect, description="How names become knowledge points")
    sample: SamplingPlan = Field(default_factory=SamplingPlan, description="Which combinations are asked for")
    accept: Quotas = Field(default_factory=Quotas, description="What the accepted pairs should be made of")
    review: ReviewRule = Field(default_factory=ReviewRule, description="When a problem is good enough")
    solve: Solve = Field(default_factory=Solve, description="How problems are solved")
    grade: GradeRule = Field(default_factory=GradeRule, description="When a solution is good enough")
    equivalence: EquivalenceRule = Field(
        default_factory=EquivalenceRule, description="When two answers are the same, where people differ"
    )
    screen: ScreenRule = Field(default_factory=ScreenRule, description="What keeps an accepted pair from counting")
    evaluate: Evaluate = Field(
        default_factory=Evaluate, description="Which models are evaluated on the benchmarks, and how"
    )
    compare: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Arms of `gsdp compare`: a name, and the settings that the arm has in place of these",
    )
    publish: Publish = Field(default_factory=Publish, description="What the dataset looks like")
    raw_answers: Literal["all", "refused", "none"] = Field("all", description="Which raw answers stay in the ledger")
    sandbox: tuple[str, ...] = Field((), description="Switches of the bundled rehearsal server, such as --latency=1")
    samples_per_item: int = Field(2, ge=1, le=10, description="Answers asked for until one can be used")

    @model_validator(mode="before")
    @classmethod
    def _apply_preset(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = _endpoint_for_all(value)
        chosen = value.get("preset", "verified")
        merged = {"seeds": (), **value} if value.get("evaluate") else dict(value)
        for section, defaults in PRESETS[chosen].items() if chosen in list(PRESETS) else ():
            given = merged.get(section) or {}
            if isinstance(given, dict):
                merged[section] = {**defaults, **given}
        return merged

    @field_validator("budget", mode="before")
    @classmethod
    def _is_an_amount(cls, value: object) -> object:
        if value is not None:
            read_budget(value)
        return value

    @model_validator(mode="after")
    def _leave_the_sandbox_its_models(self) -> RunSettings:
        for name, endpoint in self.endpoints.items():
            if endpoint.base_url == SANDBOX and endpoint.model:
                raise ValueError(f"endpoints.{name}: the sandbox has models of its own, one a role; leave `model` out")
        return self

    @model_validator(mode="after")
    def _seeds_or_models(self) -> RunSettings:
        if not self.seeds and not self.evaluate.models:
            raise ValueError("seeds: name at least one file; only to evaluate models (evaluate.models) none is needed")
        return self

    @model_validator(mode="after")
    def _quotas_are_drawn(self) -> RunSettings:
        undrawn = [relation for relation in self.accept.relations if relation not in self.sample.shares]
        if undrawn:
            raise ValueError(f"accept.relations names {', '.join(undrawn)}, which sample.quotas does not draw")
        by_rater = self.accept.difficulties and self.accept.difficulty_by == "rated"
        if by_rater and self.roles.rater is None and self.roles.others is None and len(self.endpoints) > 1:
            raise ValueError(
                "accept.difficulties needs a rater: name one under [roles], or set accept.difficulty_by to measured"
            )
        return self

    @model_validator(mode="after")
    def _decide_roles(self) -> RunSettings:
        names = named(self.roles, self.evaluate.models)
        saved = {name: Endpoint(base_url=name) for name in names if block_name(name)}
        object.__setattr__(self, "endpoints", {**saved, **self.endpoints})
        if not self.endpoints:
            raise ValueError("no endpoint is named: add one under [endpoints], or a saved one to a role, as block:NAME")
        check_names(names, self.endpoints)
        # What is saved decides too, and is not known before the run opens.
        if not self.has_blocks:
            # Who wants models evaluated, and nothing made, has no roles to give.
            spare = self.evaluate.models[0] if self.evaluate.models and not self.seeds else None
            object.__setattr__(self, "roles", fill_roles(self.roles, self.endpoints, spare))
        return self

    @model_validator(mode="after")
    def _meanings_need_vectors(self) -> RunSettings:
        for name in ("semantic", "second_look"):
            if getattr(self.screen, name) is not None and self.roles.embedder is None and not self.has_blocks:
                raise ValueError(f"screen.{name} compares vectors: name an embedder under [roles], or leave it out")
        return self

    @model_validator(mode="after")
    def _shards_are_dealt_ahead(self) -> RunSettings:
        ahead = {
            "[accept]": self.accept.given,
            "sample.policy = 'yield'": self.sample.policy == "yield",
            "batch": any(endpoint.batch for endpoint in self.endpoints.values()),
        }
        for name in [name for name, given in ahead.items() if given and self.shards > 1]:
            raise ValueError(f"shards are dealt combinations ahead, which {name} does not allow: leave out one of them")
        return self

    @property
    def has_blocks(self) -> bool:
        """Whether some endpoint is still the name of a saved one."""
        return any(endpoint.saved for endpoint in self.endpoints.values())

    @property
    def asks_prefect(self) -> bool:
        """Whether something of the settings is kept by a Prefect server: an endpoint, a key, a header or a proxy."""
        places = [
            place
            for endpoint in self.endpoints.values()
            for place in (endpoint.base_url, endpoint.api_key, endpoint.proxy, *endpoint.headers.values())
        ]
        return any(place and block_name(place) for place in places)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        reference = handler(core_schema)
        form = handler.resolve_ref_schema(reference)
        others = handler.resolve_ref_schema(form["properties"]["roles"])["properties"]["others"]
        form["properties"][ENDPOINT] = {**others, "description": ENDPOINT_HINT}
        form.update(ENDPOINT_NEEDED)
        sections = arrange(form, handler.resolve_ref_schema, FIRST)
        for name in {section for values in PRESETS.values() for section in values}:
            values = {str(preset): changed.get(name, {}) for preset, changed in PRESETS.items()}
            leave_to_presets(sections[name]["properties"], values)
        for files in ("seeds", "benchmarks"):
            inner = handler.resolve_ref_schema(form["properties"][files]["items"])["properties"]
            inner["columns"] = fold(inner["columns"])
        for name in sections.keys() - {ENDPOINT}:
            form["properties"][name] = fold(form["properties"][name])
        return reference
