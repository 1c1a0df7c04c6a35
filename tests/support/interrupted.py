"""Runs that are killed or told to stop: what they are given, and how much of what was answered they may lose."""

from __future__ import annotations

from pathlib import Path

from tasks.store.writer import INTERVAL
from tests.support.rehearsal import CONCURRENCY, NOISE, Rehearsal, content, number, write_toml

PAIRS = 30
LATENCY = 0.03
SWITCHES = (*NOISE, f"--latency={LATENCY}")


def prepare(folder: Path, server: Rehearsal, pairs: int = PAIRS) -> Path:
    """A settings file whose workspace is `work` beside it."""
    return write_toml(folder / "settings.toml", content(folder / "work", server.url, pairs))


def unsettled(server_rate: float, kills: int) -> int:
    """Most requests that `kills` kills may lose: sent, or answered and not committed.

    At each kill at most CONCURRENCY requests are on the wire. Answers wait for at most two commit batches, the one
    that is being written and the one that gathers meanwhile; a batch holds what arrives in INTERVAL seconds and as
    long as a commit takes, for which another INTERVAL is allowed. `server_rate` is the most that can arrive in a
    second: CONCURRENCY requests every LATENCY seconds.
    """
    return kills * (CONCURRENCY + round(2 * server_rate * 2 * INTERVAL))


def lost(server: Rehearsal, workspace: Path) -> int:
    """Requests that were served and are not in the ledger."""
    return server.served() - number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")
