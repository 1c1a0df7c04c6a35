"""Where keys are: in the environment or in a Prefect block, never in settings.

Settings hold a reference (`env:NAME`, `block:NAME`), and these functions turn it into the secret at the last moment.
An error never repeats what it was given: it may be the key itself, put where the reference belongs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from graph.errors import SettingsError

NO_REFERENCE = (
    "api_key holds something that is no reference; keys never stand in settings. "
    "Write api_key = 'env:NAME' or 'block:NAME' and put the key there"
)
CREDENTIALS = ("authorization", "auth", "cookie", "key", "token", "secret", "password")
"""How names of headers and of query parameters end that carry a secret."""
SECRET_FIELDS = frozenset({"api_key", "apikey", "access_token", "auth_token", "authorization", "password", "secret"})
"""Fields of a request body that carry one. Whole names: `prompt_cache_key` and `max_tokens` are parameters."""


def resolve_key(reference: str | None) -> str | None:
    """The key that `reference` names, or None for a server without one.

    Loading a block asks the Prefect server and waits for it, also inside a running event loop. Raises SettingsError
    when there is nothing behind the reference.
    """
    if not reference:
        return None
    if not is_reference(reference):
        raise SettingsError(f"{NO_REFERENCE}.")
    kind, _, name = reference.partition(":")
    return SOURCES[kind](name.strip())


def is_reference(text: str) -> bool:
    """Whether `text` says where a secret is, rather than being one."""
    kind, _, name = text.partition(":")
    return kind in SOURCES and bool(name.strip())


def block_name(text: str) -> str | None:
    """The name of the block that `block:NAME` stands for; None of any other text."""
    kind, _, name = text.partition(":")
    return (name.strip() or None) if kind == "block" else None


def names_secret(name: str) -> bool:
    """Whether what is called so (a header, a query parameter) is likely to be a secret."""
    return name.lower().endswith(CREDENTIALS)


def holds_secret(address: str) -> bool:
    """Whether an address carries a user, a password or a key of its own. What cannot be read as one does with an @."""
    try:
        parts = urlsplit(address)
        readable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        readable = False
    if not readable:
        return "@" in address
    return "@" in parts.netloc or any(names_secret(name) for name, _ in parse_qsl(parts.query))


def names_secret_within(body: object) -> str | None:
    """The name of a field of a request body, at any depth, that holds a secret; None when none is known to."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if isinstance(value, str) and str(name).lower().replace("-", "_") in SECRET_FIELDS:
                return str(name)
    inner = body.values() if isinstance(body, Mapping) else body if isinstance(body, list) else ()
    return next(filter(None, map(names_secret_within, inner)), None)


def resolve_value(value: str) -> str:
    """A header's or proxy's value: what `env:NAME` or `block:NAME` names, or the value itself."""
    kind, _, name = value.partition(":")
    return SOURCES[kind](name.strip()) if is_reference(value) else value


def _environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"The environment variable {name} is not set. Set it to the secret, or name another one.")
    return value


def _block(name: str) -> str:
    """The key of a saved endpoint, or what a Secret block of that name holds."""
    from prefect.blocks.system import Secret

    from tasks.blocks import find_endpoint

    endpoint = find_endpoint(name)
    if endpoint and endpoint.api_key:
        return endpoint.api_key.get_secret_value().strip()
    try:
        block = cast("Any", Secret).load(name, _sync=True)
    except ValueError:
        raise SettingsError(
            f"There is no Prefect block named {name!r} that holds a key: save a ModelEndpoint or a Secret in the UI, "
            "or name another."
        ) from None
    value = block.get()
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value).strip()


SOURCES = {"env": _environment, "block": _block}
