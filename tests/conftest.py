"""What tests share: one Prefect server and one demo a session, started when the first test needs them."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

from flows.orchestration.local_server import empty_database, own_server
from flows.orchestration.started import PREFECT_DEFAULTS
from tests.support.live_prefect import Start, processes
from tests.support.rehearsal import Rehearsal, gsdp, rehearsal

# Hundreds of processes start here; without the compiled files each would compile thousands of modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("tests", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("tests")

# Prefect reads these when it is imported, so they stand here and in no fixture.
for name, value in PREFECT_DEFAULTS.items():
    os.environ.setdefault(name, value)

# A home of this process's own: Prefect keeps its database there, and nothing of the person who runs the tests.
PREFECT_HOME = Path(tempfile.mkdtemp(prefix="gsdp-prefect-"))
atexit.register(shutil.rmtree, PREFECT_HOME, ignore_errors=True)
os.environ["PREFECT_HOME"] = str(PREFECT_HOME)

Sandboxes = Callable[..., Rehearsal]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first whose tests take long, so that no worker is left alone with one at the end; those that wait
    for the demo come after the others of these.
    """
    needs: dict[Path, set[str]] = defaultdict(set)
    for item in items:
        needs[item.path].update(getattr(item, "fixturenames", ()))
    items.sort(key=lambda item: ("prefect_server" not in needs[item.path], "demo" in needs[item.path]))


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker makes and all others wait for."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            try:
                make(folder)
            except BaseException:
                shutil.rmtree(folder)
                raise
    return folder


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of Prefect's, which takes longer to make than anything that is done with it."""

    def make(folder: Path) -> None:
        upgrade = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        subprocess.run(upgrade, env={**os.environ, "PREFECT_HOME": str(folder)}, capture_output=True, check=True)

    return once(tmp_path_factory, "prefect", make) / "prefect.db"


@pytest.fixture(scope="session")
def prefect_server(request: pytest.FixtureRequest, prefect_database: Path) -> Iterator[str]:
    """The address of a Prefect server, for flows in this process and in those it starts."""
    shutil.copy(prefect_database, empty_database())
    with own_server() as wait:
        wait()
        url = os.environ["PREFECT_API_URL"]
        # Prefect leaves connections to its server to the garbage collector: now, and in whichever test it runs.
        leak = rf"unclosed <socket.*, {urlsplit(url).port}\)>"
        warnings.filterwarnings("ignore", leak, ResourceWarning)
        request.config.addinivalue_line("filterwarnings", f"ignore:{leak}:ResourceWarning")
        yield url


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts modules of Python as processes; they end with the test."""
    with processes() as started:
        yield started


@pytest.fixture
def sandboxes() -> Iterator[Sandboxes]:
    """Starts rehearsal servers with switches; they end with the test."""
    with ExitStack() as stack:
        yield lambda *switches: stack.enter_context(rehearsal(*switches))


@dataclass(frozen=True)
class Demo:
    """A demo that has ended: where it worked and what it printed."""

    workspace: Path
    output: str


@pytest.fixture(scope="session")
def demo(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`gsdp demo`, run once as the README does; tests read its workspace and leave it as it is."""

    def make(folder: Path) -> None:
        ended = gsdp("demo", "--workspace", folder / "gsdp-demo", env={"UV": "uv"})
        assert ended.returncode == 0, ended.stderr
        (folder / "output").write_text(ended.stdout, encoding="utf-8")

    folder = once(tmp_path_factory, "demo", make)
    return Demo(folder / "gsdp-demo", (folder / "output").read_text(encoding="utf-8"))
