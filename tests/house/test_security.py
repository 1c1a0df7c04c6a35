"""SECURITY.md: every row of its table says what protects, and names a test that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.rehearsal import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/.]+?)(?:::(\w+))?`")


def rows() -> Iterator[tuple[str, str]]:
    """What each row of the table is about, and the row."""
    table = TEXT.split("\n## What GSDP trusts\n")[1].split("\n## ")[0]
    for line in table.splitlines():
        if line.startswith("|") and not re.match(r"\|( what \||[-| ]+$)", line):
            yield line.split("|")[1].strip(), line


def test_the_table_tells_of_everything_that_may_be_trusted() -> None:
    told = " ".join(what for what, _ in rows())
    for word in (
        "settings",
        "seeds",
        "models write",
        "model server",
        "workspace",
        "somebody else",
        "Prefect",
        "backup",
    ):
        assert word in told


@pytest.mark.parametrize(("what", "row"), list(rows()), ids=[what for what, _ in rows()])
def test_every_row_names_tests_that_are_there(what: str, row: str) -> None:
    found = NAMED.findall(row)
    assert found, f"{what}: names no test"
    for path, name in found:
        assert (ROOT / path).exists(), path
        if name:
            assert re.search(rf"^(async )?def {name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name
        else:
            files = [ROOT / path] if path.endswith(".py") else list((ROOT / path).rglob("test_*.py"))
            assert files, path
