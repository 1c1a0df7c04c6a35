"""Where a model server is: what may stand as `base_url`, and what people copy there by mistake."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

from tasks.settings.keys import block_name

LOG = logging.getLogger("gsdp")

SANDBOX = "sandbox"
"""The base_url that stands for the bundled rehearsal server, which the run then starts itself."""

OPERATION = re.compile(r"/(chat/)?completions/?$|/embeddings/?$|/models/?$")
"""What is added to the address, and stands in it where somebody copied the address of a call."""


def server_address(value: str) -> str:
    """An address that calls can be made from. Raises ValueError, which repeats it: it is no secret."""
    if value == SANDBOX or block_name(value):
        return value
    value = value.strip()
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s|[\x00-\x1f\x7f]|https?://.*https?://", value):
        raise ValueError(
            f"{value!r} is no address of a server; write it up to and including /v1, as in 'http://localhost:8000/v1'"
        )
    path = OPERATION.sub("", parts.path)
    if path != parts.path:
        LOG.warning("base_url %s ends in %s, which is added to it; it is left out.", value, parts.path[len(path) :])
    return parts._replace(path=path).geturl() if path != parts.path else value
