"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Argument(help="Folder of a run: the `workspace` of its settings.")]

Run = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder of a run, or its settings file.")]

SettingsFile = Annotated[Path, typer.Argument(help="TOML file with the settings.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="Override, as key=value; may be repeated.")]
AcceptChanges = Annotated[
    bool, typer.Option("--accept-changes", help="Go on although settings that shape the answers have changed.")
]
