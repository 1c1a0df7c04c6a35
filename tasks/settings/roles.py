"""Who plays which role, and what a role sends with every request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from graph.errors import SettingsError
from graph.records import content_id
from prompts.library import Library
from tasks.settings.addresses import SANDBOX
from tasks.settings.fallbacks import SANDBOX_JUDGE, SANDBOX_TRUTH
from tasks.settings.run import RunSettings
from tasks.settings.sections import CHAT_ROLES, Role

STRONG = "hard"
"""Problems that the rater calls this go to the strong solver."""

TEMPERATURE = {"composer": 0.9, "solver": 0.7, "strong_solver": 0.7}
"""Roles that must vary; all others decide, at 0."""
MAX_TOKENS = {"extractor": 1024, "curator": 4096, "composer": 2048, "rater": 512, "judge": 2048}
DEFAULT_MAX_TOKENS = 4096
PROMPTS = {
    "extractor": ("extract",),
    "curator": ("connect_filter", "connect_same", "connect_name"),
    "composer": ("compose",),
    "rater": ("rate",),
    "solver": ("solve",),
    "strong_solver": ("solve",),
    "judge": ("review", "grade", "contamination"),
    "examinee": ("evaluate", "evaluate_shots", "evaluate_choice"),
}
"""The prompt files each role is asked with."""


@dataclass(frozen=True)
class ResolvedRole:
    """A role with everything decided: which endpoint to ask, for which model, how."""

    name: str
    """The role, or the name of the judge in its panel."""
    endpoint: str
    """The first of its endpoints."""
    model: str
    """What answers are signed with: the model's name there."""
    temperature: float
    top_p: float | None
    max_tokens: int
    extra_body: Mapping[str, Any]
    thinking_tokens: int = 0
    """More of them, for a thought. Operational: what was answered within less stays an answer."""
    weight: float = 1.0
    replicas: Mapping[str, str] = field(default_factory=dict)
    """Its endpoints, and the model's name at each."""
    recipes: Mapping[str, UUID] = field(default_factory=dict)
    """By prompt: hash of everything but the data that shapes its answers."""
    stands_for: Mapping[str, Any] = field(default_factory=dict)
    """What of its identity is that of the model whose work it goes on with; empty where there is none."""

    @property
    def output_limit(self) -> int:
        """Output tokens that an answer may have, with its thought."""
        return self.max_tokens + self.thinking_tokens

    @property
    def identity(self) -> dict[str, Any]:
        """What of it shapes answers. Never the endpoint: replicas of a model share their work."""
        return {
            "model": self.model,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "extra_body": dict(self.extra_body),
            **self.stands_for,
        }


@dataclass(frozen=True)
class ResolvedRoles:
    """All roles of a run."""

    by_name: Mapping[str, ResolvedRole]
    judges: tuple[ResolvedRole, ...]
    examinees: tuple[ResolvedRole, ...] = ()
    """The models to evaluate."""

    @property
    def all(self) -> tuple[ResolvedRole, ...]:
        """All that may be asked."""
        return (*self.by_name.values(), *self.judges, *self.examinees)

    @property
    def chat(self) -> tuple[ResolvedRole, ...]:
        """Those of them that are asked for text."""
        return tuple(role for role in self.all if role.name != "embedder")

    def get(self, role: str) -> ResolvedRole | None:
        """Who plays the role; None when nobody does."""
        return self.by_name.get(role)

    def __getitem__(self, role: str) -> ResolvedRole:
        if role not in self.by_name:
            raise SettingsError(f'No endpoint plays the role {role}: add `{role} = "NAME"` under [roles].')
        return self.by_name[role]


def resolve_roles(settings: RunSettings, library: Library) -> ResolvedRoles:
    """Decide every role. A judge is called after its model; a model that judges again gets a number."""
    given: dict[str, Role | None] = {name: getattr(settings.roles, name) for name in (*CHAT_ROLES, "embedder")}
    given["strong_solver"] = given["strong_solver"] or given["solver"]
    by_name = {name: _decide(settings, library, name, name, role) for name, role in given.items() if role}
    models = [str(role.model or settings.endpoints[role.endpoints[0]].model) for role in settings.roles.judges]
    judges = [
        _decide(settings, library, "judge", name, role)
        for name, role in zip(numbered(models), settings.roles.judges, strict=True)
    ]
    by_name["verifier"] = _decide(settings, library, "judge", "verifier", _verifier(settings))
    return ResolvedRoles(by_name, tuple(judges), tuple(_examinees(settings, library)))


