"""What `compose.yaml` starts, started by hand: PostgreSQL, Redis, Prefect's server, a worker. And: the files agree."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from prefect.utilities.templating import apply_values

from deployments.prepare import Kind, job_template
from deployments.serve import FLOWS
from deployments.server import server_settings
from deployments.watched import automations
from tests.support.live_prefect import Prefect, Start, free_port
from tests.support.rehearsal import ROOT, SEEDS, query, wait_until

HARD = "p@ss:w/o%rd#?"
"""A password of characters that mean something in addresses."""
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)


def env_file(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# The files


def test_every_flow_is_deployed_and_described() -> None:
    deployed = yaml.safe_load((ROOT / "deployments/prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {each["entrypoint"].rpartition(":")[2] for each in deployed} == {flow.name for flow in FLOWS}
    assert all(each["description"] and "gsdp" in each["tags"] for each in deployed)
    assert [each["name"] for each in deployed if each.get("schedules")] == ["nightly"]


def test_compose_names_files_and_services_that_are_there() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert all((ROOT / name).is_file() for name in service.get("env_file", ()))
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert volumes <= set(COMPOSE["volumes"])
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"setup"}


def test_compose_has_a_password_for_each_service_and_no_privileges_for_ours() -> None:
    services = COMPOSE["services"]
    for name in ("server", "setup", "worker"):
        assert "PREFECT_PASSWORD:?" in services[name]["environment"]["PREFECT_API_AUTH_STRING"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    (config,) = services["redis"]["configs"]
    assert services["redis"]["command"] == ["redis-server", config["target"]]
    assert COMPOSE["configs"][config["source"]]["content"] == 'requirepass "${REDIS_PASSWORD}"\n'
    assert "REDIS_PASSWORD:?" in services["redis"]["environment"]["REDISCLI_AUTH"]
    assert "PASSWORD" not in json.dumps([each.get("command") for each in services.values()]), "seen by all users"
    assert "POSTGRES_PASSWORD:?" in services["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert all(port.startswith("127.0.0.1:") for each in services.values() for port in each.get("ports", ()))
    assert env_file("deployments/prefect.env")["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert "*" not in env_file("deployments/prefect.env")["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]


def test_a_password_may_hold_what_means_something_in_an_address() -> None:
    redis = {"PREFECT_REDIS_MESSAGING_HOST": "redis", "PREFECT_REDIS_MESSAGING_PASSWORD": HARD}
    made = server_settings(redis | {"PREFECT_API_AUTH_STRING": "admin:x"})
    address = urlsplit(made["PREFECT_SERVER_DOCKET_URL"])
    assert (address.hostname, address.port, address.path) == ("redis", 6379, "/1")
    assert unquote(address.password or "") == HARD
    assert made["PREFECT_SERVER_API_AUTH_STRING"] == "admin:x"
    with pytest.raises(SystemExit, match="Choose a password"):
        server_settings(redis)


def test_a_job_may_do_nothing_but_its_work() -> None:
    pod = job()["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


TEMPLATE = job_template("kubernetes")


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_a_job_template_uses_every_variable_and_no_other_and_needs_none_to_be_said(kind: Kind) -> None:
    template = job_template(kind)
    text = json.dumps(template["job_configuration"])
    used = {part.split("}}")[0].strip() for part in text.split("{{")[1:]}
    assert used == set(template["variables"]["properties"])
    assert template["variables"]["required"] == []


def job() -> dict[str, Any]:
    """A job made of the template, as Prefect's worker for Kubernetes makes it."""
    values = {name: each.get("default") for name, each in TEMPLATE["variables"]["properties"].items()}
    values |= {"image": "gsdp", "name": "run", "command": ["prefect", "flow-run", "execute"]}
    values |= {"env": {"PREFECT_API_URL": "http://server:4200/api"}, "labels": {"app": "gsdp"}}
    job: dict[str, Any] = apply_values(TEMPLATE["job_configuration"]["job_manifest"], values)
    job["metadata"]["name"] = job["metadata"].pop("generateName")
    # Prefect's worker wants these of the job in the pod's place; Kubernetes itself ignores them there.
    for name in ("completions", "parallelism"):
        del job["spec"]["template"]["spec"][name]
    container = job["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": name, "value": value} for name, value in container["env"].items()]
    return job


