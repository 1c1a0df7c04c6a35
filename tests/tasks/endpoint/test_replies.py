"""Reading a 200: what counts as an answer, what is cut or empty, and what the tokens were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.endpoint.replies import (
    Usage,
    count,
    is_loop,
    read_answer,
    read_usage,
    read_vectors,
    split_thinking,
    well_formed,
)


def chat(content: object, finish: object = "stop", **message: object) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("body", "text", "reasoning"),
    [
        (chat("four"), "four", ""),
        (chat("  four\n"), "four", ""),
        # No reason at all, as some gateways answer; other names for the same end.
        (chat("four", None), "four", ""),
        (chat("four", "eos_token"), "four", ""),
        # Thought beside the content, under both names; empty or of another type is none.
        (chat("four", reasoning_content="2+2"), "four", "2+2"),
        (chat("four", reasoning="2+2"), "four", "2+2"),
        (chat("four", reasoning_content="", reasoning="2+2"), "four", "2+2"),
        (chat("four", reasoning={"effort": "low"}), "four", ""),
        # Thought inside the content.
        (chat("<think>2+2</think>four"), "four", "2+2"),
        (chat("2+2</think>\n\nfour"), "four", "2+2"),
        (chat("<think>a</think>no<think>b</think>four"), "four", "anob"),
        (chat("<think></think>four"), "four", ""),
        (chat("<think>b</think>four", reasoning="a"), "four", "a\nb"),
        # Content in parts.
        (chat([{"type": "text", "text": "fo"}, {"type": "text", "text": "ur"}]), "four", ""),
        (chat(["fo", "ur", 3, None, {"type": "image"}]), "four", ""),
        (chat([{"type": "thinking", "thinking": [{"text": "2+2"}]}, {"text": "four"}]), "four", "2+2"),
        # No file or database takes half a surrogate pair; a whole one is a character.
        (json.loads(json.dumps(chat("x")).replace("x", "\\ud83d!")), "\ufffd!", ""),
        (json.loads(json.dumps(chat("x")).replace("x", "\\ud83d\\ude00")), "\U0001f600", ""),
        (chat("four", reasoning="\ud83d"), "four", "\ufffd"),
        # What stands beside the answer does not spoil it.
        (chat("four") | {"error": None, "usage": "none"}, "four", ""),
    ],
)
def test_an_answer_is_read(body: object, text: str, reasoning: str) -> None:
    answer = read_answer(body)
    assert (answer.text, answer.reasoning, answer.fault) == (text, reasoning, None)


COUNTING = "so we need " + ", ".join(f"log_2 {number}" for number in range(99, 150)) + ", lo"


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("", False, "nothing"),
        ("a" * 200, True, "one letter"),
        ("a" * 100, False, "a line of dots or dashes"),
        (COUNTING, True, "it counts, and is cut within a number's word"),
        ("Vieta's formulas\n" * 20 + "Vieta's for", True, "one line"),
        ("First we add. Then we wait, and so on to the next one, as before it was. " * 4, True, "sentences"),
        ("First we add. Then we wait, and so on to the next one, as before it was. " * 3, False, "three may be style"),
        ("x^2 + 2x + 1 = 0 " * 30 + "which is what we wanted", False, "it had ended"),
        ("".join(f"{n} has {'abcdefghij'[n % 10]} and {n * n % 7 * 'z'}\n" for n in range(60)), False, "a table"),
    ],
)
def test_a_text_that_was_cut_in_a_loop_is_known(text: str, expected: bool, why: str) -> None:
    assert is_loop(text) is expected, why


@pytest.mark.parametrize(
    ("body", "kind", "reason", "text"),
    [
        # Cut: the text is kept, since it was paid for.
        (chat("fou", "length"), "permanent", "truncated", "fou"),
        (chat("fou", "max_tokens"), "permanent", "truncated", "fou"),
        (chat("<think>2+", "length"), "permanent", "truncated thinking", ""),
        (chat("<think>2+", "stop"), "permanent", "truncated thinking", ""),
        (chat("<think>a</think>b<think>c", "stop"), "permanent", "truncated thinking", "b"),
        (chat(None, "length", reasoning="2+"), "permanent", "truncated thinking", ""),
        (chat("<think>a</think>", "length"), "permanent", "truncated thinking", ""),
        (chat("", "length"), "permanent", "truncated", ""),
        # Cut in a loop, in the text or in the thought.
        (chat(COUNTING, "length"), "permanent", "repetition", COUNTING),
        (chat(f"<think>{COUNTING}", "length"), "permanent", "repetition", ""),
        (chat(None, "length", reasoning=COUNTING), "permanent", "repetition", ""),
        # Nothing there.
        (chat(None), "permanent", "empty", ""),
        (chat(""), "permanent", "empty", ""),
        (chat(" \n"), "permanent", "empty", ""),
        (chat([]), "permanent", "empty", ""),
        (chat(17), "permanent", "empty", ""),
        (chat("<think>a</think>"), "permanent", "empty", ""),
        (chat(None, refusal="I cannot"), "permanent", "refused by the model", ""),
        (chat(None, "content_filter"), "permanent", "content filter", ""),
        (chat("I", "content_filter"), "permanent", "content filter", "I"),
        (chat(None, "tool_calls"), "permanent", "tool call", ""),
        (chat("four four four", "repetition"), "permanent", "repetition", "four four four"),
        # The server stopped, not the model.
        (chat("fo", "abort"), "transient", "finished with 'abort'", "fo"),
        (chat(None, "error"), "transient", "finished with 'error'", ""),
        (chat("fo", "insufficient_system_resource"), "transient", "finished with 'insufficient_system_resource'", "fo"),
        # No completion at all.
        (None, "transient", "malformed answer", ""),
        ([], "transient", "malformed answer", ""),
        ("<html>", "transient", "malformed answer", ""),
        ({}, "transient", "no choices", ""),
        ({"choices": None}, "transient", "no choices", ""),
        ({"choices": []}, "transient", "no choices", ""),
        ({"choices": [None]}, "transient", "no choices", ""),
        ({"choices": {"0": {}}}, "transient", "no choices", ""),
        ({"choices": [{"message": None}]}, "transient", "no choices", ""),
        ({"choices": [{"message": "four"}]}, "transient", "no choices", ""),
        # An error under 200 means what it would mean under its own code.
        ({"error": {"message": "overloaded"}}, "transient", "500", ""),
        ({"error": {"message": "overloaded", "code": 502}}, "unreachable", "502", ""),
        ({"error": {"message": "slow down", "code": "429"}}, "busy", "429", ""),
        ({"error": {"message": "maximum context length is 8"}}, "permanent", "context length", ""),
        ({"error": "content_filter"}, "permanent", "content filter", ""),
        ({"error": {"message": "x", "code": 401}}, "fatal", "refuses the key (401): x 401", ""),
        ({"choices": [{"error": {"code": 503, "message": "x"}}]}, "busy", "503", ""),
    ],
)
def test_what_is_no_answer_has_a_reason(body: object, kind: str, reason: str, text: str) -> None:
    answer = read_answer(body)
    assert answer.fault is not None
    assert (answer.fault.kind, answer.fault.reason, answer.text) == (kind, reason, text)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, Usage()),
        ("12", Usage()),
        ([], Usage()),
        ({}, Usage()),
        ({"prompt_tokens": 7, "completion_tokens": 5}, Usage(7, 0, 5, 0)),
        ({"prompt_tokens": "7", "completion_tokens": 5.0}, Usage(7, 0, 5, 0)),
        ({"prompt_tokens": None, "completion_tokens": "many"}, Usage()),
        (
            {
                "prompt_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens": 8,
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            Usage(9, 4, 8, 6),
        ),
        # vLLM's default and DeepSeek's own name.
        ({"prompt_tokens": 9, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 3}, Usage(9, 3, 0, 0)),
    ],
)
def test_tokens_are_read_or_zero(usage: object, expected: Usage) -> None:
    assert read_usage(usage) == expected


@pytest.mark.parametrize("value", [-1, True, "nan", "inf", float("nan"), 1e300, 10**400, 2**31, "1e99", {}, [], b"1"])
def test_a_nonsensical_count_is_zero(value: object) -> None:
    assert count(value) == 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([{"embedding": [1, 2]}, {"embedding": [3, 4]}], [[1, 2], [3, 4]]),
        ([{"index": 1, "embedding": [1, 2]}, {"index": 0, "embedding": [3, 4]}], [[3, 4], [1, 2]]),
        # All claim to be the first: the order of arrival is what is left.
        ([{"index": 0, "embedding": [1, 2]}, {"index": 0, "embedding": [3, 4]}], [[1, 2], [3, 4]]),
        ([{"embedding": "AACAPw=="}, {"embedding": "AAAAQA=="}], [[1], [2]]),
    ],
)
def test_vectors_are_read_in_the_order_of_the_texts(data: object, expected: list[list[float]]) -> None:
    read = read_vectors({"data": data}, 2)
    assert (read.vectors, read.fault) == (expected, None)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"data": None},
        {"data": []},
        {"data": [{"embedding": [1]}]},
        {"data": [{"embedding": [1]}, {"embedding": [1, 2]}]},
        {"data": [{"embedding": []}, {"embedding": []}]},
        {"data": [{"embedding": [1]}, {"embedding": None}]},
        {"data": [{"embedding": [1]}, {"embedding": ["1"]}]},
        {"data": [{"embedding": [1]}, {"embedding": [float("nan")]}]},
        {"data": [{"embedding": [1]}, {"embedding": "AAA"}]},
        {"data": [{"embedding": [1]}, {"embedding": "not base64"}]},
        {"data": [None, 3]},
        {"error": {"message": "overloaded", "code": 503}},
    ],
)
def test_vectors_that_do_not_fit_are_refused_whole(body: object) -> None:
    read = read_vectors(body, 2)
    assert read.vectors == []
    assert read.fault is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "error", "code", "usage", "finish_reason", "text", "data", "index",
                 "embedding", "prompt_tokens", "prompt_tokens_details", "reasoning", "thinking", "type"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_json_whatever_breaks_the_reading(body: object) -> None:
    answer = read_answer(body)
    assert answer.fault is not None or answer.text
    answer.text.encode()
    read_vectors(body, 1)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " "])).map("".join))
def test_no_tag_of_a_thought_is_left_in_the_text(content: str) -> None:
    text, _, _ = split_thinking(content)
    assert "<think>" not in text
    assert "</think>" not in text


@given(st.text(st.characters()))
def test_well_formed_text_can_be_written(text: str) -> None:
    written = well_formed(text)
    assert written.encode().decode() == written
