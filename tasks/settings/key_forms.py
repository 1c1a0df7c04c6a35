"""How a secret may stand in what a server says back: as it is, or within base64 or a percent-encoded address.

Knows which secrets are looked for in answers, too. A word that is given to a server that asks for no key, such as
`none`, is not one: answers may hold it. Does not find a secret that was reversed, spelled or encrypted.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

TELLING = 16
"""Characters of a secret that no text holds by chance, whatever they are."""
TELLING_MIXED = 6
"""Characters of one that has letters and digits."""
TELLING_CODE = 10
"""Characters of a piece of base64 that no text holds by chance."""
NO_KEY = frozenset(
    {
        *(
            "",
            "none",
            "empty",
            "null",
            "dummy",
            "test",
            "key",
            "nokey",
            "unused",
            "notneeded",
            "notused",
            "notrequired",
        ),
        *("placeholder", "fake", "local", "localhost", "ollama", "lmstudio", "vllm", "llamacpp", "x", "xxx", "abc"),
    }
)
"""What is given to servers that want no key, without case and marks."""


def forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Everything to look for, the longest first."""
    found = {form for secret in secrets for form in (secret, quote(secret, safe=""), *_in_base64(secret))}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _in_base64(secret: str) -> Iterator[str]:
    """The part of a code that depends on the secret alone, for each of the three places it can begin at.

    Nothing of words that mean no key, which need not be looked for.
    """
    if not is_telling(secret):
        return
    for before in range(3):
        raw = bytes(before) + secret.encode()
        for code in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
            part = code.decode()[-(-before * 8 // 6) : len(raw) * 8 // 6]
            if len(part) >= TELLING_CODE:
                yield part


def is_telling(secret: str) -> bool:
    """Whether no text holds the secret by chance, so that it is taken out of answers."""
    mixed = any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)
    return len(secret) >= (TELLING_MIXED if mixed else TELLING)


def means_no_key(key: str) -> bool:
    """Whether a key is a word for none."""
    return "".join(filter(str.isalnum, key)).lower() in NO_KEY


@lru_cache(maxsize=256)
def telling(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """The secrets that are looked for in answers, too; decided once, not for every answer."""
    return tuple(filter(is_telling, secrets))
