"""What is said to people decides nothing: no code reads an error's text, and with every text changed all else stays."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from flows import cli
from graph.errors import GsdpError
from tasks.endpoint import faults
from tasks.endpoint.faults import Fault
from tasks.runs.retry import GAVE_UP as GAVE_UP_SQL
from tasks.store.database import open_store

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("tasks", "flows", "graph", "prompts", "gsdp") for path in (ROOT / room).rglob("*.py")]

STRANGERS = {
    "tasks/store/integrity.py": "DuckDB says which of the two files is broken in words alone",
    "flows/orchestration/started.py": "Prefect raises a bare RuntimeError when its server cannot be reached",
}
"""Where another program's words are read, because it gives nothing else."""


class Caught(ast.NodeVisitor):
    """Finds conditions and calls that look into the text of a caught exception."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.found: list[int] = []

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.names.append(node.name or "")
        self.generic_visit(node)
        self.names.pop()

    def visit_Compare(self, node: ast.Compare) -> None:
        self.found += [node.lineno for side in (node.left, *node.comparators) if self._is_text(side)]
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        reads = isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith", "find", "index")
        if reads and isinstance(node.func, ast.Attribute) and self._is_text(node.func.value):
            self.found.append(node.lineno)
        self.generic_visit(node)

    def _is_text(self, node: ast.AST) -> bool:
        """Whether it is `str(error)`, or something made of it, such as `str(error).lower()`."""
        return any(
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Name)
            and part.func.id in ("str", "repr")
            and any(isinstance(given, ast.Name) and given.id in self.names for given in part.args)
            for part in ast.walk(node)
        )


def test_no_decision_reads_the_text_of_an_error() -> None:
    reading = set()
    for path in SOURCES:
        visitor = Caught()
        visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
        if visitor.found:
            reading.add(path.relative_to(ROOT).as_posix())
    assert reading == STRANGERS.keys()


SETTINGS = """
workspace = "work"
[[seeds]]
path = "seeds.jsonl"
[endpoints.local]
base_url = "http://127.0.0.1:9/v1"
model = "tiny"
[roles]
others = "local"
judges = ["local"]
"""
WRONG: dict[str, tuple[tuple[str, str], str, int]] = {
    "a setting that is none": (('workspace = "work"', 'workspace = "work"\ncolour = 3'), "check", 2),
    "a value that is none": (('workspace = "work"', 'workspace = "work"\nbudget = "many"'), "check", 2),
    "a role without an endpoint": (('others = "local"', 'others = "elsewhere"'), "check", 2),
    "an address that is none": (("http://127.0.0.1:9/v1", "nowhere"), "check", 2),
    "a file of seeds that is missing": (("seeds.jsonl", "missing.jsonl"), "check", 2),
    "a file of seeds that is none": (("seeds.jsonl", "settings.toml"), "check", 2),
    "a store that is none": (("", ""), "status", 1),
}


@pytest.mark.parametrize("words", ["as they are", "other ones"])
@pytest.mark.parametrize("name", WRONG)
def test_an_error_ends_a_command_alike_whatever_its_words(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (change, command, code) = WRONG[name]
    (tmp_path / "seeds.jsonl").write_text('{"problem": "What is 1 + 1?", "solution": "2"}\n')
    (tmp_path / "settings.toml").write_text(SETTINGS.replace(*change))
    (tmp_path / "work").mkdir()
    (tmp_path / "work/gsdp.duckdb").write_bytes(b"no database" * 1000)
    if command == "check":
        (tmp_path / "work/gsdp.duckdb").unlink()
    if words == "other ones":
        monkeypatch.setattr(GsdpError, "__str__", lambda _: "a sentence that nobody wrote")
    monkeypatch.setattr(
        sys, "argv", ["gsdp", command, str(tmp_path / ("work" if command == "status" else "settings.toml"))]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr().err
    assert ended.value.code == code
    assert ("a sentence that nobody wrote" in shown) == (words == "other ones")


def test_what_was_given_up_is_found_by_the_mark_and_not_by_the_words_behind_it(tmp_path: Path) -> None:
    told = faults.gave_up(Fault("transient", "empty", "no words"), 3, "none at all")
    store = open_store(tmp_path)
    try:
        sql = GAVE_UP_SQL.replace("FROM calls", "FROM (SELECT 1 AS id, ? AS fault)")
        assert store.rows(sql, [told.words]) == [(1,)]
    finally:
        store.close()
