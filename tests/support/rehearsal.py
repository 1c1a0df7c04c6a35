"""What tests of the whole run on: a rehearsal server in its own process, settings that name it, `gsdp` as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.commands.settings_file import make_settings
from tasks.settings.run import RunSettings
from tasks.settings.sections import CHAT_ROLES
from tasks.store.database import Store, open_store

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "deployments/demo/seeds.jsonl"
NOISE = ("--bad-problems=0.1", "--wrong-solutions=0.2", "--noisy-judges=0.05")
CONCURRENCY = 16


@dataclass(frozen=True)
class Rehearsal:
    """A sandbox server that outlives the runs which use it."""

    url: str
    pid: int

    def stats(self) -> dict[str, Any]:
        """What it served so far."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/stats", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def served(self, *roles: str) -> int:
        """Requests it served, to all models or to those whose name begins with one of `roles`."""
        models = tuple(f"sandbox-{role}" for role in roles or ("",))
        return sum(number for model, number in self.stats()["requests"].items() if model.startswith(models))


@contextmanager
def rehearsal(*switches: str) -> Iterator[Rehearsal]:
    """A fresh sandbox server with these switches."""
    command = [sys.executable, "-m", "deployments.sandbox", "--port", "0", "--parent-pid", str(os.getpid()), *switches]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        try:
            yield Rehearsal(told["base_url"], told["pid"])
        finally:
            process.terminate()


def content(workspace: Path, url: str, pairs: int, **changes: Any) -> dict[str, Any]:
    """Settings as a plain dict: the demo's seeds, one model for each role, and `changes` on the top level."""
    roles: dict[str, Any] = {
        role: {"endpoint": "rehearsal", "model": f"sandbox-{role}"} for role in (*CHAT_ROLES, "embedder")
    }
    roles["judges"] = [{"endpoint": "rehearsal", "model": f"sandbox-judge-{number}"} for number in (1, 2, 3)]
    return {
        "workspace": str(workspace),
        "target_pairs": pairs,
        "seeds": [{"path": str(SEEDS)}],
        "endpoints": {"rehearsal": {"base_url": url, "concurrency": CONCURRENCY}},
        "roles": roles,
        "publish": {"name": "rehearsed", "formats": ["messages", "alpaca", "sharegpt"]},
        **changes,
    }


def settings(workspace: Path, url: str, pairs: int, **changes: Any) -> RunSettings:
    """The same, validated."""
    return make_settings(content(workspace, url, pairs, **changes))


def write_toml(path: Path, values: Mapping[str, Any]) -> Path:
    """A settings file of these values."""
    path.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in values.items()), encoding="utf-8")
    return path


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def command(*arguments: object) -> list[str]:
    """`gsdp` with arguments, as a command line."""
    return [sys.executable, "-m", "flows.cli", *map(str, arguments)]


def gsdp(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `gsdp` in its own process until it ends."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=ROOT, env={**os.environ, **(env or {})}, timeout=600
    )


@contextmanager
def started(*arguments: object, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`gsdp` at work in its own process and process group, which is gone when the `with` block ends."""
    # A process started behind an `&` ignores Ctrl-C, and so would its children.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, former)
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(
    holds: Callable[[], object], process: subprocess.Popen[str] | None = None, seconds: float = 180.0
) -> None:
    """Return as soon as `holds()` is true; fail after `seconds`, or when `process` ends before."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"nothing happened for {seconds:g} s"
        if process is not None and process.poll() is not None:
            raise AssertionError(f"it ended too early: {process.communicate()}")
        time.sleep(0.01)


@contextmanager
def opened(workspace: Path) -> Iterator[Store]:
    """The store of a workspace that no run holds."""
    store = open_store(workspace, read_only=True)
    try:
        yield store
    finally:
        store.close()


def query(workspace: Path, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one query on a workspace that no run holds."""
    with opened(workspace) as store:
        return store.rows(sql, parameters)


def number(workspace: Path, sql: str, parameters: Sequence[Any] = ()) -> int:
    """The one number that a query gives."""
    return int(query(workspace, sql, parameters)[0][0])


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the report, which tells the time."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "report.html")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
