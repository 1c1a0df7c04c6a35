"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Argument(help="Folder of a run: the `workspace` of its settings.")]

Run = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder of a run, or its settings file.")]
