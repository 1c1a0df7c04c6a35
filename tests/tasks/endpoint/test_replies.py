"""Reading a 200: what counts as an answer, what is cut or empty, and what the tokens were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.endpoint.finishes import is_known, is_loop
from tasks.endpoint.replies import Usage, count, read_answer, read_usage, read_vectors, well_formed
from tasks.endpoint.thoughts import KNOWN, TAGS, marks, split_thinking


def chat(content: object, finish: object = "stop", **message: object) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("body", "text", "reasoning"),
    [
        (chat("four"), "four", ""),
        (chat("  four\n"), "four", ""),
        # No reason at all, as some gateways answer; other names for the same end.
        (chat("four", None), "four", ""),
        *[
            (chat("four", finish), "four", "")
            for finish in (
                "eos_token",
                "eos",
                "EOS",
                "STOP",
                "end",
                "normal",
                "COMPLETE",
                "",
                " Stop ",
                "FinishReason.STOP",
                "FINISH_REASON_STOP",
                "end_turn",
                "stop_sequence",
                "a new word",
                0,
                {"type": "stop"},
            )
        ],
        # The one that was asked for.
        ({"choices": [chat("two")["choices"][0] | {"index": 1}, chat("one")["choices"][0] | {"index": 0}]}, "one", ""),
        ({"choices": [chat("two")["choices"][0] | {"index": 1}]}, "two", ""),
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
        (chat("<THINK>2+2</Think>four"), "four", "2+2"),
        *[(chat(f"{opening}2+2{closing}\nfour"), "four", "2+2") for opening, closing in TAGS.items()],
        *[(chat(f"2+2{closing}four<|im_end|>"), "four", "2+2") for closing in TAGS.values()],
        (
            chat(
                "four",
                reasoning_details=[
                    {"type": "reasoning.text", "text": "2+"},
                    {"type": "reasoning.summary", "summary": "2"},
                    {"type": "reasoning.encrypted", "data": "x"},
                ],
            ),
            "four",
            "2+2",
        ),
        # Thought in channels, with their tokens and without.
        (
            chat("<|channel|>analysis<|message|>2+2<|end|><|start|>assistant<|channel|>final<|message|>four<|return|>"),
            "four",
            "2+2",
        ),
        (
            chat(
                "<|channel|>analysis<|message|>2+<|end|><|start|>assistant<|channel|>commentary<|message|>2<|end|>"
                "<|start|>assistant<|channel|>final<|message|>four"
            ),
            "four",
            "2+\n2",
        ),
        (chat("analysisWe add. 2+2assistantfinalfour"), "four", "We add. 2+2"),
        # Special tokens of a template at the ends, and only there.
        *[
            (chat(f"four{token}"), "four", "")
            for token in (
                "<|im_end|>",
                "</s>",
                "<|eot_id|>",
                "<end_of_turn>",
                "<｜end▁of▁sentence｜>",
                "<|im_end|>\n<|endoftext|>",
            )
        ],
        (chat("<|im_start|>assistant\nfour"), "four", ""),
        (chat("a <|x|> b [y]"), "a <|x|> b [y]", ""),
        (chat("<problem>four</problem>"), "<problem>four</problem>", ""),
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
        (chat("<think>a</think>"), "permanent", "a thought and no answer", ""),
        (chat(None, reasoning_content="a"), "permanent", "a thought and no answer", ""),
        (chat(None, refusal="I cannot"), "permanent", "refused by the model", "I cannot"),
        (chat(None, "content_filter"), "permanent", "content filter", ""),
        (chat("I", "content_filter"), "permanent", "content filter", "I"),
        (chat(None, "tool_calls"), "permanent", "tool call", ""),
        *[
            (chat("fou", finish), "permanent", "truncated", "fou")
            for finish in ("LENGTH", "MAX_TOKENS", "model_length", "max_new_tokens", "model_context_window_exceeded")
        ],
        *[
            (chat("I", finish), "permanent", "content filter", "I")
            for finish in ("SAFETY", "content-filter", "sensitive", "PROHIBITED_CONTENT", "RECITATION")
        ],
        (chat("I cannot", "refusal"), "permanent", "refused by the model", "I cannot"),
        (chat("[THINK]2+"), "permanent", "truncated thinking", ""),
        (chat("<|channel|>analysis<|message|>2+2"), "permanent", "truncated thinking", ""),
        (chat("", "a new word"), "transient", "finished with 'a new word'", ""),
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
        ({"error": {"message": "lost"}}, "transient", "500", ""),
        ({"error": {"message": "overloaded"}}, "busy", "too busy (500)", ""),
        (
            {"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}},
            "busy",
            "too busy (500)",
            "",
        ),
        (
            {"error_code": 17, "error_msg": "Open api daily request limit reached"},
            "fatal",
            "has no quota left (500): Open api daily request limit reached 17",
            "",
        ),
        ({"error": {"message": "overloaded", "code": 502}}, "unreachable", "502", ""),
        ({"error": {"message": "slow down", "code": "429"}}, "busy", "429", ""),
        ({"error": {"message": "maximum context length is 8"}}, "permanent", "context length", ""),
        ({"error": "content_filter"}, "permanent", "content filter", ""),
        ({"error": {"message": "x", "code": 401}}, "fatal", "refuses the key (401): x 401", ""),
        ({"choices": [{"error": {"code": 503, "message": "x"}}]}, "busy", "503", ""),
        (
            {"choices": [chat("fo", "error")["choices"][0] | {"error": {"code": 429, "message": "x"}}]},
            "busy",
            "429",
            "",
        ),
        # Error bodies of their own kind, under 200: MiniMax, Zhipu, Baidu, a proxy of FastAPI.
        (
            {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
            "fatal",
            "has no credit (500): insufficient balance 1008",
            "",
        ),
        ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, "transient", "500", ""),
        ({"detail": "upstream timed out", "status": 504}, "slow", "504", ""),
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
                 "embedding", "refusal", "base_resp", "reasoning_details",
                 "prompt_tokens", "prompt_tokens_details", "reasoning", "thinking", "type"]
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


@given(st.lists(st.sampled_from([*TAGS, *TAGS.values(), "<THINK>", "a", " "])).map("".join))
def test_no_tag_of_a_thought_is_left_in_the_text(content: str) -> None:
    text, _, _ = split_thinking(content)
    assert not KNOWN.any.search(text)


def test_tags_of_the_settings_are_known_too() -> None:
    answer = read_answer(chat("<scratch>2+2</scratch>four"), marks({"<scratch>": "</scratch>"}))
    assert (answer.text, answer.reasoning) == ("four", "2+2")


@pytest.mark.parametrize("finish", ["STOP", "length", "SAFETY", "abort", None])
def test_a_known_finish_reason_is_known_in_any_spelling(finish: object) -> None:
    assert is_known(finish)
    assert not is_known("a new word")


@given(st.text(st.characters()))
def test_well_formed_text_can_be_written(text: str) -> None:
    written = well_formed(text)
    assert written.encode().decode() == written
