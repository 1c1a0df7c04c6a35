"""What a finish reason means. It is a word that every server spells in its own way, so it is read, not compared.

A reason that nobody knows is an answer as long as there is a text and nothing in the word speaks against it: to refuse
what was paid for because of a spelling costs everything, and a spoilt text is found by the parser that reads it.
"""

from __future__ import annotations

import re

from tasks.endpoint.faults import Fault

WHOLE = frozenset({"", "stop", "eos", "eos_token", "eos_found", "stop_sequence", "stop_token", "end_turn", "end",
                   "normal", "complete", "completed", "finished", "done", "success", "null", "none",
                   "finish_reason_unspecified"})  # fmt: skip
"""Words for a whole answer: OpenAI, TGI, Together, Anthropic, Gemini and others. Some gateways send none at all."""

WORDS: tuple[tuple[re.Pattern[str], Fault], ...] = tuple(
    (re.compile(pattern), fault)
    for pattern, fault in (
        (r"filter|safety|sensitiv|prohibit|blocklist|recitat|spii|moderat",
         Fault("permanent", "content_filter", "content filter")),
        (r"refus", Fault("permanent", "refused_by_model", "refused by the model")),
        (r"tool|function", Fault("permanent", "tool_call", "tool call")),
        (r"repetition|repeat", Fault("permanent", "repetition", "repetition")),
        (r"length|max_?(new_|output_)?token|token_limit|context_window|truncat",
         Fault("permanent", "truncated", "truncated")),
    )
)  # fmt: skip
"""What a word holds that says why there is no whole answer; the first match counts."""

STOPPED = re.compile(r"error|abort|cancel|fail|insufficient|overload|time_?out|interrupt|unavailable|exception|killed")
"""The server stopped, not the model: worth another try."""


def plain(finish: object) -> str:
    """A finish reason without its spelling: `FinishReason.STOP` and `stop` are one."""
    if not isinstance(finish, str):
        return ""
    if finish in WHOLE:
        return finish
    word = re.sub(r"[\s-]+", "_", finish.strip().lower()).rpartition(".")[2]
    return word.removeprefix("finish_reason_") if word not in WHOLE else word


def is_known(finish: object) -> bool:
    """Whether there is a row for it."""
    word = plain(finish)
    return word in WHOLE or bool(STOPPED.search(word)) or any(pattern.search(word) for pattern, _ in WORDS)


def fault_of(finish: object, has_text: bool) -> Fault | None:
    """Why an answer that ended so is none; None where it may be one."""
    word = plain(finish)
    if word in WHOLE:
        return None
    found = next((fault for pattern, fault in WORDS if pattern.search(word)), None)
    if found is not None:
        return found
    if STOPPED.search(word) or not has_text:
        return Fault("transient", "unknown_finish", f"finished with {finish!r:.40}", once=True)
    return None


def is_loop(text: str) -> bool:
    """Whether a text that was cut off had begun to say one thing over and over, or to count: `log_2 7, log_2 8, ...`.

    More tokens would not have ended it, which is what "truncated" would suggest.
    """
    end = DIGITS.sub("0", text[-LONGEST_LOOP * LEAST_ROUNDS * 2 :])[::-1]
    lengths = ((period, max(LEAST_ROUNDS * period, LEAST_LOOP)) for period in range(1, LONGEST_LOOP + 1))
    return any(length <= len(end) and end[period:length] == end[: length - period] for period, length in lengths)


DIGITS = re.compile(r"[0-9]+")
LONGEST_LOOP, LEAST_ROUNDS, LEAST_LOOP = 400, 4, 160
"""Characters of what a loop repeats, how often it must, and how much of the text's end that must be: a table or a long
sum repeats itself for a while, too."""
