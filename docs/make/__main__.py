"""Write the generated pages and pictures of the documentation: `python -m docs.make`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.make.commands import commands
from docs.make.graph_picture import picture
from docs.make.settings import settings
from docs.make.store import store

DOCS = Path(__file__).parents[1]
PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings,
    "reference/commands.md": commands,
    "reference/store.md": store,
    "pictures/relations.svg": picture,
}
"""What is made, below `docs/`."""


def main() -> None:
    """Write what differs."""
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
