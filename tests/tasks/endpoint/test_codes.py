"""What follows from a fault hangs on its code: every sentence may change, and every decision stays."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import StoreInUse
from tasks.endpoint import faults
from tasks.endpoint.client import NOT_SENT
from tasks.endpoint.codes import FaultCode
from tasks.endpoint.fault_tables import DEFAULT_4XX, EXCEPTIONS, GROUPS, REMEDIES, STATUSES, WORDINGS
from tasks.endpoint.faults import Failure, Fault, gave_up, read_exception, read_status, remedy
from tasks.endpoint.finishes import WORDS
from tasks.endpoint.health import AttemptHistory, Consequence, Health
from tasks.endpoint.replies import read_answer, read_vectors
from tasks.store.errors import cannot_open

CODES: tuple[FaultCode, ...] = get_args(FaultCode)

ASKED: tuple[tuple[int, str], ...] = (
    (400, '{"error": "bad seed"}'),
    (400, '{"error": {"code": "context_length_exceeded"}}'),
    (429, '{"error": {"code": "insufficient_quota"}}'),
    *((status, "") for status in (401, 402, 403, 404, 405, 407, 408, 413, 429, 500, 501, 502, 503, 504, 507, 524)),
)
ANSWERS: tuple[object, ...] = (
    None,
    {},
    {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": "4"}, "finish_reason": "length"}]},
    {"choices": [{"message": {"content": "4"}, "finish_reason": "abort"}]},
    {"choices": [{"message": {"content": "<think>"}, "finish_reason": "length"}]},
)


@pytest.fixture
def other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sentence of the tables is another one, and no two are alike."""
    numbers = count()
    for table in (WORDINGS, EXCEPTIONS):
        monkeypatch.setattr(faults, str(_name(table)), [(*row[:-1], f"sentence {next(numbers)}") for row in table])
    changed = {status: (*row[:-1], f"sentence {next(numbers)}") for status, row in STATUSES.items()}
    monkeypatch.setattr(faults, "STATUSES", changed)
    monkeypatch.setattr(faults, "DEFAULT_4XX", (*DEFAULT_4XX[:-1], "other words"))


def _name(table: object) -> str:
    return next(name for name, value in vars(faults).items() if value is table)


def decisions() -> list[object]:
    """Everything that is decided after each of the exchanges, without the words for it."""
    met = [read_status(status, {}, body) for status, body in ASKED]
    met += [fault for answer in ANSWERS if (fault := read_answer(answer).fault)]
    met += [fault for error in (ConnectionRefusedError(), TimeoutError()) if (fault := read_exception(error))]
    met += [fault for rows in ([], [{"embedding": "?"}]) if (fault := read_vectors({"data": rows}, 1).fault)]
    return [(fault.kind, fault.code, fault.once, fault.code in NOT_SENT, remedy(fault), ends(fault)) for fault in met]


def ends(fault: Fault) -> list[Consequence]:
    """What follows when one request meets the fault three times, and many others meet it once."""
    health = Health(attempts=3, patience=60)
    trial = AttemptHistory(1, 0)
    alone = [health.judge(trial, fault, now) for now in (0, 1, 2)]
    return alone + [health.judge(AttemptHistory(n, 0), fault, 3) for n in range(2, 25)]


TODAY = decisions()


@pytest.mark.usefixtures("other_words")
def test_other_words_change_no_decision() -> None:
    assert decisions() == TODAY
    assert read_status(401, {}, "").reason.startswith("sentence")


@given(st.sampled_from(CODES), st.text(), st.text())
def test_a_failure_is_grouped_by_its_code(code: FaultCode, words: str, other: str) -> None:
    fault = Fault("transient", code, words)
    assert gave_up(fault, 3, words).group == gave_up(fault, 4, other).group == "gave up"
    if code in GROUPS:
        assert Failure(code, words).group == Failure(code, other).group


def test_every_code_is_met_and_every_table_knows_its_codes() -> None:
    used = {row[-2] for row in (*WORDINGS, *EXCEPTIONS, *STATUSES.values())} | {fault.code for _, fault in WORDS}
    assert used <= set(CODES)
    assert REMEDIES.keys() | GROUPS.keys() | NOT_SENT <= set(CODES)


def test_who_holds_a_store_is_told_by_fields() -> None:
    error = StoreInUse("run.duckdb", 4711, "python3.12")
    assert (error.pid, error.holder) == (4711, "process 4711 (python3.12)")
    assert re.search(r"4711 \(python3\.12\)", str(error))


@pytest.mark.parametrize(
    ("said", "holder"),
    [
        ("Conflicting lock is held in /usr/bin/python3.12 (PID 4711). See also", "process 4711 (python3.12)"),
        ("Conflicting lock is held in PID 4711. See also", "process 4711"),
        ("Conflicting lock is held in PID 0. See also", "a process of another container or machine"),
    ],
    ids=["seen", "of another user", "of another container"],
)
def test_who_holds_a_store_is_told_as_far_as_it_is_seen(said: str, holder: str) -> None:
    error = cannot_open(OSError(f"IO Error: Could not set lock on file: {said}"), Path("run.duckdb"))
    assert isinstance(error, StoreInUse)
    assert error.holder == holder
    assert f"run.duckdb is in use by {holder}: wait until it ends" in str(error)
