"""Where a worker finds the flows: with the gsdp that is installed in its environment, wherever that is.

A deployment that named a folder would bear the path of the machine that deployed it. This names none, so that one
deployment fits a process, a container and a pod.
"""

from __future__ import annotations

from pathlib import Path


def from_installation() -> dict[str, str]:
    """A pull step of Prefect's: the folder that holds `flows`, as the entrypoints of `prefect.yaml` expect it."""
    return {"directory": str(Path(__file__).parents[1])}
