"""The pages against the product: what is generated is what would be, and whatever they show can be run."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import typer.main
from pydantic import BaseModel

from docs.make.__main__ import DOCS, PAGES
from docs.make.graph_picture import PLACES, SHOWN, edges
from docs.make.settings import groups, models_in, number_in, unit_of
from docs.make.store import columns
from flows import cli
from graph.knowledge import KnowledgeGraph
from graph.records import content_id
from graph.relations import Cutoffs, stream
from tasks.settings.run import RunSettings
from tasks.store.database import open_store
from tests.conftest import Demo
from tests.support.pages import LINK, SPAN, Fenced, anchors, blocks, commands, pages, prose
from tests.support.rehearsal import ROOT

WITHOUT_UNIT = {("sample", "seed")}
NAMED: dict[str, Any] = {
    "workspace": "runs/mine",
    "seeds": [{"path": "seeds.jsonl"}],
    "endpoints": {"local": {"base_url": "http://127.0.0.1:8000/v1", "model": "a-model"}},
}
"""What a settings file must name, for blocks that show only a part of one."""
ROOMS = "deployments|docs|flows|graph|gsdp|prompts|tasks|tests"
PROGRAMS = {"gsdp", "prefect", "python3", "python", "source", "git", "cd", "uv", "pytest", "ruff", "mypy", "pre-commit"}


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_would_be_written(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run python -m docs.make"


def test_every_number_among_the_settings_has_a_unit() -> None:
    fields = {(group.path, name): field for group in groups() for name, field in group.model.model_fields.items()}
    found = {key for key, field in fields.items() if number_in(field.annotation) and not unit_of(field)}
    assert found == WITHOUT_UNIT


def test_every_setting_has_a_meaning() -> None:
    fields = [(group.path, name, field) for group in groups() for name, field in group.model.model_fields.items()]
    assert [(path, name) for path, name, field in fields if not field.description] == []


@pytest.mark.parametrize("views", [False, True])
def test_every_column_of_the_store_has_a_comment(views: bool) -> None:
    found = columns(views)
    assert found
    assert [(each.owner, each.name) for each in found if not (each.about and each.about_owner)] == []


def test_the_picture_of_the_relations_is_true() -> None:
    ids = {name: content_id("point", name) for name in PLACES}
    graph = KnowledgeGraph.build(ids.values(), [(ids[a], ids[b], seeds) for (a, b), seeds in edges().items()])
    names = {number: name for name, each in ids.items() for number, other in enumerate(graph.ids) if each == other}
    for shown in SHOWN:
        drawn = stream(graph, shown.relation, 0, Cutoffs())
        rows = drawn.read(0, drawn.reach(1000)).points.tolist()
        found = [{names[node] for node in row if node >= 0} for row in rows]
        assert set(shown.points) in found


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_block_of_settings_is_valid(block: Fenced) -> None:
    given = tomllib.loads(block.text)
    read = RunSettings.model_validate({**NAMED, **given})
    assert given.keys() <= read.model_fields_set


def test_the_commands_of_the_pages_are_commands() -> None:
    told = list(commands())
    assert len(told) > 20
    for page, words in told:
        command, name, rest = typer.main.get_command(cli.app), "gsdp", words[1:]
        while below := getattr(command, "commands", None):
            assert {*rest[:1]} & {*below}, f"{page.name}: {' '.join(words)}"
            command, name, rest = below[rest[0]], f"{name} {rest[0]}", rest[1:]
        command.make_context(name, rest)


def test_other_commands_of_the_pages_are_programs_of_the_house() -> None:
    for block in blocks("sh"):
        for line in block.text.splitlines():
            for part in re.split(r" && ", line.partition(" #")[0].strip()):
                words = part.split()
                assert not words or words[0] in PROGRAMS, f"{block}: {line}"
                if words[:1] == ["python"] and words[1] == "-m":
                    assert find_spec(words[2]), line


def test_modules_and_files_that_pages_name_are_there() -> None:
    spans = {span for page in pages() for span in SPAN.findall(prose(page))}
    modules = {words[2] for words in map(str.split, spans) if words[:2] == ["python", "-m"]}
    files = {word for span in spans for word in span.split() if re.fullmatch(rf"({ROOMS})/[\w/.-]+\.\w+", word)}
    assert len(modules) > 5
    assert len(files) > 10
    assert [name for name in sorted(modules) if not find_spec(name)] == []
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", [each for each in blocks("python") if each.page.name != "CONTRIBUTING.md"], ids=str)
def test_a_block_of_python_runs(block: Fenced) -> None:
    code = compile(block.text, str(block), "exec")
    missing = sorted(name for name in imported(block.text) if not find_spec(name.split(".")[0]))
    if missing:
        pytest.skip(f"needs {', '.join(missing)}, which are not ours and not installed for that")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102
    assert imported(block.text) == set() or names.keys() - {"__builtins__"}


def imported(text: str) -> set[str]:
    """The top-level names that a piece of Python imports."""
    nodes = list(ast.walk(ast.parse(text)))
    found = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    found += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in found}


def test_the_queries_of_the_pages_run(demo: Demo) -> None:
    queries = [query for block in blocks("sql") for query in block.text.split(";") if query.strip()]
    assert queries
    with closing(open_store(demo.workspace, read_only=True)) as store:
        for query in queries:
            assert store.rows(query) is not None


def links() -> Iterator[tuple[Path, str]]:
    for page in pages():
        for found in LINK.finditer(prose(page)):
            if "://" not in found["target"]:
                yield page, found["target"]


def test_links_lead_somewhere() -> None:
    assert list(links())
    for page, target in links():
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_pages_of_the_site_link_within_the_site() -> None:
    outside = [(page.name, target) for page, target in links() if DOCS in page.parents and _leaves(page, target)]
    assert outside == []


def _leaves(page: Path, target: str) -> bool:
    return not (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)


def test_every_page_of_the_site_is_in_its_contents() -> None:
    told = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    excluded = set(tomllib.loads(told)["project"]["exclude_docs"].split())
    inside = [str(page.relative_to(DOCS)) for page in pages() if DOCS in page.parents]
    assert [page for page in inside if f'"{page}"' not in told and page not in excluded] == []


def test_settings_that_pages_name_are_settings() -> None:
    sections = {name for name, field in RunSettings.model_fields.items() if models_in(field.annotation)}
    told = {span for page in pages() for span in SPAN.findall(prose(page)) if span.split(".")[0] in sections}
    dotted = {span for span in told if re.fullmatch(r"[a-z_]+(\.(?!txt$)\w+)+", span)} - {"seeds.jsonl"}
    assert "review.first" in dotted
    assert [span for span in sorted(dotted) if not known(RunSettings, span.split("."))] == []


def known(model: type[BaseModel], path: list[str]) -> bool:
    """Whether a dotted name leads through the settings."""
    name, *rest = path
    if name not in model.model_fields:
        return False
    annotation = model.model_fields[name].annotation
    if get_origin(annotation) is dict:
        rest = rest[1:]
    inner = models_in(annotation)
    return not rest or (known(inner[0], rest) if inner else bool(get_args(annotation)))
