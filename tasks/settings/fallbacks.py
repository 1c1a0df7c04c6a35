"""Who plays the roles that a person leaves out: `others`, the only endpoint there is, or the sandbox's own models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from tasks.settings.addresses import SANDBOX
from tasks.settings.endpoints import Endpoint
from tasks.settings.sections import CHAT_ROLES, Role, Roles

SANDBOX_JUDGES = 3
SANDBOX_JUDGE = "sandbox-judge"
SANDBOX_TRUTH = "sandbox-truth"
"""The model of a rehearsal that judges by the truth."""


def named(roles: Roles, also: Iterable[Role] = ()) -> list[str]:
    """The endpoints that roles name."""
    single = [getattr(roles, name) for name in ("others", *CHAT_ROLES, "embedder", "verifier")]
    return [name for role in (*single, *roles.judges, *also) if role is not None for name in role.endpoints]


def check_names(names: Iterable[str], endpoints: Mapping[str, Endpoint]) -> None:
    """Refuse names that are not in `endpoints`. Raises ValueError."""
    for name in names:
        if name not in endpoints:
            near = get_close_matches(name, endpoints, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(endpoints)}"
            raise ValueError(f"no endpoint is called {name!r}{hint}")


def fill_roles(roles: Roles, endpoints: Mapping[str, Endpoint], spare: Role | None) -> Roles:
    """Give the roles left out to `others`, or to the only endpoint there is, or to `spare`. Raises ValueError."""
    filled = {name: getattr(roles, name) for name in ("others", *CHAT_ROLES, "embedder", "verifier")}
    judges = roles.judges
    fallback = roles.others or (Role(endpoint=next(iter(endpoints))) if len(endpoints) == 1 else spare)
    if fallback is not None:
        sandbox = endpoints[fallback.endpoints[0]].base_url == SANDBOX
        for name in (*CHAT_ROLES, "embedder") if sandbox else CHAT_ROLES:
            if filled[name] is None and (sandbox or name != "strong_solver"):
                filled[name] = _modelled(fallback, f"sandbox-{name}") if sandbox else fallback
        numbers = range(1, SANDBOX_JUDGES + 1)
        panel = [_modelled(fallback, f"{SANDBOX_JUDGE}-{number}") for number in numbers] if sandbox else [fallback]
        judges = judges or tuple(panel)
    missing = [name for name in ("composer", "solver") if filled[name] is None] + ([] if judges else ["judges"])
    if missing:
        raise ValueError(f"with several endpoints, name one for each role; missing: {', '.join(missing)}")
    return Roles(**filled, judges=judges)


def _modelled(role: Role, model: str) -> Role:
    return role.model_copy(update={"model": model})
