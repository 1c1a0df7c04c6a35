"""What shapes the answers: the identity of each stage, its recipe, and what a change of it would pay again.

The identity of a run is a plain nested dict (stage -> key -> JSON value) that is stored with the run. A recipe is the
hash of a stage's identity and of the recipes it rests on. Changing a threshold makes new decisions from the paid
answers; changing a model or a prompt makes new answers, and whatever rests on them is asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from graph.errors import SettingsError
from graph.names import ORDINARY
from graph.records import content_id
from prompts.domain import BASE
from prompts.library import Library
from tasks.settings.labels import labels
from tasks.settings.roles import ResolvedRoles
from tasks.settings.run import RunSettings

Identity = dict[str, dict[str, Any]]

BASIS: dict[str, tuple[str, ...]] = {
    "extract": (),
    "connect": ("extract",),
    "sample": ("connect",),
    "compose": (),
    "review": (),
    "solve": (),
    "grade": ("review", "solve"),
    "screen": ("sample", "compose", "grade"),
}
"""The stages whose recipe is part of a stage's recipe. Ids of answers chain through the data, so compose, review and
solve stand alone: the same combination, problem or solution is never asked about twice."""

FREE = {
    *("threshold", "rule", "least_agreement", "quorum", "weights"),
    *("first", "wave", "candidates"),
    *("near_duplicate", "seeds_too", "variants", "semantic", "coverage", "second_look", "benchmarks", "equivalence"),
}
"""Keys that only decide about answers that are there already, or which further ones are asked for."""

PAID = ("extract", "connect", "compose", "review", "solve", "grade")

FROM_COMPOSE = ("compose", "review", "solve", "grade")
RESTS_ON: dict[str, tuple[str, ...]] = {
    "ingest": PAID,
    "extract": PAID,
    "connect": ("connect", *FROM_COMPOSE),
    "sample": FROM_COMPOSE,
    "compose": FROM_COMPOSE,
    "review": ("review",),
    "review.judges": ("review", "grade"),
    "review.rater": ("review", "solve", "grade"),
    "review.prompt.rate": ("review", "solve", "grade"),
    "solve": ("solve", "grade"),
    "grade": ("grade",),
    "screen": (),
}
"""What is asked again when a key, or another key of its stage, changes. The judges review and grade; the rater's word
chooses the solver."""


def identity(settings: RunSettings, library: Library, roles: ResolvedRoles) -> Identity:
    """All that shapes the answers of a run, by stage. Raises SettingsError for files that cannot be read."""
    connect = settings.connect

    def hashes(*names: str) -> dict[str, Any]:
        return {f"prompt.{name}": str(library[name].hash) for name in names}

    def who(role: str) -> dict[str, Any] | None:
        found = roles.get(role)
        return found.identity if found else None

    return {
        # How a file's rows are read, by file: other seeds come of it. Which files there are may change at any time.
        "ingest": {
            label: {
                key: value
                for key, value in file.model_dump(mode="json", exclude={"path", "largest_row"}).items()
                if value
            }
            for label, file in zip(labels([file.path for file in settings.seeds]), settings.seeds, strict=True)
        },
        "extract": {
            **hashes("extract"),
            "extractor": who("extractor"),
            "limit": settings.extract.limit,
            **({"solve_seeds": roles["solver"].identity, **hashes("solve")} if settings.extract.solve_seeds else {}),
            **({} if library.domain.names == ORDINARY else {"names": library.domain.names._asdict()}),
        },
        "connect": {
            **hashes("connect_filter", "connect_same", "connect_name"),
            "curator": who("curator"),
            "embedder": who("embedder"),
            "filter": connect.filter,
            "same_at": connect.same_at,
            "ask_from": connect.ask_from,
            **({"opposed": str(library.domain.opposed_hash)} if library.domain.opposed_hash else {}),
        },
        "sample": settings.sample.identity,
        "compose": {**hashes("compose"), "composer": roles["composer"].identity},
        "review": {
            **hashes("review", "rate"),
            "judges": [judge.identity for judge in roles.judges],
            "weights": [judge.weight for judge in roles.judges],
            "rater": who("rater"),
            **settings.review.model_dump(mode="json"),
        },
        "solve": {
            **hashes("solve"),
            "solver": roles["solver"].identity,
            "strong_solver": roles["strong_solver"].identity,
            **settings.solve.model_dump(mode="json"),
        },
        "grade": {
            **hashes("grade"),
            **settings.grade.model_dump(mode="json"),
            # What mathematics does was not said before there were others.
            **({"checker": library.domain.checker} if library.domain.checker != BASE else {}),
            "equivalence": settings.equivalence.identity,
        },
        "screen": {
            **settings.screen.model_dump(mode="json"),
            "benchmarks": [
                f"{file_hash(file.path)} {file.columns.problem} {file.columns.solution}" for file in settings.benchmarks
            ],
            **(hashes("contamination") | {"verifier": who("verifier")} if settings.screen.second_look else {}),
        },
    }


def recipes(identity: Identity) -> dict[str, UUID]:
    """The recipe of every stage."""
    made: dict[str, UUID] = {}
    for stage, basis in BASIS.items():
        made[stage] = content_id("recipe", stage, identity[stage], [str(made[name]) for name in basis])
    return made


def changes(before: Identity, after: Identity) -> list[tuple[str, str, str]]:
    """(stage.key, old, new) of everything that differs, for a person to read."""
    found = []
    for stage in after:
        old, new = before.get(stage, {}), after[stage]
        if stage == "ingest":
            old, new = ({file: rows[file] for file in old.keys() & new.keys()} for rows in (old, new))
        old, new = _flat(old), _flat(new)
        differing = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        found += [(f"{stage}.{key}", _short(old.get(key)), _short(new.get(key))) for key in differing]
    return found


def paid_again(changed: list[tuple[str, str, str]]) -> list[str]:
    """Stages that would be asked again, in part or wholly: what the changed keys shape, and what rests on that."""
    paying = [key for key, _, _ in changed if key.split(".")[1] not in FREE]
    again = {stage for key in paying for stage in RESTS_ON[_nearest(key)]}
    return [stage for stage in PAID if stage in again]


def _nearest(key: str) -> str:
    """The longest key of RESTS_ON that `key` is or lies within."""
    return max((known for known in RESTS_ON if f"{key}.".startswith(f"{known}.")), key=len)


def file_hash(path: Path) -> str:
    """Hash of a file's bytes. Raises SettingsError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): correct its path in the settings.") from error


def _flat(identity: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys, so that a change deep inside is shown and not a page around it."""
    found: dict[str, Any] = {}
    for key, value in identity.items():
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        nested = isinstance(inner, Mapping) and inner
        found.update(_flat(inner, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value})
    return found


def _short(value: object) -> str:
    text = json.dumps(value, default=str) if isinstance(value, Mapping | list) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