@pytest.mark.services
@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
        ["kubernetes-validate", "--strict", "job.json"],
    ],
    ids=lambda command: command[0],
)
def test_the_files_for_containers_pass_their_linters(command: list[str], tmp_path: Path) -> None:
    linter = Path(sys.executable).with_name(command[0])
    if not linter.exists():
        pytest.skip("needs `uv run --group containers`")
    for name in ("Dockerfile", "compose.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "job.json").write_text(json.dumps(job()))
    ended = subprocess.run([linter, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("notification", [None, "00000000-0000-0000-0000-000000000001"])
def test_automations_that_only_tell_are_on_when_there_is_somebody_to_tell(notification: str | None) -> None:
    made: list[AutomationCore] = automations(notification)
    on = {each.name for each in made if each.enabled}
    assert len(made) == 5
    acting = {"gsdp runs whose process is gone", "gsdp runs that begin again after a crash"}
    assert on == ({each.name for each in made} if notification else acting)


# The processes

NEEDED = {
    "PostgreSQL": POSTGRES is not None,
    "redis-server": shutil.which("redis-server") is not None,
    "the extra `services`": importlib.util.find_spec("prefect_redis") is not None,
}
MISSING = [name for name, there in NEEDED.items() if not there]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes, which end with the test in the opposite order."""
    with ExitStack() as stack:

        def started(*command: object, **options: Any) -> subprocess.Popen[bytes]:
            former = signal.signal(signal.SIGINT, signal.default_int_handler)
            process = subprocess.Popen([*map(str, command)], cwd=options.pop("cwd", ROOT), **options)
            signal.signal(signal.SIGINT, former)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            return process

        yield started


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of PostgreSQL, who may not be root, can write to."""
    found = Path(tempfile.mkdtemp(prefix="gsdp-services-"))
    found.chmod(0o777)
    yield found
    shutil.rmtree(found, ignore_errors=True)


def postgres(start: Start, folder: Path, port: int) -> None:
    assert POSTGRES is not None
    user: dict[str, Any] = {"user": pwd.getpwnam("nobody").pw_uid} if os.geteuid() == 0 else {}
    data = folder / "postgres"
    (folder / "password").write_text(HARD)
    initdb = [POSTGRES, "--pgdata", data, "--username", "prefect", "--auth", "scram-sha-256"]
    initdb += ["--pwfile", folder / "password"]
    subprocess.run([*map(str, initdb)], check=True, capture_output=True, cwd=folder, **user)
    listen = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    start(
        POSTGRES.with_name("postgres"), "-D", data, "-p", port, *listen, cwd=folder, stderr=subprocess.DEVNULL, **user
    )
    ready = [str(POSTGRES.with_name("pg_isready")), "--host", "127.0.0.1", "--port", str(port)]
    wait_until(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0)
    create = [str(POSTGRES.with_name("createdb")), "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect"]
    subprocess.run(create, check=True, capture_output=True, env={**os.environ, "PGPASSWORD": HARD})


@pytest.mark.services
@pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")
def test_the_processes_of_compose_run_a_flow_from_its_deployment(start: Start, folder: Path) -> None:
    database, messages, port = free_port(), free_port(), free_port()
    postgres(start, folder, database)
    config = COMPOSE["configs"]["redis"]["content"].replace("${REDIS_PASSWORD}", HARD)
    (folder / "redis.conf").write_text(config)
    redis = ["redis-server", folder / "redis.conf", "--port", messages, "--dir", folder, "--save", ""]
    start(*redis, stdout=subprocess.DEVNULL)
    where = {
        "PREFECT_API_AUTH_STRING": f"admin:{HARD}",
        "PREFECT_SERVER_DATABASE_HOST": "127.0.0.1",
        "PREFECT_SERVER_DATABASE_PORT": str(database),
        "PREFECT_SERVER_DATABASE_PASSWORD": HARD,
        "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
        "PREFECT_REDIS_MESSAGING_PORT": str(messages),
        "PREFECT_REDIS_MESSAGING_PASSWORD": HARD,
        "PREFECT_SERVER_API_PORT": str(port),
    }
    named = COMPOSE["services"]["server"]["environment"]
    assert set(where) - {"PREFECT_SERVER_API_PORT"} <= set(named)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    client = plain | env_file("deployments/prefect.env") | {"PREFECT_HOME": str(folder / "client")}
    client |= {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_API_AUTH_STRING": f"admin:{HARD}"}
    server = plain | env_file("deployments/prefect.env") | env_file("deployments/services.env") | where
    prefect = [sys.executable, "-m", "prefect"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server |= {"PREFECT_HOME": str(folder)}
    start(sys.executable, "-m", "deployments.server", "--port", port, env=server, **quiet)
    wait_until(lambda: Prefect(client["PREFECT_API_URL"]).answers("/health"), seconds=120)
    prepared = subprocess.run(
        [sys.executable, "-m", "deployments.prepare"], cwd=ROOT, env=client, capture_output=True, text=True, check=False
    )
    assert prepared.returncode == 0, prepared.stderr
    start(sys.executable, "-m", "deployments.worker", env=client, **quiet)
    settings = {
        "workspace": str(folder / "work"),
        "target_pairs": 10,
        "seeds": [{"path": str(SEEDS)}],
        "endpoints": {"rehearsal": {"base_url": "sandbox"}},
    }
    run = [
        *prefect,
        "deployment",
        "run",
        "synthesize/synthesize",
        "--watch",
        "--params",
        json.dumps({"settings": settings}),
    ]
    watched = subprocess.run(run, cwd=ROOT, env=client, capture_output=True, text=True, check=False, timeout=300)
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert query(folder / "work", "SELECT count(*) FROM pairs") == [(10,)]
    for path, body in (("/admin/version", None), ("/block_documents/filter", {})):
        with pytest.raises(HTTPError, match=r"401|403"):
            Prefect(client["PREFECT_API_URL"]).ask(path, body)
    states = asyncio.run(task_run_states(client["PREFECT_API_URL"], client["PREFECT_API_AUTH_STRING"]))
    assert states
    assert set(states) == {"COMPLETED"}


async def task_run_states(url: str, password: str) -> list[str]:
    """The states of all task runs, once the server has recorded them."""
    from prefect.client.orchestration import PrefectClient

    async with PrefectClient(url, auth_string=password) as client:
        for _ in range(100):
            found = [run.state_type for run in await client.read_task_runs()]
            if found and all(state == "COMPLETED" for state in found):
                break
            await asyncio.sleep(0.2)
        return [str(state.value) for state in found if state]
