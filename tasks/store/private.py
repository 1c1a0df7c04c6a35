"""A workspace whose files are for their owner alone: nobody else may read seeds, answers and settings."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.store.database import FILE_NAME

OTHERS = 0o077
"""What others could do with a file."""


@contextmanager
def for_owner_alone(workspace: Path, shared: bool) -> Iterator[None]:
    """Let nobody else read the store, nor what this process writes meanwhile (status, temporary files, the dataset).

    Nothing is changed where the workspace is `shared`.
    """
    if shared:
        yield
        return
    before = os.umask(OTHERS)
    try:
        for path in workspace.glob(f"{FILE_NAME}*"):
            with suppress(OSError):  # of another owner, who has given it away
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
        yield
    finally:
        os.umask(before)
