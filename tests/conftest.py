"""What tests share: one Prefect server and one demo a session, started when the first test needs them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flows.cli import PREFECT_DEFAULTS
from tests.rehearsal import Rehearsal, gsdp, rehearsal

# Prefect reads these when it is imported, so they stand here and in no fixture.
for name, value in PREFECT_DEFAULTS.items():
    os.environ.setdefault(name, value)

Sandboxes = Callable[..., Rehearsal]


@pytest.fixture(scope="session")
def prefect_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a Prefect server, for flows in this process and in those it starts."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=60), pytest.MonkeyPatch.context() as patch:
        url = PREFECT_API_URL.value()
        assert url is not None
        patch.setenv("PREFECT_API_URL", url)
        # Prefect leaves connections to its server to the garbage collector: now, and in whichever test it runs.
        leak = rf"unclosed <socket.*, {urlsplit(url).port}\)>"
        warnings.filterwarnings("ignore", leak, ResourceWarning)
        request.config.addinivalue_line("filterwarnings", f"ignore:{leak}:ResourceWarning")
        yield url


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
    folder = tmp_path_factory.mktemp("demo")
    ended = gsdp("demo", "--workspace", folder / "gsdp-demo", env={"UV": "uv"})
    assert ended.returncode == 0, ended.stderr
    return Demo(folder / "gsdp-demo", ended.stdout)
