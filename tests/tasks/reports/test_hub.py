"""A dataset goes to a hub in one commit, and only when that is really wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from flows.commands.push import push_dataset
from graph.errors import StoreError, UsageError
from tests.support.fake_hub import FakeHub, fake_hub

# huggingface_hub uploads in a way that its HTTP library would like to be different.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKEN = "hf_of-a-test"
OURS = {"README.md": b"---\n---\n# mine\n", "data/pairs.parquet": b"PAR1", "data/messages.jsonl": b"{}\n"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with fake_hub(TOKEN) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        # The hub's own store of large files speaks no plain HTTP.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield hub


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name, data in {**OURS, "report.html": b"of the run", ".git/config": b"mine"}.items():
        file = tmp_path / "dataset" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path


def test_without_yes_nobody_is_asked(hub: FakeHub, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    push_dataset(workspace, "me/mine", really=False, public=False)
    assert hub.asked == []
    shown = capsys.readouterr().out
    assert all(name in shown for name in OURS)
    assert "bytes to private dataset me/mine" in shown
    assert "Nothing was sent" in shown


@pytest.mark.parametrize("public", [False, True])
def test_a_dataset_is_sent_as_one_commit(public: bool, hub: FakeHub, workspace: Path) -> None:
    hub.files = {".gitattributes": b"theirs", "data/pairs-00000-of-00002.parquet": b"old", "data/own.csv": b"theirs"}
    push_dataset(workspace, "me/mine", really=True, public=public)
    assert hub.private == {"me/mine": not public}
    assert hub.files == {**OURS, ".gitattributes": b"theirs", "data/own.csv": b"theirs"}
    assert hub.commits == 1
    push_dataset(workspace, "me/mine", really=True, public=public)
    assert hub.files == {**OURS, ".gitattributes": b"theirs", "data/own.csv": b"theirs"}


def test_what_the_hub_refuses_is_a_sentence(hub: FakeHub, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of-somebody-else")
    with pytest.raises(StoreError, match=r"The hub did not take the dataset: .*401") as raised:
        push_dataset(workspace, "me/mine", really=True, public=False)
    assert "hf_of" not in str(raised.value)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="The hub did not take the dataset"):
        push_dataset(workspace, "me/mine", really=True, public=False)
    assert hub.files == {}


def test_what_cannot_be_sent_is_told_before_anybody_is_asked(hub: FakeHub, workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'mine' is no repository of a dataset hub"):
        push_dataset(workspace, "mine", really=True, public=False)
    with pytest.raises(UsageError, match="There is no dataset"):
        push_dataset(tmp_path / "empty", "me/mine", really=True, public=False)
    assert hub.asked == []
