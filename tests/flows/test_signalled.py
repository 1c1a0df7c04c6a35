"""SIGTERM at random moments of whole runs: each is gone soon, asks for nothing more, and the next one goes on."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.orchestration.started import Flow, with_prefect
from tests.conftest import Sandboxes
from tests.support.contexts import settings_for
from tests.support.rehearsal import Rehearsal, content, number, started, write_toml

PAIRS = 500
GONE = 5.0
"""Seconds; on a machine that does much else, more."""
BEGINNING, ALL = 6.0, 4000
"""Seconds within which a run has begun to ask, and about as many requests as it makes."""
MOMENTS = random.Random(15)


def wait_for_a_moment(server: Rehearsal, process_ended: Callable[[], object]) -> None:
    """Until a random moment: as many seconds after the start, or as many requests later."""
    served, seconds = server.served(), MOMENTS.uniform(0, BEGINNING)
    wanted = MOMENTS.choice([0, MOMENTS.randint(1, ALL)])
    end = time.monotonic() + (60 if wanted else seconds)
    while process_ended() is None and time.monotonic() < end and (not wanted or server.served() < served + wanted):
        time.sleep(MOMENTS.uniform(0, 0.02))


@pytest.fixture
def handlers() -> Iterator[None]:
    """Signals are handled afterwards as they were before."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_library_makes_an_error_of_interrupts_all_the_same(
    number: signal.Signals, prefect_server: str, handlers: None, tmp_path: Path
) -> None:
    def load() -> Flow[None]:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise ValueError("KeyboardInterrupt: ") from None
        raise AssertionError(f"{number} went by")

    with pytest.raises(KeyboardInterrupt):
        with_prefect(settings_for(tmp_path), load, accept_changes=False)


@pytest.mark.parametrize(("signals", "gone"), [(2, 60.0), pytest.param(200, GONE, marks=pytest.mark.slow)])
def test_a_run_is_gone_soon_after_any_signal(
    signals: int, gone: float, prefect_server: str, sandboxes: Sandboxes, tmp_path: Path
) -> None:
    server = sandboxes()
    workspace, count, ended = tmp_path / "0", 0, 0
    while count < signals:
        settings = write_toml(tmp_path / "settings.toml", content(workspace, server.url, PAIRS))
        with started("run", settings) as process:
            wait_for_a_moment(server, process.poll)
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=gone)
            told = f"signal {count}: {process.returncode}, {said}"
        if process.returncode in (0, 3):  # it had ended before, or was just about to
            ended += 1
            workspace = tmp_path / str(ended)
            continue
        count += 1
        assert process.returncode in (1, 130, 143, -signal.SIGTERM), told
        assert "Traceback" not in said[1], told
        asked = server.served()
        time.sleep(0.05)
        assert server.served() == asked, f"{told}; it goes on asking"
    if (workspace / "gsdp.duckdb").exists():
        lost = server.served() - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")
        assert lost >= 0