def numbered(names: Iterable[str]) -> Iterator[str]:
    """The names, each once: one that comes again gets a number, such as `name #2`."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield f"{name} #{seen[name]}" if seen[name] > 1 else name


def _examinees(settings: RunSettings, library: Library) -> list[ResolvedRole]:
    """The models to evaluate, each under its endpoint's name: what servers call their models is often the same.

    One answer is given at temperature 0, several at the solver's.
    """
    solver, asked = settings.roles.solver, []
    warm = TEMPERATURE["solver"] if settings.evaluate.samples > 1 else 0.0
    for role in settings.evaluate.models or ((solver,) if solver else ()):
        endpoint = settings.endpoints[role.endpoints[0]]
        rehearsed = "sandbox-solver" if endpoint.base_url == SANDBOX else None
        model = role.model or endpoint.model or rehearsed
        name = role.endpoints[0] if model in (endpoint.model, rehearsed) else f"{role.endpoints[0]}/{model}"
        given = {"model": model, "temperature": warm if role.temperature is None else role.temperature}
        asked.append((name, role.model_copy(update=given)))
    names = numbered(name for name, _ in asked)
    return [_decide(settings, library, "examinee", name, role) for name, (_, role) in zip(names, asked, strict=True)]


def _verifier(settings: RunSettings) -> Role:
    """Who judges again in audits; among judges of most weight the last, since cheap ones come first.

    In a rehearsal the sandbox's truth takes the place of its judges.
    """
    judges = settings.roles.judges
    role = settings.roles.verifier or max(reversed(judges), key=lambda judge: judge.weight)
    model = role.model or settings.endpoints[role.endpoints[0]].model or ""
    return role.model_copy(update={"model": SANDBOX_TRUTH}) if model.startswith(SANDBOX_JUDGE) else role


def _decide(settings: RunSettings, library: Library, kind: str, name: str, role: Role) -> ResolvedRole:
    replicas = {name: role.model or settings.endpoints[name].model for name in role.endpoints}
    for replica, model in replicas.items():
        if not model:
            raise SettingsError(
                f"Endpoint {replica} has no model for the role {kind}: set `model` under [endpoints.{replica}]."
            )
        if settings.endpoints[replica].extra_body != settings.endpoints[role.endpoints[0]].extra_body:
            raise SettingsError(
                f"Endpoints {', '.join(replicas)} play one role ({kind}) and differ in `extra_body`: make it the same."
            )
    endpoint = settings.endpoints[role.endpoints[0]]
    bare = ResolvedRole(
        name=name,
        endpoint=role.endpoints[0],
        model=str(replicas[role.endpoints[0]]),
        temperature=TEMPERATURE.get(kind, 0.0) if role.temperature is None else role.temperature,
        top_p=role.top_p,
        max_tokens=role.max_tokens or MAX_TOKENS.get(kind, DEFAULT_MAX_TOKENS),
        extra_body={**endpoint.extra_body, **role.extra_body},
        thinking_tokens=role.thinking_tokens,
        weight=role.weight,
        replicas={replica: str(model) for replica, model in replicas.items()},
    )
    return with_recipes(library, bare, PROMPTS.get(kind, ()))


def with_recipes(library: Library, role: ResolvedRole, prompts: Iterable[str]) -> ResolvedRole:
    """The role with the recipes of the prompts that it is asked with."""
    made = {prompt: content_id("player", str(library[prompt].hash), role.name, role.identity) for prompt in prompts}
    return replace(role, recipes=made)


LEAST_PANEL = 3
"""Judges of the papers' panels."""


def panel_warnings(settings: RunSettings, roles: ResolvedRoles) -> list[str]:
    """What weakens the panel: a model that judges its own work alone, or fewer judges than the preset's paper has."""
    models = {judge.model for judge in roles.judges}
    own = {roles[name].model for name in ("composer", "solver", "strong_solver")}
    told = []
    if len(models) == 1 and models & own:
        told.append(
            f"The panel is one model, {min(models)}, and judges what it wrote itself: name judges of other models "
            "under [roles]."
        )
    if settings.preset != "verified" and len(models) < LEAST_PANEL:
        told.append(
            f"The preset {settings.preset} is of a panel of {LEAST_PANEL} models, and here judge {len(models)}: name "
            "more under roles.judges, or its numbers are not the paper's."
        )
    return told
