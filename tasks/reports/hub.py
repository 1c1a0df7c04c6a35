"""A dataset's folder on a dataset hub: what would be sent, and sending it in one commit.

Knows: the hub's files that are ours, which are replaced or removed; others stay. The key is huggingface_hub's to find
(HF_TOKEN, or its own login): it passes through no setting and no parameter of ours. The report is not sent: it tells of
the run, with what was rejected, and a dataset's readers did not ask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from graph.errors import StoreError, UsageError
from tasks.inputs.fetched import REPOSITORY, from_hub_library, hub_client
from tasks.reports.dataset import is_dataset, is_ours
from tasks.reports.page.content import REPORT

DATASET = "dataset"
"""The kind of repository."""
NAME = re.compile(REPOSITORY)


class Sending(NamedTuple):
    """What is sent to a hub."""

    repository: str
    folder: Path
    files: Sequence[Path]
    """Relative to the folder."""
    public: bool

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / file).stat().st_size for file in self.files)


def prepare(folder: Path, repository: str, public: bool) -> Sending:
    """What would be sent. Asks nobody. Raises UsageError."""
    if not NAME.fullmatch(repository):
        raise UsageError(f"{repository!r} is no repository of a dataset hub: it is called OWNER/NAME.")
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    files = [path for path in paths if is_ours(path) and path.as_posix() != REPORT]
    if Path("README.md") not in files:
        raise UsageError(f"There is no dataset in {folder}: `gsdp publish` writes one.")
    return Sending(repository, folder, files, public)


def send(sending: Sending) -> str:
    """Send the files as one commit to a repository, which is made if it is not there; the address of the commit.

    Raises UsageError without the library, StoreError with what the hub says.
    """
    try:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete
        from huggingface_hub.errors import LocalTokenNotFoundError

        hub = hub_client()
    except ImportError as error:
        raise UsageError("`gsdp push` needs huggingface_hub: install gsdp with the extra `hub`.") from error
    name = sending.repository
    try:
        hub.create_repo(name, repo_type=DATASET, private=not sending.public, exist_ok=True)
        if not sending.public and not hub.dataset_info(name).private:
            raise UsageError(f"{name} is public already: give --public if everybody may see what is sent.")
        there = {Path(name) for name in hub.list_repo_files(name, repo_type=DATASET)}
        if any(is_ours(file) for file in there - {Path("README.md")}) and not is_dataset(there):
            raise UsageError(f"{name} holds another dataset, whose files would be replaced: name another one.")
        operations: list[Any] = [
            CommitOperationAdd(path_in_repo=file.as_posix(), path_or_fileobj=sending.folder / file)
            for file in sending.files
        ]
        operations += [
            CommitOperationDelete(path_in_repo=file.as_posix())
            for file in sorted(there)
            if is_ours(file) and file not in sending.files
        ]
        commit = hub.create_commit(name, operations, repo_type=DATASET, commit_message="Dataset by gsdp")
        return str(commit.commit_url)
    except LocalTokenNotFoundError as error:
        raise UsageError("The hub asks who you are: put a token with leave to write into HF_TOKEN.") from error
    except Exception as error:
        if not from_hub_library(error):
            raise
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise StoreError(f"The hub did not take the dataset: {said}") from error
