"""Secrets are found also where a server says them back in base64 or in an address; short ones are not let through."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import SettingsError
from tasks.endpoint.faults import cleaned, scrub
from tasks.settings.key_forms import forms, is_telling, telling
from tasks.settings.lookup import resolve_key

KEY = "sk-Env0-3fQ9zLw8Xk2TnV7rJm5b"


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), code=st.sampled_from(["std", "url"]))
def test_a_key_is_found_in_base64_whatever_stands_around_it(before: bytes, after: bytes, code: str) -> None:
    encode = base64.b64encode if code == "std" else base64.urlsafe_b64encode
    said = encode(before + KEY.encode() + after).decode()
    for found in (cleaned(said, forms([KEY])), scrub(said, forms([KEY]))):
        assert "[key]" in found
        left = found.replace("[key]", "")
        assert len(left) <= len(said) - len(KEY)


def test_a_key_is_found_in_an_address() -> None:
    odd = "pa/ss+w:rd-0123456789"
    assert cleaned(f"GET /v1?key={quote(odd, safe='')}", forms([odd])) == "GET /v1?key=[key]"


KEYS = [
    ("16 characters of whatever kind", "abcdefghijklmnop", True),
    ("LiteLLM's default", "sk-1234", True),
    ("vLLM's example", "token-abc123", True),
    ("a plain word", "swordfish", False),
    ("a number", "12345678", False),
    ("three characters", "a1b", False),
]


@pytest.mark.parametrize(("why", "key", "found"), KEYS)
def test_a_short_key_is_taken_out_of_answers_or_refused(
    why: str, key: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSDP_TEST_SHORT", key)
    assert is_telling(key) == found, why
    if found:
        assert resolve_key("env:GSDP_TEST_SHORT") == key
        assert cleaned(f"I was sent {key}.", forms([key])) == "I was sent [key]."
        return
    with pytest.raises(SettingsError, match="shorter than 16") as error:
        resolve_key("env:GSDP_TEST_SHORT")
    assert key not in str(error.value)


@pytest.mark.parametrize("word", ["none", "EMPTY", "no-key", "not-needed", "Ollama", "lm-studio"])
def test_a_word_for_no_key_is_a_word(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GSDP_TEST_SHORT", word)
    assert resolve_key("env:GSDP_TEST_SHORT") == word
    assert not list(telling(forms([word])))
