"""What a status, a wording or an exception means: one row per server behaviour that was seen."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import SettingsError
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.faults import EXCERPT, Fault, read_exception, read_status, remedy, retry_after, scrub
from tasks.endpoint.health import (
    DOUBTFUL,
    LONG_ROW,
    REFUSALS_IN_A_ROW,
    SILENT_COSTS,
    AttemptHistory,
    Consequence,
    Health,
)
from tasks.settings.lookup import resolve_key, resolve_value


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        # The code alone.
        (408, "", "transient", "408"),
        (409, "", "transient", "409"),
        (425, "", "transient", "425"),
        (429, "", "busy", "429"),
        (500, "", "transient", "500"),
        (502, "", "unreachable", "502"),
        (503, '{"error": {"message": "Loading model", "type": "unavailable_error"}}', "busy", "503"),
        (504, "", "slow", "504"),
        (507, "", "transient", "507"),
        (522, "<html><title>Connection timed out</title>", "unreachable", "522"),
        (529, '{"type": "overloaded_error"}', "busy", "529"),
        (413, "", "permanent", "request too large"),
        (418, "", "permanent", "refused request: no text"),
        # The shapes of an error body.
        (400, '{"error": {"message": "bad seed", "type": "invalid", "code": 400}}', "permanent",
         "refused request: bad seed 400 invalid"),
        (400, '{"error": "bad seed"}', "permanent", "refused request: bad seed"),
        (400, '{"detail": "bad seed"}', "permanent", "refused request: bad seed"),
        (422, '{"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs", "input": "prompt is too long"}]}',
         "permanent", "refused request: Extra inputs body top_k"),
        (400, "bad\n  seed", "permanent", "refused request: bad seed"),
        (400, "bad\x1b[2J seed", "permanent", "refused request: bad [2J seed"),
        (400, "<!DOCTYPE html><html><title>Oops</title>", "permanent", "refused request: an HTML page titled 'Oops'"),
        # Too long, in everybody's words and codes.
        (400, '{"error": {"message": "x", "code": "context_length_exceeded"}}', "permanent", "context length"),
        (400, "This model's maximum context length is 1024 tokens. However, you requested 2000", "permanent",
         "context length"),
        (400, '{"error": {"type": "exceed_context_size_error", "n_ctx": 4096}}', "permanent", "context length"),
        (400, "litellm.ContextWindowExceededError: ...", "permanent", "context length"),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 2048", "permanent", "context length"),
        (400, '{"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}}', "permanent",
         "context length"),
        (400, "The input (90 tokens) is longer than the model's context length (64 tokens).", "permanent",
         "context length"),
        (500, '{"error": {"code": "context_length_exceeded"}}', "permanent", "context length"),
        # ... but a limit that no prompt can meet is the settings' fault.
        (400, "max_tokens=5000 cannot be greater than max_model_len=1024", "permanent",
         "refused request: max_tokens=5000 cannot be greater than max_model_len=1024"),
        (429, "Request too large for gpt-x on tokens per min: Limit 10000, Requested 12000", "permanent",
         "request too large"),
        # Filters.
        (400, '{"error": {"code": "content_filter", "message": "..."}}', "permanent", "content filter"),
        (403, "Your chosen model requires moderation and your input was flagged", "permanent", "content filter"),
        # Nobody gets an answer.
        (401, '"Unauthorized"', "fatal", "refuses the key (401): Unauthorized"),
        (400, '{"error": {"message": "No connected db."}}', "fatal", "refuses the key (400): No connected db."),
        (402, "", "fatal", "wants to be paid first (402): no text"),
        (403, "no", "fatal", "forbids access (403): no"),
        (404, "", "fatal", "knows neither this address nor this model (404): no text"),
        (404, "The model `x` does not exist.", "fatal",
         "does not serve this model (404): The model `x` does not exist."),
        (400, "Invalid model name passed in model=x", "fatal",
         "does not serve this model (400): Invalid model name passed in model=x"),
        (405, "", "fatal", "takes no requests at this address (405): no text"),
        (501, "start it with --embeddings", "fatal",
         "does not offer this kind of call (501): start it with --embeddings"),
        (429, '{"error": {"code": "insufficient_quota"}}', "fatal", "has no quota left (429): insufficient_quota"),
        (429, "You exceeded your current quota, please check your plan", "fatal",
         "has no quota left (429): You exceeded your current quota, please check your plan"),
        (402, "Insufficient Balance", "fatal", "has no credit (402): Insufficient Balance"),
        (307, "", "fatal", "redirects (307) to https://other.example/v1"),
        # Gemini says the same of a limit per minute.
        (429, "You exceeded your current quota. Please retry in 34s.", "busy", "429"),
    ],
)  # fmt: skip
def test_a_status_and_its_words_are_classified(status: int, body: str, kind: str, reason: str) -> None:
    fault = read_status(status, {"location": "https://other.example/v1"}, body)
    assert (fault.kind, fault.reason) == (kind, reason)


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "never", "retry-after": "9"}, 9),
        ({"llm_provider-retry-after": "3"}, 3),
        ({"retry-after": "-4"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Sat, 99 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_every_shape_of_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOON) == seconds
    assert read_status(503, headers, "", NOON).retry_after == seconds


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"x-ratelimit-reset": str(NOON.timestamp() + 20)}, 20),
        (429, {"x-ratelimit-reset": str(int(NOON.timestamp() + 20) * 1000), "x-ratelimit-remaining": "0"}, 20),
        (429, {"ratelimit-reset": "7"}, 7),
        (429, {"x-ratelimit-reset": str(NOON.timestamp() + 7200)}, 60),
        (429, {"x-ratelimit-reset": str(NOON.timestamp() - 7200)}, 0),
        (429, {"x-ratelimit-reset": "soon"}, None),
        (429, {"x-ratelimit-reset": "20", "x-ratelimit-remaining": "3"}, None),
        (429, {"x-ratelimit-reset": "20", "retry-after": "5"}, 5),
        (500, {"x-ratelimit-reset": "20"}, None),
        (403, {"x-ratelimit-reset": "20"}, None),
    ],
)
def test_a_limit_that_is_used_up_is_waited_for_until_its_reset(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert read_status(status, headers, "", NOON).retry_after == seconds


def caused(outer: Exception, *inner: Exception) -> Exception:
    link = outer
    for cause in inner:
        link.__cause__ = cause
        link = cause
    return outer


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (TimeoutError(), "unreachable", "timed out"),
        (ConnectionRefusedError(111, "x"), "unreachable", "connection refused"),
        (ConnectionResetError(104, "x"), "unreachable", "connection reset"),
        (socket.gaierror(-2, "x"), "unreachable", "host name not found"),
        (aiohttp.ServerDisconnectedError(), "unreachable", "connection closed before an answer"),
        (aiohttp.ClientPayloadError("x"), "unreachable", "answer cut short"),
        (aiohttp.ServerTimeoutError(), "unreachable", "timed out"),
        (aiohttp.ClientOSError(24, "Too many open files"), "unreachable", "connection failed"),
        (aiohttp.ClientConnectionError("x"), "unreachable", "connection failed"),
        (aiohttp.InvalidURL("no host"), "fatal", "is not at a valid address: no host"),
        # The cause knows better.
        (caused(aiohttp.ClientConnectionError(), ConnectionRefusedError(111, "x")),
         "unreachable", "connection refused"),
        (caused(aiohttp.ClientConnectionError(), ssl.SSLCertVerificationError("self-signed")),
         "fatal", "shows a certificate that is not trusted: ('self-signed',)"),
    ],
)  # fmt: skip
def test_an_exception_of_the_http_stack_is_classified_by_its_causes(error: Exception, kind: str, reason: str) -> None:
    fault = read_exception(error)
    assert fault is not None
    assert (fault.kind, fault.reason) == (kind, reason)


@pytest.mark.parametrize(
    "error", [TypeError("not JSON serializable"), KeyError("x"), RuntimeError("Session is closed")]
)
def test_a_bug_is_not_taken_for_a_fault(error: Exception) -> None:
    assert read_exception(error) is None


@given(st.text(max_size=2000), st.integers(300, 599))
def test_no_body_makes_a_long_reason(body: str, status: int) -> None:
    assert len(read_status(status, {"location": body}, body).reason) < EXCERPT + 100


def test_a_secret_is_scrubbed_even_where_an_excerpt_cut_it() -> None:
    key = "sk-0123456789abcdef"
    for shown in range(len(key) + 40):
        body = "x" * (EXCERPT - shown) + key + " and more" * 9
        assert "sk-0" not in scrub(read_status(400, {}, body).reason, [key])


@pytest.mark.parametrize(
    ("code", "start"),
    [("key_refused", "Check api_key"), ("connection_refused", "Start the server"), ("rate_limited", "Lower")],
)
def test_every_code_has_a_remedy(code: FaultCode, start: str) -> None:
    assert remedy(Fault("fatal", code, "")).startswith(start)


def test_an_outage_is_nobodys_fault_until_the_patience_is_over() -> None:
    health, trial = Health(attempts=2, patience=60), AttemptHistory(1, 0)
    verdicts = [health.judge(trial, REFUSED_CONNECTION, now) for now in (0, 20, 40, 59, 60)]
    assert verdicts == [Consequence.RETRY] * 4 + [Consequence.DOWN]
    assert trial.spent == 0


def test_an_answer_to_anybody_ends_the_silence() -> None:
    health, trial = Health(attempts=8, patience=60), AttemptHistory(1, 0)
    down = Fault("unreachable", "bad_gateway", "502")
    assert health.judge(trial, down, 0) is Consequence.RETRY
    health.usable(OTHER)
    assert health.judge(trial, down, 90) is Consequence.RETRY
    assert trial.spent == 1


def test_a_wait_that_a_busy_server_asks_for_is_forgiven_once_and_then_the_patience_runs() -> None:
    health, trial = Health(attempts=8, patience=100), AttemptHistory(1, 0)
    busy = Fault("busy", "rate_limited", "429", retry_after=60)
    verdicts = [health.judge(trial, busy, now) for now in (0, 61, 122, 159, 160)]
    assert verdicts == [Consequence.RETRY] * 4 + [Consequence.DOWN]


def test_a_rate_limit_hardly_counts_while_others_are_served_but_it_counts() -> None:
    health, trial = Health(attempts=2, patience=60), AttemptHistory(1, 0)
    tries = 0
    while health.judge(trial, Fault("busy", "rate_limited", "429"), 0) is Consequence.RETRY:
        health.usable(OTHER)
        tries += 1
    assert tries == 2 / SILENT_COSTS["busy"]


def test_a_server_at_work_on_another_request_is_not_down_however_long_it_takes() -> None:
    health, trial = Health(attempts=2, patience=60), AttemptHistory(1, 0)
    busy = Fault("busy", "rate_limited", "429")
    verdicts = [health.judge(trial, busy, now, at_work=now < 600) for now in (0, 100, 599, 600)]
    assert verdicts == [Consequence.RETRY] * 3 + [Consequence.DOWN]


def test_an_answer_that_never_comes_in_time_counts_against_its_request() -> None:
    health, trial = Health(attempts=2, patience=1e9), AttemptHistory(1, 0)
    slow = Fault("slow", "gateway_timeout", "504")
    assert health.judge(trial, slow, 0, at_work=True) is Consequence.RETRY
    health.usable(OTHER)
    assert health.judge(trial, slow, 600, at_work=True) is Consequence.GIVE_UP


@pytest.mark.parametrize(("share", "most"), [(0.0, 3), (0.01, 6), (0.3, 16), (0.5, 30)])
def test_how_often_an_item_must_fail_depends_on_how_often_the_others_do(share: float, most: int) -> None:
    health, trial = Health(attempts=8, patience=1e9), AttemptHistory(1, 0)
    tries = 0
    verdict = Consequence.RETRY
    while verdict is Consequence.RETRY:
        for n in range(2, 102):
            if n < 2 + 100 * share:
                health.judge(AttemptHistory(n, 0), ERROR, 0)
            health.usable(AttemptHistory(n, 0))
        verdict = health.judge(trial, ERROR, 0)
        tries += 1
    assert verdict is Consequence.GIVE_UP
    assert tries <= most
    assert (share / (1 + share)) ** tries < 1e-5


def test_one_that_fails_alone_is_blamed_only_after_a_probe() -> None:
    health, trial = warm(), AttemptHistory(1, 0)
    verdicts = [health.judge(trial, ERROR, now) for now in (0, 1, 3)]
    assert verdicts == [Consequence.RETRY, Consequence.RETRY, Consequence.PROBE]
    assert health.probed(trial, ERROR, 4) is Consequence.RETRY, "the endpoint errs, too"
    assert health.judge(trial, ERROR, 5) in (Consequence.RETRY, Consequence.PROBE)
    assert health.probed(trial, None, 6) is Consequence.GIVE_UP


def test_a_probe_that_fails_after_the_patience_is_the_end_of_the_endpoint() -> None:
    health, trial = warm(), AttemptHistory(1, 0)
    verdicts = [health.judge(trial, ERROR, now) for now in (0, 61)]
    assert verdicts[1] is Consequence.PROBE
    assert health.probed(trial, ERROR, 62) is Consequence.DOWN


def test_a_model_that_answers_nobody_with_anything_but_errors_is_down() -> None:
    health = Health(attempts=8, patience=60)
    trials = [AttemptHistory(n, 0) for n in range(1, 17)]
    verdicts = [health.judge(trial, ERROR, now) for now in range(0, 60, 4) for trial in trials]
    assert set(verdicts) == {Consequence.RETRY}
    assert health.judge(trials[0], ERROR, 60) is Consequence.DOWN


@pytest.mark.parametrize("code", sorted(DOUBTFUL - {"blocked"}))
def test_a_refusal_of_everybody_wants_two_witnesses_of_an_endpoint_that_has_answered(code: FaultCode) -> None:
    refusal = Fault("fatal", code, "no")
    assert Health(8, 60).judge(AttemptHistory(1, 0), refusal, 0) is Consequence.REFUSED, "it has never answered"
    health = warm()
    assert health.judge(AttemptHistory(1, 0), refusal, 0) is Consequence.RETRY
    assert health.judge(AttemptHistory(2, 0), refusal, 0) is Consequence.REFUSED
    health, trial = warm(), AttemptHistory(1, 0)
    for _ in range(2):
        assert health.judge(trial, refusal, 0) is Consequence.RETRY
        health.usable(OTHER)
    assert health.judge(trial, refusal, 0) is Consequence.GIVE_UP, "others are answered meanwhile"
    health, trial = warm(), AttemptHistory(1, 0)
    assert [health.judge(trial, refusal, 0) for _ in range(3)][2] is Consequence.PROBE
    assert health.probed(trial, refusal, 0) is Consequence.REFUSED


@pytest.mark.parametrize("code", ["no_quota", "no_credit", "unpaid", "closed", "certificate"])
def test_an_empty_account_wants_no_witness(code: FaultCode) -> None:
    assert warm().judge(AttemptHistory(1, 0), Fault("fatal", code, "no"), 0) is Consequence.REFUSED


@pytest.mark.parametrize(
    ("fault", "row", "end"),
    [
        (Fault("permanent", "request_refused", "no"), REFUSALS_IN_A_ROW, Consequence.REFUSED),
        (Fault("permanent", "context_length", "no"), REFUSALS_IN_A_ROW, Consequence.REFUSED),
        (Fault("permanent", "truncated", "no"), LONG_ROW, Consequence.REFUSED),
        (Fault("fatal", "blocked", "no"), REFUSALS_IN_A_ROW, Consequence.DOWN),
    ],
)
def test_many_that_end_alike_in_a_row_are_not_the_items_fault(fault: Fault, row: int, end: Consequence) -> None:
    health = warm()
    verdicts = [health.judge(AttemptHistory(n, 0), fault, 0) for n in range(1, row + 1)]
    assert verdicts == [Consequence.GIVE_UP] * (row - 1) + [end]
    health.usable(OTHER)
    assert health.judge(AttemptHistory(row + 1, 0), fault, 0) is Consequence.GIVE_UP


def test_models_of_one_endpoint_are_judged_apart() -> None:
    health, refusal = warm(), Fault("fatal", "model_unknown", "no")
    assert health.judge(AttemptHistory(1, 0, "another"), refusal, 0) is Consequence.REFUSED


def test_the_memory_of_attempts_is_bounded() -> None:
    health = warm()
    for n in range(2000):
        health.judge(AttemptHistory(n, 0), ERROR, 0)
    assert len(health.record(OTHER).recent) <= 200


def warm() -> Health:
    """The health of an endpoint that has answered many."""
    health = Health(attempts=8, patience=60)
    for _ in range(100):
        health.usable(OTHER)
    return health


OTHER = AttemptHistory(999, 0)
ERROR = Fault("transient", "server_error", "500")
REFUSED_CONNECTION = Fault("unreachable", "connection_refused", "connection refused")


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", " sk-1234\n")
    assert resolve_key("env:MY_KEY") == "sk-1234"
    assert resolve_value("env:MY_KEY") == "sk-1234"
    assert resolve_value("text/plain; a:b") == "text/plain; a:b"
    assert resolve_key(None) is None
    assert resolve_key("") is None


@pytest.mark.parametrize("value", ["", None])
def test_a_missing_variable_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(SettingsError, match="MY_KEY is not set"):
        resolve_key("env:MY_KEY")


@pytest.mark.parametrize("reference", ["sk-0123456789", ":sk-0123456789", "file:/etc/key", "sk:ant:0123"])
def test_a_key_in_the_settings_is_refused_without_repeating_it(reference: str) -> None:
    with pytest.raises(SettingsError, match="keys never stand in settings") as error:
        resolve_key(reference)
    assert reference not in str(error.value)
