"""What can happen to an exchange with a model server: its kind says what follows from it, its code what it was."""

from __future__ import annotations

from typing import Literal

FaultKind = Literal["transient", "busy", "unreachable", "slow", "permanent", "fatal"]
"""transient    may succeed if sent again, and says nothing about the server as a whole
busy         the server sheds load (429, 503): nobody's fault, so it hardly counts against the request
unreachable  no HTTP answer, or a gateway's word that nothing is behind it: an outage when everybody sees it
slow         no whole answer in time: the server hangs, or this answer is too long, so it counts against both
permanent    this request can never succeed; others can
fatal        no request of this client can succeed until a person fixes something
"""

FaultCode = Literal[
    # The account, the key, the address: mostly fatal.
    "key_refused", "forbidden", "blocked", "no_quota", "no_credit", "unpaid", "closed", "model_unknown", "not_found",
    "method_refused", "not_offered", "redirect", "certificate", "bad_address", "proxy_refused", "must_not_think",
    # The request itself: permanent.
    "request_refused", "context_length", "request_too_large", "content_filter",
    # The server's load and state.
    "rate_limited", "overloaded", "server_error", "bad_gateway", "gateway_timeout", "status",
    # The way there.
    "proxy_not_reached", "host_not_found", "connection_refused", "tls_failed", "disconnected", "cut_short",
    "connection_reset", "connection_failed", "timed_out", "not_in_time",
    # A body that cannot be read.
    "answer_too_large", "malformed_http", "html_page", "malformed_json", "empty_body",
    "malformed_answer", "no_choices",
    "no_vectors", "malformed_vectors",
    # An answer that is none.
    "truncated", "truncated_thinking", "context_full", "tool_call", "repetition", "refused_by_model", "only_thought",
    "empty", "unknown_finish", "unparseable", "another_width",
]  # fmt: skip
"""What happened, one word a case. Decisions use the code, never the sentence that goes with it."""
