"""`gsdp push`: a workspace's dataset to a dataset hub, or what that would send."""

from __future__ import annotations

from pathlib import Path

from tasks.reports.dataset import DATASET
from tasks.reports.hub import prepare, send


def push_dataset(workspace: Path, repository: str, really: bool, public: bool) -> None:
    """Say what is sent, and send it if that is really wanted. Raises UsageError, StoreError."""
    sending = prepare(workspace / DATASET, repository, public)
    for file in sending.files:
        print(f"{(sending.folder / file).stat().st_size:>15,}  {file.as_posix()}")
    print(f"{sending.size:>15,}  bytes to {'public' if public else 'private'} dataset {repository}")
    if really:
        print(f"It is there: {send(sending)}")
    else:
        print("Nothing was sent: with --yes it would be.")
