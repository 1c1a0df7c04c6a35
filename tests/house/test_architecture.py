"""Imports run one way, names do not clash, and no file in git tells of the machine it was written on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("gsdp", "flows", "tasks", "graph", "prompts", "deployments")
MAY_IMPORT = {
    "gsdp": {"gsdp", "tasks"},
    "flows": {"flows", "tasks", "graph"},
    "tasks": {"tasks", "graph", "prompts"},
    "graph": {"graph"},
    "prompts": {"prompts", "graph"},
    "deployments": set(ROOMS),
}
"""The rooms that each room may import. prompts takes words and records from graph, never the other way round."""

SOLE_USERS = {
    "openai": {"tasks.endpoint"},
    "duckdb": {"tasks.store"},
    "prefect": {"tasks", "flows", "deployments"},
    "typer": {"flows"},
    "rich": {"flows"},
    "aiohttp": {"tasks.endpoint", "deployments"},
    "httpx2": {"tasks.endpoint"},
}
"""Dependencies that stay behind one door."""

FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also within functions and for type checkers only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides which room it reaches"
            yield node.module or ""


def module_imports(path: Path) -> set[str]:
    """The files of this house that a file imports, also late and for type checkers only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & MODULES or {node.module}
    return (found & MODULES) - {module(path)}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


MODULES = {module(path) for path in FILES}
IMPORTS = {module(path): module_imports(path) for path in FILES}
HIGHEST_FLOOR = 6
OPEN_TO_STAGES = "tasks.stages.chunk_task"
"""The one file of the stages that the others may import."""


def order(graph: dict[str, set[str]]) -> tuple[str, ...]:
    """The nodes, what is imported before what imports it. Raises CycleError."""
    return tuple(TopologicalSorter(graph).static_order())


def test_tasks_has_no_loose_file() -> None:
    assert [path.name for path in (ROOT / "tasks").glob("*.py")] == ["__init__.py"]


def test_files_import_in_no_circle() -> None:
    own = {name: reached for name, reached in IMPORTS.items() if name.split(".")[0] in ("tasks", "flows")}
    assert own
    order({name: reached & own.keys() for name, reached in own.items()})


def test_the_circle_of_two_files_would_be_found() -> None:
    with pytest.raises(CycleError):
        order({"a": {"b"}, "b": {"a"}})


def test_no_stage_imports_another() -> None:
    stages = {name for name in MODULES if within(name, "tasks.stages")}
    assert OPEN_TO_STAGES in stages
    others = {name: IMPORTS[name] & stages - {OPEN_TO_STAGES, "tasks.stages"} for name in stages}
    assert {name: reached for name, reached in others.items() if reached} == {}


def test_the_packages_of_tasks_stand_on_few_floors() -> None:
    packages: dict[str, set[str]] = {}
    for name in MODULES:
        if within(name, "tasks") and name.count("."):
            reached = {other for other in IMPORTS[name] if within(other, "tasks") and other.count(".")}
            packages.setdefault(package_of(name), set()).update(map(package_of, reached))
    graph = {name: reached - {name} for name, reached in packages.items()}
    floors: dict[str, int] = {}
    for name in order(graph):
        floors[name] = 1 + max((floors[other] for other in graph[name]), default=0)
    assert max(floors.values()) <= HIGHEST_FLOOR, floors


def package_of(name: str) -> str:
    return ".".join(name.split(".")[:2])


def test_no_two_public_classes_share_a_name() -> None:
    classes: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes.setdefault(node.name, []).append(module(path))
    assert {name: files for name, files in classes.items() if len(files) > 1} == {}


SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*\b(FROM|INTO|SET|AS)\b", re.DOTALL)


def constants(path: Path) -> list[str]:
    """The string constants of a file."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def statements(path: Path) -> list[str]:
    """The string constants of a file that are SQL."""
    return [text for text in constants(path) if SQL.search(text)]


def test_ids_are_hashed_in_one_place_in_python_and_one_in_sql() -> None:
    users = {module(path) for path in FILES if any("sha256(" in text for text in constants(path))}
    assert users == {"tasks.store.ids"}


def test_the_flows_hold_no_sql() -> None:
    found = {module(path) for path in FILES if module(path).startswith("flows") and statements(path)}
    assert found == set()


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_one_way(room: str) -> None:
    files = [path for path in FILES if module(path).split(".")[0] == room]
    assert files
    reached = {(path.name, name) for path in files for name in imports(path) if name.split(".")[0] in (*ROOMS, "tests")}
    assert [pair for pair in reached if pair[1].split(".")[0] not in MAY_IMPORT[room]] == []


@pytest.mark.parametrize("package", SOLE_USERS)
def test_a_dependency_stays_behind_its_door(package: str) -> None:
    users = {module(path) for path in FILES if any(within(name, package) for name in imports(path))}
    assert users, f"nothing imports {package}: take it out of this table"
    assert [user for user in sorted(users) if not any(within(user, door) for door in SOLE_USERS[package])] == []


def test_no_module_is_called_like_one_of_python_or_of_a_dependency() -> None:
    installed = {name for name in packages_distributions() if name not in ROOMS}
    taken = set(sys.stdlib_module_names) | installed
    own = {part for path in FILES for part in module(path).split(".") if not part.startswith("__")}
    assert own & taken == set()
    tests = {path.stem for path in (ROOT / "tests").rglob("*.py") if not path.stem.startswith("__")}
    assert tests & (taken | set(ROOMS)) == set()
    inner = {part for path in FILES for part in module(path).split(".")[1:]}
    assert inner & set(ROOMS) == set(), "a module called like a room breaks Prefect's path entrypoints"


def test_every_room_is_a_package_and_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(listed["packages"]) == found == set(ROOMS)
    folders = {path.parent for path in FILES}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def tracked() -> list[Path]:
    """The files that git has or would take; all files, where git is not there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = ended.stdout.split("\0") if ended.returncode == 0 else []
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


BETRAYALS = (
    # A path of somebody's machine, and the address of a package mirror; written so that they do not match themselves.
    r"(?<![\w.])/(?:work|root|home|Users|mnt)/(?![$<{])[\w.-]+",
    r"\b[A-Z]:\\\\?Users",
    r"https?://(?!127\.0\.0\.1|localhost)[^\s\"')]*/(?:simple|pypi|artifactory|nexus)/",
    r"(?:index-url|extra-index|find-links|trusted-host)\s*[=:]",
    r"files\.python" + r"hosted\.org",
)


def test_no_file_tells_of_the_machine_it_was_written_on() -> None:
    files = tracked()
    if not files:
        pytest.skip("git is not there, or this is no clone")
    pattern = re.compile("|".join(BETRAYALS))
    found = []
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["see /" + "root/project/file", "cd '/" + "home/me'", "https://mirror.example/" + "simple/", "index-url" + " = x"],
)
def test_a_telling_file_would_be_found(text: str) -> None:
    assert re.search("|".join(BETRAYALS), text)


def test_migrations_are_numbered_without_a_gap_or_a_number_twice() -> None:
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "tasks/store/migrations").glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))
