"""Another model that goes on with what an earlier one has begun: `models = "extend"`.

Work is known by what was asked and by the model that was asked first. Under "extend" a new model takes over the earlier
one's place: what is there stays as it is, nothing is paid again, and what is still to be asked goes to the new model.
Each call, and so each pair, says which of the two has answered.

Not for the embedder: the vectors of two models cannot be compared. Not for other numbers of judges, nor for other
prompts or temperatures: these change what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graph.nouns import counted
from prompts.library import Library
from tasks.settings.roles import ResolvedRole, ResolvedRoles, numbered, with_recipes
from tasks.store.database import Store
from tasks.store.latest import has_run, latest_identity

PLACES = {
    "extractor": "extract",
    "curator": "connect",
    "composer": "compose",
    "rater": "review",
    "solver": "solve",
    "strong_solver": "solve",
}
"""The roles that may get another model, and the stage in whose identity each stands."""


def extended(roles: ResolvedRoles, library: Library, store: Store) -> ResolvedRoles:
    """The roles, in which new models take the places of those that the workspace's runs have begun with."""
    if not has_run(store):
        return roles
    before = latest_identity(store)
    by_name = {
        name: _in_place_of(library, role, before.get(PLACES[name], {}).get(name), name) if name in PLACES else role
        for name, role in roles.by_name.items()
    }
    judges = _judges(library, roles.judges, before.get("review", {}).get("judges", []))
    return ResolvedRoles(by_name, judges, roles.examinees)


def _in_place_of(library: Library, role: ResolvedRole, former: Mapping[str, Any] | None, name: str) -> ResolvedRole:
    """The role, known by the model that a former one had."""
    if former is None:
        return role
    stands_for = {key: former[key] for key in ("model", "extra_body")}
    if stands_for == {key: role.identity[key] for key in stands_for}:
        return role
    return with_recipes(library, replace(role, name=name, stands_for=stands_for), role.recipes)


def _judges(
    library: Library, judges: Sequence[ResolvedRole], former: Sequence[Mapping[str, Any]]
) -> tuple[ResolvedRole, ...]:
    """The panel, each judge in the place of the one that stood there; another number of judges is another panel."""
    if len(judges) != len(former):
        return tuple(judges)
    names = numbered(str(judge["model"]) for judge in former)
    each = zip(judges, former, names, strict=True)
    return tuple(_in_place_of(library, judge, before, name) for judge, before, name in each)


def handed_over(roles: ResolvedRoles) -> Iterator[tuple[str, str, str]]:
    """(role, former model, new model) of every role that goes on with another's work."""
    for name, role in roles.by_name.items():
        if role.stands_for:
            yield name, str(role.stands_for["model"]), role.model
    for number, judge in enumerate(roles.judges, 1):
        if judge.stands_for:
            yield f"judge {number}", str(judge.stands_for["model"]), judge.model


def what_is_kept(roles: ResolvedRoles, store: Store) -> list[str]:
    """What a person should know before other models go on: what stays, and which model does the rest."""
    others = [f"{role}: {former} -> {new}" for role, former, new in handed_over(roles)]
    if not others:
        return []
    pairs, problems, solutions = store.rows(
        "SELECT (SELECT count(*) FROM pairs), (SELECT count(*) FROM problems), (SELECT count(*) FROM solutions)"
    )[0]
    return [
        f"Other models go on with this workspace ({'; '.join(others)}). Kept as they are: {counted(pairs, 'pair')}, "
        f"{counted(problems, 'problem')}, {counted(solutions, 'solution')}; nothing is paid again, and what is still "
        "to be asked goes to the new models."
    ]
