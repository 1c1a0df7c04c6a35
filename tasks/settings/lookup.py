"""What stands behind `env:NAME` and `block:NAME`: the secret itself, looked up at the last moment.

An error never repeats what it was given: it may be the key itself, put where the reference belongs.
"""

from __future__ import annotations

import os
from typing import Any, cast

from graph.errors import SettingsError
from tasks.settings.key_forms import TELLING, is_telling, means_no_key
from tasks.settings.keys import NO_REFERENCE, is_reference


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
    key = SOURCES[kind](name.strip())
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            f"The key behind {reference} holds a blank, a line break or a letter beyond ASCII: it was not copied whole "
            "or holds more than the key. Put the key alone there."
        )
    if not is_telling(key) and not means_no_key(key):
        raise SettingsError(
            f"The key behind {reference} is shorter than {TELLING} characters and a plain word or number, which could "
            "not be told from the words of an answer that says it back: give the server a longer one with letters and "
            "digits, or `none` where it asks for no key."
        )
    return key


def resolve_value(value: str) -> str:
    """A header's or proxy's value: what `env:NAME` or `block:NAME` names, or the value itself."""
    if not is_reference(value):
        return value
    kind, _, name = value.partition(":")
    found = SOURCES[kind](name.strip())
    if not found.isprintable():
        raise SettingsError(f"What stands behind {value} holds a line break, and a header or an address is one line.")
    return found


def _environment(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"The environment variable {name} is not set. Set it to the secret, or name another one.")
    return value


def _block(name: str) -> str:
    """The key of a saved endpoint, or what a Secret block of that name holds."""
    from prefect.blocks.system import Secret

    from tasks.settings.blocks import find_endpoint

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
