"""What others may do to a store: nothing holds a query, a backup or a run for ever, and nobody else reads its files."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from graph.errors import StoreError
from tasks.store import backup, database
from tasks.store.backup import FLAG, back_up
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.latest import latest
from tasks.store.private import for_owner_alone
from tests.support.contexts import open_context, settings_for

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE (a.range + b.range) % 7 = 8"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("others")
    open_store(folder).close()
    return folder


def count(store: Store) -> None:
    store.rows(ENDLESS)


def flow(store: Store) -> None:
    next(store.stream(ENDLESS))


def take(store: Store) -> None:
    store.arrays(ENDLESS)


@pytest.mark.parametrize("ask", [count, flow, take])
def test_an_endless_query_of_a_store_that_is_only_read_is_ended(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Store], None]
) -> None:
    monkeypatch.setattr(database, "LONGEST_QUERY", 0.2)
    with closing(open_store(workspace, read_only=True)) as store:
        with pytest.raises(StoreError, match="a query took longer than"):
            ask(store)
        assert store.rows("SELECT 1") == [(1,)]


async def test_a_statement_that_does_not_end_is_ended_with_its_task(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        writing = asyncio.create_task(store.write(statements=[(f"CREATE TEMP TABLE endless AS {ENDLESS}", ())]))
        await asyncio.sleep(0.3)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        store.interrupt()


@pytest.fixture
async def held(workspace: Path) -> AsyncIterator[int]:
    handle = os.open(workspace / FLAG, os.O_RDONLY | os.O_CREAT)
    yield handle
    os.close(handle)


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
async def test_a_lock_that_a_reader_holds_stops_no_backup(
    workspace: Path, held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    monkeypatch.setattr(backup, "PATIENCE", 0.2)
    fcntl.flock(held, kind)
    assert back_up(workspace / FILE_NAME, tmp_path / "copy.duckdb") == 0
    assert (tmp_path / "copy.duckdb").stat().st_size > 0


async def test_a_lock_that_is_held_for_ever_stops_no_checkpoint(
    workspace: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl.flock(held, fcntl.LOCK_EX)
    with closing(open_store(workspace)) as store:
        for longest, put_off in ((3600.0, True), (0.0, False)):
            monkeypatch.setattr(database, "LONGEST_COPY", longest)
            await store.write(statements=[("SELECT 1", ())])
            assert store._copied == put_off


async def test_what_a_killed_process_has_put_aside_is_gone_when_the_store_is_opened_to_write(workspace: Path) -> None:
    left = workspace / ".spill/duckdb_temp_0_0_storage_DEFAULT-0.tmp"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of a query")
    (workspace / ".spill/mine.txt").write_text("of somebody else")
    open_store(workspace, read_only=True).close()
    assert left.exists(), "perhaps of another reader"
    open_store(workspace).close()
    assert [path.name for path in left.parent.iterdir()] == ["mine.txt"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("shared", [False, True])
async def test_files_of_a_workspace_are_its_owners_unless_it_is_shared(tmp_path: Path, shared: bool) -> None:
    settings = settings_for(tmp_path, shared=shared)
    async with open_context(settings) as work:
        (settings.workspace / "status.json").write_text("{}")
        await work.store.write(statements=[("DELETE FROM runs WHERE false", ())])
        open_files = {path.name: mode(path) for path in settings.workspace.iterdir() if path.is_file()}
    assert FILE_NAME in open_files
    assert set(open_files.values()) == ({0o644} if shared else {0o600})
    copy = tmp_path / "copy.duckdb"
    back_up(settings.workspace / FILE_NAME, copy)
    assert mode(copy) == (0o644 if shared else 0o600)
    (tmp_path / "after").touch()
    assert mode(tmp_path / "after") == 0o644, "what else the process writes is as it was"


@pytest.mark.usefixtures("usual_umask")
def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(0o664)
    with for_owner_alone(tmp_path, shared=False):
        assert mode(tmp_path / FILE_NAME) == 0o600


def test_a_store_without_its_log_says_that_it_lacks_it(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with closing(open_store(tmp_path, read_only=True)) as store:
        with pytest.raises(StoreError, match="has seen no run yet"):
            latest(store, "settings")
        (tmp_path / "status.json").write_text("{}")
        with pytest.raises(StoreError, match=r"lacks its log, gsdp\.duckdb\.wal"):
            latest(store, "settings")
