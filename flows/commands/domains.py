"""`gsdp domain`: a folder for a domain of one's own."""

from __future__ import annotations

from pathlib import Path

from tasks.inputs.domains import new_domain


def make_domain(folder: Path) -> None:
    """Copy mathematics into a new folder and say what to change. Raises PromptError."""
    for file in new_domain(folder):
        print(file)
    print(f'Change what is of mathematics in these, and say domain = "{folder}" in the settings.')
