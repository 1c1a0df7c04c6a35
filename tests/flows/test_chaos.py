"""A long run through every fault of the sandbox, killed five times: each item ends once, and the books agree."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from deployments.sandbox.faults import FAULTS
from tests.conftest import Sandboxes
from tests.support.rehearsal import NOISE, content, gsdp, number, opened, query, started, wait_until, write_toml

PAIRS = 1750
COMBINATIONS = 2000
CONCURRENCY = 64
KILLS = 5
RATE = 0.3
DICE = random.Random(19690721)

ENDED = """
    SELECT c.position, count(p.problem_id) + count(r.subject_id)
    FROM combinations c
    LEFT JOIN problems m ON m.combination_id = c.id
    LEFT JOIN passes p ON p.problem_id = m.id AND p.stage = 'screen'
    LEFT JOIN rejects r ON r.subject_id IN (m.id) AND r.stage IN ('review', 'grade', 'screen')
    WHERE m.id IS NOT NULL AND c.position < (SELECT max(position) FROM frontier)
    GROUP BY ALL HAVING count(p.problem_id) + count(r.subject_id) <> 1"""
"""Problems before the frontier that ended in no way, or in more than one."""


@pytest.mark.slow
def test_every_item_ends_once_and_the_ledger_is_the_servers_own_count(
    prefect_server: str, sandboxes: Sandboxes, tmp_path: Path
) -> None:
    server = sandboxes(*NOISE, f"--fault-rate={RATE}", f"--faults={','.join(FAULTS)}", "--drip-seconds=0.5")
    values = content(tmp_path / "work", server.url, PAIRS)
    values["endpoints"]["rehearsal"] |= {"concurrency": CONCURRENCY, "timeout": 20}
    settings, workspace = write_toml(tmp_path / "settings.toml", values), tmp_path / "work"
    moment = 0
    for _ in range(KILLS):
        moment = server.served() + DICE.randint(500, 3000)
        with started("run", settings) as process:
            wait_until(lambda: server.served() >= moment, process, 300)  # noqa: B023
            process.send_signal(signal.SIGKILL)
    before = server.served()
    lost = before - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")
    ended = gsdp("run", settings)
    assert ended.returncode == 0, ended.stderr
    assert set(server.stats()["faults"]) == set(FAULTS)
    assert query(workspace, ENDED) == []
    position, pairs = query(workspace, "SELECT (SELECT max(position) FROM frontier), (SELECT count(*) FROM pairs)")[0]
    assert (position >= COMBINATIONS, pairs) == (True, PAIRS)
    with opened(workspace) as store:
        twice = "SELECT id FROM calls GROUP BY 1 HAVING count(*) > 1"
        assert store.rows(twice) == []
        most = store.rows("SELECT max(attempts) FROM calls")[0][0]
    assert 0 <= lost <= KILLS * 2 * CONCURRENCY * most
    booked = number(workspace, "SELECT sum(attempts)::BIGINT FROM calls")
    assert server.served() - booked == lost, "what ran undisturbed is in the ledger to the request"
