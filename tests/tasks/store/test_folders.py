"""A folder that is replaced is the old one or the new one, whenever the process is killed."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.store import folders
from tasks.store.folders import files_of, replacing_folder

KILLED = 9
STEPS = ("rename", "replace", "fsync", "unlink", "rmdir")
"""What changes names, in the order of no one call: a process is killed before any one of them."""


def is_ours(path: Path) -> bool:
    return path.suffix == ".txt"


def publish(target: Path, text: str) -> None:
    with replacing_folder(target, is_ours) as fresh:
        (fresh / "data").mkdir(parents=True)
        for name in ("a.txt", "data/b.txt"):
            (fresh / name).write_text(text)


def content(target: Path) -> dict[str, str]:
    return {str(path): (target / path).read_text() for path in files_of(target)}


def killed_at(step: int, target: Path) -> bool:
    """Publish in a child that is killed before its `step`-th change; whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    done = 0

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                os._exit(KILLED)
            return real(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, counted(name))
    try:
        publish(target, "new")
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("at_once", [True, False], ids=["in one step", "where there is no such step"])
def test_a_process_that_is_killed_leaves_the_old_folder_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(folders, "SWAPPER", {})
    out = tmp_path / "out"
    step, found = 1, set()
    while True:
        shutil.rmtree(out, ignore_errors=True)
        publish(out / "mine", "old")
        going = killed_at(step, out / "mine")
        if at_once:
            texts = set(content(out / "mine").values())
            assert len(texts) == 1
            assert len(content(out / "mine")) == 2
            found |= texts
        with replacing_folder(out / "mine", is_ours) as fresh:
            # What was moved away is back before anything else.
            found |= set(content(out / "mine").values())
            fresh.mkdir()
            (fresh / "a.txt").write_text("next")
        assert content(out / "mine") == {"a.txt": "next"}
        assert [path.name for path in out.iterdir()] == ["mine"]
        if not going:
            break
        step += 1
    assert step > 5
    assert found == {"old", "new"}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_files_of_somebody_else_are_never_touched(tmp_path: Path) -> None:
    step = 1
    while True:
        target = tmp_path / str(step)
        publish(target, "old")
        (target / "thesis.tex").write_text("years of work")
        before = (target / "thesis.tex").stat().st_ino
        going = killed_at(step, target)
        found = content(target)
        assert found.pop("thesis.tex") == "years of work"
        assert (target / "thesis.tex").stat().st_ino == before
        assert found.keys() == {"a.txt", "data/b.txt"}
        assert set(found.values()) <= {"old", "new"}
        if not going:
            break
        step += 1
    assert set(found.values()) == {"new"}


def test_what_is_at_work_in_another_process_is_no_leftover(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "mine", is_ours) as first:
        first.mkdir()
        publish(tmp_path / "mine", "second")
        assert first.is_dir()
        (first / "a.txt").write_text("first")
    assert content(tmp_path / "mine") == {"a.txt": "first"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def fail(target: Path) -> None:
    with replacing_folder(target, is_ours) as fresh:
        fresh.mkdir()
        raise OSError("the disk is full")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    publish(tmp_path / "mine", "old")
    with pytest.raises(OSError, match="full"):
        fail(tmp_path / "mine")
    assert set(content(tmp_path / "mine").values()) == {"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_system_has_a_step_that_exchanges_folders() -> None:
    assert any(hasattr(ctypes.CDLL(None), name) for name in folders.SWAPPER.values())
