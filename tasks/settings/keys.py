"""Where keys are: in the environment or in a Prefect block, never in settings.

Settings hold a reference (`env:NAME`, `block:NAME`), which `tasks/settings/lookup.py` turns into the secret at the last
moment. Knows what looks like a secret, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

NO_REFERENCE = (
    "api_key holds something that is no reference; keys never stand in settings. "
    "Write api_key = 'env:NAME' or 'block:NAME' and put the key there"
)
PLACES = ("env", "block")
"""Where a secret may be: an environment variable, or a block that is saved in Prefect."""
CREDENTIALS = ("authorization", "auth", "cookie", "key", "token", "secret", "password")
"""How names of headers and of query parameters end that carry a secret."""
SECRET_FIELDS = frozenset({"api_key", "apikey", "access_token", "auth_token", "authorization", "password", "secret"})
"""Fields of a request body that carry one. Whole names: `prompt_cache_key` and `max_tokens` are parameters."""


HARMLESS_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-type", "origin"),
        *("prefer", "priority", "referer", "http-referer", "traceparent", "user-agent", "x-title", "x-client-name"),
        *("openai-beta", "openai-organization", "openai-project", "anthropic-beta", "anthropic-version"),
        *("api-version", "x-request-timeout"),
    }
)
"""Headers whose values are no secrets, whatever they are. All others may be: gateways name theirs as they like."""


def is_reference(text: str) -> bool:
    """Whether `text` says where a secret is, rather than being one."""
    kind, _, name = text.partition(":")
    return kind in PLACES and bool(name.strip())


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
